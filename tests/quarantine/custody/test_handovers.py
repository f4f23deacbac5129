"""The file of a released case goes back to its site: once, whole, and to nobody else."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.outbox.receiver import Clock
from tests.quarantine.deciding.test_decisions import House, house_in
from tests.support import activate_list, listed_hashes, picture_bytes
from upload_guard.compose import open_cases
from upload_guard.errors import BytesGone, HandedOver, HandoverBusy, NoSuchCase, NotReleased, StorageFailed
from upload_guard.moments import utc_now
from upload_guard.quarantine.custody.handovers import LEASE, GivenBack, Handovers
from upload_guard.storage.vault_tables import AuditRow


@dataclass(frozen=True)
class Released:
    """A house with a released case, and who gives its file back."""

    house: House
    number: str
    data: bytes
    handovers: Handovers

    def begin(self, site: str = "blog") -> GivenBack:
        return self.handovers.begin(self.number, site, "key-1")

    def fetchable(self) -> bool:
        return open_cases(self.house.settings).one(self.number).fetchable

    def acts(self) -> list[str]:
        with self.handovers.database.session() as session:
            acts = select(AuditRow.act).where(AuditRow.case_number == self.number).order_by(AuditRow.sequence)
            return list(session.scalars(acts))


@pytest.fixture
def held(tmp_path: Path) -> Released:
    """The same before anybody has decided."""
    house = house_in(tmp_path)
    # More than one chunk of the vault's.
    data = picture_bytes(1) + bytes(150_000)
    activate_list(house.settings, listed_hashes(data)[:2])
    number = house.upload(data).case
    cases = open_cases(house.settings)
    return Released(house, number, data, Handovers(cases.database, cases.vault))


@pytest.fixture
def case(held: Released) -> Released:
    held.house.decisions.release(held.number, "ann", "a holiday")
    return held


def test_the_file_comes_back_as_it_was_uploaded(case: Released) -> None:
    assert case.fetchable()
    given = case.begin()
    data = b"".join(given.pieces)
    assert data == case.data
    assert (given.size, given.sha256) == (len(data), hashlib.sha256(data).digest())
    assert not case.fetchable()


def test_it_comes_back_once(case: Released) -> None:
    b"".join(case.begin().pieces)
    with pytest.raises(HandedOver):
        case.begin()


def holds(file: Path, data: bytes) -> bool:
    try:
        return data in file.read_bytes()
    except FileNotFoundError:
        # The database's own, which goes with its last connection.
        return False


def test_no_plain_file_is_written_meanwhile(case: Released) -> None:
    before = {file for file in case.house.settings.data_dir.rglob("*") if file.is_file()}
    given = case.begin()
    next(given.pieces)
    during = {file for file in case.house.settings.data_dir.rglob("*") if file.is_file()}
    assert {file.suffix for file in during - before} <= {".lock", ".sqlite3-wal", ".sqlite3-shm"}
    assert not [file for file in during if holds(file, case.data[:1000])]
    given.pieces.close()


def test_of_two_requests_at_once_one_gets_it(case: Released) -> None:
    def fetch(_turn: int) -> bytes:
        try:
            return b"".join(case.begin().pieces)
        except (HandoverBusy, HandedOver):
            return b""

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(fetch, range(6)), key=len)[-2:] == [b"", case.data]


def test_while_one_gets_it_another_is_told_to_wait(case: Released) -> None:
    given = case.begin()
    with pytest.raises(HandoverBusy):
        case.begin()
    assert b"".join(given.pieces) == case.data


@pytest.mark.parametrize("read", [0, 1])
def test_broken_off_half_way_it_can_be_fetched_again(case: Released, read: int) -> None:
    given = case.begin()
    for _ in range(read):
        next(given.pieces)
    given.pieces.close()
    assert case.fetchable()
    assert b"".join(case.begin().pieces) == case.data


def test_all_but_the_last_byte_is_not_all(case: Released) -> None:
    given = case.begin()
    sent = b""
    while len(sent) < given.size:
        sent += next(given.pieces)
    # The server asks for more only once it has handed over what it got.
    given.pieces.close()
    assert case.fetchable()


def test_what_a_process_died_over_can_be_fetched_when_its_time_is_over(case: Released) -> None:
    clock = Clock(utc_now())
    early = replace(case, handovers=replace(case.handovers, now=clock))
    lost = early.begin()
    with pytest.raises(HandoverBusy):
        early.begin()
    clock.pass_by(LEASE)
    assert b"".join(early.begin().pieces) == case.data
    # Whoever is late gets no more of it.
    next(lost.pieces)
    with pytest.raises(HandoverBusy):
        next(lost.pieces)
    with pytest.raises(HandedOver):
        early.begin()


def test_a_case_of_another_site_is_as_if_it_were_none(case: Released) -> None:
    with pytest.raises(NoSuchCase):
        case.begin("shop")
    assert case.fetchable()


@pytest.mark.parametrize("decision", ["", "confirm", "escalate"])
def test_only_what_was_released_comes_back(held: Released, decision: str) -> None:
    if decision:
        getattr(held.house.decisions, decision)(held.number, "ann", "seen")
    assert not held.fetchable()
    with pytest.raises(NotReleased):
        held.begin()


def test_what_was_shredded_cannot_come_back_and_leaves_no_claim(case: Released) -> None:
    cases = open_cases(case.house.settings)
    with cases.database.session() as session:
        name = open_cases(case.house.settings).one(case.number).content.name
        cases.vault.shred(session, name)
    for _ in range(2):
        with pytest.raises(BytesGone):
            case.begin()


def test_altered_bytes_break_off_and_are_not_given(case: Released) -> None:
    file = Path(open_cases(case.house.settings).one(case.number).place)
    sealed = bytearray(file.read_bytes())
    sealed[-5] ^= 1
    file.write_bytes(sealed)
    given = case.begin()
    with pytest.raises(StorageFailed):
        b"".join(given.pieces)
    assert case.fetchable()


def test_a_case_that_is_released_anew_can_be_fetched_anew(case: Released) -> None:
    b"".join(case.begin().pieces)
    case.house.decisions.reopen(case.number, "ann", "it got lost on its way")
    case.house.decisions.release(case.number, "ann", "once more")
    assert b"".join(case.begin().pieces) == case.data


def test_the_audit_log_says_that_it_began_and_that_it_was_fetched(case: Released) -> None:
    given = case.begin()
    assert case.acts()[-1] == "case.fetch_begun"
    b"".join(given.pieces)
    assert case.acts()[-2:] == ["case.fetch_begun", "case.fetched"]


def test_where_the_audit_log_is_not_sound_nothing_leaves(case: Released) -> None:
    with case.handovers.database.session() as session:
        session.scalars(select(AuditRow).order_by(AuditRow.sequence.desc())).first().person = "eve"  # type: ignore[union-attr]
    with pytest.raises(StorageFailed, match="read-only"):
        case.begin()
    assert case.fetchable()
