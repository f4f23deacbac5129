"""Mail: whether the server of [mail] and every mailbox let us in. Nothing is sent, read, marked or moved."""

from __future__ import annotations

from collections.abc import Iterator

from upload_guard.compose.mail import mailboxes_of
from upload_guard.doctor.steps import Said, Step, skipped, taken, well
from upload_guard.mail_settings import MailboxSettings, MailSettings
from upload_guard.mailing.mailer import mailer_of
from upload_guard.notices.mail.mailboxes import Mailbox
from upload_guard.settings import Settings

_SERVER = "look at server, port, security, user, password (or its *_FILE) and ca_file of [mail]: docs/mail.md"
_MAILBOX = "look at all that [mailboxes.{name}] says, and at the password (or its *_FILE): docs/mail.md"


def mail_steps(settings: Settings) -> Iterator[Step]:
    yield taken("mail", lambda: _goes_out(settings.mail), _SERVER)
    if not settings.mailboxes:
        yield taken("mailboxes", lambda: skipped("no [mailboxes.NAME]: no notice comes in by mail"), "")
    for name, mailbox in mailboxes_of(settings).items():
        yield _opens(name, settings.mailboxes[name], mailbox)


def _goes_out(own: MailSettings) -> Said:
    if not own.enabled:
        return skipped("[mail] has no server: no letter goes out")
    mailer_of(own).probe()
    return well(f"{own.server} {_lets_in(own.user, own.security)}; nothing was sent")


def _opens(name: str, own: MailboxSettings, mailbox: Mailbox) -> Step:
    def look() -> Said:
        told = mailbox.probe()
        if own.maildir is not None:
            return well(f"{own.maildir} can be read, and {told}")
        let_in = f"{own.server} {_lets_in(own.user, own.security)} and opens {own.folder!r}"
        return well(f"{let_in}; {told}; nothing was read or changed")

    return taken(f"mailbox {name}", look, _MAILBOX.format(name=name))


def _lets_in(user: str, security: str) -> str:
    by = {"tls": "by TLS", "starttls": "by STARTTLS", "none": "without TLS"}[security]
    return f"lets us in by password, {by}," if user else f"answers {by}, nobody logs in,"
