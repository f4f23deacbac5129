"""The time, by one name: what a clock of tests stands in for."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def moment_at(seconds: float) -> datetime:
    """The time of a file's date, in seconds since 1970. Anybody can set one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC) if seconds > 0 else datetime.fromtimestamp(0, UTC)
