"""A day's evaluations of a key, counted for all workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import lay_schema
from upload_guard.errors import QuotaSpent
from upload_guard.private.quota import Quota
from upload_guard.storage.database import open_database

EVENING = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)


def quota(folder: Path, at: datetime = EVENING) -> Quota:
    return Quota(open_database(lay_schema(f"sqlite:///{folder / 'rows.sqlite3'}")), 10, lambda: at)


def test_a_key_has_so_many_and_no_more(tmp_path: Path) -> None:
    own = quota(tmp_path)
    assert [own.take("a", 4), own.take("a", 6)] == [6, 0]
    with pytest.raises(QuotaSpent) as caught:
        own.take("a", 1)
    assert caught.value.retry_after == 30


def test_what_is_too_much_at_once_takes_nothing(tmp_path: Path) -> None:
    own = quota(tmp_path)
    own.take("a", 4)
    with pytest.raises(QuotaSpent):
        own.take("a", 7)
    assert own.left("a") == 6


def test_each_key_has_its_own_and_each_worker_knows_of_it(tmp_path: Path) -> None:
    quota(tmp_path).take("a", 10)
    other_worker = quota(tmp_path)
    assert (other_worker.left("a"), other_worker.left("b")) == (0, 10)


def test_a_new_day_brings_new_ones_and_forgets_the_old(tmp_path: Path) -> None:
    quota(tmp_path).take("a", 10)
    tomorrow = quota(tmp_path, EVENING + timedelta(minutes=1))
    assert tomorrow.take("a", 10) == 0
    assert quota(tmp_path, EVENING).left("a") == 0
    quota(tmp_path, EVENING + timedelta(days=3)).take("b", 1)
    assert quota(tmp_path, EVENING).left("a") == 10
