"""What customers tell of their own hits, in any order and however often, and what they cannot tell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests.customers.conftest import Clock
from tests.customers.test_hits import MD5, OTHER, PDQ, SHA1, answered
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.customers.outcomes import Outcomes
from upload_guard.customers.wire import HitOutcome, NamedHash, OutcomeTold
from upload_guard.errors import AuditBroken
from upload_guard.keyring import Keyring
from upload_guard.records import Signal
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act

REMOVED, QUARANTINED = HitOutcome.REMOVED, HitOutcome.QUARANTINED


@dataclass
class Written:
    """A journal in memory."""

    acts: list[Act] = field(default_factory=list)
    is_broken: bool = False

    def write(self, session: Session, act: Act) -> None:
        if self.is_broken:
            raise AuditBroken("the log is not what was written")
        self.acts.append(act)


@pytest.fixture
def journal() -> Written:
    return Written()


@pytest.fixture
def outcomes(database: Database, journal: Written, keys: HitKeys, clock: Clock) -> Outcomes:
    return Outcomes(replace(database, journal=journal), keys, clock)


def of_hit(hit: str, outcome: HitOutcome = REMOVED, at: datetime | None = None) -> OutcomeTold:
    return OutcomeTold(hit=hit, outcome=outcome, at=at)


def of_hash(signal: Signal, outcome: HitOutcome = REMOVED, at: datetime | None = None) -> OutcomeTold:
    named = NamedHash(type=signal.type, value=signal.value.hex().upper())
    return OutcomeTold(hash=named, outcome=outcome, at=at)


def test_an_outcome_closes_its_hit(hits: Hits, outcomes: Outcomes, clock: Clock) -> None:
    (hit,) = hits.note("forum", [answered(MD5)])
    assert [one.id for one in outcomes.open("forum", 10)] == [hit]
    clock.advance(hours=2)
    assert outcomes.tell("forum", [of_hit(hit)], "k") == (True,)
    assert outcomes.open("forum", 10) == ()
    (told,) = outcomes.newest("forum", 10)
    assert (told.outcome, told.followed_at) == (REMOVED, clock.at)


@pytest.mark.parametrize("signal", [MD5, SHA1, PDQ], ids=["md5", "sha1", "pdq"])
def test_a_hit_can_be_named_by_each_hash_that_was_asked_for(
    hits: Hits, outcomes: Outcomes, signal: Signal
) -> None:
    hits.note("forum", [answered(MD5, SHA1, PDQ)])
    assert outcomes.tell("forum", [of_hash(signal)], "k") == (True,)
    assert outcomes.open("forum", 10) == ()


def test_others_hits_and_what_nobody_has_look_alike(hits: Hits, outcomes: Outcomes) -> None:
    (hit,) = hits.note("forum", [answered(MD5)])
    told = [of_hit(hit), of_hash(MD5), of_hit("0" * 32), of_hash(OTHER)]
    assert outcomes.tell("blog", told, "k") == (False,) * 4
    assert [one.id for one in outcomes.open("forum", 10)] == [hit]


def test_the_same_told_again_changes_nothing_and_is_noted_once(
    hits: Hits, outcomes: Outcomes, journal: Written, clock: Clock
) -> None:
    (hit,) = hits.note("forum", [answered(MD5)])
    outcomes.tell("forum", [of_hit(hit)], "k")
    before = outcomes.newest("forum", 10)
    clock.advance(hours=1)
    assert outcomes.tell("forum", [of_hit(hit), of_hash(MD5)], "k") == (True, True)
    assert outcomes.newest("forum", 10) == before
    (act,) = journal.acts
    assert (act.person, act.name) == ("key k", "hit.outcome")
    assert act.details == {"site": "forum", "hit": hit, "outcome": "removed", "before": ""}


def test_what_was_done_last_stands_whatever_comes_last(hits: Hits, outcomes: Outcomes, clock: Clock) -> None:
    (hit,) = hits.note("forum", [answered(MD5)])
    begin = clock.at
    clock.advance(hours=30)
    first, last = begin + timedelta(hours=1), begin + timedelta(hours=26)
    outcomes.tell("forum", [of_hit(hit, REMOVED, last)], "k")
    outcomes.tell("forum", [of_hit(hit, QUARANTINED, first)], "k")
    (told,) = outcomes.newest("forum", 10)
    assert (told.outcome, told.outcome_at, told.followed_at) == (REMOVED, last, first)


def test_nothing_is_done_before_the_hit_nor_in_the_future(
    hits: Hits, outcomes: Outcomes, clock: Clock
) -> None:
    early, late = hits.note("forum", [answered(MD5), answered(OTHER)])
    asked = clock.at
    clock.advance(hours=1)
    outcomes.tell("forum", [of_hit(early, REMOVED, asked - timedelta(days=9))], "k")
    outcomes.tell("forum", [of_hit(late, REMOVED, clock.at + timedelta(days=9))], "k")
    followed = {one.id: one.followed_at for one in outcomes.newest("forum", 10)}
    assert followed == {early: asked, late: clock.at}


def test_a_moment_at_the_end_of_the_calendar_is_one_like_any_other(hits: Hits, outcomes: Outcomes) -> None:
    hits.note("forum", [answered(MD5)])
    first = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
    last = datetime.fromisoformat("9999-12-31T23:59:59-14:00")
    told = [of_hash(MD5, REMOVED, first), of_hash(MD5, REMOVED, last)]
    assert outcomes.tell("forum", told, "k") == (False, True)


def test_by_hash_every_open_hit_up_to_then_is_meant_and_none_that_came_later(
    hits: Hits, outcomes: Outcomes, clock: Clock
) -> None:
    for _ in range(3):
        hits.note("forum", [answered(MD5)])
        clock.advance(days=1)
    second = clock.at - timedelta(days=2)
    outcomes.tell("forum", [of_hash(MD5, QUARANTINED, second)], "k")
    assert [one.asked_at for one in outcomes.open("forum", 10)] == [clock.at - timedelta(days=1)]


def test_a_slow_clock_of_a_few_minutes_is_forgiven(hits: Hits, outcomes: Outcomes, clock: Clock) -> None:
    hits.note("forum", [answered(MD5)])
    assert outcomes.tell("forum", [of_hash(MD5, REMOVED, clock.at - timedelta(minutes=5))], "k") == (True,)
    assert outcomes.tell("forum", [of_hash(MD5, REMOVED, clock.at - timedelta(hours=5))], "k") == (False,)


def test_hits_of_before_a_new_master_key_are_found_by_hash_while_the_old_one_is_kept(
    hits: Hits, outcomes: Outcomes
) -> None:
    hits.note("forum", [answered(MD5)])
    rotated = replace(outcomes, keys=HitKeys(Keyring(b"n" * 32, previous=b"m" * 32)))
    without = replace(outcomes, keys=HitKeys(Keyring(b"n" * 32)))
    assert without.tell("forum", [of_hash(MD5)], "k") == (False,)
    assert rotated.tell("forum", [of_hash(MD5)], "k") == (True,)


def test_what_cannot_be_noted_is_not_taken(hits: Hits, outcomes: Outcomes, journal: Written) -> None:
    hits.note("forum", [answered(MD5), answered(OTHER)])
    journal.is_broken = True
    with pytest.raises(AuditBroken):
        outcomes.tell("forum", [of_hash(MD5), of_hash(OTHER)], "k")
    assert len(outcomes.open("forum", 10)) == 2


def test_open_hits_come_in_pages_oldest_first(hits: Hits, outcomes: Outcomes, clock: Clock) -> None:
    ids = []
    for signal in (MD5, OTHER, PDQ):
        ids += hits.note("forum", [answered(signal)])
        clock.advance(minutes=1)
    (stranger,) = hits.note("blog", [answered(MD5)])
    assert [one.id for one in outcomes.open("forum", 2)] == ids[:2]
    outcomes.tell("forum", [of_hit(ids[1])], "k")
    assert [one.id for one in outcomes.open("forum", 2, after=ids[1])] == ids[2:]
    assert outcomes.open("forum", 2, after=stranger) == ()
