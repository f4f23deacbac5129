"""What is thought here of a list's entries, to be told to whoever supplies the list.

`upstreams`, which is above, has who takes it. In the words of python-threatexchange's opinions; nothing in it
tells of the upload, its site or its uploader, and its time is a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from upload_guard.records import SignalType


class Opinion(StrEnum):
    """A person confirmed what the entry found (`positive`), found it harmless (`negative`), or two persons
    said that the entry itself is wrong (`disputed`); `withdrawn` is that it was taken back."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Feedback:
    """An opinion on one entry, as it stood in that version; `exact` where the very file was seen."""

    list_name: str
    version: int
    signal_type: SignalType
    value: bytes
    category: str
    exact: bool
    opinion: Opinion
    on: date

    @property
    def row(self) -> Mapping[str, Any]:
        """As plain JSON."""
        return {
            "list": self.list_name,
            "version": self.version,
            "type": self.signal_type.value,
            "value": self.value.hex(),
            "category": self.category,
            "exact": self.exact,
            "opinion": self.opinion.value,
            "on": self.on.isoformat(),
        }


def feedback_of(row: Mapping[str, Any]) -> Feedback:
    """From plain JSON."""
    return Feedback(
        list_name=row["list"],
        version=row["version"],
        signal_type=SignalType(row["type"]),
        value=bytes.fromhex(row["value"]),
        category=row["category"],
        exact=row["exact"],
        opinion=Opinion(row["opinion"]),
        on=date.fromisoformat(row["on"]),
    )


class TakesFeedback(Protocol):
    """An exchange that wants to hear what became of its entries."""

    def take(self, feedback: Feedback) -> None:
        """Have it, however often it is given. Raises `UpstreamError`, after which it is given again."""
        ...
