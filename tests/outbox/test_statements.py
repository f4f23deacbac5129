"""A site that listens is told that a statement is ready, and not what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.statements.houses import House, house_in
from tests.support import settings_in
from upload_guard.compose import open_database_of, uploaders_in
from upload_guard.compose.statements import statement_letters
from upload_guard.keyring import open_keyring
from upload_guard.mailing.letters import open_letter
from upload_guard.outbox.messages import Draft, MessageKind, Outbox, put
from upload_guard.outbox.routing import Noted
from upload_guard.outbox.statements import LettersTakenBack, StatementRoute
from upload_guard.reports.facts import Uploader
from upload_guard.settings import Settings
from upload_guard.storage.events import EventKind

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def drafts(folder: Path, *sites: str) -> list[Draft]:
    route = StatementRoute(frozenset({"blog"}))
    noted = [Noted(EventKind.STATEMENT_READY, AT, f"CASE-{site}", site, {}) for site in sites]
    with open_database_of(settings_in(folder)).session() as session:
        return list(route.drafts(session, noted))


def test_a_site_that_listens_is_told_which_case(tmp_path: Path) -> None:
    (draft,) = drafts(tmp_path, "blog", "shop")
    assert (draft.kind, draft.recipient) == (MessageKind.WEBHOOK, "blog")
    assert draft.body == {
        "event": "case.statement",
        "site": "blog",
        "case": "CASE-blog",
        "at": "2026-11-26T12:00:00.000+00:00",
    }


def test_it_takes_the_place_of_no_message_about_where_the_case_stands(tmp_path: Path) -> None:
    (draft,) = drafts(tmp_path, "blog")
    assert draft.subject != "CASE-blog"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("letters"), letters=True)


def letter_of(house: House, number: str) -> Draft | None:
    mail = {"server": "mail.example.org", "sender": "abuse@example.org"}
    settings = Settings.model_validate(house.settings.model_dump() | {"mail": mail})
    letters = statement_letters(settings, house.database)
    assert letters
    with house.database.session() as session:
        return letters(session, number)


def test_who_left_an_address_has_it_by_letter_in_both_languages_and_rows_name_nobody(house: House) -> None:
    number = house.confirmed()
    house.statements.look()
    assert letter_of(house, number) is None, "nobody has told an address"
    uploaders_in(house.settings, house.database).tell(number, Uploader(email="uma@example.org"), "blog")
    draft = letter_of(house, number)
    assert draft
    assert "uma" not in repr(draft)
    assert "public/appeals" not in repr(draft)
    letter = open_letter(open_keyring(house.settings), draft.body, draft.recipient)
    assert (letter.to, letter.subject) == ("uma@example.org", f"Statement of reasons, case {number}")
    assert letter.text.index("Statement of reasons") < letter.text.index("Motivering")


def test_what_was_taken_back_meanwhile_is_not_written_of(house: House) -> None:
    number = house.confirmed()
    house.statements.look()
    uploaders_in(house.settings, house.database).tell(number, Uploader(email="uma@example.org"), "blog")
    house.decisions.reopen(number, "ruth", "by mistake")
    assert letter_of(house, number) is None


def test_a_letter_that_waits_about_a_decision_which_is_taken_back_is_dropped(house: House) -> None:
    """The mail server was down, and somebody saw the mistake: nobody is accused by what is left over."""
    outbox = Outbox(house.database, timedelta(days=1))
    taken_back, waits = house.confirmed(), house.confirmed()
    house.statements.look()
    for number in (taken_back, waits):
        uploaders_in(house.settings, house.database).tell(number, Uploader(email="uma@example.org"), "blog")
        draft = letter_of(house, number)
        assert draft
        with house.database.session() as session:
            put(session, draft, datetime.now(UTC))
    with house.database.session() as session:
        put(session, Draft(MessageKind.LETTER, "mail-1", {}, "receipt N-1"), datetime.now(UTC))
    recall = LettersTakenBack(outbox, house.statements)
    assert recall.run() == 0
    house.decisions.reopen(taken_back, "ruth", "by mistake")
    assert (recall.run(), recall.run()) == (1, 0)
    left = [outbox.claim(MessageKind.LETTER, timedelta(minutes=1)) for _ in range(3)]
    assert [one.recipient == "mail-1" for one in left if one] == [False, True]


def test_without_mail_or_where_nobody_asked_for_letters_none_is_written(house: House) -> None:
    assert statement_letters(house.settings, house.database) is None
