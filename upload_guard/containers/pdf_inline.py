"""Images written into a PDF's content streams themselves: BI, a dictionary, ID, the data, EI.

Source: ISO 32000-2, 8.9.7. Where the data ends is taken from its own coding, since EI may occur inside it.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf.generic import DictionaryObject

from upload_guard.containers.pdf_filters import is_true
from upload_guard.errors import Unreadable

_DATA = re.compile(rb"(?<=[\s\0\])>\w])ID[\s\0]")
_BEGIN = re.compile(rb"(?<![^\s\0>\])])BI(?=[\s\0/])")
_LONGEST = 2000
_MOST = 5000
_END = re.compile(rb"[\s\0]EI(?=[\s\0Q]|$)")


@dataclass(frozen=True, slots=True)
class InlineImage:
    values: Any
    data: bytes


def inline_images(content: bytes) -> Iterator[InlineImage]:
    """Each with its dictionary; one whose dictionary cannot be read is passed over, as by viewers."""
    at = tries = 0
    while found := _DATA.search(content, at):
        before = content[max(at, found.start() - _LONGEST) : found.start()]
        at = found.end()
        start = before.rfind(b"BI")
        if start < 0 or not _BEGIN.match(before, start):
            continue
        tries += 1
        if tries > _MOST:
            raise Unreadable("too_many_files")
        try:
            inside = io.BytesIO(b"<<" + before[start + 2 :] + b">>")
            values = DictionaryObject.read_from_stream(inside, None)
        except Exception:  # noqa: BLE001, S112 - "BI" in other data
            continue
        end = _end(values, content, at)
        yield InlineImage(values, content[at:end])
        at = end


def _end(values: Any, content: bytes, at: int) -> int:
    name = values.get("/F", values.get("/Filter"))
    first = str(name[0] if isinstance(name, list) and name else name)
    if first in {"/Fl", "/FlateDecode"}:
        machine = zlib.decompressobj()
        try:
            left = content[at:]
            while left and not machine.eof:
                machine.decompress(left, 1 << 20)
                left = machine.unconsumed_tail
        except zlib.error:
            return _marked(content, at)
        return len(content) - len(machine.unused_data) if machine.eof else _marked(content, at)
    if first == "None":
        return _marked(content, at + _raw_size(values))
    if first in {"/DCT", "/DCTDecode"}:
        stop = content.find(b"\xff\xd9", at)
        return _marked(content, stop + 2 if stop >= 0 else at)
    return _marked(content, at)


def _raw_size(values: Any) -> int:
    """At least so many bytes: with one component, which is what can be told without the page's resources."""
    width, height = values.get("/W", values.get("/Width", 0)), values.get("/H", values.get("/Height", 0))
    depth = 1 if is_true(values.get("/IM", values.get("/ImageMask"))) else values.get("/BPC", 8)
    try:
        return (int(width) * int(depth) + 7) // 8 * int(height)
    except (TypeError, ValueError):
        return 0


def _marked(content: bytes, at: int) -> int:
    found = _END.search(content, at)
    return found.start() if found else len(content)
