"""Checks that nobody waits for: run by threads of this process, told by rows to whichever process is asked.

A ticket is no receipt. Until it has an answer the file is the caller's own to keep, for a process may end.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update

from upload_guard.checkers.wire import CheckAnswer
from upload_guard.errors import Busy, CheckFailed, CheckLost, NoSuchCheck, UploadGuardError
from upload_guard.records import Outcome
from upload_guard.storage.api_tables import CheckTicket
from upload_guard.storage.database import Database

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(minutes=15)
"""How long an answer is there to be polled."""
MOST_OF_A_SITE = 1000
# How far a check may overrun its patience before it is taken for lost, until its process says otherwise.
_GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One such check. Done when it has an `answer`, or the code of a `fault`."""

    id: str
    answer: CheckAnswer | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Tickets:
    """Rows in `database`; a check has `patience` seconds. Raises `StorageFailed`."""

    database: Database
    patience: float
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def new(self, site: str) -> Ticket:
        """Raises `Busy` where the site has too many already."""
        now = self.now()
        # One that waits begins when the one before it has used up all of its time.
        due = now + timedelta(seconds=2 * self.patience) + _GRACE
        row = CheckTicket(id=secrets.token_hex(16), site=site, due_at=due, expires_at=due + KEPT_FOR)
        with self.database.session() as session:
            session.execute(delete(CheckTicket).where(CheckTicket.expires_at < now))
            held = session.scalar(select(func.count()).where(CheckTicket.site == site)) or 0
            if held >= MOST_OF_A_SITE:
                raise Busy(f"{site} has {held} checks that it may still poll for")
            session.add(row)
        return Ticket(row.id)

    def settle(self, ticket: Ticket) -> None:
        """Write down what came of it."""
        values = {
            "answer": ticket.answer.model_dump(mode="json") if ticket.answer else None,
            "fault": ticket.fault or None,
            "expires_at": self.now() + KEPT_FOR,
        }
        with self.database.session() as session:
            session.execute(update(CheckTicket).where(CheckTicket.id == ticket.id).values(values))

    def of(self, ticket_id: str, site: str) -> Ticket:
        """As it stands now. Raises `NoSuchCheck`."""
        now = self.now()
        with self.database.session() as session:
            row = session.get(CheckTicket, ticket_id)
        if row is None or row.site != site or row.expires_at < now:
            raise NoSuchCheck(f"no check {ticket_id[:32]!r} of {site}")
        if row.answer is not None:
            return Ticket(row.id, CheckAnswer.model_validate(row.answer))
        lost = row.due_at < now
        return Ticket(row.id, fault=row.fault or (CheckLost.code if lost else ""))


class Background:
    """Runs checks one after another in `threads`, of which so many again may wait. One a process."""

    def __init__(self, tickets: Tickets, threads: int) -> None:
        self._tickets = tickets
        self._free = threading.BoundedSemaphore(2 * threads)
        self._pool = ThreadPoolExecutor(threads, "upload-guard-check")

    def begin(self, site: str, check: Callable[[], Outcome], opened: ExitStack) -> Ticket:
        """Check later; what is `opened` is taken over and closed after that.

        Raises `Busy` or `StorageFailed`; then it is still the caller's.
        """
        if not self._free.acquire(blocking=False):
            raise Busy("as many checks as may wait do so")
        with ExitStack() as undo:
            undo.callback(self._free.release)
            ticket = self._tickets.new(site)
            taken = undo.enter_context(opened.pop_all())
            self._pool.submit(self._run, ticket.id, check, taken)
            undo.pop_all()
        return ticket

    def _run(self, ticket_id: str, check: Callable[[], Outcome], opened: ExitStack) -> None:
        try:
            with opened:
                ticket = _checked(ticket_id, check)
            self._tickets.settle(ticket)
        except Exception:
            # It is lost when it is due, and the caller still has the file.
            log.exception("what came of a check could not be written down")
        finally:
            self._free.release()


def _checked(ticket_id: str, check: Callable[[], Outcome]) -> Ticket:
    try:
        return Ticket(ticket_id, CheckAnswer.of(check()))
    except UploadGuardError as error:
        log.warning("no verdict: %s (%s) check=%s", error.code, error, ticket_id)
        return Ticket(ticket_id, fault=error.code)
    except Exception:
        log.exception("a check failed with an error of our own")
        return Ticket(ticket_id, fault=CheckFailed.code)
