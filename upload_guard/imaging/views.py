"""The views of an image: every picture that a viewer could show of it, as 8-bit grey.

Decoding runs under limits and any exception out of a decoder means `Unscannable`: on odd files Pillow
raises a dozen unrelated classes, TypeError and struct.error among them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from upload_guard.errors import Unscannable
from upload_guard.imaging.bounds import check_bounds
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.looks import in_colour, is_opaque, looks
from upload_guard.imaging.picture import ENOUGH, Picture
from upload_guard.imaging.pictures import pictures
from upload_guard.imaging.thumbnails import BrokenThumbnail, thumbnails
from upload_guard.imaging.tolerance import tolerance
from upload_guard.records import View

# What a browser supposes where a JPEG stops: its end. Pillow does so too when tolerant.
_TAILS = {ImageFormat.JPEG: b"\xff\xd9"}


def views(
    stream: BinaryIO, image_format: ImageFormat, budget: Budget, notes: list[str] | None = None
) -> Iterator[View]:
    """Each picture in turn, in every look it may have; what is the same picture again comes only once.

    Raises `Unscannable` for a format that is not decoded, for what is over the limits (never a sample of
    it: that would be a silent miss), and for what is truncated or broken, after all that still shows of it.
    `notes` takes what was skipped although the file could be read.
    """
    return _Reading(image_format, budget, [] if notes is None else notes).views(stream)


class _Reading:
    """One file being read: what it may still cost, and which pictures have been seen."""

    def __init__(self, image_format: ImageFormat, budget: Budget, notes: list[str]) -> None:
        self._format = image_format
        self._budget = budget
        self._notes = notes
        self._seen: set[bytes] = set()
        self._data = b""

    def views(self, stream: BinaryIO) -> Iterator[View]:
        if not self._format.decoded_by:
            raise Unscannable("unsupported_format", self._format.value)
        self._data = _whole(stream, self._budget)
        check_bounds(self._data, self._format, self._budget.limits)
        done = 0
        try:
            for picture in pictures(self._data, self._format, self._budget.limits):
                yield from self._shown(picture)
                done += 1
        except (Unscannable, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise anything
            fault = _fault(error)
        else:
            return
        if fault.reason != "too_many_pixels":
            yield from self._salvaged(done)
        raise fault

    def _shown(self, picture: Picture) -> Iterator[View]:
        self._budget.take_picture(picture.name, picture.size)
        try:
            image = picture.decode()
        except Exception as error:
            if not picture.optional or isinstance(error, MemoryError):
                raise
            self._notes.append(f"{picture.name}: {picture.remark} ({type(error).__name__})")
            return
        yield from self._looks(picture.name, image)
        if not picture.optional:
            yield from self._thumbnails(picture.name, image)

    def _looks(self, name: str, image: Image.Image) -> Iterator[View]:
        # Of two orders that give the same, the one that turns fewer pixels into grey.
        shown = _reduced(image) if is_opaque(image) else image
        for look, grey in looks(shown):
            small = _reduced(grey)
            colours = in_colour(shown, look, small) if self._budget.limits.colours else None
            # Keyed by content, with a hash that nobody can make collide to hide a picture.
            key = sha256(repr(small.size).encode() + (colours or small).tobytes()).digest()
            if key not in self._seen:
                self._seen.add(key)
                yield View(f"{name} {look}".rstrip(), small, colours)

    def _thumbnails(self, name: str, image: Image.Image) -> Iterator[View]:
        try:
            for picture in thumbnails(image, name, self._budget.limits.colours):
                yield from self._shown(picture)
        except BrokenThumbnail as error:
            self._notes.append(f"thumbnail of {name}: broken ({error})")

    def _salvaged(self, done: int) -> Iterator[View]:
        """What still shows of picture number `done`, which failed, and of those behind it."""
        data = self._data + _TAILS.get(self._format, b"")
        rest = pictures(data, self._format, self._budget.limits)
        number = 0
        while (found := self._next_salvaged(rest, number, done)) is not None:
            name, image = found
            number += 1
            if image is not None:
                yield from self._salvaged_looks(name, image)

    def _next_salvaged(
        self, rest: Iterator[Picture], number: int, done: int
    ) -> tuple[str, Image.Image | None] | None:
        with tolerance():
            try:
                picture = next(rest, None)
            except (Unscannable, MemoryError):
                raise
            except Exception:  # noqa: BLE001 - the first fault, raised in the end, stands for this one
                return None
            if picture is None or number < done:
                return None if picture is None else (picture.name, None)
            self._budget.take_picture(picture.name, picture.size)
            try:
                image = picture.decode()
                image.load()
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - as above
                return picture.name, None
        return picture.name, image

    def _salvaged_looks(self, name: str, image: Image.Image) -> Iterator[View]:
        try:
            yield from self._looks(name, image)
            yield from self._thumbnails(name, image)
        except (Unscannable, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._notes.append(f"{name}: {type(error).__name__}")


def _whole(stream: BinaryIO, budget: Budget) -> bytes:
    """The file in memory: most decoders want it whole, and all are quicker from there."""
    size = stream.seek(0, os.SEEK_END)
    if size > budget.limits.max_bytes:
        raise Unscannable("too_many_bytes", f"{size} bytes")
    stream.seek(0)
    return stream.read(size)


def _fault(error: Exception) -> Unscannable:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Unscannable("too_many_pixels", str(error))
    if isinstance(error, UnidentifiedImageError):
        return Unscannable("undecodable", "the decoder does not know it")
    reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
    return Unscannable(reason, f"{type(error).__name__}: {error}")


def _reduced(image: Image.Image) -> Image.Image:
    """At a whole fraction of its size, where that still has all that the hashes look at."""
    factor = min(image.size) // ENOUGH
    return image.reduce(factor) if factor > 1 else image
