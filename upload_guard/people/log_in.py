"""Logging in: a name with its password, then what else it takes. Every way ends in a session or an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select, update

from upload_guard.errors import LogInFailed
from upload_guard.people.attempts import Attempts, Who
from upload_guard.people.noting import note_even_so, note_once_an_hour
from upload_guard.people.passwords import Passwords
from upload_guard.people.people import utc_now
from upload_guard.people.sessions import Needs, Sessions
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act
from upload_guard.storage.people_tables import PersonRow

log = logging.getLogger(__name__)

# Of whom nothing is known; what was typed may be a password.
NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Admitted:
    """The token for the browser, and what is still needed before it opens anything."""

    token: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class LogIn:
    """Rows in `database`. Raises `StorageFailed` where they cannot be had."""

    database: Database
    sessions: Sessions
    attempts: Attempts
    passwords: Passwords

    def by_password(self, name: str, password: str, address: str) -> Admitted:
        """Begin a session. Raises `LogInFailed` and `LogInLocked`.

        Names that nobody has take as long and are answered and locked out like the others.
        """
        who = Who(name, address)
        self.attempts.begin(who)
        row = self._living(name)
        if not self.passwords.is_right(row.password if row else None, password) or row is None:
            self._note_failure(row, who, "password")
            raise LogInFailed(f"a wrong name or password from {address or 'somewhere'}")
        self.attempts.succeeded(who)
        self._keep_current(row, password)
        return self._begin(row, Needs.NOTHING, address)

    def _living(self, name: str) -> PersonRow | None:
        with self.database.session() as session:
            return session.scalar(
                select(PersonRow).where(PersonRow.name == name, PersonRow.disabled_at.is_(None))
            )

    def _begin(self, row: PersonRow, needs: Needs, address: str) -> Admitted:
        token = self.sessions.begin(row.id, needs, address)
        if needs is Needs.NOTHING:
            with self.database.session() as session:
                mine = PersonRow.id == row.id
                session.execute(update(PersonRow).where(mine).values(logged_in_at=utc_now()))
                note_even_so(session, Act(row.name, "person.logged_in", details={"address": address}))
        return Admitted(token, needs)

    def _keep_current(self, row: PersonRow, password: str) -> None:
        """Hash anew what was hashed with weaker parameters, now that the password is at hand."""
        if not row.password or not self.passwords.is_outdated(row.password):
            return
        anew = self.passwords.hashed(password)
        with self.database.session() as session:
            unchanged = (PersonRow.id == row.id) & (PersonRow.password == row.password)
            session.execute(update(PersonRow).where(unchanged).values(password=anew))

    def _note_failure(self, row: PersonRow | None, who: Who, what: str) -> None:
        """Known names are noted each time, which the lock-out bounds; of other names there is no end."""
        acts = [Act(row.name if row else NOBODY, "person.log_in_failed", details=_about(who, what))]
        if self.attempts.wait(who):
            log.warning("locked out of the pages for a while after wrong log-ins: %s", who.address)
            acts.append(Act(acts[0].person, "person.locked_out", details=_about(who, what)))
        with self.database.session() as session:
            for act in acts:
                if row:
                    note_even_so(session, act)
                else:
                    note_once_an_hour(session, f"{act.name}:{who.address}", act, utc_now())


def _about(who: Who, what: str) -> dict[str, str | int]:
    return {"address": who.address, "wrong": what}
