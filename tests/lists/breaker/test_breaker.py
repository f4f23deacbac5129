"""Row 16 of table E: the flood breaker, on a real station with real lists."""

from __future__ import annotations

import itertools
import logging
import math
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.pool import QueuePool

from tests.support import (
    activate_list,
    activate_listed_picture,
    digests_of,
    fork,
    listed_hashes,
    live,
    pdq_of,
    picture_bytes,
    quiet_station,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, open_database_of
from upload_guard.errors import AuditBroken, StorageFailed, UsageError
from upload_guard.lists.breaker import trips
from upload_guard.lists.breaker.breaker import FloodBreaker
from upload_guard.lists.breaker.flood import Flood
from upload_guard.lists.formats import ListedHash
from upload_guard.quarantine.cases import Cases
from upload_guard.records import (
    Action,
    Findings,
    Match,
    Outcome,
    Result,
    SignalType,
    Source,
    Standing,
    Verdict,
)
from upload_guard.settings import Settings
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryHit, UploadCount
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.vault_tables import AuditHead, AuditRow

SITES = ("blog", "shop", "forum")


@dataclass(frozen=True)
class House:
    settings: Settings
    station: Station
    database: Database

    def upload(self, data: bytes, site: str = "blog", uploader: str = "") -> Outcome:
        (outcome,) = self.station.guard.check([upload_of(data, Source(site, "/up", uploader))])
        self.look()
        return outcome

    def look(self) -> None:
        """The breaker's next look, its rest over: on a loaded machine weighing takes it the time of one."""
        breaker_of(self)._rests_until = 0.0
        self.job("breaker-counts")

    def job(self, name: str) -> None:
        """What the housekeeping does by itself."""
        (job,) = (one for one in self.station.housekeeper.jobs if one.name == name)
        job.run()

    def flood(self, data: bytes, count: int = 20, sites: tuple[str, ...] = SITES) -> None:
        for at in range(count):
            self.upload(data, sites[at % len(sites)])

    def wait(self) -> None:
        """As long as processes take to see what another one changed."""
        live(self.station.checker.opinions).look()


def breaker_of(house: House) -> FloodBreaker:
    (breaker,) = (one for one in house.station.guard.observers if isinstance(one, FloodBreaker))
    return breaker


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False})
    return House(settings, quiet_station(settings), open_database_of(settings))


@pytest.fixture
def listed(house: House) -> bytes:
    return activate_listed_picture(house.settings)


def test_an_entry_that_floods_drops_to_quarantine_and_an_alarm_goes_out(
    house: House, listed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    house.flood(listed, 19)
    house.wait()
    assert house.upload(listed, "fourth").verdict.action is Action.BLOCK
    assert [trip.state for trip in trips.trips(house.database)] == ["tripped", "tripped"]
    house.wait()
    verdict = house.upload(listed).verdict
    assert (verdict.result, verdict.action, verdict.reason) == (Result.MATCH, Action.QUARANTINE, "exact")
    assert {match.standing for match in verdict.matches if match.exact} == {Standing.LOWERED}
    alarms = [record.getMessage() for record in caplog.records if "ALARM" in record.getMessage()]
    assert len(alarms) == 2
    assert all("matched 20 of 20 uploads, from 4 sources" in alarm for alarm in alarms)
    with house.database.session() as session:
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "breaker_tripped")).all()
    assert [event.details for event in events] == [{"list": "test-list"}] * 2


def test_no_full_hash_goes_into_the_alarm(
    house: House, listed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    house.flood(listed)
    assert not any(one.value.hex() in caplog.text for one in listed_hashes(listed))


def test_that_an_entry_was_lowered_stands_in_the_audit_log(house: House, listed: bytes) -> None:
    house.flood(listed)
    with house.database.session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act == "breaker.tripped")).all()
    assert {(row.person, row.details["list"]) for row in rows} == {("upload_guard", "test-list")}
    assert sorted(row.details["trip"] for row in rows) == sorted(
        trip.number for trip in trips.trips(house.database)
    )
    assert not any(one.value.hex()[:8] in str(row.details) for one in listed_hashes(listed) for row in rows)


def test_where_the_audit_log_is_read_only_nothing_is_lowered_and_uploads_are_held_as_ever(
    house: House, listed: bytes
) -> None:
    with house.database.session() as session:
        session.execute(update(AuditHead).values(fault="somebody altered it"))
    for at in range(25):
        (outcome,) = house.station.guard.check([upload_of(listed, Source(SITES[at % 3], "/up"))])
        assert outcome.verdict.action is Action.BLOCK
    with pytest.raises(AuditBroken):
        house.job("breaker-counts")
    assert trips.trips(house.database) == ()


def test_nineteen_uploads_are_not_enough(house: House, listed: bytes) -> None:
    house.flood(listed, 19)
    assert trips.trips(house.database) == ()


