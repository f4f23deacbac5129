"""ZIP, and everything that is one: DOCX, XLSX, ODT, EPUB, JAR.

Source: PKWARE APPNOTE 6.3.10; compression methods in 4.4.5, LZMA in 5.8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, locked, pieces, read_at, readable_name, size_of
from upload_guard.containers.unpack import bunzip2, raw_deflate, unlzma, unpacked
from upload_guard.containers.zip_directory import Member, is_zip, members
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget

_STORED, _DEFLATED, _BZIP2, _LZMA, _AES = 0, 8, 12, 14, 99


class Zip:
    name = "zip"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        return is_zip(head, stream)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        end = size_of(stream)
        for number, member in enumerate(members(stream), 1):
            if member is None:
                raise Unreadable("damaged")
            name = readable_name(member.name, f"member {number}")
            if not name.endswith("/") or member.size:
                yield Inner(name, chunks=_content(stream, member, end))


def _content(stream: BinaryIO, member: Member, end: int) -> Iterator[bytes]:
    if member.flags & 1 or member.method == _AES:
        return locked(Unreadable("encrypted"))
    if member.method == _STORED:
        return _stored(stream, member, end)
    # The compressed data says itself where it ends; an announced size may be made up.
    packed = pieces(stream, member.data, end)
    if member.method == _DEFLATED:
        return unpacked(packed, raw_deflate())
    if member.method == _BZIP2:
        return unpacked(packed, bunzip2())
    if member.method == _LZMA:
        return _lzma(stream, member, end)
    return locked(Unreadable("unsupported_compression", str(member.method)))


def _stored(stream: BinaryIO, member: Member, end: int) -> Iterator[bytes]:
    if member.size < 0:
        raise Unreadable("damaged", "stored without a size")
    yield from pieces(stream, member.data, min(member.end, end))
    if member.end > end:
        raise Unreadable("truncated")


def _lzma(stream: BinaryIO, member: Member, end: int) -> Iterator[bytes]:
    """APPNOTE 5.8.8: version, size of the properties, properties. The format of `lzma` differs in its head.

    It has no end mark unless flag bit 1 is set; then what came when the input is used up is all.
    """
    head = read_at(stream, member.data, 9)
    if len(head) < 9 or struct.unpack("<H", head[2:4])[0] != 5:
        raise Unreadable("damaged")
    alone = head[4:9] + b"\xff" * 8
    last = end if member.size < 0 else min(member.end, end)
    machine = unlzma()
    try:
        yield from unpacked(_behind(alone, pieces(stream, member.data + 9, last)), machine)
    except Unreadable as fault:
        if fault.reason != "truncated" or member.flags & 2:
            raise


def _behind(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
