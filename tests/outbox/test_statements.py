"""A site that listens is told that a statement is ready, and not what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.outbox.statements import StatementRoute
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
