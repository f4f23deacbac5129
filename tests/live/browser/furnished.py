"""A data folder as a real one looks after some weeks: lists, cases in every state, a list that waits, people.

All of it comes about by the functions that a real one uses. Pictures are drawn.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.live.browser.people import add_people
from tests.live.browser.weeks import spread
from tests.reports.house import WHO
from tests.serving import write_config
from tests.support import (
    activate_list,
    digest_of,
    listed_hashes,
    live,
    picture_bytes,
    quiet_station,
    recompressed,
    upload_of,
)
from upload_guard.audit.opening import open_audited
from upload_guard.compose import (
    Station,
    desk_in,
    open_database_of,
    open_decisions,
    open_lists,
    open_report_desk,
)
from upload_guard.customers.hits import AnsweredHit
from upload_guard.customers.opening import hits_in, outcomes_in
from upload_guard.customers.wire import HitOutcome, OutcomeTold
from upload_guard.errors import ListHeld
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.loading import load_settings
from upload_guard.moments import utc_now
from upload_guard.notices.incoming import Channel, Incoming, Wording
from upload_guard.notices.incoming import Told as Teller
from upload_guard.records import Signal, SignalType, Source
from upload_guard.settings import Settings

NATIONAL, PARTNER = "national", "partner"
SITES = ("blog", "shop", "forum")
CUSTOMER = "example-host"

_REPEATED, _ALIKE, _CONFIRMED, _ESCALATED, _RELEASED, _RETRACTED, _FLOODING = range(1, 8)
_OF_PARTNER = 21
TO_COME = 22
"""The seed of a picture that is listed, and that nobody has uploaded yet."""
_FILL = 60
# Codes that only a telephone knows have a test of their own.
_SECTIONS: Mapping[str, Mapping[str, object]] = {
    "trust": {"probation_hours": 0},
    "review": {"totp": "optional"},
    "reveal": {"viewing": "on"},
    "reports": WHO,
    "reports.recipients.hotline": {"format": "text", "sender": "folder", "folder": "out", "blocked": True},
}


@dataclass(frozen=True, slots=True)
class Furnished:
    """The folder's settings, and the numbers of some of its cases."""

    config: Path
    repeated: str
    alike: str
    unread: str
    confirmed: str
    escalated: str
    released: str
    proposed: str
    illegal: str
    report: str
    notice: str

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    def copied_to(self, folder: Path) -> Furnished:
        """The same once more, for somebody who is about to change it."""
        shutil.copytree(self.config.parent, folder, dirs_exist_ok=True)
        return replace(self, config=folder / self.config.name)


def furnish(folder: Path, sections: Mapping[str, Mapping[str, object]] | None = None) -> Furnished:
    """Fill a new data folder below `folder`; `sections` are more of its configuration."""
    config = write_config(folder / "sidecar.toml", {**_SECTIONS, **(sections or {})}, data_dir="data")
    settings = load_settings(config)
    add_people(settings)
    _lists(settings)
    house = _House(settings, quiet_station(settings))
    try:
        return _cases(config, house)
    finally:
        house.station.sandbox.close()


@dataclass(frozen=True, slots=True)
class _House:
    settings: Settings
    station: Station

    def upload(self, data: bytes, site: str, route: str = "/upload", uploader: str = "") -> str:
        """The number of its case."""
        (outcome,) = self.station.guard.check([upload_of(data, Source(site, route, uploader))])
        return outcome.case

    def job(self, name: str) -> None:
        """What housekeeping does by itself."""
        (job,) = (one for one in self.station.housekeeper.jobs if one.name == name)
        job.run()


def _lists(settings: Settings) -> None:
    on_national = [
        hash_ for seed in range(_REPEATED, _FLOODING + 1) for hash_ in listed_hashes(picture_bytes(seed))
    ]
    activate_list(settings, on_national, NATIONAL, "baseline", "police")
    on_partner = [
        *listed_hashes(picture_bytes(_REPEATED)),
        *listed_hashes(picture_bytes(_OF_PARTNER)),
        *listed_hashes(picture_bytes(TO_COME)),
        *_others(),
    ]
    activate_list(settings, on_partner, PARTNER, "illegal", "hotline")
    lists = open_lists(settings)
    order = ImportOrder(PARTNER, "partner-2026-11.csv", "illegal", "hotline", "sync")
    version = lists.import_version(order, on_partner[:6])
    try:
        lists.activate(PARTNER, version.number, "sync")
    except ListHeld:
        return
    raise AssertionError("a list that shrank so much should wait for a person")


