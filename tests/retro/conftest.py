"""A house that remembers what passed, and a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support import activate_list, quiet_station, settings_in, upload_of
from upload_guard.compose import Station
from upload_guard.compose.retro import RetroDesk
from upload_guard.holdings.descent import file_locator
from upload_guard.late.entries import LateMatch
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.live import Live
from upload_guard.records import SignalType, Source
from upload_guard.retro.log import PassedLog
from upload_guard.retro.passes import Passes
from upload_guard.settings import Settings
from upload_guard.storage.database import Database
from upload_guard.storage.retro_tables import RetroMatch, RetroPass
from upload_guard.storage.tables import Case

OTHER = [ListedHash(SignalType.SHA256, bytes(range(32)))]


@dataclass
class House:
    """One with `media`, a folder of its site whose files it may read."""

    settings: Settings
    station: Station
    media: Path
    told: list[LateMatch] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.station.keeper.database

    @property
    def desk(self) -> RetroDesk:
        return RetroDesk(self.settings, self.database)

    @property
    def passes(self) -> Passes:
        passes = self.desk.passes(self.station.lists, self.station.checker, self.station.keeper)
        return replace(passes, settles_after=timedelta())

    def upload(self, data: bytes, site: str = "shop") -> str:
        """Have it checked and remembered; its id."""
        upload = upload_of(data, Source(site, "/upload"))
        self.station.guard.check([upload])
        (log,) = (one for one in self.station.guard.observers if isinstance(one, PassedLog))
        log.flush()
        return upload.upload_id

    def activate(self, hashes: list[ListedHash], name: str = "test-list") -> None:
        """A new version of a list acts, and this process has it."""
        activate_list(self.settings, hashes, name)
        self.refresh()

    def refresh(self) -> None:
        """This process has what rows say now, and waits for nothing."""
        self.station.snapshot.look()
        for live in (self.station.checker.bank, self.station.checker.opinions):
            assert isinstance(live, Live)
            live.look()

    def match(self) -> None:
        self.passes.run()

    def stored(self, data: bytes, name: str = "a.jpg") -> str:
        """As the site keeps it; the locator."""
        file = self.media / name
        file.write_bytes(data)
        return file_locator(file)

    def cases(self) -> list[Case]:
        with self.database.session() as session:
            return list(session.scalars(select(Case).order_by(Case.id)))

    def done(self) -> list[RetroPass]:
        with self.database.session() as session:
            return list(session.scalars(select(RetroPass).where(RetroPass.done_at.is_not(None))))

    def matches(self) -> list[RetroMatch]:
        with self.database.session() as session:
            return list(session.scalars(select(RetroMatch).order_by(RetroMatch.id)))


@pytest.fixture
def house(tmp_path: Path) -> House:
    media = tmp_path / "media"
    media.mkdir()
    settings = settings_in(
        tmp_path,
        benign={"shipped": False},
        retro={"days": 30, "places": [file_locator(media / "x").removesuffix("x")]},
    )
    activate_list(settings, OTHER)
    return House(settings, quiet_station(settings), media)
