"""One file compressed by itself: gzip, bzip2, xz. And archives that are known and not opened: 7z, RAR.

Sources: RFC 1952 (gzip), the bzip2 and xz formats' signatures; 7zFormat.txt; RAR 4 and 5 signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, pieces, size_of
from upload_guard.containers.unpack import Machine, bunzip2, gunzip, unpacked_members, unxz
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget


@dataclass(frozen=True, slots=True)
class Single:
    """A compressed file by its `magic` and what unpacks it."""

    name: str
    magic: tuple[bytes, ...]
    make: Callable[[], Machine]

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return head.startswith(self.magic)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        packed = pieces(stream, 0, size_of(stream))
        yield Inner("unpacked", chunks=unpacked_members(packed, self.make))


GZIP = Single("gzip", (b"\x1f\x8b\x08",), gunzip)
BZIP2 = Single("bzip2", tuple(b"BZh%d1AY&SY" % level for level in range(1, 10)), bunzip2)
XZ = Single("xz", (b"\xfd7zXZ\x00",), unxz)


ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
"""How those begin that are known and not opened."""


class Unsupported:
    """Archives of which only the name is known: said, never passed as empty."""

    name = "unsupported"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return head.startswith(ARCHIVES)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - nothing is read
        raise Unreadable("unsupported_archive")
        yield
