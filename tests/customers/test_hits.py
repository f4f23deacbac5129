"""Which customer got a hit is remembered, once a day for each hash, and no hash can be read out of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from tests.customers.conftest import Clock
from upload_guard.customers.hits import AnsweredHit, HitKeys, Hits
from upload_guard.keyring import Keyring
from upload_guard.records import Signal, SignalType
from upload_guard.storage.customer_tables import CustomerHit, CustomerHitDigest
from upload_guard.storage.database import Database

MD5 = Signal(SignalType.MD5, b"\x01" * 16)
SHA1 = Signal(SignalType.SHA1, b"\x02" * 20)
PDQ = Signal(SignalType.PDQ, b"\x03" * 32)
OTHER = Signal(SignalType.MD5, b"\x04" * 16)


def answered(*signals: Signal, category: str = "baseline") -> AnsweredHit:
    return AnsweredHit(signals, category)


def rows(database: Database) -> list[CustomerHit]:
    with database.session() as session:
        return list(session.scalars(select(CustomerHit).order_by(CustomerHit.asked_at)))


def test_a_hit_is_open_until_something_is_told_of_it(hits: Hits, database: Database, clock: Clock) -> None:
    (number,) = hits.note("forum", [answered(MD5)])
    (row,) = rows(database)
    assert (row.id, row.site, row.category, row.times) == (number, "forum", "baseline", 1)
    assert (row.asked_at, row.followed_at, row.outcome) == (clock.at, None, "")


def test_who_asks_again_on_the_same_day_has_one_hit(hits: Hits, database: Database, clock: Clock) -> None:
    first = hits.note("forum", [answered(MD5)])
    clock.advance(hours=3)
    assert hits.note("forum", [answered(MD5)]) == first
    (row,) = rows(database)
    assert (row.times, row.last_asked_at) == (2, clock.at)
    assert row.asked_at < row.last_asked_at


def test_the_next_day_is_another_hit(hits: Hits, clock: Clock) -> None:
    first = hits.note("forum", [answered(MD5)])
    clock.advance(days=1)
    assert hits.note("forum", [answered(MD5)]) != first


def test_hashes_of_one_question_are_one_hit_by_whichever_it_is_asked_for_next(
    hits: Hits, database: Database
) -> None:
    first = hits.note("forum", [answered(MD5, SHA1)])
    assert hits.note("forum", [answered(SHA1, PDQ)]) == first
    assert hits.note("forum", [answered(PDQ)]) == first
    assert [row.times for row in rows(database)] == [3]


def test_a_hash_given_twice_in_one_question_is_one(hits: Hits, database: Database) -> None:
    hits.note("forum", [answered(MD5, replace(MD5, view="a"))])
    assert len(rows(database)) == 1


def test_hits_of_one_batch_come_back_in_its_order(hits: Hits) -> None:
    one, other, again = hits.note("forum", [answered(MD5), answered(OTHER), answered(MD5)])
    assert one == again != other


def test_two_customers_never_share_a_hit(hits: Hits) -> None:
    assert hits.note("forum", [answered(MD5)]) != hits.note("blog", [answered(MD5)])


def test_a_hash_of_another_type_with_the_same_bytes_is_another(keys: HitKeys) -> None:
    assert keys.digest(PDQ) != keys.digest(Signal(SignalType.SHA256, PDQ.value))


def test_no_hash_lies_on_the_disk(hits: Hits, database: Database, tmp_path: Path) -> None:
    hits.note("forum", [answered(MD5, SHA1, PDQ)])
    database.engine.dispose()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"baseline" in stored
    assert not any(signal.value in stored for signal in (MD5, SHA1, PDQ))


def test_a_new_master_key_knows_the_hits_of_today_while_it_has_the_one_before(
    hits: Hits, database: Database
) -> None:
    first = hits.note("forum", [answered(MD5)])
    rotated = replace(hits, keys=HitKeys(Keyring(b"n" * 32, previous=b"m" * 32)))
    assert rotated.note("forum", [answered(MD5, SHA1)]) == first
    without = replace(hits, keys=HitKeys(Keyring(b"n" * 32)))
    assert without.note("forum", [answered(SHA1)]) == first
    assert without.note("forum", [answered(MD5)]) != first


def test_many_who_note_the_same_at_once_make_one_hit(hits: Hits, database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: hits.note("forum", [answered(MD5)]), range(16)))
    (row,) = rows(database)
    assert ids == {(row.id,)}
    assert row.times == 16


def test_old_hits_are_forgotten_with_their_digests(hits: Hits, database: Database, clock: Clock) -> None:
    hits.note("forum", [answered(MD5)])
    clock.advance(days=2)
    hits.note("forum", [answered(OTHER)])
    assert hits.forget(clock.at) == 1
    with database.session() as session:
        assert len(session.scalars(select(CustomerHitDigest)).all()) == 1
