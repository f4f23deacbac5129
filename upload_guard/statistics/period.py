"""The days that a statistic is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, `first` and `last` among them; of one site, or of all where it is empty."""

    first: date
    last: date
    site: str = ""

    @classmethod
    def of_days(cls, days: int, now: datetime, site: str = "") -> Period:
        """The last so many days, today among them."""
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days=days - 1), today, site)

    def in_months(self) -> Period:
        """The same from the first day of its first month on: half a month looks like a bad one."""
        return replace(self, first=self.first.replace(day=1))

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    def days(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)
