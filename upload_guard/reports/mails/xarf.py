"""XARF in a mail: as a feedback report, with the JSON attached, for those who read abuse mail by machine."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from upload_guard.reports.facts import Facts
from upload_guard.reports.mails.arf import mail_paper
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.wording import Language
from upload_guard.reports.xarf.paper import Xarf


@dataclass(frozen=True, slots=True)
class XarfMail:
    """See `Format`. `sentences` are those of a jurisdiction."""

    language: Language = "en"
    sentences: tuple[str, ...] = ()
    name: str = "xarf_mail"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        report = EmailMessage(SMTP)
        report.set_content(
            Xarf().write(facts).content,
            maintype="application",
            subtype="json",
            cte="base64",
            disposition="attachment",
            filename="xarf.json",
        )
        del report["MIME-Version"]
        return mail_paper(self.name, facts, self.language, self.sentences, report)
