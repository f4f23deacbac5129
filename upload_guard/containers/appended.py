"""What hangs behind an image's end, or before an image's start: the two ways to hide one file in another.

An image, a ZIP or a PDF is found at any offset behind the end, not only directly there. An image whose end
cannot be found is searched from behind its first bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, size_of, window
from upload_guard.containers.ends import end_of_image, has_picture
from upload_guard.containers.search import beginnings
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import sniff

PREFIX = 1 << 16
"""How far into a file that nothing recognises an image is looked for."""
_BEGUN = 16


class Appended:
    name = "appended"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        if sniff(head) is None:
            return bool(head) and not is_text(head) and not head.startswith(_OPENED_ELSEWHERE)
        return end_of_image(stream) != size_of(stream)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:
        size = size_of(stream)
        stream.seek(0)
        if sniff(stream.read(4096)) is None:
            yield from _prefixed(stream, size, budget)
            return
        end = end_of_image(stream)
        if end is None:
            yield from carved(stream, _BEGUN, budget, "embedded")
        else:
            yield from carved(stream, end, budget, "appended", sure=end)


def _prefixed(stream: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    first = next(beginnings(stream, 1, min(size, PREFIX)), None)
    if first is not None:
        yield from carved(stream, first, budget, "embedded")


def carved(stream: BinaryIO, start: int, budget: Budget, name: str, sure: int = -1) -> Iterator[Inner]:
    """Everything recognisable from `start` on. What begins at `sure` is a file, the rest looks like one."""
    size, behind, number = size_of(stream), start, 0
    budget.take_bytes(max(0, size - start))
    for found in beginnings(stream, start, size):
        if found < behind:
            continue
        if not has_picture(window(stream, found, size)):
            continue
        number += 1
        end = end_of_image(window(stream, found, size))
        behind = found + (end or 1)
        label = name if number == 1 else f"{name} {number}"
        content = window(stream, found, behind if end else size)
        yield Inner(label, content, guessed=found != sure, searched=True)


def is_text(head: bytes) -> bool:
    """Whether it reads as text: no control characters but those of text, in an 8-bit encoding or UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not head.translate(None, _TEXT)


_TEXT = bytes([7, 8, 9, 10, 12, 13, 27, *range(0x20, 0x100)])
# These have a room of their own here, and what is in them is compressed or found there.
_OPENED_ELSEWHERE = (
    b"PK\x03\x04",
    b"%PDF-",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf",
    b"Rar!",
)
