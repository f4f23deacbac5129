"""What a transparency report says: figures by name, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from upload_guard.statistics.period import Period

Value = int | float | timedelta | None
"""A count, a share from 0 to 1, a time, or None where there is nothing that it could be of."""


class Part(StrEnum):
    """The parts of a report."""

    UPLOADS = "uploads"
    NOTICES = "notices"
    CASES = "cases"
    REMOVALS = "removals"
    COMPLAINTS = "complaints"
    ACCURACY = "accuracy"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class Figure:
    """`of` names which one where a figure is of several: a category of a list, a channel, a recipient."""

    key: str
    value: Value
    of: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Of one period. Every part is there, whatever has happened."""

    period: Period
    parts: Mapping[Part, tuple[Figure, ...]]
