"""How an entry of a list is named where its hash may not be: in addresses, and on pages."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.records import SignalType
from upload_guard.storage.database import Database, row_of
from upload_guard.storage.group_tables import CaseEntry, HeldEntry
from upload_guard.storage.tables import Case

_DIGITS = 8


@dataclass(frozen=True, slots=True)
class EntryName:
    """`digits` are the first 8 of its hash, `number` tells it from others that begin alike."""

    number: int
    list_name: str
    signal_type: SignalType
    digits: str

    @property
    def token(self) -> str:
        """For addresses."""
        return f"{self.list_name}.{self.signal_type}.{self.digits}.{self.number}"

    @property
    def words(self) -> str:
        return f"{self.list_name}: {self.signal_type} {self.digits}…"


@dataclass(frozen=True, slots=True)
class EntryNames:
    """Rows in `database`."""

    database: Database

    def named(self, token: str) -> EntryName:
        """The entry that `token` stands for. Raises `UsageError`."""
        number = token.rpartition(".")[2]
        with self.database.session() as session:
            is_one = number.isascii() and number.isdecimal() and len(number) < 20
            row = row_of(session, HeldEntry, int(number)) if is_one else None
        if row is None or name_of(row).token != token:
            raise UsageError(f"no entry {token[:200]!r} has held anything")
        return name_of(row)

    def of_case(self, number: str) -> tuple[EntryName, ...]:
        """Those that a case matched, as far as they can be asked for."""
        with self.database.session() as session:
            case = select(Case.id).where(Case.number == number).scalar_subquery()
            held = select(HeldEntry).join(CaseEntry, CaseEntry.entry_id == HeldEntry.id)
            rows = session.scalars(held.where(CaseEntry.case_id == case).order_by(HeldEntry.id))
            return tuple(map(name_of, rows))


def first_entries(session: Session, cases: dict[int, str]) -> dict[int, EntryName]:
    """One entry for each of some cases, of the list named for it: by the case's row's id."""
    held = select(CaseEntry.case_id, HeldEntry).join(HeldEntry, HeldEntry.id == CaseEntry.entry_id)
    rows = session.execute(held.where(CaseEntry.case_id.in_(cases)).order_by(HeldEntry.id.desc()))
    return {case: name_of(row) for case, row in rows if row.list_name == cases[case]}


def name_of(row: HeldEntry) -> EntryName:
    return EntryName(row.id, row.list_name, SignalType(row.signal_type), row.value.hex()[:_DIGITS])
