"""The benign bank as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from upload_guard.lists.bank.bank import BankFile, BenignBank
from upload_guard.lists.bank.shipped import ShippedBank, looks_in
from upload_guard.records import BankScope, Digests, Signal, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.tables import BenignFile

_LOOKS = tuple(kind for kind in SignalType if not kind.exact)


@dataclass(frozen=True, slots=True)
class Vouched:
    """One file of the bank as it is shown."""

    name: str
    scope: BankScope
    site: str
    looks: int
    added_at: datetime | None
    added_by: str


@dataclass(frozen=True, slots=True)
class BenignStore:
    """Rows in `database`; `shipped` comes before them, unless it is switched off."""

    database: Database
    shipped: ShippedBank | None

    def add(self, file: BankFile, person: str) -> bool:
        """Whether it was new. Images are told apart by SHA-256."""
        digests = dict(file.digests)
        with self.database.session() as session:
            known = select(BenignFile.id).where(
                BenignFile.sha256 == digests[SignalType.SHA256], BenignFile.site == file.site
            )
            if session.scalar(known) is not None:
                return False
            packed = {
                kind.value: b"".join(value for each, value in file.looks if each is kind) for kind in _LOOKS
            }
            exact = {kind.value: value for kind, value in digests.items()}
            session.add(
                BenignFile(
                    name=file.name,
                    site=file.site,
                    added_at=datetime.now(UTC),
                    added_by=person,
                    **exact,
                    **packed,
                )
            )
            note_act(session, Act(person, "benign.added", details={"name": file.name, "site": file.site}))
        return True

    def remove(self, names: Iterable[str], site: str, person: str) -> int:
        """How many files of these names were there, of `site` or (empty) of the administrator."""
        with self.database.session() as session:
            # Two files may have one name, as an older and a newer logo.
            doomed = session.scalars(
                select(BenignFile).where(BenignFile.name.in_(list(names)), BenignFile.site == site)
            ).all()
            session.execute(delete(BenignFile).where(BenignFile.id.in_([row.id for row in doomed])))
            for row in doomed:
                note_act(session, Act(person, "benign.removed", details={"name": row.name, "site": site}))
            return len(doomed)

    def sizes(self) -> Mapping[BankScope, int]:
        """How many files of each scope there are, counted by the database."""
        by_site = select(BenignFile.site != "", func.count()).group_by(BenignFile.site != "")
        with self.database.session() as session:
            own = {bool(of_site): count for of_site, count in session.execute(by_site)}
        return {
            BankScope.SHIPPED: len(self.shipped.files) if self.shipped else 0,
            BankScope.ADMINISTRATOR: own.get(False, 0),
            BankScope.SITE: own.get(True, 0),
        }

    def show(self) -> tuple[Vouched, ...]:
        """All files, the shipped ones last."""
        with self.database.session() as session:
            rows = session.scalars(select(BenignFile).order_by(BenignFile.site, BenignFile.name)).all()
        own = tuple(
            Vouched(row.name, _scope(row), row.site, _count(row), row.added_at, row.added_by) for row in rows
        )
        shipped = self.shipped.files if self.shipped else ()
        return own + tuple(Vouched(one.name, one.scope, "", len(one.looks), None, "") for one in shipped)

    def generation(self) -> str:
        """Names a state of the bank; cheap. Raises `StorageFailed`."""
        return self._named(self.database.remembered(_own_state))

    def load(self) -> BenignBank:
        """The whole bank. Raises `StorageFailed`."""
        with self.database.session() as session:
            generation = self._named(_own_state(session))
            rows = session.scalars(select(BenignFile).order_by(BenignFile.id)).all()
        shipped = self.shipped.files if self.shipped else ()
        return BenignBank(generation, (*shipped, *(_bank_file(row) for row in rows)))

    def _named(self, own: str) -> str:
        return f"{self.shipped.generation if self.shipped else '-'} {own}"


def vouched_file(name: str, digests: Digests, signals: Iterable[Signal], site: str = "") -> BankFile:
    """What the bank keeps of an image: for a site its digests alone, else the looks of all its views, too."""
    exact = tuple((signal.type, signal.value) for signal in digests.signals())
    if site:
        return BankFile(name, BankScope.SITE, exact, (), site)
    looks = dict.fromkeys((signal.type, signal.value) for signal in signals if not signal.type.exact)
    return BankFile(name, BankScope.ADMINISTRATOR, exact, tuple(looks))


def _own_state(session: Session) -> str:
    count, newest = session.execute(select(func.count(BenignFile.id), func.max(BenignFile.id))).one()
    return f"{count}/{newest or 0}"


def _bank_file(row: BenignFile) -> BankFile:
    digests = ((SignalType.MD5, row.md5), (SignalType.SHA1, row.sha1), (SignalType.SHA256, row.sha256))
    looks = tuple((kind, value) for kind in _LOOKS for value in looks_in(kind, _packed(row, kind)))
    return BankFile(row.name, _scope(row), digests, looks, row.site)


def _packed(row: BenignFile, kind: SignalType) -> bytes:
    return {SignalType.PDQ: row.pdq, SignalType.PHASH: row.phash, SignalType.DHASH: row.dhash}[kind]


def _scope(row: BenignFile) -> BankScope:
    return BankScope.SITE if row.site else BankScope.ADMINISTRATOR


def _count(row: BenignFile) -> int:
    return sum(len(_packed(row, kind)) // kind.size for kind in _LOOKS)
