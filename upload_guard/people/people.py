"""The persons of an installation. Decisions carry their names, so none is ever deleted or renamed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.moments import utc_now
from upload_guard.people.noting import note_even_so, note_once_an_hour
from upload_guard.people.passwords import Passwords, drawn, usable
from upload_guard.people.roles import Role
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.people_tables import PersonRow, ReviewSession

# Lower case only: Ann and ann must not be the two persons that an export takes.
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
# What acts by itself is noted by these names, and commands mostly by root.
_TAKEN = frozenset(
    {
        "appellant",
        "automatic",
        "oidc",
        "policy",
        "retention",
        "root",
        "unknown",
        "upload-guard",
        "upload_guard",
    }
)
_BY_OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the row has it. `by_password` is false for one whom another service knows."""

    id: str
    name: str
    role: Role
    made_at: datetime
    made_by: str
    disabled_at: datetime | None
    logged_in_at: datetime | None
    totp_since: datetime | None
    by_password: bool


@dataclass(frozen=True, slots=True)
class People:
    """Rows in `database`; `by` is who does it.

    All raise `StorageFailed` where rows cannot be had, and `UsageError` for a name that is nobody's.
    """

    database: Database
    passwords: Passwords = field(default_factory=Passwords)
    now: Callable[[], datetime] = field(default=utc_now)

    def add(self, name: str, role: Role, password: str, by: str) -> Account:
        """Somebody new. Raises `UsageError` for a bad name or password, or a name that is taken."""
        row = self._drawn(name, role, by)
        row.password, row.password_at = self.passwords.hashed(usable(password, name)), row.made_at
        return self._added(row, by)

    def invite(self, name: str, role: Role, by: str) -> str:
        """Somebody new; the password, shown this once, that they replace at their first log-in.

        Raises `UsageError` for a bad name, or one that is taken.
        """
        row, password = self._drawn(name, role, by), drawn()
        row.password, row.password_at = self.passwords.hashed(password), row.made_at
        row.temporary = True
        self._added(row, by)
        return password

    def give_password(self, name: str, by: str) -> str:
        """A password in place of one that was forgotten, as `invite` gives it; every session ends."""
        password = drawn()
        self._replace_password(name, self.passwords.hashed(password), by, temporary=True)
        return password

    def vouched(self, subject: str, name: str, role: Role | None) -> str:
        """The name of whom another service vouched for, new or known, who has this role from now on.

        Names stay as they first were. Raises `UsageError` for a new one that cannot be taken; with no `role`
        nobody is added, and who is known is logged in nowhere any more.
        """
        with self.database.session() as session:
            row = session.scalar(select(PersonRow).where(PersonRow.subject == subject))
            if row is not None and row.role != role:
                end_sessions(session, row.id)
                act = Act(_BY_OIDC, "person.role", details={"name": row.name, "role": role or "none"})
                if role is None:
                    # They may go on trying.
                    note_once_an_hour(session, f"person.role:{row.id}", act, self.now())
                else:
                    row.role = role
                    note_even_so(session, act)
        if row is None and role is not None:
            row = self._drawn(name, role, _BY_OIDC)
            row.subject = subject
            self._added(row, _BY_OIDC)
        if row is None or role is None:
            raise UsageError(f"{name[:64]!r} has no role here")
        return row.name

    def show(self) -> tuple[Account, ...]:
        """All there ever were, by name."""
        with self.database.session() as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.name)).all()
        return tuple(map(account_of, rows))

    def find(self, name: str) -> Account:
        with self.database.session() as session:
            return account_of(known(session, name))

    def is_nobody_there(self) -> bool:
        with self.database.session() as session:
            return session.scalar(select(PersonRow.id).limit(1)) is None

    def set_role(self, name: str, role: Role, by: str) -> None:
        """From now on they may do what `role` may; they have to log in again."""
        with self.database.session() as session:
            row = known(session, name)
            if row.role == role:
                return
            _leave_an_administrator(session, row)
            row.role = role
            end_sessions(session, row.id)
            note_act(session, Act(by, "person.role", details={"name": name, "role": role}))

    def disable(self, name: str, by: str) -> None:
        """They cannot log in, and are out at once."""
        with self.database.session() as session:
            row = known(session, name)
            if row.disabled_at is not None:
                return
            _leave_an_administrator(session, row)
            row.disabled_at = self.now()
            end_sessions(session, row.id)
            note_even_so(session, Act(by, "person.disabled", details={"name": name}))

    def enable(self, name: str, by: str) -> None:
        """They can log in again."""
        with self.database.session() as session:
            row = known(session, name)
            if row.disabled_at is None:
                return
            row.disabled_at = None
            note_act(session, Act(by, "person.enabled", details={"name": name}))

    def set_password(self, name: str, password: str, by: str) -> None:
        """Replace the password, which ends every session of theirs. Raises `UsageError` for a bad one."""
        self._replace_password(name, self.passwords.hashed(usable(password, name)), by, temporary=False)

    def _replace_password(self, name: str, hashed: str, by: str, *, temporary: bool) -> None:
        with self.database.session() as session:
            row = known(session, name)
            if row.subject is not None:
                raise UsageError(f"{name} logs in by another service, and has no password here")
            row.password, row.password_at, row.temporary = hashed, self.now(), temporary
            end_sessions(session, row.id)
            note_even_so(session, Act(by, "person.password", details={"name": name}))

    def _drawn(self, name: str, role: Role, by: str) -> PersonRow:
        if not NAME.fullmatch(name) or name in _TAKEN:
            raise UsageError(
                f"{name!r} cannot be a name: lower-case letters, digits and . _ @ - only, 2 to 64 of them"
            )
        return PersonRow(id=secrets.token_hex(8), name=name, role=role, made_at=self.now(), made_by=by)

    def _added(self, row: PersonRow, by: str) -> Account:
        with self.database.session() as session:
            if session.scalar(select(PersonRow.id).where(PersonRow.name == row.name)):
                raise UsageError(f"{row.name} is there already")
            session.add(row)
            note_act(session, Act(by, "person.added", details={"name": row.name, "role": row.role}))
        return account_of(row)


def known(session: Session, name: str) -> PersonRow:
    """The row of a person. Raises `UsageError`."""
    row = session.scalar(select(PersonRow).where(PersonRow.name == name))
    if row is None:
        raise UsageError(f"nobody is called {name[:64]!r}: 'upload-guard user list' names everybody")
    return row


def account_of(row: PersonRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        made_at=row.made_at,
        made_by=row.made_by,
        disabled_at=row.disabled_at,
        logged_in_at=row.logged_in_at,
        totp_since=row.totp_since,
        by_password=row.password is not None,
    )


def end_sessions(session: Session, person_id: str) -> None:
    """All that they are logged in with ends."""
    session.execute(delete(ReviewSession).where(ReviewSession.person_id == person_id))


def _leave_an_administrator(session: Session, row: PersonRow) -> None:
    """Whoever is about to be no administrator must not be the last. Raises `UsageError`."""
    if row.role != Role.ADMINISTRATOR or row.disabled_at is not None:
        return
    others = session.scalar(
        select(func.count())
        .select_from(PersonRow)
        .where(
            PersonRow.role == Role.ADMINISTRATOR,
            PersonRow.disabled_at.is_(None),
            PersonRow.id != row.id,
        )
    )
    if not others:
        raise UsageError(f"{row.name} is the only administrator: make another one first")
