"""A mail in the shape of a feedback report: words for a person, fields for a machine, and what it is about.

Sources: RFC 5965 (the fields; `other`: feedback that fits no other registered type), RFC 6522
(multipart/report).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP
from email.utils import formataddr
from hashlib import sha256

from upload_guard.reports.facts import Facts, Place
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible
from upload_guard.reports.sheets.text import text_of
from upload_guard.reports.sheets.wording import Language, wording
from upload_guard.reports.xarf.paper import addressed

MEDIA_TYPE = "message/rfc822"
"""A paper that is a mail, but for whom it is to, and when and under which id it is sent."""


@dataclass(frozen=True, slots=True)
class Arf:
    """See `Format`. `sentences` are those of a jurisdiction."""

    language: Language = "en"
    sentences: tuple[str, ...] = ()
    name: str = "arf"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        return mail_paper(self.name, facts, self.language, self.sentences, _about())


def mail_paper(
    name: str, facts: Facts, language: Language, sentences: tuple[str, ...], about: Message
) -> Paper:
    """The mail, whose third part is `about`. Raises `NotReportable` where the file has no address."""
    say = wording(language)
    text = text_of(facts, say, sentences)
    fields = _fields(addressed(facts))
    # Drawn of what is said, so that the same facts make the same bytes.
    boundary = f"=_{sha256(text.encode('utf-8', 'replace') + fields.encode()).hexdigest()[:32]}"
    mail = MIMEMultipart("report", boundary, policy=SMTP, report_type="feedback-report")
    reporter = facts.reporter
    mail["From"] = formataddr((legible(reporter.organisation), reporter.email))
    mail["Subject"] = f"{say('Report of a confirmed case')}: {facts.report}"
    for part in (_words(text), _feedback(fields), about):
        mail.attach(part)
    return Paper(name, MEDIA_TYPE, f"{facts.report}.eml", mail.as_bytes(policy=SMTP))


def _words(text: str) -> Message:
    part = EmailMessage(SMTP)
    part.set_content(text, charset="utf-8", cte="quoted-printable")
    del part["MIME-Version"]
    return part


def _feedback(fields: str) -> Message:
    part = MIMENonMultipart("message", "feedback-report", policy=SMTP)
    del part["MIME-Version"]
    part.set_payload(fields)
    return part


def _fields(places: Sequence[Place]) -> str:
    lines = ["Feedback-Type: other", "User-Agent: upload_guard", "Version: 1"]
    lines += [f"Reported-URI: {place.url}" for place in places]
    return "\r\n".join(lines) + "\r\n"


def _about() -> Message:
    """RFC 5965 wants the message that is complained of here, or its head. There was none, and it says so."""
    part = MIMEBase("text", "rfc822-headers", policy=SMTP)
    del part["MIME-Version"]
    part.set_payload("Comments: no message is reported, but a file at the addresses in Reported-URI\r\n")
    return part
