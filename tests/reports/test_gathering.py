"""What a report may say: what rows hold, and nothing that nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.reports.house import ReportHouse, match_in
from upload_guard.errors import NotReportable
from upload_guard.glimpses.blur import LAST_STEP
from upload_guard.glimpses.reveals import REVEALED as AS_GLIMPSES_NOTE_IT
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.custody.holds import Holds
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.records import Match, SignalType
from upload_guard.reports.classifying import said_by_lists
from upload_guard.reports.facts import Facts, Place, Uploader, Viewed
from upload_guard.reports.gathering import REVEALED, WHOLE
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.tables import Case

THEN = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def facts_of(house: ReportHouse, case: str) -> Facts:
    with house.database.session() as session:
        return house.desk.gathering.facts(session, case, "r1")


def placed(house: ReportHouse, case: str, **differs: object) -> None:
    values: dict[str, object] = {
        "case_number": case,
        "site": "blog",
        "locator": "file:///srv/a.jpg",
        "sha256": bytes(32),
        "state": "noted",
        "noted_at": THEN,
        "noted_by": "scan",
        "leftover": {},
        "removed_by": "",
        "restored_by": "",
        "fault": "",
    }
    with house.database.session() as session:
        session.add(PlacedFile(**values | differs))


def test_a_confirmed_case_tells_what_its_rows_hold(house: ReportHouse) -> None:
    case = house.confirm(house.case("/up"), "ann")
    facts = facts_of(house, case)
    assert (facts.case, facts.report, facts.route, facts.media_type) == (case, "r1", "/up", "image/jpeg")
    assert (facts.confirmed_by, facts.confirmed_at) == ("ann", house.time)
    assert facts.reporter.organisation == "Example Hosting"
    assert [match.list_name for match in facts.matches] == ["icse"]
    assert [signal.type for signal in facts.signals] == [SignalType.PDQ]
    assert [what for _, what in facts.actions] == ["refused and held", "confirmed by a person"]


def test_what_nobody_knows_stays_empty(house: ReportHouse) -> None:
    facts = facts_of(house, house.confirm(house.case(matches=(match_in("illegal"),))))
    assert (facts.classification, facts.summary, facts.file_name) == ("", "", "")
    assert (facts.uploader, facts.places, facts.viewed) == (Uploader(), (), ())
    assert facts.preserved_until is None


def test_a_blurred_look_is_no_look_at_the_file(house: ReportHouse) -> None:
    """All steps that our pages have show grey samples: viewedByEsp may not come of them."""
    case = house.confirmed()
    with house.database.session() as session:
        for step in range(1, LAST_STEP + 1):
            note_act(session, Act("ann", AS_GLIMPSES_NOTE_IT, case, {"step": step, "because": "to tell"}))
        note_act(session, Act("ann", "case.thumbnail_shown", case))
    assert REVEALED == AS_GLIMPSES_NOTE_IT
    assert facts_of(house, case).viewed == ()


def test_a_look_at_the_whole_file_is_told_with_who_and_when(house: ReportHouse) -> None:
    case, other = house.confirmed(), house.confirmed()
    with house.database.session() as session:
        note_act(session, Act("ann", REVEALED, case, {"sight": WHOLE}))
    assert [one.person for one in facts_of(house, case).viewed] == ["ann"]
    assert isinstance(facts_of(house, case).viewed[0], Viewed)
    assert facts_of(house, other).viewed == ()


@pytest.mark.parametrize("route", ["scan:/srv/a.jpg", "notice:N-1", "late:/up", "retro:/up"])
def test_what_was_found_on_the_site_was_not_refused(house: ReportHouse, route: str) -> None:
    assert not facts_of(house, house.confirmed(route)).blocked


def test_a_refused_upload_never_was_there_unless_something_says_so(house: ReportHouse) -> None:
    case = house.confirmed("/up")
    assert facts_of(house, case).blocked
    LateOutcomes(house.database).note(case, LateAction.REMOVED, "7", "k")
    facts = facts_of(house, case)
    assert not facts.blocked
    assert "removed, as the site says" in [what for _, what in facts.actions]


def test_places_are_told_with_their_addresses_and_removals(house: ReportHouse) -> None:
    case = house.confirmed("notice:N-1")
    with house.database.session() as session:
        notice = Notice(
            number="N-1",
            channel="api",
            site="blog",
            fingerprint=bytes(32),
            received_at=THEN,
            deadline=THEN,
            state="open",
            trusted=False,
            sealed=b"",
            joined_to="",
            to_read=False,
        )
        session.add(notice)
        session.flush()
        named = (
            ("https://blog.example.org/a.jpg", "file:///srv/a.jpg", AddressState.REMOVED),
            ("https://blog.example.org/a.jpg?w=1", "file:///srv/a.jpg", AddressState.REMOVED),
            ("https://blog.example.org/b", "", AddressState.CASE),
            ("https://blog.example.org/c", "", AddressState.GONE),
            ("https://other.example.org/d", "", AddressState.NOT_OURS),
        )
        for at, (url, locator, state) in enumerate(named):
            session.add(
                NoticeAddress(
                    notice_id=notice.id,
                    url=url,
                    url_sha256=bytes([at]) * 32,
                    state=state.value,
                    locator=locator,
                    case_number=case,
                    fault="",
                    derived=False,
                    tries=0,
                    next_try=THEN,
                    settled_by="",
                )
            )
    removed = THEN + timedelta(hours=3)
    placed(house, case, state="removed", removed_at=removed, removed_by="ann")
    facts = facts_of(house, case)
    assert facts.places == (
        Place("https://blog.example.org/a.jpg", "file:///srv/a.jpg", False, removed),
        Place("https://blog.example.org/a.jpg?w=1", "file:///srv/a.jpg", False, removed),
        Place("https://blog.example.org/b", ""),
    )
    assert facts.actions.count((removed, "removed from the site")) == 1


@pytest.mark.parametrize("state", ["noted", "removing", "restoring", "restored", "gone", "changed"])
def test_only_what_was_taken_away_is_called_removed(house: ReportHouse, state: str) -> None:
    """Neither what was put back, nor what was on its way, nor what somebody else took."""
    case = house.confirmed()
    placed(house, case, state=state, removed_at=THEN)
    facts = facts_of(house, case)
    assert facts.places == (Place("", "file:///srv/a.jpg"),)
    assert "removed from the site" not in [what for _, what in facts.actions]


def test_a_preservation_and_repeats_are_told(house: ReportHouse) -> None:
    case = house.confirmed("/up")
    until = Holds(house.database).preserve(case, "ncmec", house.time, "ann")
    assert facts_of(house, case).preserved_until == until
    first = facts_of(house, case).first_seen
    house.later(days=3)
    house.case("/up")
    facts = facts_of(house, case)
    assert facts.first_seen == first
    assert facts.last_seen == house.time - timedelta(hours=2)


def test_who_uploaded_it_goes_along_where_it_was_told(house: ReportHouse) -> None:
    case = house.confirmed("/up")
    told = Uploader(account="u7", ip="192.0.2.1", port=4000, at=THEN)
    house.desk.uploaders.tell(case, told, "key k")
    assert facts_of(house, case).uploader == told


def test_a_person_says_what_it_is_before_any_list_does(house: ReportHouse) -> None:
    case = house.confirm(house.case(matches=(match_in("baseline"),)))
    assert facts_of(house, case).classification == "baseline"
    house.desk.classes.choose(case, "B1", "seen on the site", "ann")
    assert (facts_of(house, case).classification, facts_of(house, case).summary) == ("B1", "seen on the site")
    house.desk.classes.choose(case, "", "", "ann")
    assert facts_of(house, case).classification == "baseline"


@pytest.mark.parametrize(
    ("matches", "said"),
    [
        ([match_in("A1")], "A1"),
        ([match_in("a1"), match_in("A1", SignalType.MD5)], "A1"),
        ([match_in("A1"), match_in("A2", SignalType.MD5)], ""),
        ([match_in("illegal")], ""),
        ([match_in("A1"), match_in("illegal", SignalType.MD5)], ""),
        ([match_in("A1", SignalType.PDQ, "image")], ""),
        ([match_in("A1", view="inside/a.jpg")], ""),
        ([], ""),
    ],
    ids=[
        "its digest",
        "two lists alike",
        "two lists differ",
        "another word",
        "one of no such word",
        "a likeness",
        "a file inside",
        "no match",
    ],
)
def test_lists_say_what_a_file_is_only_of_that_very_file_and_in_one_voice(
    matches: list[Match], said: str
) -> None:
    assert said_by_lists(matches) == said


def test_there_is_nothing_to_say_of_a_case_that_is_none(house: ReportHouse) -> None:
    with pytest.raises(NotReportable, match="there is no case"):
        facts_of(house, "2222-2222-2222")


def test_a_file_whose_digests_nobody_knows_is_not_reported_by_noughts(house: ReportHouse) -> None:
    case = house.confirm(house.case(), "ann")
    facts_of(house, case)
    with house.database.session() as session:
        session.execute(update(Case).where(Case.number == case).values(md5=bytes(16)))
    with pytest.raises(NotReportable, match="digests"):
        facts_of(house, case)


def test_a_sites_public_address_is_told_where_settings_know_it(house: ReportHouse) -> None:
    gathering = replace(house.desk.gathering, sites={"blog": "https://blog.example.org"})
    with house.database.session() as session:
        assert gathering.facts(session, house.confirmed(), "r1").site == "https://blog.example.org"