def test_two_sites_are_not_enough(house: House, listed: bytes) -> None:
    house.flood(listed, 60, sites=("blog", "shop"))
    assert trips.trips(house.database) == ()


def test_less_than_five_percent_of_uploads_are_not_enough(house: House, listed: bytes) -> None:
    for at in range(401):
        house.upload(b"text %d" % at)
    house.flood(listed)
    assert trips.trips(house.database) == ()


def test_known_uploaders_of_one_site_count_each(house: House, listed: bytes) -> None:
    for at in range(20):
        house.upload(listed, "blog", f"uploader {at % 3}")
    assert len(trips.trips(house.database)) == 2


def test_one_uploader_cannot_disarm_an_entry(house: House, listed: bytes) -> None:
    for _ in range(40):
        house.upload(listed, "blog", "one and the same")
    house.wait()
    assert house.upload(listed).verdict.action is Action.BLOCK
    assert trips.trips(house.database) == ()


def test_unknown_uploaders_of_one_site_are_one(house: House, listed: bytes) -> None:
    house.flood(listed, 40, sites=("blog",))
    assert trips.trips(house.database) == ()


def test_byte_varied_copies_of_one_image_cannot_disarm_an_entry(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, benign={"shipped": False})
    house = House(settings, quiet_station(settings), open_database_of(settings))
    picture = picture_bytes(1)
    for origin in ("one", "two"):
        activate_list(settings, [ListedHash(SignalType.PDQ, pdq_of(picture))], origin, origin=origin)
    for at in range(30):
        outcome = house.upload(picture + b"%d" % at, SITES[at % 3])
        assert outcome.verdict.action is Action.BLOCK
    assert trips.trips(house.database) == ()


def test_the_very_same_likeness_from_many_sites_lowers_what_it_is_like(house: House) -> None:
    picture = recompressed(picture_bytes(1))
    for origin in ("one", "two"):
        activate_list(
            house.settings, [ListedHash(SignalType.PDQ, pdq_of(picture_bytes(1)))], origin, origin=origin
        )
    assert house.upload(picture).verdict.action is Action.BLOCK
    house.flood(picture)
    house.wait()
    verdict = house.upload(picture).verdict
    assert (verdict.action, verdict.reason) == (Action.QUARANTINE, "perceptual")


def test_held_cases_are_marked(house: House, listed: bytes) -> None:
    house.flood(listed)
    house.wait()
    for job in house.station.housekeeper.jobs:
        job.run()
    cases = Cases(house.database, house.station.keeper.vault).newest(100)
    assert len(cases) == 20
    assert all(case.lowered and case.state == "open" and case.action == "quarantine" for case in cases)
    assert "lowered by the flood breaker" in cases[0].why


def test_confirmed_it_stays_lowered_and_lifted_it_acts_again(house: House, listed: bytes) -> None:
    house.flood(listed)
    for trip in trips.trips(house.database):
        trips.confirm(house.database, trip.number, "ann", "the list has a logo")
    house.wait()
    assert house.upload(listed).verdict.action is Action.QUARANTINE
    for trip in trips.trips(house.database):
        trips.lift(house.database, trip.number, "bob", "a raid, the entry is right")
    house.wait()
    assert house.upload(listed).verdict.action is Action.BLOCK
    (one, _) = trips.trips(house.database)
    assert (one.state, one.decided_by, one.because) == ("lifted", "bob", "a raid, the entry is right")


def test_what_was_lifted_is_lowered_again_only_by_what_comes_later(house: House, listed: bytes) -> None:
    house.flood(listed)
    for trip in trips.trips(house.database):
        trips.lift(house.database, trip.number, "bob", "a raid")
    house.wait()
    house.flood(listed, 10)
    assert {trip.state for trip in trips.trips(house.database)} == {"lifted"}
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with house.database.session() as session:
        session.execute(update(BreakerTrip).values(decided_at=an_hour_ago))
        session.execute(update(EntryHit).values(minute=EntryHit.minute - 120))
    house.flood(listed, 20)
    assert sorted(trip.state for trip in trips.trips(house.database)) == [
        "lifted",
        "lifted",
        "tripped",
        "tripped",
    ]


def test_only_a_lowered_entry_can_be_decided_about(house: House, listed: bytes) -> None:
    with pytest.raises(UsageError, match="no lowered entry 1"):
        trips.lift(house.database, 1, "ann", "because")
    house.flood(listed)
    trips.lift(house.database, 1, "ann", "because")
    with pytest.raises(UsageError, match="no lowered entry 1"):
        trips.confirm(house.database, 1, "ann", "because")


