"""Statements of reasons and appeals, put together from settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.housekeeping import Job
    from upload_guard.outbox.statements import StatementLetters
    from upload_guard.statements.appeals import Appeals
    from upload_guard.statements.statements import Statements
    from upload_guard.storage.database import Database


def statements_in(settings: Settings, database: Database) -> Statements:
    """What makes them and hands them out. Raises `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.statements.statements import Rule, Statements
    from upload_guard.statements.text import Wording

    own = settings.statements
    rule = Rule(
        after=timedelta(hours=own.after_hours),
        appeal_for=timedelta(days=own.appeal_days),
        service=own.service,
        wording={
            "en": Wording(own.ground_en, own.further_en),
            "nl": Wording(own.ground_nl, own.further_nl),
        },
        origin=settings.public_url if own.appeals else "",
    )
    return Statements(database, open_keyring(settings), rule)


def appeals_in(settings: Settings, database: Database) -> Appeals:
    """What takes appeals. Raises `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.statements.appeals import Appeals

    return Appeals(database, open_keyring(settings))


def statement_jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """Makes and tells statements, and follows what people do about appeals; nothing where that is off."""
    from upload_guard.housekeeping import Job

    if not settings.statements.enabled:
        return ()
    return (
        Job("statements", statements_in(settings, database).look, every=5.0, mark=database.mark),
        Job("appeals", appeals_in(settings, database).follow, every=5.0, mark=database.mark),
    )


def statement_letters(settings: Settings, database: Database) -> StatementLetters | None:
    """What writes to uploaders, where settings want that and there is mail. Raises `MasterKeyError`."""
    from upload_guard.compose.reports import uploaders_in
    from upload_guard.keyring import open_keyring
    from upload_guard.outbox.statements import StatementLetters

    own = settings.statements
    if not (own.enabled and own.letters and settings.mail.enabled):
        return None
    return StatementLetters(
        statements_in(settings, database),
        uploaders_in(settings, database),
        open_keyring(settings),
        settings.review.language,
    )
