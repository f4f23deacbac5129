"""The bytes of a PDF stream up to an image codec: every filter with a bound.

Source: ISO 32000-2, 7.4 (filters; 7.4.4.4 predictors, 7.4.10 Crypt).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pypdf.filters import ASCII85Decode, ASCIIHexDecode, LZWDecode, RunLengthDecode
from pypdf.generic import DictionaryObject

from upload_guard.containers.unpack import unpacked, zlib_deflate
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget

# Long names and those of inline images (8.9.7, table 92).
_NAMES = {
    "/AHx": "/ASCIIHexDecode",
    "/A85": "/ASCII85Decode",
    "/LZW": "/LZWDecode",
    "/Fl": "/FlateDecode",
    "/RL": "/RunLengthDecode",
    "/CCF": "/CCITTFaxDecode",
    "/DCT": "/DCTDecode",
}
IMAGE_FILES = frozenset({"/DCTDecode", "/JPXDecode"})
_MOST_FILTERS = 8


@dataclass(frozen=True, slots=True)
class Decoded:
    """`codec` is what is left to decode: `/DCTDecode`, `/JPXDecode` or `tiff` (image files), or empty."""

    data: bytes
    codec: str = ""


def plain(value: Any) -> Any:
    """What a PDF object is, through references."""
    for _ in range(16):
        if not hasattr(value, "get_object"):
            return value
        target = value.get_object()
        if target is value:
            return value
        value = target
    return None


def entry(values: Any, *keys: str) -> Any:
    """The first of the keys that a dictionary has, through references; None without."""
    for key in keys:
        found = plain(values.get(key)) if isinstance(values, dict) else None
        if found is not None:
            return found
    return None


def is_true(value: Any) -> bool:
    """A PDF boolean is an object of its own, and any object is true to Python."""
    return getattr(value, "value", value) is True


def decoded(values: Any, data: bytes, budget: Budget, most: int) -> Decoded:
    """`data` through the filters of the stream's dictionary; at most `most` bytes of a raster are needed.

    Raises `Unreadable` for filters that are not known and for bombs; what is cut short is given as it is.
    """
    filters = _listed(entry(values, "/Filter", "/F"))
    parameters = _listed(entry(values, "/DecodeParms", "/DP"))
    if len(filters) > _MOST_FILTERS:
        raise Unreadable("undecodable", "too many filters")
    for number, given in enumerate(filters):
        name = _NAMES.get(str(given), str(given))
        params = parameters[number] if number < len(parameters) else None
        if name in IMAGE_FILES:
            return Decoded(data, name)
        if name == "/CCITTFaxDecode":
            return Decoded(_fax(values, data, _dictionary(params)), "tiff")
        data = _filtered(name, data, _dictionary(params), most if number + 1 == len(filters) else 1 << 30)
        budget.take_bytes(len(data))
    return Decoded(data)


def _fax(values: Any, data: bytes, params: DictionaryObject) -> bytes:
    """Fax data (7.4.6) as a TIFF file of one strip (TIFF 6.0, sections 2, 10 and 11), for TIFF's decoder."""
    k, columns = int(entry(params, "/K") or 0), int(entry(params, "/Columns") or 1728)
    rows = int(entry(values, "/Height", "/H") or entry(params, "/Rows") or 0)
    bounds = entry(values, "/Decode", "/D")
    turned = isinstance(bounds, list) and len(bounds) > 1 and float(plain(bounds[0])) > 0
    black_is_1 = is_true(entry(params, "/BlackIs1"))
    fields = (
        (256, columns),
        (257, rows),
        (258, 1),
        (259, 4 if k < 0 else 3),
        (262, int(black_is_1 != turned)),
        (273, 8 + 2 + 9 * 12 + 4),
        (278, rows),
        (279, len(data)),
        (292 if k >= 0 else 293, int(k > 0)),
    )
    table = b"".join(struct.pack("<2H2L", tag, 4, 1, value) for tag, value in fields)
    return b"II*\x00" + struct.pack("<LH", 8, len(fields)) + table + bytes(4) + data


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [plain(each) for each in value] if isinstance(value, list) else [value]


def _dictionary(value: Any) -> DictionaryObject:
    return value if isinstance(value, DictionaryObject) else DictionaryObject()


