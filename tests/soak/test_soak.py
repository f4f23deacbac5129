"""The soak of `make soak`, for some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.run import soak

pytestmark = pytest.mark.live

# A master; two workers, each with the parent of its decoders and two of these; the same of such just killed.
MOST_PROCESSES = 1 + 2 * 2 * 4


def test_kills_lose_nothing_that_was_acknowledged_and_leave_no_process(tmp_path: Path) -> None:
    seen = soak(tmp_path, seconds=20, seed=6)
    assert seen.wrong == []
    assert seen.cases
    assert seen.clean
    assert seen.kills > 5
    assert seen.left_over == []
    # Those just killed may take long to end on a loaded machine; what is left behind by a kill stays.
    assert min(seen.processes[-20:]) <= MOST_PROCESSES
