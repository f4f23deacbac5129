"""Places, notices and their addresses of long ago, as rows."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from upload_guard.notices.states import AddressState
from upload_guard.storage.database import Database
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile

_numbers = itertools.count(1)


def add_place(
    database: Database,
    case: str,
    noted: datetime,
    removed: datetime | None = None,
    restored: datetime | None = None,
    site: str = "blog",
    locator: str = "",
) -> str:
    """A file of the case that was found to lie somewhere, or there; its locator."""
    locator = locator or f"file:///srv/media/{next(_numbers)}.png"
    with database.session() as session:
        session.add(
            PlacedFile(
                case_number=case,
                site=site,
                locator=locator,
                sha256=bytes(32),
                state="removed" if removed else "placed",
                noted_at=noted,
                noted_by="scan",
                leftover={},
                removed_at=removed,
                restored_at=restored,
            )
        )
    return locator


def add_notice(
    database: Database,
    received: datetime,
    *states: AddressState,
    settled: datetime | None = None,
    case: str = "",
    locator: str = "",
    joined_to: str = "",
    channel: str = "mail",
    trusted: bool = False,
    site: str = "blog",
) -> str:
    """A notice with an address in each of these states; its number. It is closed once all was settled."""
    number = f"N-{next(_numbers)}"
    with database.session() as session:
        notice = Notice(
            number=number,
            channel=channel,
            site=site,
            fingerprint=next(_numbers).to_bytes(32, "big"),
            received_at=received,
            deadline=received + timedelta(hours=24),
            state="closed" if settled else "open",
            trusted=trusted,
            sealed=b"",
            to_read=False,
            joined_to=joined_to,
            closed_at=settled,
        )
        session.add(notice)
        session.flush()
        for state in states:
            session.add(
                NoticeAddress(
                    notice_id=notice.id,
                    url=f"https://blog.example/{next(_numbers)}.png",
                    url_sha256=next(_numbers).to_bytes(32, "big"),
                    state=state.value,
                    locator=locator,
                    case_number=case,
                    derived=False,
                    tries=0,
                    next_try=received,
                    settled_at=settled if state.is_settled else None,
                )
            )
    return number
