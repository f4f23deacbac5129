"""Machines that ask for what their keys may not do, in the audit log: once an hour for each key and scope."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from upload_guard.errors import NotAllowed, UploadGuardError
from upload_guard.moments import utc_now
from upload_guard.people.noting import note_once_an_hour
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Notes them in the journal of `database`. A fault there changes no answer."""

    database: Database
    now: Callable[[], datetime] = field(default=utc_now)

    def note(self, error: UploadGuardError) -> None:
        """Note `error`, if it is such a refusal."""
        if not isinstance(error, NotAllowed) or not error.key_id:
            return
        act = Act(f"key {error.key_id}", "key.refused", details={"lacking": error.lacking})
        try:
            with self.database.session() as session:
                note_once_an_hour(session, f"key:{error.key_id}:{error.lacking}", act, self.now())
        except UploadGuardError as fault:
            log.warning("a refusal could not be noted: %s", fault)
