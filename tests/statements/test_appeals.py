"""An appeal needs the link of a statement, and is settled by another person than the one who decided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tests.statements.houses import House, house_in
from tests.support import read
from upload_guard.compose import open_cases
from upload_guard.errors import UsageError
from upload_guard.keyring import Keyring
from upload_guard.quarantine.deciding.rulings import Word
from upload_guard.quarantine.states import CaseState
from upload_guard.statements.appeals import AppealState, Chance
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.vault_tables import AuditRow
from upload_guard.vault.rewrap import Rewrap

T = TypeVar("T")


def _about(table: type[T], number: str) -> Select[T]:
    return select(table).where(table.case_number == number)  # type: ignore[attr-defined]


def _one(session: Session, table: type[T], number: str) -> T:
    return session.scalars(_about(table, number)).one()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Where rob could look at what ruth decided."""
    house = house_in(tmp_path_factory.mktemp("appeals"))
    house.add_reviewer("rob")
    return house


def test_whoever_has_the_link_can_appeal_and_a_person_hears_of_it(house: House) -> None:
    number, secret = house.appealed()
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.WAITING
    assert number in house.appeals.waiting()
    found = house.appeals.of(number)
    assert found
    assert (found.reason, found.closed_to, found.state) == ("it is my cat", {"ruth"}, AppealState.OPEN)
    with house.database.session() as session:
        told = session.scalars(_about(OutboxEvent, number).where(OutboxEvent.kind == "appealed")).one()
        noted = session.scalars(_about(AuditRow, number).where(AuditRow.act == "appeal.made")).one()
    assert (told.case_number, told.site, noted.person) == (number, "blog", "appellant")
    assert "cat" not in repr([told.details, noted.details])


def test_it_changes_nothing_by_itself(house: House) -> None:
    number, _ = house.appealed()
    assert open_cases(house.settings).one(number).state is CaseState.CONFIRMED


def test_nobody_learns_which_part_of_a_link_is_wrong(house: House) -> None:
    number, other = house.confirmed(), house.held(site="shop")
    secret = house.secret(number)
    wrong = [("AAAA-AAAA-AAAA", secret), (number, "guessed"), (number, ""), (other, secret), ("", secret)]
    assert [house.appeals.standing(*link) for link in wrong] == [None] * 5
    assert [house.appeals.make(*link, "let me in") for link in wrong] == [None] * 5
    assert number not in house.appeals.waiting()


def test_one_statement_is_appealed_against_once(house: House) -> None:
    number, secret = house.appealed()
    again = house.appeals.make(number, secret, "and again")
    assert again
    assert again.chance is Chance.WAITING
    with house.database.session() as session:
        assert len(session.scalars(_about(Appeal, number)).all()) == 1
    found = house.appeals.of(number)
    assert found
    assert found.reason == "it is my cat"


def test_of_several_windows_at_once_one_appeal_is_made(house: House) -> None:
    number = house.confirmed()
    secret = house.secret(number)
    with ThreadPoolExecutor(4) as windows:
        made = list(windows.map(lambda n: house.appeals.make(number, secret, f"window {n}"), range(4)))
    assert {standing.chance for standing in made if standing} == {Chance.WAITING}
    with house.database.session() as session:
        assert len(session.scalars(_about(Appeal, number)).all()) == 1


def test_an_appeal_says_something(house: House) -> None:
    number = house.confirmed()
    with pytest.raises(UsageError, match="needs a reason"):
        house.appeals.make(number, house.secret(number), "  ")


def test_after_its_time_it_is_too_late(house: House) -> None:
    number = house.confirmed()
    secret = house.secret(number)
    house.clock.later = timedelta(days=184)
    standing = house.appeals.make(number, secret, "sorry, I was away")
    assert standing
    assert standing.chance is Chance.OVER
    assert number not in house.appeals.waiting()


def test_what_an_appellant_wrote_lies_sealed_and_goes_along_with_a_new_master_key(
    tmp_path: Path,
) -> None:
    house = house_in(tmp_path)
    number, secret = house.appealed()
    with house.database.session() as session:
        assert b"my cat" not in session.scalars(_about(Appeal, number)).one().sealed
    ring = Keyring(b"n" * 32, house.appeals.keyring.master)
    rewrap = Rewrap(house.database, ring)
    assert rewrap.left() >= 2
    rewrap.run()
    assert rewrap.left() == 0
    with house.database.session() as session:
        row, statement = _one(session, Appeal, number), _one(session, Statement, number)
    assert Keyring(b"n" * 32).open_sealed("appeals", row.sealed, number.encode()) == b"it is my cat"
    opened = Keyring(b"n" * 32).open_sealed("statements", statement.sealed, number.encode())
    assert opened.decode() == secret


