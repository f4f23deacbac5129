"""What sends mail and what fetches it, made of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upload_guard.compose.incoming import desk_in, open_desk
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.housekeeping import Job
    from upload_guard.mail_settings import MailboxSettings
    from upload_guard.notices.desk import Desk
    from upload_guard.notices.mail.mailboxes import Fetcher, Mailbox
    from upload_guard.storage.database import Database


def own_addresses(settings: Settings) -> frozenset[str]:
    """In lower case, those that mail comes from here and is fetched of: a letter to them would go round."""
    users = (own.user.lower() for own in settings.mailboxes.values() if "@" in own.user)
    return frozenset({settings.mail.address, *users} - {""})


def mailbox_jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """One for each mailbox, so that none waits for another's server."""
    from upload_guard.housekeeping import Job
    from upload_guard.notices.mail.watching import Watched

    if not settings.mailboxes:
        return ()
    return tuple(
        Job(
            f"mailbox-{one.name}",
            Watched(one, database).run,
            every=settings.mailboxes[one.name].every_seconds,
        )
        for one in build_fetchers(settings, desk_in(settings, database))
    )


def open_fetchers(settings: Settings) -> tuple[Fetcher, ...]:
    """What takes the mail of each mailbox. Raises `StorageFailed` and `MasterKeyError`."""
    return build_fetchers(settings, open_desk(settings)) if settings.mailboxes else ()


def build_fetchers(settings: Settings, desk: Desk) -> tuple[Fetcher, ...]:
    """What takes the mail of each mailbox to `desk`."""
    from upload_guard.notices.mail.mailboxes import Fetcher

    own = own_addresses(settings)
    return tuple(Fetcher(name, one, desk.take, own) for name, one in mailboxes_of(settings).items())


def mailboxes_of(settings: Settings) -> Mapping[str, Mailbox]:
    """Those of settings, by name. Nothing is opened yet."""
    return {name: _mailbox(own) for name, own in settings.mailboxes.items()}


def _mailbox(own: MailboxSettings) -> Mailbox:
    from upload_guard.notices.mail.imap import ImapMailbox, ImapServer
    from upload_guard.notices.mail.maildir import Maildir

    if own.maildir is not None:
        return Maildir(own.maildir)
    return ImapMailbox(
        ImapServer(
            host=own.server,
            port=own.port_or_usual,
            security=own.security,
            user=own.user,
            password=own.password.get_secret_value(),
            folder=own.folder,
            done_folder=own.done_folder,
            ca_file=own.ca_file,
            seconds=own.timeout,
        )
    )
