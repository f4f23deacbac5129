"""What a supplier is told of its entries: by persons' decisions, and nothing of the upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.quarantine.deciding.test_decisions import House, house_in
from tests.support import activate_list, digests_of, listed_hashes, picture_bytes, settings_in
from upload_guard.compose import build_sync, open_lists
from upload_guard.compose.outbox import outbox_jobs
from upload_guard.errors import UpstreamGarbled
from upload_guard.lists.feedback import Feedback, Opinion, feedback_of
from upload_guard.outbox.messages import MessageState
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.storage.outbox_tables import OutboxEvent, OutboxMessage
from upload_guard.upstreams.opinions_folder import OpinionsFolder


@dataclass(frozen=True)
class Installation:
    """A house whose list `test-list` comes from a folder that takes feedback, and a held upload."""

    house: House
    number: str
    data: bytes
    opinions: Path

    def send(self) -> None:
        self.run("outbox", "outbox-feedbacks")

    def run(self, *names: str) -> None:
        for job in outbox_jobs(self.house.settings, self.house.decisions.database):
            if job.name in names:
                job.run()

    def told(self) -> list[dict[str, object]]:
        if not self.opinions.exists():
            return []
        return [json.loads(line) for line in self.opinions.read_text().splitlines()]


def installation(folder: Path, feedback: bool) -> Installation:
    exchange = {"url": (folder / "icse").as_uri(), "origin": "test-origin", "feedback": feedback}
    house = house_in(folder, lists={"test-list": {"exchange": exchange}})
    data = picture_bytes(1)
    activate_list(house.settings, listed_hashes(data))
    number = house.upload(data).case
    return Installation(house, number, data, folder / "icse.opinions" / "default.jsonl")


@pytest.fixture
def ours(tmp_path: Path) -> Installation:
    return installation(tmp_path, feedback=True)


@pytest.mark.parametrize(("decision", "opinion"), [("confirm", "positive"), ("false_positive", "negative")])
def test_what_a_person_decides_is_an_opinion_on_every_entry_that_matched(
    ours: Installation, decision: str, opinion: str
) -> None:
    begun = datetime.now(UTC).date()
    getattr(ours.house.decisions, decision)(ours.number, "ann", "seen")
    ours.send()
    ended = datetime.now(UTC).date()
    digests = digests_of(ours.data)
    entries = {(row["type"], row["value"]): row for row in ours.told()}
    # A digest that blocks is enough: the file was not opened.
    assert {kind for kind, _ in entries} == {"sha256", "md5"}
    row = entries["sha256", digests.sha256.hex()]
    # It may be midnight meanwhile.
    assert row.pop("on") in {begun.isoformat(), ended.isoformat()}
    assert row == {
        "version": 1,
        "type": "sha256",
        "value": digests.sha256.hex(),
        "category": "baseline",
        "exact": True,
        "opinion": opinion,
    }


def test_nothing_of_the_upload_or_its_uploader_goes_along(ours: Installation) -> None:
    ours.house.decisions.confirm(ours.number, "ann", "seen")
    ours.send()
    with ours.house.decisions.database.session() as session:
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "opinion")).all()
    assert events
    assert {(row.case_number, row.site) for row in events} == {("", "")}
    written = ours.opinions.read_text()
    assert all(word not in written for word in (ours.number, "blog", "/up", "ann", "seen"))


def test_many_cases_of_one_file_are_one_opinion_on_each_entry(ours: Installation) -> None:
    for site in ("shop", "forum"):
        ours.house.upload(ours.data, site)
    ours.house.decisions.confirm(ours.number, "ann", "seen")
    ours.send()
    with ours.house.decisions.database.session() as session:
        assert len(session.scalars(select(OutboxMessage)).all()) == len(ours.told()) == 2


def test_a_release_says_nothing_of_entries(ours: Installation) -> None:
    ours.house.decisions.release(ours.number, "ann", "once")
    ours.house.decisions.reopen(ours.number, "ann", "no")
    ours.send()
    assert ours.told() == []


def test_an_opinion_that_is_taken_back_is_out_of_the_file_again(ours: Installation) -> None:
    ours.house.decisions.confirm(ours.number, "ann", "seen")
    ours.send()
    assert ours.told()
    ours.house.decisions.reopen(ours.number, "ann", "a mistake")
    ours.send()
    assert ours.told() == []
    ours.house.decisions.false_positive(ours.number, "ann", "a holiday")
    ours.send()
    assert {row["opinion"] for row in ours.told()} == {"negative"}


def test_what_was_taken_back_before_it_was_sent_is_never_sent(ours: Installation) -> None:
    ours.house.decisions.confirm(ours.number, "ann", "seen")
    ours.run("outbox")
    ours.house.decisions.reopen(ours.number, "ann", "a mistake")
    ours.send()
    assert ours.told() == []
    with ours.house.decisions.database.session() as session:
        states = session.scalars(select(OutboxMessage.state)).all()
    assert set(states) == {MessageState.SENT, MessageState.SUPERSEDED}


def test_only_a_dispute_that_two_agree_on_is_one(ours: Installation) -> None:
    ours.house.decisions.dispute(ours.number, "test-list", "ann", "a stock image")
    ours.send()
    assert ours.told() == []
    ours.house.decisions.dispute(ours.number, "test-list", "bob", "so it is")
    ours.send()
    assert {(row["type"], row["opinion"]) for row in ours.told()} == {
        ("sha256", "disputed"),
        ("md5", "disputed"),
    }
    ours.house.decisions.lift_dispute(ours.number, "test-list", "ann")
    ours.send()
    assert ours.told() == []


def opinions(ours: Installation) -> set[object]:
    ours.send()
    return {row["opinion"] for row in ours.told()}


def test_of_two_opinions_on_an_entry_the_other_one_stays_when_one_is_taken_back(ours: Installation) -> None:
    decisions = ours.house.decisions
    decisions.false_positive(ours.number, "ann", "a holiday")
    for person in ("ann", "bob"):
        decisions.dispute(ours.number, "test-list", person, "a stock image")
    assert opinions(ours) == {"disputed"}
    decisions.lift_dispute(ours.number, "test-list", "ann")
    assert opinions(ours) == {"negative"}
    for person in ("ann", "bob"):
        decisions.dispute(ours.number, "test-list", person, "a stock image")
    decisions.reopen(ours.number, "ann", "look again")
    assert opinions(ours) == {"disputed"}
    decisions.lift_dispute(ours.number, "test-list", "ann")
    assert opinions(ours) == set()


def test_a_decision_on_another_case_of_the_file_stays_when_one_is_taken_back(ours: Installation) -> None:
    decisions = ours.house.decisions
    decisions.confirm(ours.number, "ann", "seen")
    other = ours.house.upload(ours.data, "shop").case
    decisions.confirm(other, "ann", "seen, too")
    decisions.reopen(other, "ann", "look again")
    assert opinions(ours) == {"positive"}
    decisions.reopen(ours.number, "ann", "look again")
    assert opinions(ours) == set()


def test_a_list_that_wants_no_feedback_gets_none_and_nothing_waits_for_it(tmp_path: Path) -> None:
    theirs = installation(tmp_path, feedback=False)
    theirs.house.decisions.confirm(theirs.number, "ann", "seen")
    theirs.send()
    assert not theirs.opinions.parent.exists()
    with theirs.house.decisions.database.session() as session:
        assert session.scalars(select(OutboxMessage)).all() == []


def test_another_installation_imports_what_was_confirmed_and_leaves_out_what_was_not(
    ours: Installation, tmp_path: Path
) -> None:
    ours.house.decisions.confirm(ours.number, "ann", "seen")
    ours.send()
    OpinionsFolder(ours.opinions.parent, "default").take(said(b"\x01" * 32, Opinion.DISPUTED))
    there = other_installation(tmp_path / "there", ours.opinions.parent)
    build_sync(there, "neighbour", "ann").run()
    entries = list(open_lists(there).entries("neighbour", None))
    assert {entry.value for entry in entries} == {one.value for one in listed_hashes(ours.data)[:2]}
    assert {entry.category for entry in entries} == {"baseline"}


def other_installation(folder: Path, opinions: Path) -> Settings:
    exchange = {"url": opinions.as_uri(), "origin": "neighbour"}
    return settings_in(folder, lists={"neighbour": {"exchange": exchange}})


# The file ------------------------------------------------------------------------------------------


def said(value: bytes, opinion: Opinion) -> Feedback:
    on = datetime(2026, 3, 1, tzinfo=UTC).date()
    return Feedback("icse", 7, SignalType.SHA256, value, "baseline", True, opinion, on)


def test_the_same_said_twice_is_one_line(tmp_path: Path) -> None:
    folder = OpinionsFolder(tmp_path / "icse.opinions", "blog")
    for _ in range(3):
        folder.take(said(b"\x01" * 32, Opinion.POSITIVE))
    folder.take(said(b"\x02" * 32, Opinion.NEGATIVE))
    folder.take(said(b"\x01" * 32, Opinion.NEGATIVE))
    rows = [json.loads(line) for line in folder.file.read_text().splitlines()]
    assert [(row["value"][:2], row["opinion"]) for row in rows] == [("02", "negative"), ("01", "negative")]


def test_a_file_that_somebody_wrote_into_is_not_overwritten(tmp_path: Path) -> None:
    folder = OpinionsFolder(tmp_path, "blog")
    folder.file.write_text("half a li")
    with pytest.raises(UpstreamGarbled, match="move it away"):
        folder.take(said(b"\x01" * 32, Opinion.POSITIVE))
    assert folder.file.read_text() == "half a li"


def test_feedback_comes_back_from_its_row() -> None:
    one = said(b"\x01" * 32, Opinion.WITHDRAWN)
    assert feedback_of(json.loads(json.dumps(one.row))) == one
