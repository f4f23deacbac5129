"""A house with files of a site beside it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import digest_of, settings_in
from upload_guard.compose import open_acting
from upload_guard.holdings.acting import Acting, Found
from upload_guard.holdings.descent import file_locator
from upload_guard.holdings.placements import Placed, Placements
from upload_guard.quarantine.custody.retention import ANY, Expiry, Retention, Rule
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.records import Action, Findings, Match, Result, SignalType, Verdict
from upload_guard.settings import Settings
from upload_guard.storage.placement_tables import PlaceState

DATA = b"the very bytes"
MATCH = Match(SignalType.SHA256, "", 0, 0, "icse", 2, "interpol", "baseline", 4, None)
VERDICT = Verdict(Result.MATCH, Action.BLOCK, "exact", (MATCH,))


@dataclass(frozen=True)
class House:
    settings: Settings
    acting: Acting
    file: Path

    @property
    def placements(self) -> Placements:
        return self.acting.placements

    @property
    def decisions(self) -> Decisions:
        return Decisions(self.placements.database, lambda _case: Findings())

    def found(self, route: str = "scan:", verdict: Verdict = VERDICT) -> Found:
        sha256 = digest_of(DATA).sha256
        return Found(file_locator(self.file), "shop", sha256, verdict, Findings((), (MATCH,)), route=route)

    def expire(self) -> int:
        """What expires a year after everything was kept, where a week is the rule."""
        retention = Retention({(ANY, ANY): Rule(days=7)})
        later = datetime.now(UTC) + timedelta(days=365)
        return Expiry(self.placements.database, self.placements.vault, retention, lambda: later).run()

    def place(self, number: str) -> Placed:
        (place,) = self.placements.of_case(number)
        return place

    def state(self, number: str) -> PlaceState:
        return self.place(number).state


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, migrated once for all."""
    folder = tmp_path_factory.mktemp("empty")
    settings = settings_in(folder)
    open_acting(settings).keeper.recover()
    return settings.data_dir


@pytest.fixture
def house(tmp_path: Path, empty: Path) -> House:
    shutil.copytree(empty, tmp_path / "data")
    file = tmp_path / "media" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(DATA)
    settings = settings_in(tmp_path, benign={"shipped": False})
    return House(settings, open_acting(settings), file)
