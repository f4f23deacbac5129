"""Tells a site that there is a statement of reasons for the uploader of a case: which, and not what it says.

The site fetches the text when it passes it on, so that no message that waits holds the link of an appeal.
Where settings want letters and the uploader's address is known, it goes there as well, sealed until then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from upload_guard.errors import NoSuchStatement, SealBroken
from upload_guard.keyring import Keyring
from upload_guard.mailing.letters import Letter
from upload_guard.outbox.letters import letter_draft
from upload_guard.outbox.messages import Draft, MessageKind, Outbox
from upload_guard.outbox.routing import Noted
from upload_guard.reports.uploaders import Uploaders
from upload_guard.statements.statements import Statements
from upload_guard.statements.text import LANGUAGES
from upload_guard.storage.events import EventKind

STATEMENT_READY = "case.statement"
_ABOUT = "statement "
_SUBJECTS = {"en": "Statement of reasons, case", "nl": "Motivering, zaak"}
_BETWEEN = "\n\n----------------------------------------------------------------------\n\n"


log = logging.getLogger(__name__)


class WritesLetter(Protocol):
    """What writes to the uploader of a case; None where the address is not known."""

    def __call__(self, session: Session, case: str) -> Draft | None: ...


@dataclass(frozen=True, slots=True)
class StatementRoute:
    """A message for the site of each case whose statement is ready, if it listens."""

    sites: frozenset[str]
    letter: WritesLetter | None = None
    kinds: frozenset[EventKind] = frozenset({EventKind.STATEMENT_READY})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
        """See `Route`."""
        for event in events:
            if event.site in self.sites:
                yield _webhook(event)
            if self.letter and (draft := self.letter(session, event.case)):
                yield draft


def _webhook(event: Noted) -> Draft:
    body = {
        "event": STATEMENT_READY,
        "site": event.site,
        "case": event.case,
        "at": event.at.isoformat(timespec="milliseconds"),
    }
    return Draft(MessageKind.WEBHOOK, event.site, body, subject=f"{_ABOUT}{event.case}")


@dataclass(frozen=True, slots=True)
class StatementLetters:
    """Letters with the statement in both languages, `language` first."""

    statements: Statements
    uploaders: Uploaders
    keyring: Keyring
    language: str

    def __call__(self, session: Session, case: str) -> Draft | None:
        """See `WritesLetter`. A case whose rows no key opens has none, and others go on."""
        try:
            to = self.uploaders.of(session, case).email
            if not to:
                return None
            languages = sorted(LANGUAGES, key=lambda one: one != self.language)
            texts = [self.statements.read(session, case, None, one).text for one in languages]
        except (SealBroken, NoSuchStatement) as error:
            log.warning("no letter about case %s: %s", case, error)
            return None
        letter = Letter(to, f"{_SUBJECTS[self.language]} {case}", _BETWEEN.join(texts))
        return letter_draft(self.keyring, letter, f"{_ABOUT}{case}")


@dataclass(frozen=True, slots=True)
class LettersTakenBack:
    """Letters that wait, perhaps for days, about decisions that were taken back: nobody gets them."""

    outbox: Outbox
    statements: Statements

    def run(self) -> int:
        """Drop them; how many."""
        return self.outbox.drop_overtaken(MessageKind.LETTER, self._is_taken_back)

    def _is_taken_back(self, session: Session, subject: str) -> bool:
        case = subject.removeprefix(_ABOUT)
        return case != subject and not self.statements.stands(session, case)
