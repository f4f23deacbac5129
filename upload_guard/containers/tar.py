"""Tape archives, plain; a compressed one is a single file first (see `single`).

Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" (base-256 numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, locked, read_at, readable_name, size_of, window
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget

_BLOCK = 512
_REGULAR = frozenset(b"\x007")
_NAMES = 1 << 16
_PAX_SIZE = re.compile(rb"(?:^|\n)\d+ size=(\d{1,18})\n")


class Tar:
    name = "tar"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return head[257:262] == b"ustar" or _checksum_fits(head[:_BLOCK])

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        at, end, wide = 0, size_of(stream), -1
        while len(header := read_at(stream, at, _BLOCK)) == _BLOCK and header.strip(b"\0"):
            if not _checksum_fits(header):
                raise Unreadable("damaged")
            kind, size = header[156], _number(header[124:136])
            if wide >= 0 and kind not in b"xgLK":
                size, wide = wide, -1
            data = at + _BLOCK
            if kind in b"x":
                found = _PAX_SIZE.search(read_at(stream, data, min(size, _NAMES)))
                wide = int(found[1]) if found else wide
            elif kind in _REGULAR or kind in b"0":
                yield Inner(_name(header), window(stream, data, min(data + size, end)))
            elif kind in b"S":
                yield Inner(_name(header), chunks=locked(Unreadable("unsupported_archive", "sparse")))
            at = data + -(-size // _BLOCK) * _BLOCK
        if at > end:
            raise Unreadable("truncated")


def _name(header: bytes) -> str:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    whole = prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name
    return readable_name(whole, "member")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & ((1 << 88) - 1)
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise Unreadable("damaged") from None


def _checksum_fits(header: bytes) -> bool:
    """The sum of the header's bytes with its own eight as blanks."""
    digits = header[148:156].strip(b" \0")
    if len(header) < _BLOCK or not digits or digits.strip(b"01234567"):
        return False
    return int(digits, 8) == sum(header) - sum(header[148:156]) + 8 * 0x20
