"""Visits are counted for an hour, by a digest that says no address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.errors import RateLimited
from upload_guard.sidecar.public.visits import Visit, Visits
from upload_guard.storage.public_tables import PublicVisit


@dataclass
class Clock:
    at: datetime = field(default=datetime(2026, 11, 26, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visits(tmp_path: Path, clock: Clock) -> Visits:
    database = open_database_of(settings_in(tmp_path))
    return Visits(database, b"k" * 32, {Visit.LOOK: 5, Visit.SEND: 2}, clock)


def test_after_an_hour_it_begins_anew(visits: Visits, clock: Clock) -> None:
    visits.count("192.0.2.1", Visit.SEND)
    visits.count("192.0.2.1", Visit.SEND)
    clock.at += timedelta(minutes=40)
    with pytest.raises(RateLimited) as caught:
        visits.count("192.0.2.1", Visit.SEND)
    assert caught.value.retry_after == 20 * 60
    clock.at += timedelta(minutes=20)
    visits.count("192.0.2.1", Visit.SEND)


def test_looking_and_sending_are_counted_apart(visits: Visits) -> None:
    for _ in range(5):
        visits.count("192.0.2.1", Visit.LOOK)
    visits.count("192.0.2.1", Visit.SEND)
    with pytest.raises(RateLimited):
        visits.count("192.0.2.1", Visit.LOOK)


def test_those_who_cannot_be_told_apart_share_twenty_times_as_much(visits: Visits) -> None:
    for _ in range(40):
        visits.count("", Visit.SEND)
    with pytest.raises(RateLimited):
        visits.count("", Visit.SEND)


def test_rows_say_no_address_and_do_not_pile_up(visits: Visits, clock: Clock) -> None:
    for host in range(20):
        visits.count(f"192.0.2.{host}", Visit.LOOK)
    clock.at += timedelta(hours=1)
    visits.count("198.51.100.7", Visit.LOOK)
    with visits.database.session() as session:
        rows = session.scalars(select(PublicVisit)).all()
    assert len(rows) == 1
    assert b"198.51" not in rows[0].who


def test_another_installation_has_other_digests(visits: Visits) -> None:
    visits.count("192.0.2.1", Visit.SEND)
    visits.count("192.0.2.1", Visit.SEND)
    Visits(visits.database, b"x" * 32, visits.most).count("192.0.2.1", Visit.SEND)