def test_what_comes_within_a_day_counts_and_what_is_older_does_not(house: House, listed: bytes) -> None:
    house.flood(listed, 10)
    for hours, lowered in ((20, 2), (0, 2)):
        with house.database.session() as session:
            session.execute(update(EntryHit).values(minute=EntryHit.minute - hours * 60))
        house.flood(listed, 10)
        assert len(trips.trips(house.database)) == lowered


def test_what_came_the_day_before_does_not_count(house: House, listed: bytes) -> None:
    house.flood(listed, 15)
    with house.database.session() as session:
        session.execute(update(EntryHit).values(minute=EntryHit.minute - 1441))
    house.flood(listed, 15)
    assert trips.trips(house.database) == ()


def test_old_counts_are_forgotten(house: House, listed: bytes) -> None:
    house.flood(listed, 3)
    with house.database.session() as session:
        session.execute(update(EntryHit).values(minute=EntryHit.minute - 1441))
        session.execute(update(UploadCount).values(minute=UploadCount.minute - 1441))
    house.job("breaker-purge")
    with house.database.session() as session:
        assert session.scalar(select(func.count(EntryHit.id))) == 0
        assert session.scalar(select(func.count(UploadCount.minute))) == 0


def test_entries_that_may_not_refuse_have_nothing_to_lose(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, benign={"shipped": False}, trust={"baseline": "monitor"})
    house = House(settings, quiet_station(settings), open_database_of(settings))
    house.flood(activate_listed_picture(settings), 30)
    assert trips.trips(house.database) == ()


def test_what_a_check_service_says_counts_for_no_entry_here(house: House, listed: bytes) -> None:
    value = digests_of(listed).sha256
    told = Match(SignalType.SHA256, "", 0, 0, "test-list", 0, "elsewhere", "baseline", 0, None, value=value)
    verdict = Verdict(Result.MATCH, Action.QUARANTINE, "exact", (told,))
    breaker_of(house).note(upload_of(listed), Outcome(verdict), Findings(matches=(told,)))
    house.look()
    with house.database.session() as session:
        assert session.scalar(select(func.count(EntryHit.id))) == 0


def test_neither_site_nor_uploader_nor_file_is_written_down(house: House, listed: bytes) -> None:
    for at in range(6):
        house.upload(listed, "blog", f"somebody@example.test {at}")
    with house.database.session() as session:
        rows = session.scalars(select(EntryHit)).all()
    assert len({row.source for row in rows}) == 6
    assert not any(b"somebody" in row.source or b"blog" in row.source for row in rows)
    assert not any(row.file in upload_of(listed).digest.sha256 for row in rows)


def test_many_rows_are_all_weighed(house: House, listed: bytes) -> None:
    """As many sites send the file as rows once were read at most, and more."""
    house.upload(listed)
    with house.database.session() as session:
        session.execute(update(UploadCount).values(uploads=120_000))
        for row in session.scalars(select(EntryHit)).all():
            same = {"list_id": row.list_id, "signal_type": row.signal_type, "value": row.value}
            sources = [
                EntryHit(
                    **same, minute=row.minute, source=b"%016d" % at, file=row.file, look=row.look, uploads=1
                )
                for at in range(7_000)
            ]
            session.add_all(sources)
    house.upload(listed)
    assert {trip.flood.sources for trip in trips.trips(house.database)} == {7_001}


def test_in_a_flood_nothing_waits_for_the_next_second(house: House, listed: bytes) -> None:
    sources = [Source(site, "/up") for site in SITES]
    for at in range(255):
        house.station.guard.check([upload_of(listed, sources[at % 3])])
    assert trips.trips(house.database) == ()
    house.station.guard.check([upload_of(listed, sources[0])])
    assert {trip.flood for trip in trips.trips(house.database)} == {Flood(256, 256, 3)}


