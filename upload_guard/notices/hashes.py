"""The hashes that a notice names, held against files: a help for a person, by which alone nothing is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from upload_guard.quarantine.cases import known_digests
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.notice_tables import NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.tables import Case

_COLUMNS = {16: Case.md5, 20: Case.sha1, 32: Case.sha256}
_MOST_TOLD = 10


class NamedHash(StrEnum):
    """What the hashes of a notice say of a file: `nothing` where it names none, or the file is not known."""

    NOTHING = "nothing"
    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case whose file has a hash that is named; `places` are the locators at which it lies, or lay."""

    number: str
    site: str
    places: tuple[str, ...]


def digests_in(hashes: Iterable[str]) -> frozenset[bytes]:
    """The MD5, SHA-1 and SHA-256 among hex digests; others are of no file here.

    What is nought neither: that stands in rows of files of which a digest is not known.
    """
    return frozenset(one for one in map(_digest, hashes) if len(one) in _COLUMNS and any(one))


def cases_compared(session: Session, notice: int, named: Collection[bytes]) -> dict[str, NamedHash]:
    """Of each case that the addresses of a notice led to, by its number."""
    if not named:
        return {}
    led_to = (
        select(Case)
        .join(NoticeAddress, NoticeAddress.case_number == Case.number)
        .where(NoticeAddress.notice_id == notice)
    )
    return {one.number: _compared(one, named) for one in session.scalars(led_to)}


def cases_elsewhere(
    session: Session, named: Collection[bytes], apart: Collection[str]
) -> tuple[KnownCase, ...]:
    """The newest cases, but for those `apart`, whose files have a hash that is named."""
    if not named:
        return ()
    same = (column.in_([one for one in named if len(one) == size]) for size, column in _COLUMNS.items())
    having = (
        select(Case)
        .where(
            or_(*same),
            Case.state != CaseState.STORING,
            Case.number.not_in(apart),
        )
        .order_by(Case.id.desc())
        .limit(_MOST_TOLD)
    )
    cases = session.scalars(having).all()
    return tuple(KnownCase(one.number, one.site, _places(session, one.number)) for one in cases)


def _compared(case: Case, named: Collection[bytes]) -> NamedHash:
    own = {one.value for one in known_digests(case)}
    if not own.isdisjoint(named):
        return NamedHash.SAME
    # Only of one kind can two be said to differ: of a file that was never here not all are known.
    kinds = {len(one) for one in own} & {len(one) for one in named}
    return NamedHash.OTHER if kinds else NamedHash.NOTHING


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _places(session: Session, case: str) -> tuple[str, ...]:
    mine = select(PlacedFile.locator).where(PlacedFile.case_number == case).order_by(PlacedFile.id)
    return tuple(session.scalars(mine.limit(_MOST_TOLD)))
