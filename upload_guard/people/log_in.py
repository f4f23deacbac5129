"""Logging in: a name with its password, then what else it takes. Every way ends in a session or an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select, update

from upload_guard.errors import LogInFailed, UsageError
from upload_guard.moments import utc_now
from upload_guard.people.attempts import Attempts, Who
from upload_guard.people.noting import note_even_so, note_once_an_hour
from upload_guard.people.passwords import Passwords
from upload_guard.people.people import People
from upload_guard.people.roles import Permission, Person, Rights, Role
from upload_guard.people.sessions import Needs, Opened, Sessions
from upload_guard.people.totp import Phones
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
class CodesFor:
    """For whom a password is not enough: with `all_who_act`, for every role that may do more than see."""

    rights: Rights
    all_who_act: bool

    def is_needed(self, role: Role) -> bool:
        return self.all_who_act and self.rights.permissions(role) != {Permission.SEE}


@dataclass(frozen=True, slots=True)
class LogIn:
    """Rows in `database`. `address` is where somebody tries from, empty where that cannot be told.

    Every method raises `StorageFailed` where rows cannot be had, and `LogInLocked` after too many attempts.
    """

    database: Database
    people: People
    sessions: Sessions
    attempts: Attempts
    passwords: Passwords
    phones: Phones
    codes: CodesFor

    def by_password(self, name: str, password: str, address: str) -> Admitted:
        """Begin a session. Raises `LogInFailed`.

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
        needs = _first_need(row, self.codes, tuple(Needs))
        return self._admitted(row.id, row.name, needs, address)

    def by_code(self, half: Opened, token: str, code: str, address: str) -> Admitted:
        """Go on with a code of the phone, or one to recover with. Raises `LogInFailed`."""
        who = Who(f"code of {half.person.id}", address)
        self.attempts.begin(who)
        if not self.phones.is_right(half.person.id, code):
            self._note_failure(self._living(half.person.name), who, "code")
            raise LogInFailed(f"a wrong code of {half.person.name}")
        self.attempts.succeeded(who)
        return self.go_on(half, token, address)

    def go_on(self, half: Opened, token: str, address: str) -> Admitted:
        """The session in place of `half`, whose need is met. Raises `LogInFailed` for somebody disabled."""
        row = self._living(half.person.name)
        if row is None:
            raise LogInFailed(f"{half.person.name} was disabled")
        order = tuple(Needs)
        needs = _first_need(row, self.codes, order[order.index(half.needs) + 1 :])
        self.sessions.forget(token)
        return self._admitted(row.id, row.name, needs, address)

    def replace_password(self, half: Opened, token: str, password: str, address: str) -> Admitted:
        """Go on with a password of their own. Raises `UsageError` where that is no good."""
        if self.passwords.is_right(self._password_of(half.person), password):
            raise UsageError("this is the password that you were given: take another one")
        self.people.set_password(half.person.name, password, by=half.person.name)
        return self.go_on(half, token, address)

    def change_password(self, person: Person, current: str, password: str, address: str) -> Admitted:
        """Replace one's own password; every session ends, and this is a new one.

        Raises `LogInFailed` where `current` is wrong, and `UsageError` where the new one is no good.
        """
        self.confirm(person, current, address)
        self.people.set_password(person.name, password, by=person.name)
        return self._admitted(person.id, person.name, Needs.NOTHING, address)

    def confirm(self, person: Person, current: str, address: str) -> None:
        """Somebody logged in shows that it is still they. Raises `LogInFailed`."""
        who = Who(person.name, address)
        self.attempts.begin(who)
        if not self.passwords.is_right(self._password_of(person), current):
            self._note_failure(self._living(person.name), who, "password")
            raise LogInFailed(f"{person.name}: a wrong password")
        self.attempts.succeeded(who)

    def by_word_of(self, name: str, address: str) -> Admitted:
        """Begin a session of somebody for whom another service has vouched. Raises `LogInFailed`."""
        row = self._living(name)
        if row is None:
            raise LogInFailed(f"{name} is disabled")
        return self._admitted(row.id, row.name, Needs.NOTHING, address)

    def note_stranger(self, what: str, address: str) -> None:
        """Note that somebody was turned away of whom nothing is known that could be relied on."""
        self._note_failure(None, Who(NOBODY, address), what)

    def _living(self, name: str) -> PersonRow | None:
        with self.database.session() as session:
            return session.scalar(
                select(PersonRow).where(PersonRow.name == name, PersonRow.disabled_at.is_(None))
            )

    def _password_of(self, person: Person) -> str | None:
        with self.database.session() as session:
            return session.scalar(select(PersonRow.password).where(PersonRow.id == person.id))

    def _admitted(self, person_id: str, name: str, needs: Needs, address: str) -> Admitted:
        token = self.sessions.begin(person_id, needs, address)
        if needs is Needs.NOTHING:
            with self.database.session() as session:
                mine = PersonRow.id == person_id
                session.execute(update(PersonRow).where(mine).values(logged_in_at=utc_now()))
                note_even_so(session, Act(name, "person.logged_in", details={"address": address}))
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


def _first_need(row: PersonRow, codes: CodesFor, of: tuple[Needs, ...]) -> Needs:
    has_phone = row.totp_since is not None
    holds = {
        Needs.CODE: has_phone,
        Needs.PASSWORD: row.temporary,
        Needs.ENROLMENT: not has_phone and codes.is_needed(Role(row.role)),
        Needs.NOTHING: True,
    }
    return next(need for need in of if holds[need])


def _about(who: Who, what: str) -> dict[str, str | int]:
    return {"address": who.address, "wrong": what}
