"""From a person's decision to NCMEC, by the desk: whole, once, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reports.cybertip.ispws import STEPS, Ispws
from tests.reports.house import ReportHouse, report_house
from tests.upstreams.stand_in import StandIn, stand_in
from upload_guard.errors import NotReportable, NotWithdrawable
from upload_guard.quarantine.custody.holds import is_kept_by_law
from upload_guard.reports.states import ReportState


@pytest.fixture(scope="module")
def serving() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture
def ncmec(serving: StandIn) -> Ispws:
    ncmec = Ispws()
    serving.otherwise = ncmec.answer
    return ncmec


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, serving: StandIn) -> ReportHouse:
    recipient = {
        "format": "cybertip",
        "sender": "cybertip",
        "jurisdiction": "us",
        "url": f"{serving.url}/ispws",
        "user": "usr123",
        "password": "pswd123",
        "timeout": 5,
    }
    return report_house(tmp_path_factory.mktemp("house"), recipients={"ncmec": recipient})


def test_with_a_failure_at_each_step_one_report_arrives_and_is_acknowledged(
    house: ReportHouse, ncmec: Ispws
) -> None:
    case = house.confirmed()
    number = house.approved(case, "ncmec")
    for step in STEPS:
        ncmec.failing[step] = "loses the answer"
    for _ in STEPS:
        assert house.dispatch.run() == 0
        assert house.desk.one(number).state is ReportState.FAILED
        house.later(hours=1)
    assert house.dispatch.run() == 1
    told = house.desk.one(number)
    (report,) = ncmec.finished
    assert (told.state, told.attempts) == (ReportState.ACKNOWLEDGED, 5)
    assert told.reference in ncmec.reports
    assert case in (report.xml.findtext("additionalInfo") or "")
    with house.database.session() as session:
        assert is_kept_by_law(session, case, house.time)


def test_what_the_person_approved_is_what_ncmec_got(house: ReportHouse, ncmec: Ispws) -> None:
    number = house.approved(house.confirmed(), "ncmec")
    content = house.desk.paper(number).content
    house.dispatch.run()
    (report,) = ncmec.finished
    (sheet,) = report.files.values()
    assert sheet in content
    (details,) = report.details.values()
    for digest in details.iterfind("originalFileHash"):
        assert (digest.text or "").encode() in content


def test_a_refused_upload_is_told_to_ncmec_as_an_attempt(house: ReportHouse, ncmec: Ispws) -> None:
    house.approved(house.confirmed("/up"), "ncmec")
    house.dispatch.run()
    (report,) = ncmec.finished
    assert "attempted upload" in (report.xml.findtext(".//webPageIncident/additionalInfo") or "")


def test_nothing_of_what_no_person_confirmed_reaches_ncmec(house: ReportHouse, ncmec: Ispws) -> None:
    with pytest.raises(NotReportable):
        house.desk.draft(house.case(), "ncmec", "ann")
    house.dispatch.run()
    assert ncmec.steps == []


def test_what_is_taken_back_half_way_is_retracted_there(house: ReportHouse, ncmec: Ispws) -> None:
    number = house.approved(house.confirmed(), "ncmec")
    ncmec.failing["finish"] = "is broken"
    house.dispatch.run()
    house.desk.withdraw(number, "a mistake", "ben")
    assert [one.retracted for one in ncmec.reports.values()] == [True]
    house.later(days=1)
    assert house.dispatch.run() == 0
    assert ncmec.finished == []


def test_what_has_arrived_is_for_a_person_to_take_back_in_writing(house: ReportHouse, ncmec: Ispws) -> None:
    number = house.approved(house.confirmed(), "ncmec")
    house.dispatch.run()
    with pytest.raises(NotWithdrawable, match="write to it"):
        house.desk.withdraw(number, "a mistake", "ben")
    house.desk.note_withdrawn(number, "told NCMEC by mail", "ben")
    assert house.desk.one(number).state is ReportState.WITHDRAWN
