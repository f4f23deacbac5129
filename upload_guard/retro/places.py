"""Where uploads went that passed, as sites tell it: before they are known to be anything, or after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.holdings.placements import note_place
from upload_guard.holdings.reach import lies_below
from upload_guard.quarantine.cases import found_case
from upload_guard.storage.database import Database
from upload_guard.storage.retro_tables import PassedUpload, RetroMatch, UploadPlace

BY_SITE = "site"
_MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class UploadPlaces:
    """`believed` gives beginnings of locators below which a file is looked for where that site says so."""

    database: Database
    believed: Callable[[str], tuple[str, ...]] = field(default=lambda _: ())

    def tell(self, site: str, upload_id: str, place: str) -> bool:
        """Write down that this upload went there; whether it is new. At most 20 places an upload.

        One that has a case already gets its place there. Raises `StorageFailed`.
        """
        with self.database.session() as session:
            known = _told(session, site, upload_id)
            if place in known or len(known) >= _MOST_PLACES:
                return False
            session.add(UploadPlace(site=site, upload_id=upload_id, place=place, told_at=datetime.now(UTC)))
            if (number := _case_of(session, site, upload_id)) and self.is_believed(site, place):
                note_place(session, found_case(session, number), place, BY_SITE)
        return True

    def of(self, site: str, upload_id: str) -> tuple[str, ...]:
        """In the order in which they were told. Raises `StorageFailed`."""
        with self.database.session() as session:
            return _told(session, site, upload_id)

    def is_believed(self, site: str, place: str) -> bool:
        """Whether its file may be looked for: a site's word must lead nowhere else."""
        return lies_below(place, self.believed(site))


def _told(session: Session, site: str, upload_id: str) -> tuple[str, ...]:
    mine = select(UploadPlace.place).where(UploadPlace.site == site, UploadPlace.upload_id == upload_id)
    return tuple(session.scalars(mine.order_by(UploadPlace.id)))


def _case_of(session: Session, site: str, upload_id: str) -> str | None:
    """The newest: one before it was released."""
    return session.scalar(
        select(RetroMatch.case_number)
        .join(PassedUpload, PassedUpload.id == RetroMatch.passed_id)
        .where(PassedUpload.site == site, PassedUpload.upload_id == upload_id)
        .order_by(RetroMatch.id.desc())
        .limit(1)
    )
