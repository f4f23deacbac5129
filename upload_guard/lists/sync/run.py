"""One run: pages into staging, then a new version through the import and the gate that every version passes.

    exchange -> page -> staging (and what is withdrawn: retracted) -> ... -> version -> gate -> active

A run that fails leaves what is active, and the checkpoint of the last page that came: the next goes on there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import CheckpointLost, ListError, SyncBusy, UploadGuardError
from upload_guard.lists.categories import KnownCategories
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.lists.succession import follow
from upload_guard.lists.sync.exchange import Exchange
from upload_guard.lists.sync.rows import ExchangeRows, ExchangeState, Stage
from upload_guard.lists.sync.staging import Staging, open_staging
from upload_guard.lists.sync.withdrawals import Withdrawals, let_act_again
from upload_guard.lists.versions import VersionInfo
from upload_guard.matching.build import Progress, no_progress
from upload_guard.storage.locks import exclusive_lock_if_free

log = logging.getLogger(__name__)

# No list can be called so.
FOLDER = ".exchanges"


def staging_of(lists: Path, name: str) -> Path:
    """Where what has come of a list so far is, in the folder of all lists."""
    return lists / FOLDER / f"{name}.staging"


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """What is said of a fetched list. `category` is that of hashes for which the exchange names none.

    `manual` where versions wait for a person. `person` gave the command, be it a timer's.
    """

    list_name: str
    origin: str
    category: str | None
    person: str
    manual: bool = False


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run brought. `version` is what the list now is by its exchange; `waits` why it does not act."""

    pages: int
    version: VersionInfo
    is_new: bool
    waits: str


@dataclass(frozen=True, slots=True)
class Sync:
    """One exchange and the list that it fills."""

    exchange: Exchange
    store: ListStore
    order: SyncOrder
    known: KnownCategories

    def run(self, progress: Progress = no_progress) -> SyncReport:
        """Fetch what is new and let it act. Raises `UploadGuardError`, noted in the row and in the log."""
        name, folder = self.order.list_name, self.store.folder / FOLDER
        with exclusive_lock_if_free(folder / f"{name}.lock") as free:
            if not free:
                raise SyncBusy(f"list {name!r} is being fetched by another process")
            rows = ExchangeRows(self.store.database, name)
            before = rows.tried()
            try:
                with open_staging(staging_of(self.store.folder, name)) as staging:
                    report = self._run(staging, rows, before, progress)
            except UploadGuardError as fault:
                log.warning("ALARM: list %r was not brought up to date: %s", name, fault)
                rows.failed(str(fault))
                raise
            rows.settled()
            return report

    def _run(
        self, staging: Staging, rows: ExchangeRows, before: ExchangeState, progress: Progress
    ) -> SyncReport:
        # What was staged in another category would stay in it as long as the exchange has nothing new.
        identity = f"{self.exchange.identity} {self.order.category or ''}"
        if staging.identity != identity:
            staging.begin(identity)
        pages = self._fetch(staging, rows, progress)
        rows.fetched(staging.checkpoint, Stage.FETCHED)
        made = self._made(before.version) if staging.content == before.content else None
        version = made or self._import(staging, progress)
        if made is None:
            rows.became(version.number, staging.content)
        waits = self._follow(version, progress)
        if not waits:
            let_act_again(self.store, self.order.list_name, staging)
        return SyncReport(pages, version, made is None, waits)

    def _fetch(self, staging: Staging, rows: ExchangeRows, progress: Progress) -> int:
        """Every page that is new; how many."""
        withdrawals, count = Withdrawals(self.store, self.order.list_name), 0
        try:
            for count, page in enumerate(self.exchange.pages(staging.checkpoint), start=1):
                # Before the page counts as kept, so that a killed run does not forget to.
                with staging.page(page, self._accepted) as gone:
                    withdrawals.retract(gone)
                rows.fetched(staging.checkpoint, Stage.FETCHING)
                progress("fetching", count, 0)
        except CheckpointLost:
            staging.lose_checkpoint()
            rows.fetched(staging.checkpoint, Stage.FETCHING)
            raise
        return count

    def _accepted(self, hashes: Iterable[ListedHash]) -> Iterator[ListedHash]:
        """Each in a category that somebody has a rule for. Raises `ListError`."""
        return self.known.only(map(self._in_category, hashes))

    def _in_category(self, one: ListedHash) -> ListedHash:
        if one.category:
            return one
        if not self.order.category:
            raise ListError(
                f"{self.exchange.source}: names no category: say which it is by "
                f"category in [lists.{self.order.list_name}.exchange]"
            )
        return ListedHash(one.signal_type, one.value, self.order.category)

    def _made(self, number: int | None) -> VersionInfo | None:
        """The version that an earlier run made, if it is there."""
        return next((one for one in self._versions() if one.number == number), None)

    def _import(self, staging: Staging, progress: Progress) -> VersionInfo:
        order = ImportOrder(
            self.order.list_name,
            self.exchange.source,
            self.order.category,
            self.order.origin,
            self.order.person,
        )
        return self.store.import_version(order, staging.hashes(), progress)

    def _follow(self, version: VersionInfo, progress: Progress) -> str:
        """Why the version waits; empty if it acts."""
        if version.active:
            return ""
        # What a person has done since is their word.
        newest = self._versions()[-1].number
        if newest != version.number:
            return f"version {newest} was imported since"
        if version.activations:
            return "another version was activated since"
        return follow(self.store, version, self.order.manual, self.order.person, progress)

    def _versions(self) -> list[VersionInfo]:
        return [one for one in self.store.versions() if one.list_name == self.order.list_name]
