"""An uploader is erased from all cases of a site, but for those that a law keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.reports.house import ReportHouse
from upload_guard.errors import UsageError
from upload_guard.quarantine.custody.holds import Holds
from upload_guard.reports.erasing import Erasure
from upload_guard.reports.facts import Uploader
from upload_guard.storage.report_tables import CaseUploader
from upload_guard.storage.vault_tables import AuditRow

ANN = Uploader("u-1207", email="ann@example.org", ip="192.0.2.7")
BEN = Uploader("u-1208", email="ben@example.org")
SITE = "blog"


def told(house: ReportHouse, who: Uploader = ANN) -> str:
    case = house.confirmed()
    house.desk.uploaders.tell(case, who, "site")
    return case


def kept_of(house: ReportHouse) -> set[str]:
    with house.desk.database.session() as session:
        return set(session.scalars(select(CaseUploader.case_number)))


def erase(house: ReportHouse, who: Uploader, site: str = SITE) -> dict[str, str]:
    """What is said to be kept of each case, and why."""
    found = Erasure(house.desk.uploaders).run(site, who, "eve", "request 7")
    return {one.case: one.kept for one in found}


@pytest.mark.parametrize(
    "named", [Uploader("u-1207"), Uploader(email="Ann@example.org"), Uploader("u-1207", ip="192.0.2.7")]
)
def test_one_uploader_is_erased_and_no_other(house: ReportHouse, named: Uploader) -> None:
    first, other, second = told(house), told(house, BEN), told(house)
    assert erase(house, named) == {first: "", second: ""}
    assert kept_of(house) == {other}
    with house.desk.database.session() as session:
        assert house.desk.uploaders.of(session, first) == Uploader()


def test_all_that_is_named_has_to_have_been_told(house: ReportHouse) -> None:
    case = told(house)
    assert erase(house, Uploader("u-1207", email="ben@example.org")) == {}
    assert kept_of(house) == {case}


@pytest.mark.parametrize("named", [Uploader("U-1207"), Uploader(screen_name="ann")])
def test_who_differs_by_a_large_letter_is_another_one(house: ReportHouse, named: Uploader) -> None:
    case = told(house, Uploader("u-1207", screen_name="Ann"))
    assert erase(house, named) == {}
    assert kept_of(house) == {case}


def test_one_address_in_two_spellings_is_one(house: ReportHouse) -> None:
    case = told(house, Uploader(ip="2001:DB8:0::7"))
    assert erase(house, Uploader(ip="2001:db8::7")) == {case: ""}


def test_the_account_of_that_name_on_another_site_is_left_alone(house: ReportHouse) -> None:
    case = told(house)
    assert erase(house, Uploader("u-1207"), "another") == {}
    assert kept_of(house) == {case}


def test_the_audit_log_says_that_and_why_and_nothing_of_the_uploader(house: ReportHouse) -> None:
    case = told(house)
    erase(house, ANN)
    with house.desk.database.session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act == "case.uploader_erased")).all()
    (row,) = rows
    assert (row.person, row.case_number) == ("eve", case)
    written = json.dumps({column: str(getattr(row, column)) for column in AuditRow.__table__.columns.keys()})  # noqa: SIM118 - no dict
    assert "request 7" in written
    assert not any(word in written for word in ("u-1207", "ann@", "192.0.2.7"))


def test_a_case_under_hold_keeps_its_uploader_until_that_is_lifted(house: ReportHouse) -> None:
    case, holds = told(house), Holds(house.desk.database)
    hold = holds.place(case, "eve", "the prosecutor asked")
    assert "legal hold" in erase(house, ANN)[case]
    assert kept_of(house) == {case}
    holds.lift(case, hold, "eve", "the prosecutor said so")
    assert erase(house, ANN) == {case: ""}
    assert kept_of(house) == set()


def test_in_the_year_after_a_report_it_is_kept(house: ReportHouse) -> None:
    case = told(house)
    submitted = datetime.now(UTC) - timedelta(days=300)
    Holds(house.desk.database).preserve(case, "report 1", submitted, "eve")
    assert erase(house, ANN)[case]
    later = Erasure(house.desk.uploaders, lambda: submitted + timedelta(days=370))
    assert [one.kept for one in later.run(SITE, ANN, "eve", "request 7")] == [""]


def test_while_a_report_has_not_gone_out_it_is_kept_and_told_which(house: ReportHouse) -> None:
    case = told(house)
    number = house.desk.draft(case, "hotline", "eve").number
    assert number in erase(house, ANN)[case]
    house.desk.withdraw(number, "of nobody", "eve")
    (found,) = Erasure(house.desk.uploaders).run(SITE, ANN, "eve", "request 7")
    assert (found.kept, found.reports) == ("", (number,))


def test_looking_erases_nothing(house: ReportHouse) -> None:
    case = told(house)
    (found,) = Erasure(house.desk.uploaders).look(SITE, ANN)
    assert (found.case, found.kept) == (case, "")
    assert kept_of(house) == {case}


def test_without_a_reason_nothing_is_erased(house: ReportHouse) -> None:
    case = told(house)
    with pytest.raises(UsageError, match="reason"):
        Erasure(house.desk.uploaders).run(SITE, ANN, "eve", " ")
    assert kept_of(house) == {case}