def test_what_takes_long_to_weigh_is_weighed_later_and_not_forgotten(
    house: House, listed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        slow.setattr(
            "upload_guard.lists.breaker.breaker.time.thread_time", itertools.count(step=100).__next__
        )
        house.upload(listed)
    for at in range(20):
        house.station.guard.check([upload_of(listed, Source(SITES[at % 3], "/up"))])
        house.job("breaker-counts")
    assert trips.trips(house.database) == ()
    house.look()
    assert {trip.flood for trip in trips.trips(house.database)} == {Flood(21, 21, 3)}


def test_of_two_processes_that_see_a_flood_one_lowers_the_entry(house: House, listed: bytes) -> None:
    other = breaker_of(House(house.settings, quiet_station(house.settings), house.database))
    other._rests_until = math.inf
    for site in SITES:
        upload = upload_of(listed, Source(site, "/up"))
        for _ in range(10):
            other.note(upload, Outcome(house.station.guard.inspect(upload), ""), Findings())
    other.flush()
    house.upload(listed)
    other._rests_until = 0.0
    flood = Flood(30, 30, 3)
    assert len(trips.trips(house.database)) == 2
    assert not any(trips.lower(house.database, row, flood) for row in other._unweighed.values())
    other.flush()
    assert len(trips.trips(house.database)) == 2


def test_what_could_not_be_written_waits_until_it_can(house: House, listed: bytes) -> None:
    house.station.guard.check([upload_of(listed, Source("blog", "/up"))] * 3)
    with house.database.session() as session:
        session.execute(text("ALTER TABLE entry_hits RENAME TO away"))
    with pytest.raises(StorageFailed):
        breaker_of(house).flush()
    with house.database.session() as session:
        session.execute(text("ALTER TABLE away RENAME TO entry_hits"))
        assert session.scalar(select(func.sum(UploadCount.uploads))) is None
    house.upload(listed)
    with house.database.session() as session:
        assert session.scalar(select(func.sum(UploadCount.uploads))) == 4
        assert set(session.scalars(select(EntryHit.uploads))) == {4}


def test_what_waits_is_bounded_and_uploads_are_counted_all_the_same(
    house: House, listed: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("upload_guard.lists.breaker.hits.MOST_WAITING", 2)
    for site in SITES:
        house.station.guard.check([upload_of(listed, Source(site, "/up"))])
    assert "not written as fast as uploads come" in caplog.text
    house.job("breaker-counts")
    with house.database.session() as session:
        assert session.scalar(select(func.sum(UploadCount.uploads))) == 3
        assert len({row.source for row in session.scalars(select(EntryHit))}) == 1


def test_likenesses_in_the_review_band_do_not_count(tmp_path: Path) -> None:
    """They are near, and no match that the entry would have to lose."""
    settings = settings_in(
        tmp_path,
        benign={"shipped": False},
        lists={"test-list": {"pdq_limit": 16, "pdq_review_limit": 40}},
    )
    house = House(settings, quiet_station(settings), open_database_of(settings))
    picture = picture_bytes(1)
    value = int.from_bytes(pdq_of(picture), "big") ^ ((1 << 24) - 1)
    activate_list(settings, [ListedHash(SignalType.PDQ, value.to_bytes(32, "big"))])
    matches = house.upload(picture).verdict.matches
    assert {match.within_limit for match in matches if match.signal_type is SignalType.PDQ} == {False}
    with house.database.session() as session:
        assert session.scalar(select(func.count(EntryHit.id))) == 0


@pytest.mark.parametrize("because", ["", "  "])
def test_a_decision_needs_a_reason(house: House, listed: bytes, because: str) -> None:
    house.flood(listed)
    for decide in (trips.confirm, trips.lift):
        with pytest.raises(UsageError, match="needs a reason"):
            decide(house.database, 1, "ann", because)
    assert {trip.state for trip in trips.trips(house.database)} == {"tripped"}


def test_a_forked_child_counts_for_itself_and_is_not_blocked(house: House, listed: bytes) -> None:
    """Not what waits in its parent, which writes that; and on connections of its own."""
    house.upload(listed)
    breaker = breaker_of(house)
    house.station.guard.check([upload_of(listed)])
    with breaker._lock:
        child = fork()
        if child == 0:
            signal.alarm(60)
            upload = upload_of(listed)
            for _ in range(3):
                breaker.note(upload, Outcome(house.station.guard.inspect(upload), ""), Findings())
                breaker.flush()
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    breaker.flush()
    with house.database.session() as session:
        assert session.scalar(select(func.sum(UploadCount.uploads))) == 5


def test_no_connection_is_open_in_a_forked_child(house: House, listed: bytes) -> None:
    house.upload(listed)
    pool = breaker_of(house)._database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() == 1
    child = os.fork()
    if child == 0:
        os._exit(breaker_of(house)._database.engine.pool.checkedin())  # type: ignore[attr-defined]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    house.upload(listed)


@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uploads=st.lists(st.tuples(st.sampled_from(SITES), st.sampled_from("abc")), min_size=1, max_size=45))
def test_property_an_entry_is_never_lowered_below_quarantine_and_only_as_the_rule_says(
    tmp_path_factory: pytest.TempPathFactory, uploads: list[tuple[str, str]]
) -> None:
    settings = settings_in(tmp_path_factory.mktemp("house"), benign={"shipped": False})
    house = House(settings, quiet_station(settings), open_database_of(settings))
    listed = activate_listed_picture(settings)
    logging.getLogger("upload_guard").setLevel(logging.ERROR)
    try:
        for at, (site, uploader) in enumerate(uploads, start=1):
            verdict = house.upload(listed, site, uploader).verdict
            assert verdict.action in {Action.QUARANTINE, Action.BLOCK}
            due = at >= 20 and len(set(uploads[:at])) >= 3
            assert bool(trips.trips(house.database)) or not due
            if trips.trips(house.database):
                assert at >= 20
                return
    finally:
        logging.getLogger("upload_guard").setLevel(logging.NOTSET)
