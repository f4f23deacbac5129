"""The perceptual signals of a view. Each signal type is one function here and a name in `SignalType`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import imagehash
import numpy as np
import scipy.fftpack  # type: ignore[import-untyped]  # noqa: F401 - or imagehash does, too late in a sandbox
from PIL import Image

from upload_guard.errors import Unscannable
from upload_guard.imaging.borders import trimmed
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.dihedral import dihedral
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.pdq import Luma, squashed
from upload_guard.imaging.views import views
from upload_guard.records import Analysis, Signal, SignalType, View

# PDQ asks for 16 frequencies each way. Below two samples a frequency the upper ones hold rounding noise, and
# what is smaller (favicons, tracking pixels) tells nobody apart.
_LEAST_SIDE = 32
# pHash looks at 32 x 32 pixels and dHash at 9 x 8. Averaging down to eight times that first moves them by a
# fraction of a bit, and spares a filter over the whole picture for each.
_COARSE = 256
_COARSE_HASHES: tuple[tuple[SignalType, Callable[[Image.Image], imagehash.ImageHash]], ...] = (
    (SignalType.PHASH, imagehash.phash),
    (SignalType.DHASH, imagehash.dhash),
)
_MOST_NOTES = 20


def image_signals(stream: BinaryIO, image_format: ImageFormat, budget: Budget) -> Analysis:
    """Perceptual signals of every view in each of its variants, or of all that still shows of a broken file.

    A view that is too small, or below the least quality (50 of 100 by PDQ's own practice), gives none: flat
    pictures look alike. Each hash comes once, under the first name it was found by.
    """
    found: dict[tuple[SignalType, bytes], Signal] = {}
    notes: list[str] = []
    reason = ""
    budget.start_image()
    try:
        for view in views(stream, image_format, budget, notes):
            if lack := _lack(view, found, budget.limits.min_quality):
                notes.append(f"{view.name}: {lack}")  # noqa: PERF401 - kept when the next view raises
    except Unscannable as fault:
        reason = fault.reason
    return Analysis(tuple(found.values()), unscannable=reason, degraded=_capped(notes))


def _lack(view: View, found: dict[tuple[SignalType, bytes], Signal], min_quality: int) -> str:
    """Adds the signals of `view` to `found`; says what it lacks if it has none."""
    if min(view.image.size) < _LEAST_SIDE:
        return "too small"
    luma = np.asarray(view.image)
    signals = [*_pdq_signals(luma, view.name, "", min_quality)]
    if signals:
        signals[1:1] = coarse_signals(view)
    for inner in trimmed(luma):
        if min(inner.shape) >= _LEAST_SIDE:
            signals += _pdq_signals(inner, view.name, "trimmed", min_quality)
    for signal in signals:
        found.setdefault((signal.type, signal.value), signal)
    return "" if signals else "low quality"


def _pdq_signals(luma: Luma, view: str, change: str, min_quality: int) -> Iterator[Signal]:
    """Of both forms of PDQ, in all positions."""
    for form, samples in (("", luma), ("squashed", squashed(luma))):
        if samples is None:
            continue
        for position, hashed in dihedral(samples):
            if hashed.quality >= min_quality:
                variant = ", ".join(part for part in (change, form, position) if part)
                yield Signal(SignalType.PDQ, hashed.value, view, hashed.quality, variant)


def coarse_signals(view: View) -> Iterator[Signal]:
    """64 bits each, as imagehash orders them (row by row, most significant first)."""
    factor = min(view.image.size) // _COARSE
    image = view.image.reduce(factor) if factor > 1 else view.image
    for kind, function in _COARSE_HASHES:
        yield Signal(kind, np.packbits(function(image).hash.reshape(-1)).tobytes(), view.name)


def _capped(notes: Iterable[str]) -> tuple[str, ...]:
    """Few enough to be read: an icon file alone could have hundreds."""
    unique = tuple(dict.fromkeys(notes))
    more = len(unique) - _MOST_NOTES
    return (*unique[:_MOST_NOTES], f"and {more} more") if more > 0 else unique
