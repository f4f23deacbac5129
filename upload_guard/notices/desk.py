"""Where every notice comes in, whichever way: it gets rows, a number and a deadline, and is never lost.

Nothing is looked for here: `notices.working` does that, so that a mailbox is read as fast as a disk writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.notices.addressing import url_key
from upload_guard.notices.incoming import Incoming
from upload_guard.notices.sealed import Written, open_written, seal_written
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.notice_tables import Notice, NoticeAddress

AGAIN_WITHIN = timedelta(days=30)
"""A mailbox that is read anew brings what was answered long ago; a file can come back, too."""
# No vowels and no look-alikes, as those of cases.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes notices for `site`. `trusted` are e-mail addresses in small letters; a mail proves no sender.

    `hours` is how long after it was received a notice should be dealt with.
    """

    database: Database
    keyring: Keyring
    site: str
    hours: float = 24.0
    trusted: frozenset[str] = frozenset()
    now: Callable[[], datetime] = field(default=utc_now)

    def take(self, incoming: Incoming) -> str:
        """Its number; that of an earlier one if it says the very same. Once this returns it is on the disk.

        Raises `StorageFailed`, and then nothing of it was taken.
        """
        number = new_notice_number()
        with self.database.session() as session:
            notice = self._row(number, incoming)
            # Written first, so that of two at once the second sees the first.
            session.add(notice)
            session.flush()
            if (earlier := self._same(session, notice, incoming)) is not None:
                session.delete(notice)
                return earlier.number
            addresses = [address_row(notice, url, self.now()) for url in _each_once(incoming.urls)]
            notice.joined_to = _said_before(session, notice, addresses)
            session.add_all(addresses)
            note_event(session, Event(EventKind.NOTICE_RECEIVED, site=self.site, details={"notice": number}))
        return number

    def _row(self, number: str, incoming: Incoming) -> Notice:
        # A clock elsewhere must not move the deadline out of sight.
        received_at = min(incoming.received_at, self.now())
        to_read = not (incoming.complete and incoming.urls)
        return Notice(
            number=number,
            channel=incoming.channel.value,
            site=self.site,
            fingerprint=incoming.fingerprint,
            received_at=received_at,
            deadline=received_at + timedelta(hours=self.hours),
            state=(NoticeState.PERSON if to_read else NoticeState.OPEN).value,
            trusted=incoming.told.email.lower() in self.trusted,
            sealed=seal_written(self.keyring, number, Written.of(incoming)),
            to_read=to_read,
        )

    def _same(self, session: Session, notice: Notice, incoming: Incoming) -> Notice | None:
        """An earlier notice that says all of this. Anybody may reuse a reference: none is believed alone."""
        alike = session.scalars(
            select(Notice)
            .where(
                Notice.fingerprint == notice.fingerprint, Notice.site == notice.site, Notice.id < notice.id
            )
            .order_by(Notice.id.desc())
        )
        return next((one for one in alike if self._says(session, one, incoming)), None)

    def _says(self, session: Session, earlier: Notice, incoming: Incoming) -> bool:
        closed = earlier.closed_at
        if closed is not None and not (incoming.reference and closed >= self.now() - AGAIN_WITHIN):
            return False
        written = open_written(self.keyring, earlier.number, earlier.sealed)
        if written.reasons != incoming.reasons or not set(incoming.hashes) <= set(written.hashes):
            return False
        named = select(NoticeAddress.url_sha256).where(NoticeAddress.notice_id == earlier.id)
        return {url_key(url) for url in incoming.urls} <= set(session.scalars(named))


def new_notice_number() -> str:
    """Random, and not to be taken for that of a case (57 bits)."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"N-{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def address_row(notice: Notice, url: str, now: datetime, derived: bool = False) -> NoticeAddress:
    """An address of a notice that has its id, to be looked for at once."""
    return NoticeAddress(
        notice_id=notice.id,
        # Half a character pair is in no UTF-8, and no row takes it.
        url=url.strip().encode("utf-8", "replace").decode(),
        url_sha256=url_key(url),
        state=AddressState.WAITING.value,
        derived=derived,
        tries=0,
        next_try=now,
    )


def _each_once(urls: Iterable[str]) -> Iterable[str]:
    """Of several writings of one address the first."""
    first: dict[bytes, str] = {}
    for url in urls:
        first.setdefault(url_key(url), url)
    return first.values()


def _said_before(session: Session, notice: Notice, addresses: Sequence[NoticeAddress]) -> str:
    """The number of the oldest notice that is not closed and names all of these; empty if there is none."""
    if not addresses:
        return ""
    first = (
        select(Notice)
        .join(NoticeAddress, NoticeAddress.notice_id == Notice.id)
        .where(
            NoticeAddress.url_sha256 == addresses[0].url_sha256,
            Notice.closed_at.is_(None),
            Notice.id != notice.id,
        )
        .order_by(Notice.id)
        .limit(20)
    )
    wanted = {one.url_sha256 for one in addresses}
    for earlier in session.scalars(first):
        named = select(NoticeAddress.url_sha256).where(NoticeAddress.notice_id == earlier.id)
        if wanted <= set(session.scalars(named)):
            return earlier.number
    return ""
