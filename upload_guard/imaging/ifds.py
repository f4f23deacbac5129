"""Image file directories, as TIFF and EXIF have them (TIFF 6.0, section 2; BigTIFF), read without trust."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from upload_guard.errors import Unscannable

SUB_DIRECTORIES = 0x014A
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 0x0201, 0x0202

# Real files have a few dozen tags; libtiff and tifffile take what says to have more for no directory. Pillow
# reads it all the same.
_MOST_TAGS = 4096
_MOST_DIRECTORIES = 10_000
_MOST_SUBS = 1000
# How wide one value is: SHORT, LONG, IFD, LONG8, IFD8 (the types that numbers of bytes and offsets have).
_WHOLE = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

Tags = dict[int, int]
"""Tag to its first value, for tags whose first value is a whole number or an offset."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry: `value_at` is where its value stands, or the offset of its values where they are longer."""

    tag: int
    kind: int
    count: int
    value_at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """`at` in its file; `order` is "<" or ">", as `struct` has it; `following` is 0 for the last."""

    at: int
    order: str
    big: bool
    tags: Tags
    fields: tuple[Field, ...]
    following: int

    def named(self, tag: int) -> tuple[Field, ...]:
        """Every entry of that tag: a file may name one twice, and readers disagree on which counts."""
        return tuple(field for field in self.fields if field.tag == tag)

    def numbers(self, data: bytes, tag: int, most: int) -> tuple[int, ...]:
        """All values of a tag, as far as they are there. Raises `Unscannable` if there are over `most`."""
        found: list[int] = []
        for field in self.named(tag):
            form = _WHOLE.get(field.kind)
            if form is None:
                continue
            if field.count > most:
                raise Unscannable("too_many_frames", f"{field.count} values of tag {tag}")
            width = struct.calcsize(form)
            at = field.value_at
            if field.count * width > (8 if self.big else 4):
                (at,) = struct.unpack_from(self.order + ("Q" if self.big else "I"), data, at)
            whole = max(0, min(field.count, (len(data) - at) // width))
            found += struct.unpack_from(f"{self.order}{whole}{form}", data, at)
        return tuple(found)


def directories(data: bytes) -> Iterator[Directory]:
    """Each directory of the chain, as far as it can be read.

    Raises `Unscannable` if the chain is a loop, and for a directory of more tags than are read.
    """
    order, big, at = _begin(data)
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) >= _MOST_DIRECTORIES:
            raise Unscannable("ifd_loop", f"directory at {at}")
        seen.add(at)
        try:
            found = _directory(data, at, order, big)
        except struct.error:
            return  # beyond the end: its `following` says that there is more
        if found is None:
            raise Unscannable("too_many_tags", f"more than {_MOST_TAGS}")
        yield found
        at = found.following


def sub_directories(data: bytes, parents: list[Directory]) -> Iterator[Directory]:
    """Those that `parents` and what they lead to name (TIFF Technical Note 1), each once, chains included.

    What cannot be read as a directory is left out: programs copy the tag along without what it points to.
    """
    seen = {parent.at for parent in parents}
    waiting = deque(at for parent in parents for at in parent.numbers(data, SUB_DIRECTORIES, _MOST_SUBS))
    while waiting:
        at = waiting.popleft()
        if not at or at in seen:
            continue
        seen.add(at)
        if len(seen) > _MOST_DIRECTORIES:
            raise Unscannable("too_many_frames", "sub-directories")
        try:
            found = _directory(data, at, parents[0].order, parents[0].big)
        except struct.error:
            continue
        if found is None:
            continue
        waiting += (*found.numbers(data, SUB_DIRECTORIES, _MOST_SUBS), found.following)
        yield found


def _begin(data: bytes) -> tuple[str, bool, int]:
    """Byte order, whether it is a BigTIFF, and where the first directory is (0: nowhere)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return "", False, 0
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    at = struct.unpack_from(order + "Q", data, 8)[0] if big else struct.unpack_from(order + "I", data, 4)[0]
    return order, big, at


def _directory(data: bytes, at: int, order: str, big: bool) -> Directory | None:
    """None if it has too many tags. Raises `struct.error` for one that is not there whole."""
    head, step, value_at, offset = ("Q", 20, 12, "Q") if big else ("H", 12, 8, "I")
    if at > len(data):
        raise struct.error("beyond the end")
    (count,) = struct.unpack_from(order + head, data, at)
    first = at + struct.calcsize(order + head)
    end = first + step * count
    if end > len(data):
        raise struct.error("beyond the end")
    if count > _MOST_TAGS:
        return None
    tags: Tags = {}
    fields: list[Field] = []
    for spot in range(first, first + step * count, step):
        tag, kind, values = struct.unpack_from(order + "HH" + offset, data, spot)
        form = {1: "B", 3: "H", 16: "Q"}.get(kind, offset)
        tags[tag] = struct.unpack_from(order + form, data, spot + value_at)[0]
        fields.append(Field(tag, kind, values, spot + value_at))
    return Directory(at, order, big, tags, tuple(fields), struct.unpack_from(order + offset, data, end)[0])
