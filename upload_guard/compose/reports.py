"""Reports going out: who is reported to, by settings, and the jobs that send."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.housekeeping import Job
    from upload_guard.report_settings import RecipientSettings
    from upload_guard.reports.desk import Desk
    from upload_guard.reports.erasing import Erasure
    from upload_guard.reports.following import Following
    from upload_guard.reports.recipients import Recipient
    from upload_guard.reports.sending import Dispatch
    from upload_guard.reports.uploaders import Uploaders
    from upload_guard.storage.database import Database


def open_report_desk(settings: Settings) -> Desk:
    """The reports of this machine. Raises `StorageFailed`, `MasterKeyError` and `ConfigError`."""
    from upload_guard.compose.stores import open_database_of

    return report_desk(settings, open_database_of(settings))


def report_desk(settings: Settings, database: Database) -> Desk:
    """What persons do with reports. Raises `MasterKeyError` and `ConfigError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.reports.desk import Desk
    from upload_guard.reports.facts import Reporter
    from upload_guard.reports.gathering import Gathering

    own = settings.reports
    reporter = Reporter(
        organisation=own.organisation,
        domain=own.domain,
        contact_name=own.contact_name,
        email=own.email,
        telephone=own.telephone,
        country=own.country,
    )
    gathering = Gathering(reporter, uploaders_in(settings, database), own.site_urls)
    recipients = {name: _recipient(name, one, settings) for name, one in sorted(own.recipients.items())}
    return Desk(database, open_keyring(settings), gathering, recipients)


def uploaders_in(settings: Settings, database: Database) -> Uploaders:
    """Who uploaded what, as sites tell it. Raises `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.reports.uploaders import Uploaders

    return Uploaders(database, open_keyring(settings), settings.reports.keep_uploader)


def open_erasure(settings: Settings) -> Erasure:
    """What erases uploaders. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.compose.stores import open_database_of
    from upload_guard.reports.erasing import Erasure

    return Erasure(uploaders_in(settings, open_database_of(settings)))


def report_dispatch(settings: Settings, desk: Desk) -> Dispatch:
    from upload_guard.reports.sending import Dispatch

    return Dispatch(desk, timedelta(hours=settings.reports.give_up_hours))


def report_following(desk: Desk) -> Following:
    from upload_guard.reports.following import Following

    return Following(desk)


def report_jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """What drafts by rule, sends, and sees to what decisions were taken back."""
    from upload_guard.housekeeping import Job

    # Also without recipients: reports of those that settings named before may have to be taken back.
    desk = report_desk(settings, database)
    following, dispatch = report_following(desk), report_dispatch(settings, desk)
    return (
        Job("reports-following", following.run, every=30.0, mark=database.mark, rests=60.0),
        Job("reports-sending", dispatch.run, every=5.0, mark=database.mark),
    )


def _recipient(name: str, own: RecipientSettings, settings: Settings) -> Recipient:
    from upload_guard.reports.jurisdictions import wanted
    from upload_guard.reports.recipients import Recipient
    from upload_guard.reports.registry import format_of, sender_of

    want = wanted(own)
    return Recipient(
        name=name,
        format=format_of(own),
        sender=lambda: sender_of(own, settings),
        sites=frozenset(own.sites),
        blocked=want.blocked,
        wait=timedelta(minutes=own.wait_minutes) if own.send == "when_confirmed" else None,
        preserves=want.preserve,
        seconds=own.timeout,
    )
