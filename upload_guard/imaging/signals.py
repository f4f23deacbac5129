"""The perceptual signals of a view. Each signal type is one function here and a name in `SignalType`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import imagehash
import numpy as np

from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.pdq import pdq
from upload_guard.imaging.views import views
from upload_guard.records import Analysis, Signal, SignalType, View


def image_signals(stream: BinaryIO, image_format: ImageFormat, budget: Budget) -> Analysis:
    """Perceptual signals of every view, or of those before the first that could not be read.

    A view below the least quality (50 of 100 by PDQ's own practice) gives none: flat pictures look alike.
    """
    found: list[Signal] = []
    degraded: list[str] = []
    try:
        for view in views(stream, image_format, budget):
            signals = tuple(_signals(view))
            if (signals[0].quality or 0) < budget.limits.min_quality:
                degraded.append(f"{view.name}: low quality")
            else:
                found.extend(signals)
    except Unscannable as fault:
        return Analysis(tuple(found), unscannable=fault.reason, degraded=tuple(degraded))
    return Analysis(tuple(found), degraded=tuple(degraded))


def _signals(view: View) -> Iterator[Signal]:
    hashed = pdq(np.asarray(view.image))
    yield Signal(SignalType.PDQ, hashed.value, view.name, hashed.quality)
    yield Signal(SignalType.PHASH, _phash(view), view.name)


def _phash(view: View) -> bytes:
    """64 bits, as `imagehash.phash` orders them (row by row, most significant first)."""
    return np.packbits(imagehash.phash(view.image).hash.reshape(-1)).tobytes()
