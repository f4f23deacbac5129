"""What hangs behind an image's end, before its start or in its chunks: the ways to hide one file in another.

An image, archive or PDF is found at any offset behind the end, not only directly there. An image is searched
from behind its first bytes as well; a JPEG only where its end cannot be told, since imaging looks into its
segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, Remark, read_at, size_of, window
from upload_guard.containers.ends import end_of_image, reach_of_image, shown_in_place
from upload_guard.containers.search import BEGINNINGS, HIDDEN, beginnings
from upload_guard.containers.tar import Tar
from upload_guard.errors import Unreadable, Unscannable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import HEAD, ImageFormat, is_raw, sniff
from upload_guard.imaging.jpeg import Frame, frame_of
from upload_guard.texts.plain import looks_like_text

PREFIX = 1 << 16
"""How far into a file that nothing recognises an image is looked for."""
_BEGUN = 16


class Appended:
    name = "appended"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        if sniff(head) is None:
            return bool(head) and not is_text(head) and not head.startswith(_OPENED_ELSEWHERE)
        # Chunks, boxes and gaps between them may hold anything.
        return sniff(head) is not ImageFormat.JPEG or end_of_image(stream) != size_of(stream)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:
        size = size_of(stream)
        stream.seek(0)
        head = stream.read(HEAD)
        if is_raw(head):
            yield from _raw(stream, budget)
            return
        if sniff(head) is None:
            yield from _prefixed(stream, size, budget)
            return
        try:
            yield from _hidden(stream, sniff(head), size, budget)
        except Unreadable as fault:
            # An image with thousands of beginnings behind it is no odd file but one made so.
            raise Unscannable(fault.reason) from fault


def _hidden(stream: BinaryIO, image_format: ImageFormat | None, size: int, budget: Budget) -> Iterator[Found]:
    end = end_of_image(stream)
    if end is None or image_format is not ImageFormat.JPEG:
        shown = shown_in_place(stream)
        yield from carved(stream, _BEGUN, budget, "embedded", stop=end, needles=HIDDEN, known=shown)
    if end is None or end == size:
        return
    behind = read_at(stream, end, HEAD)
    if looks_like_text(behind) and sniff(behind) is None:
        # A page behind a tiny picture is a page to a browser that goes by its name.
        yield Inner("text behind it", window(stream, end, size), guessed=True)
    if Tar().holds(behind, stream):
        yield Inner("appended", window(stream, end, size), searched=True)
    yield from carved(stream, end, budget, "appended", sure=end, needles=HIDDEN)


def _raw(stream: BinaryIO, budget: Budget) -> Iterator[Found]:
    """A camera's file in a form of its own: the pictures that it shows are JPEGs, anywhere in it."""
    pictures = 0
    for inner in carved(stream, 1, budget, "preview"):
        pictures += 1
        yield inner
    if not pictures:
        raise Unscannable("unsupported_format", "raw")
    yield Remark("raw sensor data not decoded")


def _prefixed(stream: BinaryIO, size: int, budget: Budget) -> Iterator[Found]:
    first = next(beginnings(stream, 1, min(size, PREFIX)), None)
    if first is not None:
        yield from carved(stream, first, budget, "embedded")


def carved(
    stream: BinaryIO,
    start: int,
    budget: Budget,
    name: str,
    sure: int = -1,
    stop: int | None = None,
    needles: Mapping[bytes, int] = BEGINNINGS,
    known: frozenset[int] = frozenset(),
) -> Iterator[Inner]:
    """All that is recognisable from `start` to `stop`. What begins at `sure` is a file, the rest looks so.

    What begins at one of `known` is looked at elsewhere.
    Raises `Unreadable` for a file made of beginnings, which would cost more to look into than it is worth.
    """
    size, behind, number = size_of(stream) if stop is None else stop, start, 0
    budget.take_bytes(max(0, size - start))
    effort = _Effort(stream, size - start)
    for found in beginnings(stream, start, size, needles):
        if found < behind or found in known:
            continue
        content = window(stream, found, size)
        jpeg = read_at(stream, found, 3) == b"\xff\xd8\xff"
        frame = effort.frame(found) if jpeg else None
        if jpeg and not (frame and frame.shown):
            continue
        end = end_of_image(content)
        behind = found + (end or 1)
        reach = end or reach_of_image(content)
        if frame and frame.width * frame.height > reach * _MOST_PIXELS_A_BYTE:
            continue
        effort.take(reach)
        number += 1
        label = name if number == 1 else f"{name} {number}"
        yield Inner(label, window(stream, found, found + reach), guessed=found != sure, searched=True)


# Each block of 64 pixels takes a bit at least, so that less data shows next to nothing of the picture.
_MOST_PIXELS_A_BYTE = 512


class _Effort:
    """What looking at beginnings may cost: they may overlap, each of them with all of the file behind it."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._reads = _MOST_READS
        self._bytes = _SPARE + _OVERLAP * size

    def frame(self, at: int) -> Frame | None:
        def read(offset: int, count: int) -> bytes:
            self._reads -= 1
            if self._reads < 0:
                raise Unreadable("too_many_files", "heads")
            return read_at(self._stream, at + offset, count)

        return frame_of(read)

    def take(self, count: int) -> None:
        self._bytes -= count
        if self._bytes < 0:
            raise Unreadable("too_many_files", "overlapping")


_MOST_READS = 500_000
_OVERLAP = 4
_SPARE = 16 << 20


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
