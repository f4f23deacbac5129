"""The sandbox's other task: what little may be shown of a file to a person who has to decide about it."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from upload_guard.containers.analyse import walked
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.glimpses import image_glimpses
from upload_guard.records import Analysis

TASK = f"{__name__}:glimpses"
"""How a sandbox is told of it."""


def glimpses(stream: BinaryIO, limits: ScanLimits) -> Analysis:
    """A glimpse of each view of the file and of the files inside it, named as `analyse` names them."""
    return replace(walked(stream, limits, image_glimpses), signals=())
