"""The words of a transparency report, in the languages that an installation can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upload_guard.statistics.transparency.figures import Part


@dataclass(frozen=True, slots=True)
class PartWords:
    """`says` explains the part in a sentence or two; `labels` are by the keys of its figures.

    A label of a figure that is of several names {of}.
    """

    title: str
    says: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReportWords:
    """One language. `period` names {first} and {last}, `site` {site}, `time` {hours} and {minutes}.

    `lacking` are sentences on what the law asks and this program cannot know. `decimal` is the decimal sign.
    """

    title: str
    period: str
    site: str
    all_sites: str
    figure: str
    number: str
    method_title: str
    method: str
    lacking_title: str
    lacking: tuple[str, ...]
    time: str
    decimal: str
    parts: Mapping[Part, PartWords]
