"""What holds uploads that passed against lists that came later, where the settings ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from upload_guard.compose.checking import mark_of_compared
from upload_guard.compose.holdings import placements_in
from upload_guard.compose.late import Hook
from upload_guard.compose.rules import build_policy
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.housekeeping import Job
    from upload_guard.lists.store import ListStore
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.retro.log import PassedLog
    from upload_guard.retro.passes import Passes
    from upload_guard.retro.places import UploadPlaces
    from upload_guard.storage.database import Database

_LOOK_EVERY = 5.0
_SEEK_EVERY = 30.0


def open_upload_places(settings: Settings, database: Database) -> UploadPlaces | None:
    """Where sites say that uploads went; None where no upload that passed is remembered."""
    desk = RetroDesk(settings, database)
    return desk.places() if desk.enabled else None


@dataclass(frozen=True, slots=True)
class RetroDesk:
    """The parts of it, over what a process has already."""

    settings: Settings
    database: Database

    @property
    def enabled(self) -> bool:
        return self.settings.retro.days > 0

    def log(self) -> PassedLog:
        """Raises `MasterKeyError`."""
        from upload_guard.keyring import open_keyring
        from upload_guard.retro.log import PassedLog

        return PassedLog(self.database, open_keyring(self.settings))

    def places(self) -> UploadPlaces:
        from upload_guard.retro.places import UploadPlaces

        return UploadPlaces(self.database, self._believed)

    def passes(self, lists: ListStore, checker: LocalChecker, keeper: QuarantineKeeper) -> Passes:
        """Raises `MasterKeyError`."""
        from upload_guard.holdings.acting import Acting
        from upload_guard.keyring import open_keyring
        from upload_guard.retro.log import PassedReader
        from upload_guard.retro.opening import Opening
        from upload_guard.retro.passes import SETTLES_AFTER, Passes

        reader = PassedReader(self.database, open_keyring(self.settings))
        acting = Acting(keeper, placements_in(self.settings, self.database))
        opening = Opening(acting, self.places(), reader.digest_key)
        # A check by the old lists may take as long as the settings allow it, and is written down after that.
        settled = SETTLES_AFTER + timedelta(seconds=self.settings.sandbox.request_seconds)
        policy = build_policy(self.settings)
        return Passes(self.database, reader, lists, checker, policy, opening, settled)

    def _believed(self, site: str) -> tuple[str, ...]:
        """Beginnings of what that site's own word may name: the settings' places, and its own WordPress."""
        own = self.settings.incoming.sites.get(site)
        mine = (f"wordpress://{site}/",) if own and own.wordpress else ()
        return (*self.settings.retro.places, *mine)

    def jobs(self, passed: PassedLog, passes: Passes, hook: Hook | None) -> tuple[Job, ...]:
        """Each has a thread of its own, so that a pass may take minutes."""
        from upload_guard.housekeeping import Job
        from upload_guard.retro.seeking import Seeking
        from upload_guard.retro.telling import Telling

        seeking = Seeking(self.database, passes.reader, passes.opening)
        jobs = (
            Job("retro-log", passed.flush, alone=False),
            Job("retro-match", passes.run, _LOOK_EVERY, mark=mark_of_compared(self.database, passes.checker)),
            Job("retro-seeking", seeking.run, every=_SEEK_EVERY),
        )
        if hook is None:
            return jobs
        telling = Telling(self.database, passes.reader, self.places(), hook)
        return (*jobs, Job("retro-telling", telling.run, every=_LOOK_EVERY, mark=self.database.mark))

    def purging(self) -> Job:
        """Whoever switches it off wants nothing remembered."""
        from upload_guard.housekeeping import Job
        from upload_guard.retro.log import purge

        days = self.settings.retro.days
        return Job("retro-purge", lambda: purge(self.database, days, datetime.now(UTC)), every=3600.0)
