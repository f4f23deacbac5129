"""Glimpses: views in so few samples that their content can be told at most, and never enjoyed or copied.

32 samples each way are what people need to tell what kind of scene a picture shows (Torralba, Fergus,
Freeman: "80 million tiny images", IEEE TPAMI 30(11), 2008, section 3). A small picture has fewer, so that no
glimpse is the picture itself.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image

from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.views import views
from upload_guard.records import GLIMPSE_SIDE, Analysis, Glimpse, View

_LEAST_CELL = 8
"""Pixels of the view, each way, that one sample is at least the mean of."""


def image_glimpses(stream: BinaryIO, image_format: ImageFormat, budget: Budget) -> Analysis:
    """A glimpse of every view of an image, or of all that still shows of a broken one."""
    found: list[Glimpse] = []
    reason = ""
    budget.start_image()
    try:
        found.extend(map(glimpse_of, views(stream, image_format, budget, [])))
    except Unscannable as fault:
        reason = fault.reason
    return Analysis(unscannable=reason, glimpses=tuple(found))


def glimpse_of(view: View) -> Glimpse:
    """The means of the rectangles of a grid over the view: what is finer than those is lost for good."""
    longer = max(view.image.size)
    samples = min(GLIMPSE_SIDE, max(1, longer // _LEAST_CELL))
    width, height = (max(1, round(side * samples / longer)) for side in view.image.size)
    small = view.image.resize((width, height), Image.Resampling.BOX)
    return Glimpse(view.name, width, small.tobytes())
