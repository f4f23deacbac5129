"""How much customers may ask, in rows that all workers share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.customers.conftest import Clock
from upload_guard.customers.quotas import Asker, Door, Quota, Quotas
from upload_guard.customers.use import Used, days_of_keys, months, used_today
from upload_guard.errors import QuotaSpent, RateLimited, UploadGuardError
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


def test_a_question_larger_than_the_burst_takes_all_of_it(quotas: Quotas) -> None:
    quota = Quota(per_day=0, rate=1.0, burst=10)
    quotas.charge(SHOP, quota, 500)
    assert fault(quotas, quota, 1).retry_after == 1


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
    told = months(database, clock().date().replace(month=1))
    assert [(one.month, one.site, one.door, one.used.asked) for one in told] == [
        ("2026-12", "blog", "hma", 7),
        ("2026-12", "shop", "batch", 6),
        ("2026-11", "shop", "batch", 9),
    ]
