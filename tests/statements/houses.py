"""A station that holds an upload, people who decide about it, and a clock for what uploaders are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support import activate_list, digest_of, live, picture_bytes, quiet_station, settings_in, upload_of
from upload_guard.compose import Station, appeals_in, open_decisions, statements_in
from upload_guard.lists.formats import ListedHash
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.records import Outcome, SignalType, Source
from upload_guard.settings import Settings
from upload_guard.statements.appeals import Appeals
from upload_guard.statements.delays import Delays
from upload_guard.statements.statements import Given, Statements
from upload_guard.storage.database import Database

_PICTURES = 24
URL = "https://guard.example.org"
PASSWORD = "nine clouds over an old harbour"  # noqa: S105 - of nobody


@dataclass
class Clock:
    """So much later than it is."""

    later: timedelta = field(default=timedelta())

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.later


@dataclass(frozen=True)
class House:
    settings: Settings
    station: Station
    listed: Iterator[bytes]
    clock: Clock
    decisions: Decisions
    statements: Statements
    appeals: Appeals
    delays: Delays

    @property
    def database(self) -> Database:
        return self.station.keeper.database

    def held(self, site: str = "blog", route: str = "/up") -> str:
        """A case of a listed picture that no other case has."""
        number = self.upload(next(self.listed), site, route).case
        assert number
        return number

    def upload(self, data: bytes, site: str = "blog", route: str = "/up") -> Outcome:
        live(self.station.checker.opinions).look()
        (outcome,) = self.station.guard.check([upload_of(data, Source(site, route))])
        return outcome

    def confirmed(self, site: str = "blog", person: str = "ruth", route: str = "/up") -> str:
        number = self.held(site, route)
        self.decisions.confirm(number, person, "it is what the list says")
        return number

    def told(self, number: str, language: str = "en") -> Given:
        """The statement, once its time has come."""
        self.statements.look()
        return self.statements.of(number, "blog", language)

    def secret(self, number: str) -> str:
        """What only the uploader has."""
        found = re.search(r"/public/appeals/[^/]+/([\w-]+)", self.told(number).text)
        assert found
        return found[1]

    def appealed(self, person: str = "ruth") -> tuple[str, str]:
        """A case whose uploader has appealed, and the secret."""
        number = self.confirmed(person=person)
        secret = self.secret(number)
        self.appeals.make(number, secret, "it is my cat")
        return number, secret

    def add_reviewer(self, name: str) -> None:
        people = open_gate(self.settings, self.database).people
        people.add(name, Role.REVIEWER, PASSWORD, "tester")


def house_in(folder: Path, **own: object) -> House:
    return house_over(settings_in(folder, **sections(**own)))


def sections(**own: object) -> dict[str, dict[str, object]]:
    """What such a house has in its settings."""
    return {
        "public": {"url": URL, "pages_per_hour": 40},
        "review": {"totp": "optional"},
        "statements": {"enabled": True, "after_hours": 0, "service": "The Blog"} | own,
    }


def house_over(settings: Settings) -> House:
    pictures, clock = [picture_bytes(seed) for seed in range(900, 900 + _PICTURES)], Clock()
    activate_list(settings, [ListedHash(SignalType.SHA256, digest_of(one).sha256) for one in pictures])
    station = quiet_station(settings)
    database = station.keeper.database
    statements, appeals = statements_in(settings, database), appeals_in(settings, database)
    return House(
        settings,
        station,
        iter(pictures),
        clock,
        open_decisions(settings),
        Statements(database, statements.keyring, statements.rule, clock),
        Appeals(database, appeals.keyring, clock),
        Delays(database, clock),
    )
