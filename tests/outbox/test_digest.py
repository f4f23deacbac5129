"""The day in figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.customers.test_hits import MD5, OTHER, answered
from tests.outbox.receiver import Clock
from tests.outbox.rows import add_case
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.keyring import Keyring
from upload_guard.outbox.digest import digest_notice, figures_at
from upload_guard.outbox.dutch import DUTCH
from upload_guard.outbox.english import ENGLISH
from upload_guard.outbox.wording import Words
from upload_guard.quarantine.deciding.rulings import CONFIRM_PROPOSED, REOPENED, Ruling
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip
from upload_guard.storage.tables import Case, Decision, HashList, ListActivation, ListVersion

HOUR = timedelta(hours=1)


@pytest.fixture
def oldest(database: Database, clock: Clock) -> str:
    """A day: three undecided cases of which two are late, one released, one confirmed long ago."""
    now = clock()
    oldest = add_case(database, now - 50 * HOUR)
    add_case(database, now - 30 * HOUR, CaseState.ESCALATED)
    add_case(database, now - HOUR)
    released = add_case(database, now - 2 * HOUR, CaseState.RELEASED)
    confirmed = add_case(database, now - 90 * HOUR, CaseState.CONFIRMED)
    add_case(database, now, CaseState.STORING)
    with database.session() as session:
        ids = dict(session.execute(select(Case.number, Case.id)).all())
        for number, decision, ago in (
            (released, "false_positive", 1),
            (released, "reopened", 23),
            (confirmed, "confirmed", 25),
        ):
            made = Decision(
                case_id=ids[number], decision=decision, made_at=now - ago * HOUR, made_by="ann", because="."
            )
            session.add(made)
        hash_list = HashList(name="icse", origin="interpol", created_at=now, active_number=2)
        session.add(hash_list)
        session.flush()
        for number, ago in ((1, 48), (2, 3)):
            version = ListVersion(
                list_id=hash_list.id,
                number=number,
                source="s",
                sha256=bytes(32),
                entries=1,
                counts={},
                categories={},
                imported_at=now - ago * HOUR,
                imported_by="ann",
            )
            activation = ListActivation(
                list_id=hash_list.id,
                number=number,
                way="automatic",
                activated_at=now - (ago - 1) * HOUR,
                activated_by="ann",
            )
            session.add_all([version, activation])
        for state in ("tripped", "lifted"):
            trip = BreakerTrip(
                list_id=hash_list.id,
                signal_type="pdq",
                value=b"\xab" * 32,
                tripped_at=now,
                matched=1,
                uploads=2,
                sources=3,
                state=state,
            )
            session.add(trip)
    return oldest


def test_the_figures_are_those_of_the_day(database: Database, clock: Clock, oldest: str) -> None:
    with database.session() as session:
        figures = figures_at(session, clock())
    assert (figures.opened, figures.undecided, figures.late, figures.lowered) == (2, 3, 2, 1)
    assert figures.oldest == (oldest, clock() - 50 * HOUR)
    assert figures.by_state == {"open": 2, "escalated": 1, "released": 1, "confirmed": 1}
    assert figures.decisions == {"false_positive": 1, "reopened": 1}
    assert figures.imported == (("icse", 2),)
    assert figures.activated == (("icse", 2, "automatic"),)


def test_they_are_told_in_words_without_an_entry(database: Database, clock: Clock, oldest: str) -> None:
    with database.session() as session:
        title, text = digest_notice(session, ENGLISH.digest, clock())
    assert title == "the day in figures, 3 undecided"
    assert f"Oldest undecided: {oldest} (50 h)" in text
    assert "Undecided for more than 24 hours: 2" in text
    assert "Decisions: false positive 1, reopened 1" in text
    assert "icse: version 2 acts (by itself)" in text
    assert "abab" not in text


def test_in_dutch_too(database: Database, clock: Clock, oldest: str) -> None:
    with database.session() as session:
        title, text = digest_notice(session, DUTCH.digest, clock())
    assert title == "de dag in cijfers, 3 onbeslist"
    assert "Beslissingen: vals alarm 1, heropend 1" in text
    assert "icse: versie 2 werkt (vanzelf)" in text


def test_a_day_without_anything_says_so(database: Database, clock: Clock) -> None:
    with database.session() as session:
        title, text = digest_notice(session, ENGLISH.digest, clock())
    assert title == "the day in figures, 0 undecided"
    assert "Oldest undecided: none" in text
    assert "Lists: none" in text


@pytest.mark.parametrize("words", [ENGLISH, DUTCH], ids=["en", "nl"])
def test_every_state_that_is_shown_and_every_way_has_a_word(words: object) -> None:
    digest = words.digest  # type: ignore[attr-defined]
    assert set(digest.states) == {state.value for state in CaseState} - {"storing"}
    assert set(digest.ways) == {"manual", "automatic", "rollback"}
    assert set(digest.decisions) == {*Ruling, REOPENED, CONFIRM_PROPOSED}


def test_hits_of_customers_are_in_it_where_there_are_any(database: Database, clock: Clock) -> None:
    assert figures_at_words(database, clock, ENGLISH) == []
    hits = Hits(database, HitKeys(Keyring(b"m" * 32)), clock)
    hits.note("forum", [answered(MD5)])
    clock.pass_by(30 * HOUR)
    hits.note("forum", [answered(MD5), answered(OTHER)])
    assert figures_at_words(database, clock, ENGLISH) == [
        "Hits of customers of this check service: 2 new, 0 followed up, 3 open, 1 of them past the deadline"
    ]
    assert figures_at_words(database, clock, DUTCH) == [
        "Treffers van klanten van deze hashcheckservice: 2 nieuw, 0 opgevolgd, 3 open, waarvan 1 te laat"
    ]


def figures_at_words(database: Database, clock: Clock, words: Words) -> list[str]:
    """What a digest says of customers now."""
    with database.session() as session:
        _, text = digest_notice(session, words.digest, clock())
    return [line for line in text.splitlines() if "service" in line]