# Settling ------------------------------------------------------------------------------------------


def test_where_there_is_somebody_else_who_decided_first_cannot_settle_it(house: House) -> None:
    number, secret = house.appealed(person="ruth")
    with pytest.raises(UsageError, match="another person"):
        house.appeals.uphold(number, Word("ruth", "no"), "no")
    with pytest.raises(UsageError, match="another person"):
        house.appeals.grant(number, house.decisions, Word("ruth", "yes"), "yes")
    house.appeals.uphold(number, Word("rob", "it is as listed"), "We have looked again.")
    standing = house.appeals.standing(number, secret)
    assert standing
    assert (standing.chance, standing.answer) == (Chance.UPHELD, "We have looked again.")
    assert "it is as listed" not in repr(standing)


def test_where_there_is_nobody_else_the_same_person_looks_again(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    house.add_reviewer("ruth")
    number, _ = house.appealed(person="ruth")
    house.appeals.uphold(number, Word("ruth", "looked again"), "")
    assert number not in house.appeals.waiting()


def test_granted_the_file_passes_and_the_appellant_is_told(house: House) -> None:
    number, secret = house.appealed()
    house.appeals.grant(number, house.decisions, Word("rob", "it is a cat"), "You were right.")
    standing = house.appeals.standing(number, secret)
    assert standing
    assert (standing.chance, standing.answer) == (Chance.TAKEN_BACK, "You were right.")
    assert open_cases(house.settings).one(number).state is CaseState.RELEASED
    data = read(open_cases(house.settings).one(number).content)
    assert not house.upload(data).case
    with house.database.session() as session:
        acts = session.scalars(select(AuditRow.act).where(AuditRow.case_number == number)).all()
    assert acts[-4:] == ["appeal.made", "case.reopened", "case.released", "appeal.granted"]


def test_an_appeal_is_settled_once(house: House) -> None:
    number, _ = house.appealed()
    house.appeals.uphold(number, Word("rob", "no"), "")
    with pytest.raises(UsageError, match="no appeal"):
        house.appeals.uphold(number, Word("rob", "no"), "")


def test_the_ordinary_acts_on_the_case_settle_it_too(house: House) -> None:
    number, secret = house.appealed()
    house.decisions.reopen(number, "rob", "there is news")
    house.appeals.follow()
    assert number in house.appeals.waiting()
    house.decisions.false_positive(number, "rob", "a cat")
    house.appeals.follow()
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.TAKEN_BACK


def test_a_decision_that_was_taken_back_cannot_be_let_stand(house: House) -> None:
    number, secret = house.appealed(person="ruth")
    house.decisions.reopen(number, "rob", "there is news")
    with pytest.raises(UsageError, match="open again"):
        house.appeals.uphold(number, Word("rob", "it is as listed"), "")
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.WAITING


def test_confirmed_anew_by_another_person_the_decision_stands(house: House) -> None:
    number, secret = house.appealed(person="ruth")
    house.decisions.reopen(number, "ruth", "to look again")
    house.decisions.confirm(number, "ruth", "as before")
    house.appeals.follow()
    assert number in house.appeals.waiting(), "by the same person that is no second look"
    house.decisions.reopen(number, "rob", "to look again")
    house.decisions.confirm(number, "rob", "as before")
    house.appeals.follow()
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.UPHELD


def test_a_decision_that_was_taken_back_unasked_is_no_more_to_appeal_against(house: House) -> None:
    number = house.confirmed()
    secret = house.secret(number)
    house.decisions.reopen(number, "ruth", "by mistake")
    standing = house.appeals.make(number, secret, "it is my cat")
    assert standing
    assert standing.chance is Chance.AGAIN, "the file does not pass, and may be confirmed once more"
    house.decisions.release(number, "ruth", "a cat")
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.TAKEN_BACK


def test_who_is_confirmed_anew_is_told_of_that_by_no_older_link(house: House) -> None:
    """An authority may have that delayed; and the file does not pass."""
    number = house.confirmed()
    secret = house.secret(number)
    house.decisions.reopen(number, "ruth", "by mistake")
    house.decisions.confirm(number, "ruth", "after all")
    standing = house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.AGAIN
