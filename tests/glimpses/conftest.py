"""Held files of an installation that lets people view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support import settings_in, upload_of
from upload_guard.compose import build_reveals, open_cases
from upload_guard.compose.rules import build_retention
from upload_guard.glimpses.reveals import Reveals, Viewer
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.records import Action, Findings, Match, Result, Verdict
from upload_guard.settings import Settings
from upload_guard.storage.vault_tables import AuditRow

HELD = Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated")
ANN = Viewer("ann", "session of ann", most=3)


@dataclass(frozen=True)
class House:
    """An installation, the files that it holds, and what shows them."""

    settings: Settings
    cases: Cases
    reveals: Reveals

    def holds(self, data: bytes, *matches: Match) -> CaseInfo:
        keeper = QuarantineKeeper(self.cases.database, self.cases.vault, build_retention(self.settings))
        verdict = Verdict(Result.MATCH, Action.QUARANTINE, "exact", matches) if matches else HELD
        return self.again(keeper.keep(upload_of(data), verdict, Findings()))

    def again(self, number: str) -> CaseInfo:
        return self.cases.one(number)

    def acts(self, name: str) -> list[dict[str, object]]:
        of_that_name = select(AuditRow).where(AuditRow.act == name)
        with self.cases.database.session() as session:
            return [row.details for row in session.scalars(of_that_name.order_by(AuditRow.sequence))]


@contextmanager
def house_in(folder: Path, **sections: object) -> Iterator[House]:
    settings = settings_in(folder, reveal={"viewing": "on", "per_hour": 5}, **sections)
    cases = open_cases(settings)
    reveals = build_reveals(settings, cases.database)
    yield House(settings, cases, reveals)
    reveals.looker.sandbox.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path) as running:
        yield running
