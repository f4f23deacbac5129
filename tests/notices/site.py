"""A site whose media lie in a folder, with one picture on a list, and all that sees to notices of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from tests.notices.tellers import notice_of
from tests.support import activate_listed_picture, picture_bytes, settings_in
from upload_guard.compose import Station, build_station, build_worker, decisions_of, desk_in, notice_acts_in
from upload_guard.compose.incoming import notices_in
from upload_guard.holdings.placements import Placements
from upload_guard.notices.acts import NoticeActs
from upload_guard.notices.desk import Desk
from upload_guard.notices.showing import AddressInfo, NoticeFile
from upload_guard.notices.working import Worker
from upload_guard.quarantine.cases import Cases
from upload_guard.settings import Settings
from upload_guard.storage.placement_tables import PlacedFile

URL = "https://blog.example.org/media/"


@dataclass(frozen=True, slots=True)
class NotedSite:
    """`listed.jpg` is on a list, `other.jpg` on none."""

    settings: Settings
    media: Path
    station: Station
    worker: Worker
    desk: Desk
    acts: NoticeActs

    def tell(self, *names: str, **said: str) -> str:
        """Somebody tells of these files."""
        return self.desk.take(notice_of(*(URL + name for name in names), **said))  # type: ignore[arg-type]

    def work(self, number: str) -> NoticeFile:
        """What stands in the notice once everything that can be done was done."""
        self.worker.run()
        return self.file(number)

    def file(self, number: str) -> NoticeFile:
        return notices_in(self.settings, self.desk.database).find(number)

    def first(self, number: str) -> AddressInfo:
        return self.file(number).addresses[0]

    def confirm(self, case: str) -> None:
        decisions_of(self.station, self.settings).confirm(case, "reviewer", "seen")

    def release(self, case: str) -> None:
        decisions_of(self.station, self.settings).release(case, "reviewer", "harmless")

    @property
    def placements(self) -> Placements:
        return self.worker.placements

    def place_of(self, case: str) -> PlacedFile:
        with self.desk.database.session() as session:
            return session.scalars(select(PlacedFile).where(PlacedFile.case_number == case)).one()


def noted_site(folder: Path, **incoming: object) -> NotedSite:
    """One in `folder`, with these options of `[incoming]`."""
    media = folder / "media"
    media.mkdir(parents=True)
    own = {"sites": {"blog": {"paths": {URL: str(media)}}}} | incoming
    settings = settings_in(folder, incoming=own)
    (media / "listed.jpg").write_bytes(activate_listed_picture(settings))
    (media / "other.jpg").write_bytes(picture_bytes(2))
    station = build_station(settings)
    database = station.keeper.database
    worker = build_worker(settings, station.guard, station.keeper)
    return NotedSite(
        settings, media, station, worker, desk_in(settings, database), notice_acts_in(settings, database)
    )


def clean(site: NotedSite, name: str, seed: int) -> str:
    (site.media / name).write_bytes(picture_bytes(seed))
    return name


def listed(site: NotedSite, name: str) -> str:
    shutil.copy(site.media / "listed.jpg", site.media / name)
    return name


def cases(site: NotedSite) -> Cases:
    return Cases(site.station.keeper.database, site.station.keeper.vault)
