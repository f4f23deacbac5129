"""What sends mail and what fetches it, made of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.mailing.mailer import Mailer


def build_mailer(settings: Settings) -> Mailer:
    """By the server of `[mail]`."""
    from upload_guard.mailing.mailer import Mailer, MailServer

    own = settings.mail
    return Mailer(
        MailServer(
            host=own.server,
            port=own.port_or_usual,
            security=own.security,
            user=own.user,
            password=own.password.get_secret_value(),
            ca_file=own.ca_file,
            seconds=own.timeout,
        )
    )


def own_addresses(settings: Settings) -> frozenset[str]:
    """In lower case, those that mail comes from here and is fetched of: a letter to them would go round."""
    users = (own.user.lower() for own in settings.mailboxes.values() if "@" in own.user)
    return frozenset({settings.mail.address, *users} - {""})
