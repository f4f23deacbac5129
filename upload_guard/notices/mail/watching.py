"""Looks into a mailbox now and then. One that cannot be read makes no noise of its own: people are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from upload_guard.errors import TransportError
from upload_guard.moments import utc_now
from upload_guard.notices.mail.mailboxes import Fetcher
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event

PATIENCE = timedelta(hours=1)
"""For so long a mail server may be away; of the 24 hours that a notice has it is little."""


class Watched:
    """A mailbox of which an event is noted where it could not be read for an hour, once a day."""

    def __init__(self, fetcher: Fetcher, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self.fetcher = fetcher
        self._database = database
        self._now = now
        self._failing_since: datetime | None = None

    def run(self) -> int:
        """See `Fetcher`."""
        try:
            taken = self.fetcher.run()
        except TransportError:
            self._note_failure()
            raise
        self._failing_since = None
        return taken

    def _note_failure(self) -> None:
        now, name = self._now(), self.fetcher.name
        self._failing_since = self._failing_since or now
        if now - self._failing_since < PATIENCE:
            return
        said = {"recipient": name}
        with self._database.session() as session:
            note_event(
                session,
                Event(EventKind.MAILBOX_SILENT, details=said, once=f"mailbox {name} {now:%Y-%m-%d}"),
            )
