"""How much customers may ask, in rows that all workers share."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.customers.conftest import Clock
from upload_guard.customers.quotas import Asker, Door, Quota, Quotas
from upload_guard.customers.use import Used, days_of_keys, months, used_today
from upload_guard.errors import QuotaSpent, RateLimited, UploadGuardError
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database

SHOP = Asker("shop", "key-1", Door.BATCH)
NO_END = Quota(per_day=0, rate=1000.0, burst=1000)


@pytest.fixture
def quotas(database: Database, clock: Clock) -> Quotas:
    return Quotas(database, clock)


def fault(quotas: Quotas, quota: Quota, checks: int, asker: Asker = SHOP) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        quotas.charge(asker, quota, checks)
    return caught.value


def test_a_day_has_so_many_checks_and_then_no_more_until_midnight(quotas: Quotas, clock: Clock) -> None:
    quota = Quota(per_day=10, rate=1000.0, burst=1000)
    quotas.charge(SHOP, quota, 7)
    # All or none: a part of a question has no answer.
    spent = fault(quotas, quota, 4)
    assert isinstance(spent, QuotaSpent)
    assert spent.retry_after == 12 * 3600
    quotas.charge(SHOP, quota, 3)
    clock.advance(hours=12)
    quotas.charge(SHOP, quota, 10)
    assert isinstance(fault(quotas, quota, 1), QuotaSpent)


def test_a_clock_that_was_set_back_gives_no_second_day(quotas: Quotas, clock: Clock) -> None:
    quota = Quota(per_day=10, rate=1000.0, burst=1000)
    quotas.charge(SHOP, quota, 10)
    clock.advance(days=-1)
    assert isinstance(fault(quotas, quota, 1), QuotaSpent)


def test_a_clock_that_was_years_ahead_for_a_moment_spends_no_later_day(quotas: Quotas, clock: Clock) -> None:
    quota = Quota(per_day=10, rate=1000.0, burst=1000)
    clock.advance(days=1000)
    quotas.charge(SHOP, quota, 10)
    clock.advance(days=-1000)
    quotas.charge(SHOP, quota, 10)
    assert isinstance(fault(quotas, quota, 1), QuotaSpent)


def test_so_many_at_once_and_then_so_many_a_second(quotas: Quotas, clock: Clock) -> None:
    quota = Quota(per_day=0, rate=2.0, burst=10)
    quotas.charge(SHOP, quota, 10)
    limited = fault(quotas, quota, 5)
    assert type(limited) is RateLimited
    assert limited.retry_after == 3
    clock.advance(seconds=2.5)
    quotas.charge(SHOP, quota, 5)


def test_a_question_larger_than_the_burst_is_made_up_for(quotas: Quotas, clock: Clock) -> None:
    """Else the rate would be that of questions, each of up to a thousand checks."""
    quota = Quota(per_day=0, rate=1.0, burst=10)
    quotas.charge(SHOP, quota, 500)
    assert fault(quotas, quota, 1).retry_after == 491
    clock.advance(seconds=499)
    assert fault(quotas, quota, 500).retry_after == 1
    clock.advance(seconds=1)
    quotas.charge(SHOP, quota, 500)


def test_keys_of_one_customer_share_and_customers_do_not(quotas: Quotas) -> None:
    quota = Quota(per_day=10, rate=1000.0, burst=1000)
    quotas.charge(SHOP, quota, 10)
    fault(quotas, quota, 1, Asker("shop", "key-2", Door.EOKM))
    quotas.charge(Asker("blog", "key-3", Door.EOKM), quota, 10)


def test_of_many_at_the_same_moment_exactly_the_quota_gets_through(quotas: Quotas) -> None:
    quota = Quota(per_day=20, rate=1000.0, burst=1000)

    def attempt(_number: int) -> bool:
        try:
            quotas.charge(SHOP, quota, 1)
        except UploadGuardError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(40))) == 20


def test_workers_share_what_is_left(database: Database, tmp_path: Path) -> None:
    """Two processes that begin at once, the first row of the customer still to be made."""
    go = tmp_path / "go"
    command = [sys.executable, "-c", _WORKER, str(database.engine.url), str(go)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    go.touch()
    passed = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert sum(passed) == 20
    assert used_today(database, "shop", utc_now()) == 20


_WORKER = """
import sys, time
from pathlib import Path
from upload_guard.customers.quotas import Asker, Door, Quota, Quotas
from upload_guard.errors import RateLimited
from upload_guard.storage.database import open_database

quotas, go = Quotas(open_database(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
passed = 0
for _ in range(30):
    try:
        quotas.charge(Asker("shop", "key-1", Door.EOKM), Quota(20, 1000.0, 1000), 1)
    except RateLimited:
        continue
    passed += 1
print(passed)
"""


def test_each_key_and_door_and_day_has_its_numbers(quotas: Quotas, clock: Clock, database: Database) -> None:
    quota = Quota(per_day=10, rate=1000.0, burst=1000)
    quotas.charge(SHOP, quota, 4)
    quotas.note_hits(SHOP, 2)
    fault(quotas, quota, 100)
    quotas.note(Asker("shop", "key-2", Door.EOKM_TEST), 1)
    clock.advance(days=1)
    quotas.charge(SHOP, quota, 3)
    days = days_of_keys(database, "shop", clock().date().replace(day=1))
    assert [(one.day.day, one.key_id, one.door, one.used) for one in days] == [
        (27, "key-1", "batch", Used(3, 0, 0)),
        (26, "key-1", "batch", Used(4, 2, 100)),
        (26, "key-2", "eokm-test", Used(1, 0, 0)),
    ]
    assert used_today(database, "shop", clock()) == 3


def test_months_add_up_keys_and_days_for_bills(quotas: Quotas, clock: Clock, database: Database) -> None:
    quotas.charge(SHOP, NO_END, 4)
    quotas.charge(Asker("shop", "key-2", Door.BATCH), NO_END, 5)
    clock.advance(days=10)
    quotas.charge(SHOP, NO_END, 6)
    quotas.charge(Asker("blog", "key-3", Door.HMA), NO_END, 7)
    # The first month is whole, though the days asked for begin in it: half of one would be billed as all.
    told = months(database, clock().date().replace(month=11, day=30))
    assert [(one.month, one.site, one.door, one.used.asked) for one in told] == [
        ("2026-12", "blog", "hma", 7),
        ("2026-12", "shop", "batch", 6),
        ("2026-11", "shop", "batch", 9),
    ]
