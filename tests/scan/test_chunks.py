"""Chunks are claimed by one worker at a time, and counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from upload_guard.scan.chunks import Chunks, Claimed, chunk_of, claimant
from upload_guard.scan.records import Column, Item
from upload_guard.scan.scans import Order, Scans
from upload_guard.storage.database import Database, open_database
from upload_guard.storage.scan_tables import ScanChunk

ITEMS = (Item("file:///a", 3, "1"), Item("file:///b", 4, "2"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'rows.sqlite3'}")


@pytest.fixture
def chunks(database: Database) -> Chunks:
    scan = Scans(database).begin(Order("file:///", "shop", False, "ann"))
    with database.session() as session:
        session.add_all(chunk_of(scan.id, ITEMS) for _ in range(2))
    return Chunks(database, scan.id)


def finish(chunks: Chunks, claimed: Claimed) -> bool:
    with chunks.database.session() as session:
        return chunks.finished(session, claimed, Counter({Column.CLEAN.value: 2}), "entries")


def claims(chunks: Chunks, name: str) -> Iterator[Claimed]:
    while claimed := chunks.claim(name):
        yield claimed


def let_leases_end(chunks: Chunks) -> None:
    with chunks.database.session() as session:
        session.execute(update(ScanChunk).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))


def test_no_two_workers_have_a_chunk(chunks: Chunks) -> None:
    first, second = chunks.claim(claimant()), chunks.claim(claimant())
    assert first
    assert second
    assert first.id != second.id
    assert first.items == ITEMS
    assert chunks.claim(claimant()) is None


def test_a_chunk_is_anothers_once_its_lease_is_over(chunks: Chunks) -> None:
    taken = list(claims(chunks, claimant()))
    let_leases_end(chunks)
    again = list(claims(chunks, claimant()))
    assert [one.id for one in again] == [one.id for one in taken]
    assert [one.attempts for one in again] == [2, 2]


def test_whoever_lost_a_chunk_cannot_finish_it(chunks: Chunks) -> None:
    slow = chunks.claim(claimant())
    assert slow
    let_leases_end(chunks)
    quick = next(one for one in claims(chunks, claimant()) if one.id == slow.id)
    assert not chunks.renew(slow)
    assert not finish(chunks, slow)
    assert finish(chunks, quick)
    assert chunks.advance().counts["clean"] == 2


def test_a_renewed_lease_holds(chunks: Chunks) -> None:
    claimed = chunks.claim(claimant())
    assert claimed
    let_leases_end(chunks)
    assert chunks.renew(claimed)
    assert [one.id for one in claims(chunks, claimant())] != [claimed.id]
    assert finish(chunks, claimed)


def test_a_finished_chunk_is_finished_once(chunks: Chunks) -> None:
    claimed = chunks.claim(claimant())
    assert claimed
    assert finish(chunks, claimed)
    assert not finish(chunks, claimed)
    advance = chunks.advance()
    assert (advance.planned, advance.done, advance.done_bytes, advance.open_chunks) == (4, 2, 7, 1)


def test_what_was_claimed_on_this_machine_is_given_back_without_blame(chunks: Chunks) -> None:
    list(claims(chunks, claimant()))
    chunks.free_those_of("another-machine")
    assert chunks.claim(claimant()) is None
    chunks.free_those_of()
    claimed = chunks.claim(claimant())
    assert claimed
    assert claimed.attempts == 1


def test_a_worker_that_died_over_its_chunk_is_counted(chunks: Chunks) -> None:
    name = claimant()
    chunks.claim(name)
    chunks.free(name)
    claimed = chunks.claim(claimant())
    assert claimed
    assert claimed.attempts == 2
