"""The persons of an installation. Decisions carry their names, so none is ever deleted or renamed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.people.passwords import Passwords, usable
from upload_guard.people.roles import Role
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.people_tables import PersonRow, ReviewSession

# Lower case only: Ann and ann must not be the two persons that an export takes.
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
# What acts by itself is noted by these names.
_TAKEN = frozenset({"automatic", "policy", "retention", "upload-guard", "unknown"})


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


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class People:
    """Rows in `database`; `by` is who does it.

    All raise `StorageFailed` where rows cannot be had, and `UsageError` for a name that is nobody's.
    """

    database: Database
    passwords: Passwords = field(default_factory=Passwords)
    now: Callable[[], datetime] = field(default=utc_now)

    def add(self, name: str, role: Role, password: str, by: str) -> Account:
        """Somebody new. Raises `UsageError` for a bad name or password, or one that is taken."""
        row = self._drawn(name, role, by)
        row.password, row.password_at = self.passwords.hashed(usable(password, name)), row.made_at
        return self._added(row, by)

    def show(self) -> tuple[Account, ...]:
        """All there ever were, by name."""
        with self.database.session() as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.name)).all()
        return tuple(map(account_of, rows))

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
            note_act(session, Act(by, "person.disabled", details={"name": name}))

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
        hashed = self.passwords.hashed(usable(password, name))
        with self.database.session() as session:
            row = known(session, name)
            row.password, row.password_at = hashed, self.now()
            end_sessions(session, row.id)
            note_act(session, Act(by, "person.password", details={"name": name}))

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
