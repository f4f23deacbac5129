"""Notices as a person sees them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import NoSuchNotice
from upload_guard.keyring import Keyring
from upload_guard.notices.hashes import KnownCase, NamedHash, cases_compared, cases_elsewhere, digests_in
from upload_guard.notices.incoming import Channel
from upload_guard.notices.sealed import Written, open_written
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.storage.database import Database, counts_of
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class AddressInfo:
    """One address. `ours` is the locator to which it was mapped, `site` that of its case.

    `named_hash` compares the file of its case with the hashes that the notice names. That a `derived` one,
    which nobody named, has another says nothing.
    """

    id: int
    url: str
    state: AddressState
    derived: bool
    ours: str
    case: str
    site: str
    named_hash: NamedHash
    settled_at: datetime | None
    settled_by: str
    tries: int
    fault: str


@dataclass(frozen=True, slots=True)
class NoticeInfo:
    """One notice; `addresses` is how many it names."""

    number: str
    channel: Channel
    site: str
    received_at: datetime
    deadline: datetime
    state: NoticeState
    trusted: bool
    to_read: bool
    joined_to: str
    receipt_at: datetime | None
    closed_at: datetime | None
    answered_at: datetime | None
    addresses: int

    def is_late(self, now: datetime) -> bool:
        return (self.closed_at or now) > self.deadline


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """A notice with all that is in it."""

    notice: NoticeInfo
    written: Written
    addresses: tuple[AddressInfo, ...]


@dataclass(frozen=True, slots=True)
class Notices:
    """What has come in. Raises `StorageFailed`."""

    database: Database
    keyring: Keyring

    def page(self, states: Iterable[NoticeState], count: int, before: str = "") -> tuple[NoticeInfo, ...]:
        """The newest in these states, those that came before the notice `before` if one is named."""
        wanted: list[ColumnElement[bool]] = [Notice.state.in_([state.value for state in states])]
        if before:
            older = select(Notice.id).where(Notice.number == before).scalar_subquery()
            wanted.append(Notice.id < older)
        with self.database.session() as session:
            rows = session.scalars(select(Notice).where(*wanted).order_by(Notice.id.desc()).limit(count))
            return _infos(session, rows.all())

    def counts(self) -> dict[NoticeState, int]:
        """How many stand where; each state is named."""
        with self.database.session() as session:
            counted = counts_of(session, select(Notice.state, func.count()).group_by(Notice.state))
        return {state: counted.get(state.value, 0) for state in NoticeState}

    def find(self, number: str, site: str | None = None) -> NoticeFile:
        """The notice of that number, of a site or of any (None). Raises `NoSuchNotice` and `SealBroken`."""
        mine = () if site is None else (Notice.site == site,)
        with self.database.session() as session:
            row = session.scalar(select(Notice).where(Notice.number == number, *mine))
            if row is None:
                raise NoSuchNotice(f"no notice {number[:32]!r}")
            written = open_written(self.keyring, row.number, row.sealed)
            addresses = _addresses(session, row.id, digests_in(written.hashes))
            return NoticeFile(_infos(session, [row])[0], written, addresses)

    def elsewhere(self, file: NoticeFile) -> tuple[KnownCase, ...]:
        """Cases that have a hash which the notice names, where not all of its addresses led to one.

        For persons of the house alone: whoever writes notices must not ask by hashes what is held here.
        """
        if file.addresses and all(one.case for one in file.addresses):
            return ()
        with self.database.session() as session:
            led_to = [one.case for one in file.addresses if one.case]
            return cases_elsewhere(session, digests_in(file.written.hashes), led_to)

    def of_case(self, case: str) -> tuple[str, ...]:
        """The numbers of the notices that led to a case, oldest first."""
        naming = (
            select(Notice.number)
            .join(NoticeAddress, NoticeAddress.notice_id == Notice.id)
            .where(NoticeAddress.case_number == case)
            .order_by(Notice.id)
            .distinct()
        )
        with self.database.session() as session:
            return tuple(session.scalars(naming))


def _infos(session: Session, rows: Sequence[Notice]) -> tuple[NoticeInfo, ...]:
    counted = (
        select(NoticeAddress.notice_id, func.count())
        .where(NoticeAddress.notice_id.in_([row.id for row in rows]))
        .group_by(NoticeAddress.notice_id)
    )
    counts = counts_of(session, counted)
    return tuple(_info(row, counts.get(row.id, 0)) for row in rows)


def _info(row: Notice, addresses: int) -> NoticeInfo:
    return NoticeInfo(
        number=row.number,
        channel=Channel(row.channel),
        site=row.site,
        received_at=row.received_at,
        deadline=row.deadline,
        state=NoticeState(row.state),
        trusted=row.trusted,
        to_read=row.to_read,
        joined_to=row.joined_to,
        receipt_at=row.receipt_at,
        closed_at=row.closed_at,
        answered_at=row.answered_at,
        addresses=addresses,
    )


def _addresses(session: Session, notice: int, named: Collection[bytes]) -> tuple[AddressInfo, ...]:
    compared = cases_compared(session, notice, named)
    rows = session.execute(
        select(NoticeAddress, Case.site)
        .outerjoin(Case, Case.number == NoticeAddress.case_number)
        .where(NoticeAddress.notice_id == notice)
        .order_by(NoticeAddress.id)
    )
    return tuple(
        AddressInfo(
            id=row.id,
            url=row.url,
            state=AddressState(row.state),
            derived=row.derived,
            ours=row.locator,
            case=row.case_number,
            site=site or "",
            named_hash=_said_of(row, compared.get(row.case_number, NamedHash.NOTHING)),
            settled_at=row.settled_at,
            settled_by=row.settled_by,
            tries=row.tries,
            fault=row.fault,
        )
        for row, site in rows
    )


def _said_of(row: NoticeAddress, said: NamedHash) -> NamedHash:
    return NamedHash.NOTHING if row.derived and said is NamedHash.OTHER else said
