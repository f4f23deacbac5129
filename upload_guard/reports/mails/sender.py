"""Takes a paper to its recipient by mail: one that is a mail as it is, any other attached to a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from hashlib import sha256
from pathlib import PurePath

from upload_guard.mailing.letters import checked_address
from upload_guard.mailing.mailer import TakesMail
from upload_guard.moments import utc_now
from upload_guard.reports.mails.arf import MEDIA_TYPE
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.reports.sheets.wording import Language


@dataclass(frozen=True, slots=True)
class _Said:
    subject: str
    text: str
    withdrawn: str
    withdrawn_text: str


_WORDS: Mapping[Language, _Said] = {
    "en": _Said(
        "Report {report}",
        "Attached is report {report} of a file on a site of ours.\n",
        "Report {report} is withdrawn",
        "We take back our report {report}. Please do not act upon it.\n\nThe reason: {because}\n",
    ),
    "nl": _Said(
        "Melding {report}",
        "Bijgevoegd is melding {report} van een bestand op een site van ons.\n",
        "Melding {report} is ingetrokken",
        "Wij trekken onze melding {report} in. Gelieve er niet naar te handelen.\n\nDe reden: {because}\n",
    ),
}


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """By `mailer` from `sender` ("Name <address>") to `to`. Mail has no answer, so nothing is acknowledged.

    A report that may have arrived is sent again under the same Message-ID.
    """

    mailer: TakesMail
    sender: str
    to: str
    language: Language = "en"

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        """See `Sender`."""
        reference = f"<{self._message_id(paper)}>"
        if not so_far.get("taken"):
            self._hand_over(self._head(self._message_id(paper)) + self._content(paper))
            note({"taken": True})
        return Sent(reference)

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:
        """See `Sender`: another mail says so."""
        if not so_far.get("taken"):
            return
        said, report = _WORDS[self.language], PurePath(paper.file_name).stem
        mail = self._letter(said.withdrawn.format(report=report))
        first = self._message_id(paper)
        mail["In-Reply-To"] = mail["References"] = f"<{first}>"
        mail.set_content(said.withdrawn_text.format(report=report, because=because), cte="quoted-printable")
        self._hand_over(self._head(f"withdrawn.{first}") + mail.as_bytes(policy=SMTP))

    @property
    def _address(self) -> str:
        return parseaddr(self.sender)[1]

    def _message_id(self, paper: Paper) -> str:
        drawn = sha256(f"{self.to}\n{paper.file_name}\n".encode() + paper.content).hexdigest()[:32]
        return f"{drawn}@{self._address.rpartition('@')[2]}"

    def _head(self, message_id: str) -> bytes:
        """What stands before a mail when it is sent; behind it every byte is as it was approved."""
        lines = (
            f"To: {checked_address(self.to)}",
            f"Date: {format_datetime(utc_now())}",
            f"Message-ID: <{message_id}>",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "",
        )
        return "\r\n".join(lines).encode()

    def _content(self, paper: Paper) -> bytes:
        if paper.media_type == MEDIA_TYPE:
            return paper.content
        said, report = _WORDS[self.language], PurePath(paper.file_name).stem
        mail = self._letter(said.subject.format(report=report))
        mail.set_content(said.text.format(report=report), cte="quoted-printable")
        kind, _, subkind = paper.media_type.partition(";")[0].partition("/")
        mail.add_attachment(paper.content, kind, subkind, cte="base64", filename=paper.file_name)
        return mail.as_bytes(policy=SMTP)

    def _letter(self, subject: str) -> EmailMessage:
        mail = EmailMessage(SMTP)
        mail["From"] = formataddr(parseaddr(self.sender))
        mail["Subject"] = subject
        return mail

    def _hand_over(self, mail: bytes) -> None:
        self.mailer.send(mail, self._address, self.to)