def _others() -> list[ListedHash]:
    """What pads a list: digests of nothing that anybody uploads."""
    values = (digest_of(f"nothing {number}".encode()).sha256 for number in range(_FILL))
    return [ListedHash(SignalType.SHA256, value) for value in values]


def _customers(settings: Settings) -> None:
    """Who asks this installation as its check service, and what it did about its hits."""
    database = open_audited(settings)
    answers = [AnsweredHit((Signal(SignalType.MD5, bytes([at]) * 16),), "baseline") for at in range(4)]
    hits = hits_in(settings, database).note(CUSTOMER, answers)
    outcomes = (HitOutcome.REMOVED, HitOutcome.QUARANTINED, HitOutcome.FALSE_POSITIVE)
    told = [OutcomeTold(hit=hit, outcome=outcome) for hit, outcome in zip(hits, outcomes, strict=False)]
    outcomes_in(settings, database).tell(CUSTOMER, told, "key")


def _notice(settings: Settings) -> str:
    """What a hotline wrote, of a file that no rule maps."""
    told = Incoming(
        channel=Channel.MAIL,
        received_at=utc_now(),
        told=Teller("The hotline", "reports@hotline.example", "Hotline"),
        wording=Wording.FREE,
        reference="<1@hotline.example>",
        reasons="Please look at these two pictures.",
        urls=("https://blog.example.org/media/1.jpg", "https://elsewhere.example.org/2.jpg"),
        subject="Two pictures",
    )
    return desk_in(settings, open_audited(settings)).take(told)


def _cases(config: Path, house: _House) -> Furnished:
    for number in range(24):
        house.upload(picture_bytes(_FLOODING), SITES[number % 3], "/avatars", f"user {number}")
    house.job("breaker-counts")
    live(house.station.checker.opinions).look()
    repeated = [house.upload(picture_bytes(_REPEATED), SITES[number % 3], "/gallery") for number in range(7)]
    confirmed = house.upload(picture_bytes(_CONFIRMED), "shop", "/reviews")
    escalated = house.upload(picture_bytes(_ESCALATED), "forum", "/attachments")
    released = house.upload(picture_bytes(_RELEASED), "blog", "/wp-admin/async-upload.php")
    proposed = house.upload(picture_bytes(_RETRACTED), "blog", "/wp-admin/async-upload.php")
    illegal = house.upload(picture_bytes(_OF_PARTNER), "forum", "/attachments")
    alike = house.upload(recompressed(picture_bytes(_ALIKE)), "blog", "/wp-admin/async-upload.php")
    unread = house.upload(picture_bytes(90)[:-2000], "shop", "/reviews")
    decisions = open_decisions(house.settings)
    decisions.confirm(confirmed, "ben", "as the list says")
    decisions.escalate(escalated, "ben", "please look with me")
    decisions.false_positive(released, "ann", "the shop's own logo")
    open_lists(house.settings).retract(NATIONAL, listed_hashes(picture_bytes(_RETRACTED)), "ann")
    house.station.snapshot.look()
    live(house.station.checker.opinions).look()
    for job in ("reevaluation", "statistics", "case-lists"):
        house.job(job)
    spread(open_database_of(house.settings))
    _customers(house.settings)
    desk = open_report_desk(house.settings)
    desk.classes.choose(confirmed, "A1", "on the list of the police", "ben")
    return Furnished(
        config=config,
        repeated=repeated[0],
        alike=alike,
        unread=unread,
        confirmed=confirmed,
        escalated=escalated,
        released=released,
        proposed=proposed,
        illegal=illegal,
        report=desk.draft(confirmed, "hotline", "ben").number,
        notice=_notice(house.settings),
    )