def _filtered(name: str, data: bytes, params: DictionaryObject, most: int) -> bytes:
    if name == "/FlateDecode":
        return unpredicted(_inflated(data, most * 2 + 4096), params)
    if name == "/LZWDecode":
        return unpredicted(_by_lzw(data, params), params)
    if name == "/RunLengthDecode":
        return RunLengthDecode.decode(data)
    if name == "/ASCII85Decode":
        return ASCII85Decode.decode(data)
    if name == "/ASCIIHexDecode":
        return ASCIIHexDecode.decode(data)
    if name == "/Crypt":
        return data
    raise Unreadable("unsupported_filter", name)


def _inflated(data: bytes, most: int) -> bytes:
    """As much as comes: viewers show a broken stream as far as it goes, and want no checksum."""
    out = io.BytesIO()
    try:
        for chunk in unpacked(iter((data,)), zlib_deflate()):
            out.write(chunk)
            if out.tell() > most:
                break
    except zlib.error:
        if not out.tell():
            raise Unreadable("damaged", "flate") from None
    except Unreadable as fault:
        if fault.reason != "truncated":
            raise
    return out.getvalue()


def _by_lzw(data: bytes, params: DictionaryObject) -> bytes:
    early = {key: value for key, value in params.items() if key == "/EarlyChange"}
    return LZWDecode.decode(data, DictionaryObject(early))


def unpredicted(data: bytes, params: DictionaryObject) -> bytes:
    """Without the predictor (7.4.4.4): 2 is TIFF's, 10 and above are PNG's, told row by row."""
    predictor = int(entry(params, "/Predictor") or 1)
    if predictor < 2 or not data:
        return data
    colours, depth = int(entry(params, "/Colors") or 1), int(entry(params, "/BitsPerComponent") or 8)
    columns = int(entry(params, "/Columns") or 1)
    if not (0 < colours <= 32 and depth in {1, 2, 4, 8, 16} and 0 < columns <= 1 << 20):
        raise Unreadable("damaged", "predictor")
    row = math.ceil(columns * colours * depth / 8)
    if predictor == 2:
        return _from_tiff(data, row, colours) if depth == 8 else data
    return _from_png(data, row, colours, depth)


def _from_tiff(data: bytes, row: int, colours: int) -> bytes:
    rows = len(data) // row
    samples = np.frombuffer(data, np.uint8, rows * row).reshape(rows, -1, colours)
    return np.cumsum(samples, axis=1, dtype=np.uint8).tobytes()


def _from_png(data: bytes, row: int, colours: int, depth: int) -> bytes:
    """PNG's decoder does this in C: it is given the rows as a picture whose pixels are as many bytes wide."""
    rows = len(data) // (row + 1)
    step = max(1, colours * depth // 8)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}.get(step)
    if kind is None or row % step or not rows or data[: rows * (row + 1) : row + 1].strip(bytes(range(5))):
        return _from_png_slowly(data, row, step)
    header = _big(row // step) + _big(rows) + bytes((8, kind, 0, 0, 0))
    pixels = zlib.compress(data[: rows * (row + 1)], 1)
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    with Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts)), formats=("PNG",)) as image:
        return image.tobytes()


def _big(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return _big(len(data)) + kind + data + _big(zlib.crc32(kind + data))


def _from_png_slowly(data: bytes, row: int, step: int) -> bytes:
    """For pixels of odd widths. PNG 3rd edition, 9.2; the last row may be short."""
    before: npt.NDArray[np.uint8] = np.zeros(row, np.uint8)
    out = bytearray()
    for at in range(0, len(data), row + 1):
        kind = data[at]
        line = np.frombuffer(data[at + 1 : at + 1 + row].ljust(row, b"\0"), np.uint8).copy()
        if kind == 2:
            line += before
        elif kind in {1, 3, 4}:
            _unfilter(kind, line, before, step)
        out += line.tobytes()
        before = line
    return bytes(out)


def _unfilter(kind: int, line: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8], step: int) -> None:
    for x in range(len(line)):
        left = int(line[x - step]) if x >= step else 0
        above = int(before[x])
        corner = int(before[x - step]) if x >= step else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above) // 2
        else:
            guess = min((left, above, corner), key=lambda each: abs(left + above - corner - each))
        line[x] = (int(line[x]) + guess) & 0xFF
