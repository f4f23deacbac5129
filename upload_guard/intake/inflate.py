"""Compressed bodies: one layer of gzip or deflate, within bounds. Sources: RFC 9110, 8.4; RFC 1950 to 1952.

Whatever else Content-Encoding names cannot be looked into, so it is not let through.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from upload_guard.errors import AmbiguousRequest, BodyTooLarge, UnsupportedEncoding

_IDENTITY = {"", "identity"}
# Clients write charsets, the words of mail and more here; nothing is to be undone for them.
_NO_CODING = {"none", "binary", "7bit", "8bit", "utf-8", "utf8", "us-ascii", "iso-8859-1", "amz-1.0"}
_INFLATED = {"gzip", "x-gzip", "deflate"}
_PORTION = 1 << 18
# Honest bodies shrink ten or twenty times; zeros shrink a thousand times.
_SUSPICIOUS_RATIO = 100
_SUSPICIOUS_FROM = 32 << 20

_GZIP_MAGIC = b"\x1f\x8b"


def is_compressed(content_encoding: str) -> bool:
    """Raises `UnsupportedEncoding` for a coding that cannot be undone here, or for two layers."""
    coding = content_encoding.strip().lower()
    if coding in _IDENTITY | _NO_CODING:
        return False
    if coding not in _INFLATED:
        raise UnsupportedEncoding(f"Content-Encoding {coding[:40]!r}")
    return True


def inflated(chunks: Iterable[bytes], max_size: int) -> Iterator[bytes]:
    """What `chunks` hold, member after member; gzip, zlib and raw deflate are told apart by their start.

    Raises `BodyTooLarge` beyond `max_size` bytes or at a ratio that only bombs have, `UnsupportedEncoding`
    for a second layer, `AmbiguousRequest` for what is no such data or ends early.
    """
    taken = given = 0
    try:
        for portion, consumed in _portions(chunks):
            if given == 0 and portion.startswith(_GZIP_MAGIC):
                raise UnsupportedEncoding("a compressed body inside a compressed body")
            taken, given = consumed, given + len(portion)
            if given > max_size or (given > _SUSPICIOUS_FROM and given > taken * _SUSPICIOUS_RATIO):
                raise BodyTooLarge(f"compressed body of {taken} bytes holds more than {given}")
            yield portion
    except zlib.error as error:
        raise AmbiguousRequest(f"compressed body: {error}") from None


def _portions(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Inflated portions, each with the count of compressed bytes seen so far."""
    decoder, seen = None, 0
    for chunk in chunks:
        seen += len(chunk)
        data = chunk
        while data:
            if decoder is None:
                decoder = zlib.decompressobj(_window_bits(data))
            if portion := decoder.decompress(data, _PORTION):
                yield portion, seen
            data = decoder.unconsumed_tail or decoder.unused_data
            if decoder.eof:
                decoder = None
                data = data.lstrip(b"\0")
    if decoder is not None:
        raise AmbiguousRequest("compressed body: it ends early")


def _window_bits(start: bytes) -> int:
    """As zlib takes it: gzip and zlib by their header, raw deflate as browsers' `deflate` may also be."""
    is_zlib = len(start) > 1 and start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return 47 if is_zlib or start.startswith(_GZIP_MAGIC[: len(start)]) else -15
