"""Where the members of a ZIP file are: every central directory, and the local headers that none names.

Source: PKWARE APPNOTE 6.3.10, 4.3 (structure), 4.4 (fields), 4.5.3 (Zip64). Readers disagree on odd archives:
some start at the end, some at the front, some add the bytes in front to every offset. So each reading counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from upload_guard.containers.base import read_at, size_of
from upload_guard.containers.search import occurrences

LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_TAIL = (1 << 16) + 22
_ENDS = 4
_MOST = 20_000
_STREAMED = 1 << 3


@dataclass(frozen=True, slots=True)
class Member:
    """One reading of one member: `data` is where its packed bytes begin, `size` how many there are.

    `size` is -1 where only the compressed data itself says where it ends.
    """

    name: bytes
    data: int
    size: int
    method: int
    flags: int

    @property
    def end(self) -> int:
        return self.data + max(0, self.size)

    @property
    def key(self) -> tuple[int, int, int, int]:
        return self.data, self.size, self.method, self.flags & 1


def is_zip(head: bytes, stream: BinaryIO) -> bool:
    """Whether it starts as one, or has an end record where readers look for it."""
    if head.startswith((LOCAL, b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")):
        return True
    return any(True for _ in _ends(stream))


def members(stream: BinaryIO) -> Iterator[Member | None]:
    """Each reading of each member once; None if a directory is missing or names what is not there."""
    seen: set[tuple[int, int, int, int]] = set()
    ranges: list[tuple[int, int]] = []
    whole = True
    for found in _listed(stream):
        if found is None:
            whole = False
            continue
        ranges.append((found.data, found.end))
        if found.key not in seen:
            seen.add(found.key)
            yield found
    for start, end in _gaps(ranges, size_of(stream)):
        for found in _unlisted(stream, start, end):
            if found.key not in seen:
                seen.add(found.key)
                yield found
    if not whole:
        yield None


def _listed(stream: BinaryIO) -> Iterator[Member | None]:
    count, known = 0, False
    for at, shift in _directories(stream):
        known = True
        while read_at(stream, at, 4) == _CENTRAL and count < _MOST:
            count += 1
            size, readings = _entry(stream, at, shift)
            yield from readings
            at += size
    if count >= _MOST or (not known and not any(_is_empty(stream, end) for end in _ends(stream))):
        yield None


def _is_empty(stream: BinaryIO, end: int) -> bool:
    """Whether an end record says that there are no members."""
    return read_at(stream, end + 8, 8) == bytes(8)


def _ends(stream: BinaryIO) -> Iterator[int]:
    """Where end records may be, last first; the true one can be hidden by another in its comment.

    One before the last counts only if its comment reaches to the end: else it is that of an archive inside.
    """
    size = size_of(stream)
    start = max(0, size - _TAIL)
    tail = read_at(stream, start, _TAIL)
    at, last = len(tail), True
    for _ in range(_ENDS):
        at = tail.rfind(_END, 0, at)
        if at < 0:
            return
        if len(tail) - at < 22:
            continue
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if last or at + 22 + comment == len(tail):
            yield start + at
        last = False


def _directories(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Start of each central directory, and what is to be added to the offsets in it."""
    for end in _ends(stream):
        fields = struct.unpack("<4H2LH", read_at(stream, end, 22)[4:])
        length, offset = fields[4], fields[5]
        behind = end
        if 0xFFFFFFFF in (length, offset) or fields[3] == 0xFFFF:
            record = _end64(stream, end)
            if record:
                behind, length, offset = record
        for start in dict.fromkeys((behind - length, offset)):
            if start >= 0 and read_at(stream, start, 4) == _CENTRAL:
                yield start, start - offset


def _end64(stream: BinaryIO, end: int) -> tuple[int, int, int] | None:
    """Position of the Zip64 end record before `end`, and length and offset of the directory it names."""
    start = max(0, end - 4096)
    before = read_at(stream, start, end - start)
    at = before.rfind(_END64)
    if at < 0 or len(before) - at < 56:
        return None
    length, offset = struct.unpack("<2Q", before[at + 40 : at + 56])
    return start + at, length, offset


def _entry(stream: BinaryIO, at: int, shift: int) -> tuple[int, Iterator[Member | None]]:
    """The size of a central header, and the readings of its member."""
    fixed = read_at(stream, at, 46)
    if len(fixed) < 46:
        return 46, iter((None,))
    flags, method = struct.unpack("<2H", fixed[8:12])
    size, plain = struct.unpack("<2L", fixed[20:28])
    name_size, extra_size, comment_size = struct.unpack("<3H", fixed[28:34])
    offset = struct.unpack("<L", fixed[42:46])[0]
    rest = read_at(stream, at + 46, name_size + extra_size)
    size, offset = _wide(rest[name_size:], size, plain, offset)
    member = Member(rest[:name_size], 0, size, method, flags)
    return 46 + name_size + extra_size + comment_size, _readings(stream, member, offset, shift)


def _wide(extra: bytes, size: int, plain: int, offset: int) -> tuple[int, int]:
    """Packed size and offset with the Zip64 field (4.5.3), which holds only those that are all ones."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<2H", extra[at : at + 4])
        if kind == 1:
            values = [
                int.from_bytes(extra[spot : spot + 8], "little")
                for spot in range(at + 4, at + 4 + length - 7, 8)
            ]
            if plain == 0xFFFFFFFF and values:
                values.pop(0)
            if size == 0xFFFFFFFF and values:
                size = values.pop(0)
            if offset == 0xFFFFFFFF and values:
                offset = values.pop(0)
        at += 4 + length
    return size, offset


def _readings(stream: BinaryIO, listed: Member, offset: int, shift: int) -> Iterator[Member | None]:
    """The member as the directory tells it and, where that differs, as its local header does."""
    for start in dict.fromkeys((offset + shift, offset)):
        local = _local(stream, start) if start >= 0 else None
        if local is None:
            continue
        yield Member(listed.name, local.data, listed.size, listed.method, listed.flags)
        differs = (local.size, local.method) != (listed.size, listed.method)
        if differs and not local.flags & _STREAMED and local.size:
            yield local
        return
    yield None


def _local(stream: BinaryIO, at: int) -> Member | None:
    fixed = read_at(stream, at, 30)
    if len(fixed) < 30 or not fixed.startswith(LOCAL):
        return None
    flags, method = struct.unpack("<2H", fixed[6:10])
    size, plain = struct.unpack("<2L", fixed[18:26])
    name_size, extra_size = struct.unpack("<2H", fixed[26:30])
    rest = read_at(stream, at + 30, name_size + extra_size)
    size, _ = _wide(rest[name_size:], size, plain, 0)
    if flags & _STREAMED and not size:
        size = -1
    return Member(rest[:name_size], at + 30 + name_size + extra_size, size, method, flags)


def _gaps(ranges: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """What no listed member covers."""
    at = 0
    for start, end in sorted(ranges):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < size:
        yield at, size


def _unlisted(stream: BinaryIO, start: int, end: int) -> Iterator[Member]:
    """Local headers in a gap. The one whose data is where the gap ends belongs to the listed member there."""
    inside = 0
    for at in occurrences(stream, (LOCAL,), start, end):
        member = _local(stream, at)
        if member is None or member.data >= end or at < inside:
            continue
        if member.size > 0:
            inside = member.end
        yield member
