"""To NCMEC, with a failure at each step: the report arrives whole, and once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.reports.cybertip.ispws import FAILINGS, STEPS, Failing, Ispws
from tests.reports.known import facts
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.errors import NotWithdrawable, TransportError
from upload_guard.reports.cybertip.paper import CyberTip
from upload_guard.reports.cybertip.sender import CyberTipSender
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login

PAPER = CyberTip(scale=True).write(facts())
REPORT_ONLY = CyberTip(details=False).write(facts())


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture
def ncmec(server: StandIn) -> Ispws:
    ncmec = Ispws()
    server.otherwise = ncmec.answer
    server.instead = None
    return ncmec


@pytest.fixture
def way(server: StandIn) -> Way:
    return Way(CyberTipSender(f"{server.url}/ispws", Asker(Login("usr123", "pswd123")), 5.0))


class Way:
    """A sender, and what is remembered between its attempts."""

    def __init__(self, sender: CyberTipSender) -> None:
        self.sender = sender
        self.progress: Progress = {}

    def send(self, paper: Paper = PAPER) -> Sent:
        return self.sender.send(paper, self.progress, self.note)

    def note(self, progress: Progress) -> None:
        self.progress = progress

    def withdraw(self) -> None:
        self.sender.withdraw(PAPER, self.progress, "a mistake")


def test_a_report_goes_through_all_steps_and_is_acknowledged(ncmec: Ispws, way: Way) -> None:
    assert way.send() == Sent("4564654", acknowledged=True)
    assert ncmec.steps == list(STEPS)
    (report,) = ncmec.finished
    (sheet,) = report.files.values()
    assert sheet.startswith(b"Report of a confirmed case")
    (details,) = report.details.values()
    assert details.findtext("industryClassification") == "A1"
    assert details.findtext("fileViewedByEsp") == "true"


def test_a_report_without_details_is_submitted_and_finished(ncmec: Ispws, way: Way) -> None:
    way.send(REPORT_ONLY)
    assert ncmec.steps == ["submit", "finish"]


@pytest.mark.parametrize("failing", FAILINGS)
@pytest.mark.parametrize("step", STEPS)
def test_after_a_failure_it_goes_on_and_ncmec_has_one_finished_report(
    ncmec: Ispws, way: Way, step: str, failing: Failing
) -> None:
    ncmec.failing[step] = failing
    with pytest.raises(TransportError) as caught:
        way.send()
    assert not caught.value.permanent
    before = len(ncmec.steps)
    assert way.send().acknowledged
    assert ncmec.steps[before] == step
    (report,) = ncmec.finished
    assert len(report.details) == 1


@pytest.mark.parametrize("step", STEPS[1:])
def test_what_was_left_for_a_day_has_vanished_and_is_submitted_anew(
    ncmec: Ispws, way: Way, step: str
) -> None:
    ncmec.failing[step] = "is broken"
    with pytest.raises(TransportError):
        way.send()
    ncmec.now += timedelta(days=1, minutes=1)
    assert way.send().reference == "4564655"
    (report,) = ncmec.finished
    assert len(report.details) == 1


def test_what_was_finished_but_never_heard_of_is_not_sent_again_after_days(ncmec: Ispws, way: Way) -> None:
    ncmec.failing["finish"] = "loses the answer"
    with pytest.raises(TransportError):
        way.send()
    ncmec.now += timedelta(days=9)
    assert way.send().reference == "4564654"
    assert len(ncmec.reports) == 1


def test_a_report_that_vanishes_again_and_again_is_given_up_for_now(
    ncmec: Ispws, way: Way, server: StandIn
) -> None:
    def forgetful(asked: object) -> Reply:
        reply = ncmec.answer(asked)  # type: ignore[arg-type]
        ncmec.now += timedelta(days=2)
        return reply

    server.otherwise = forgetful
    with pytest.raises(TransportError, match="forgotten"):
        way.send()
    assert ncmec.steps == ["submit", "upload", "submit", "upload"]


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [(400, 4100, True), (200, 3100, True), (200, 1100, False)],
    ids=["does not fit", "not authorised", "their own fault"],
)
def test_a_refusal_is_for_good_and_a_fault_of_theirs_is_not(
    way: Way, ncmec: Ispws, server: StandIn, status: int, code: int, permanent: bool
) -> None:
    server.instead = Reply(
        f"<reportResponse><responseCode>{code}</responseCode>"
        "<responseDescription>Validation failed</responseDescription></reportResponse>".encode(),
        status,
    )
    with pytest.raises(TransportError, match=f"code {code}: Validation failed") as caught:
        way.send()
    assert caught.value.permanent is permanent


def test_a_wrong_password_is_for_a_person(server: StandIn, ncmec: Ispws) -> None:
    way = Way(CyberTipSender(f"{server.url}/ispws", Asker(Login("usr123", "wrong")), 5.0))
    with pytest.raises(TransportError, match="does not let us in") as caught:
        way.send()
    assert caught.value.permanent
    assert "wrong" not in str(caught.value)


def test_an_address_that_is_not_ncmecs_is_for_a_person(way: Way, ncmec: Ispws, server: StandIn) -> None:
    server.instead = Reply(b"<!DOCTYPE html><p>Not found", 404)
    with pytest.raises(TransportError, match="status 404") as caught:
        way.send()
    assert caught.value.permanent


def test_details_are_not_taken_for_told_because_the_password_changed(
    way: Way, ncmec: Ispws, server: StandIn
) -> None:
    ncmec.failing["fileinfo"] = "is broken"
    with pytest.raises(TransportError):
        way.send()
    server.instead = Reply(status=401)
    with pytest.raises(TransportError, match="does not let us in"):
        way.send()
    server.instead = None
    way.send()
    (report,) = ncmec.finished
    assert len(report.details) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Success",
        b"<reportResponse><responseDescription>Success</responseDescription></reportResponse>",
        b"<reportResponse><responseCode>0</responseCode></reportResponse>",
        b'<!DOCTYPE r [<!ENTITY a "0">]><reportResponse><responseCode>&a;</responseCode></reportResponse>',
        b"<reportResponse><responseCode>0</responseCode><reportId>../1</reportId></reportResponse>",
    ],
    ids=["empty", "no XML", "no code", "no id", "an entity", "an id that is none"],
)
def test_an_answer_that_is_none_is_no_success(way: Way, ncmec: Ispws, server: StandIn, body: bytes) -> None:
    server.instead = Reply(body)
    with pytest.raises(TransportError):
        way.send()
    assert not way.progress


def test_what_is_not_finished_is_retracted(ncmec: Ispws, way: Way) -> None:
    ncmec.failing["finish"] = "is broken"
    with pytest.raises(TransportError):
        way.send()
    way.withdraw()
    assert [one.retracted for one in ncmec.reports.values()] == [True]
    way.withdraw()


def test_what_is_finished_cannot_be_taken_back_and_a_person_is_told_so(ncmec: Ispws, way: Way) -> None:
    way.send()
    with pytest.raises(NotWithdrawable, match="4564654"):
        way.withdraw()


def test_what_was_finished_but_never_heard_of_cannot_be_taken_back_either(ncmec: Ispws, way: Way) -> None:
    ncmec.failing["finish"] = "loses the answer"
    with pytest.raises(TransportError):
        way.send()
    with pytest.raises(NotWithdrawable):
        way.withdraw()


def test_what_has_vanished_needs_no_retracting(ncmec: Ispws, way: Way) -> None:
    ncmec.failing["upload"] = "is broken"
    with pytest.raises(TransportError):
        way.send()
    ncmec.now += timedelta(days=2)
    way.withdraw()


def test_what_never_reached_ncmec_needs_no_retracting(ncmec: Ispws, way: Way) -> None:
    way.withdraw()
    assert ncmec.steps == []


def test_an_answer_that_drips_is_cut_off_at_the_deadline_and_nothing_is_lost(
    server: StandIn, ncmec: Ispws, way: Way
) -> None:
    server.instead = Reply(b"<reportResponse>" + b" " * 1000, drip=True)
    slow = Way(CyberTipSender(way.sender.base, way.sender.asker, 0.3))
    with pytest.raises(TransportError, match="did not answer in full") as caught:
        slow.send()
    assert not caught.value.permanent
    server.instead = None
    assert slow.send().acknowledged
