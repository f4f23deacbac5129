"""Times that files say, whatever they say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from upload_guard.moments import moment_at


def test_a_time_of_the_calendar_is_that_time() -> None:
    assert moment_at(1_795_000_000) == datetime.fromtimestamp(1_795_000_000, UTC)


@pytest.mark.parametrize("seconds", [300_000_000_000, 1 << 62, -(1 << 62), -300_000_000_000])
def test_a_time_beyond_it_is_a_time_all_the_same(seconds: int) -> None:
    assert moment_at(seconds).tzinfo is UTC
