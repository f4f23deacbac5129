"""What people here think of entries, told to NCMEC as votes and to StopNCII as what became of matches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.quarantine.deciding.test_decisions import house_in
from tests.support import digests_of, picture_bytes
from tests.upstreams.exchanges.machine import MANY, Machine, list_settings, machine
from tests.upstreams.stand_in import Asked, Reply, stand_in
from tests.upstreams.standins.ncmec import Ncmec, answer, image
from tests.upstreams.standins.stopncii import StopNcii
from tests.upstreams.standins.supply import digits
from upload_guard.compose import build_sync, feedback_takers, open_lists
from upload_guard.compose.outbox import outbox_jobs
from upload_guard.errors import StorageFailed, UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.records import SignalType


def said(kind: SignalType, number: int, opinion: Opinion, exact: bool = True) -> Feedback:
    value = bytes.fromhex(digits(kind, number))
    return Feedback("icse", 1, kind, value, "A1", exact, opinion, date(2026, 11, 26))


# NCMEC --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(Ncmec(), tmp_path_factory.mktemp("ncmec"), feedback=True) as ours:
        ours.supply.hold(*MANY)
        ours.run()
        yield ours


@pytest.fixture
def ncmec(voting: Machine) -> Machine:
    voting.supply.put.clear()
    voting.supply.broken = {}
    return voting


def vote(ours: Machine, opinion: Opinion, number: int = 3, exact: bool = True) -> list[Asked]:
    feedback_takers(ours.settings)["icse"].take(said(ours.supply.type, number, opinion, exact))
    return list(ours.supply.put)


def test_a_confirmation_is_an_affirmative_vote_on_the_fingerprint(ncmec: Machine) -> None:
    (put,) = vote(ncmec, Opinion.POSITIVE)
    assert put.path == "/hashsharing/v2/entries/42/image3/MD5/feedback"
    assert b"<affirmative/>" in put.body
    assert put.headers["Content-Type"].startswith("application/xml")


@pytest.mark.parametrize("opinion", [Opinion.NEGATIVE, Opinion.DISPUTED])
def test_a_false_positive_is_a_negative_vote_for_the_only_reason_there_is(
    ncmec: Machine, opinion: Opinion
) -> None:
    (put,) = vote(ncmec, opinion)
    assert b"<negative><reasonIds><guid>01234567-abcd</guid></reasonIds></negative>" in put.body


def test_of_several_reasons_a_person_has_to_choose(ncmec: Machine) -> None:
    both = '<reason guid="a1" name="One"/><reason guid="b2" name="Two"/>'
    ncmec.supply.broken = {0: Reply(f"<availableFeedbackReasons>{both}</availableFeedbackReasons>".encode())}
    with pytest.raises(UpstreamRefused, match=r"set feedback_reason to one of: a1 \(One\), b2 \(Two\)"):
        vote(ncmec, Opinion.NEGATIVE)


def test_the_reason_of_the_settings_is_given_without_asking(ncmec: Machine) -> None:
    own = ncmec.settings.lists["icse"]
    assert own.exchange is not None
    chosen = own.model_copy(
        update={"exchange": own.exchange.model_copy(update={"feedback_reason": "chosen-1"})}
    )
    settings = ncmec.settings.model_copy(update={"lists": {"icse": chosen}})
    ncmec.service.asked.clear()
    feedback_takers(settings)["icse"].take(said(SignalType.MD5, 3, Opinion.NEGATIVE))
    assert b"<guid>chosen-1</guid>" in ncmec.supply.put[0].body
    assert len(ncmec.service.asked) == 1


def test_a_likeness_casts_no_vote_nor_does_an_opinion_that_is_taken_back(ncmec: Machine) -> None:
    assert vote(ncmec, Opinion.POSITIVE, exact=False) == []
    assert vote(ncmec, Opinion.WITHDRAWN) == []


def test_of_an_entry_that_is_listed_no_more_nothing_is_told(ncmec: Machine) -> None:
    assert vote(ncmec, Opinion.POSITIVE, number=99) == []
    ncmec.supply.broken = {0: Reply(status=404)}
    assert vote(ncmec, Opinion.POSITIVE) == []


def test_while_nothing_of_the_list_is_here_an_opinion_waits(tmp_path: Path) -> None:
    with machine(Ncmec(), tmp_path, feedback=True) as ours:
        ours.supply.hold(*MANY)
        with pytest.raises(StorageFailed, match="the next run makes it"):
            vote(ours, Opinion.NEGATIVE)
        ours.run()
        assert len(vote(ours, Opinion.NEGATIVE)) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=500), UpstreamUnreachable),
        (Reply(status=400), UpstreamRefused),
        (Reply(status=401), UpstreamRefused),
        (Reply(status=307, headers={"Location": "https://127.0.0.2/"}), UpstreamRefused),
        (Reply(bytes(2 << 20)), UpstreamGarbled),
        (Reply(b"half", announced=900), UpstreamGarbled),
        (Reply(b"\n<!DOCTYPE html><title>Log in</title>"), UpstreamGarbled),
    ],
    ids=["fault", "not understood", "not let in", "elsewhere", "much", "half", "page for people"],
)
def test_a_vote_that_may_not_have_arrived_is_given_again(
    ncmec: Machine, reply: Reply, kind: type[Exception]
) -> None:
    ncmec.supply.broken = {0: reply}
    with pytest.raises(kind):
        vote(ncmec, Opinion.POSITIVE)


def test_a_fingerprint_of_two_entries_is_voted_on_in_both(tmp_path: Path) -> None:
    with machine(Ncmec(), tmp_path, feedback=True) as ours:
        ours.supply.broken = {1: answer([image(3), image(3, member=43)])}
        ours.run()
        paths = [put.path for put in vote(ours, Opinion.POSITIVE)]
        assert [path.split("/")[4] for path in paths] == ["42", "43"]


def test_an_id_cannot_lead_to_another_address(tmp_path: Path) -> None:
    with machine(Ncmec(), tmp_path, feedback=True) as ours:
        odd = image(3).replace("<id>image3</id>", "<id>../../status?x#y</id>")
        ours.supply.broken = {1: answer([odd])}
        ours.run()
        (put,) = vote(ours, Opinion.POSITIVE)
        assert put.path == "/hashsharing/v2/entries/42/..%2F..%2Fstatus%3Fx%23y/MD5/feedback"


# StopNCII -----------------------------------------------------------------------------------------------


@pytest.fixture
def stopncii(tmp_path: Path) -> Iterator[Machine]:
    with machine(StopNcii(), tmp_path, feedback=True, feedback_key="submit") as ours:
        yield ours


@pytest.mark.parametrize(
    ("opinion", "word"),
    [
        (Opinion.POSITIVE, "Blocked"),
        (Opinion.NEGATIVE, "NotBlocked"),
        (Opinion.DISPUTED, "NotBlocked"),
        (Opinion.WITHDRAWN, "None"),
    ],
)
def test_stopncii_hears_what_a_match_turned_out_to_be(stopncii: Machine, opinion: Opinion, word: str) -> None:
    feedback_takers(stopncii.settings)["icse"].take(said(SignalType.PDQ, 3, opinion, exact=False))
    (posted,) = stopncii.supply.posted
    assert posted.path == "/v1/SubmitFeedback"
    one = {"hashValue": digits(SignalType.PDQ, 3), "feedbackValue": word, "tags": []}
    assert json.loads(posted.body) == {"count": 1, "hashFeedbacks": [one]}


def test_stopncii_is_told_again_where_a_page_for_people_answered(stopncii: Machine) -> None:
    stopncii.supply.broken = {0: Reply(b"<html>Log in</html>")}
    with pytest.raises(UpstreamGarbled, match="page for people"):
        feedback_takers(stopncii.settings)["icse"].take(said(SignalType.PDQ, 3, Opinion.POSITIVE))


def test_stopncii_hears_of_no_other_hashes(stopncii: Machine) -> None:
    feedback_takers(stopncii.settings)["icse"].take(said(SignalType.MD5, 3, Opinion.POSITIVE))
    assert stopncii.service.asked == []


# From a decision to the exchange ------------------------------------------------------------------------


def test_nobody_hears_anything_unless_settings_say_so(tmp_path: Path) -> None:
    with machine(Ncmec(), tmp_path) as ours:
        assert feedback_takers(ours.settings) == {}


def test_a_decision_on_a_case_becomes_a_vote(tmp_path: Path) -> None:
    supply, data = Ncmec(), picture_bytes(1)
    with stand_in() as service:
        service.otherwise = supply.answer
        house = house_in(tmp_path, lists={"icse": list_settings(supply, service.url, feedback=True)})
        listed = image(3).replace(digits(SignalType.MD5, 3), digests_of(data).md5.hex())
        supply.broken = {1: answer([listed])}
        build_sync(house.settings, "icse", "ann").run()
        open_lists(house.settings).activate("icse", 1, "bob")
        house.station.snapshot.look()
        house.decisions.confirm(house.upload(data).case, "ann", "seen")
        for job in outbox_jobs(house.settings, house.decisions.database):
            if job.name in {"outbox", "outbox-feedbacks"}:
                job.run()
    assert [put.path for put in supply.put] == ["/hashsharing/v2/entries/42/image3/MD5/feedback"]
