"""Bytes that several cases share: there while one of them keeps them, gone after the last."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy import select, update

from tests.quarantine.custody.test_retention import verdict
from tests.support import read, settings_in, upload_of
from upload_guard.compose import open_cases, open_holds
from upload_guard.errors import UsageError, VaultDamaged
from upload_guard.quarantine.custody.retention import Expiry, Retention, Rule
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.records import Findings
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import Kept

DAY = timedelta(days=1)
DAYS = {"soon": 10, "later": 40, "ever": 0}
RULES = Retention(
    {("any", name): Rule(days=days) for name, days in DAYS.items()} | {("any", "none"): Rule(keep=False)}
)


@cache
def empty_house() -> Path:
    folder = Path(tempfile.mkdtemp())
    open_cases(settings_in(folder))
    return folder


@dataclass
class Known:
    """What the test knows of a case."""

    data: bytes
    category: str
    kept_at: datetime
    holds: list[int] = field(default_factory=list)
    preserved: datetime | None = None
    gone: bool = False

    def expires(self, now: datetime) -> bool:
        days = DAYS.get(self.category, 0)
        by_law = self.holds or (self.preserved and self.preserved > now)
        return bool(days) and self.kept_at + days * DAY <= now and not by_law


class SharedBytes(RuleBasedStateMachine):
    cases = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(empty_house(), self.folder, dirs_exist_ok=True)
        house = settings_in(self.folder)
        self.shown, self.holds = open_cases(house), open_holds(house)
        self.keeper = QuarantineKeeper(self.shown.database, self.shown.vault, RULES)
        self.now = datetime(2027, 1, 1, tzinfo=UTC)
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(
        target=cases,
        data=st.sampled_from([b"one", b"two" * 50_000]),
        category=st.sampled_from([*DAYS, "none"]),
    )
    def keep(self, data: bytes, category: str) -> str:
        number = self.keeper.keep(upload_of(data), verdict(category), Findings())
        with self.shown.database.session() as session:
            session.execute(update(Case).where(Case.number == number).values(created_at=self.now))
        self.known[number] = Known(data, category, self.now, gone=category == "none")
        return number

    @rule(case=cases)
    def hold(self, case: str) -> None:
        if self.known[case].gone:
            with pytest.raises(UsageError):
                self.holds.place(case, "ann", "asked")
        else:
            self.known[case].holds.append(self.holds.place(case, "ann", "asked"))

    @rule(case=cases)
    def lift(self, case: str) -> None:
        if self.known[case].holds:
            self.holds.lift(case, self.known[case].holds.pop(), "ben", "done")

    @rule(case=cases)
    def preserve(self, case: str) -> None:
        if not self.known[case].gone:
            self.known[case].preserved = self.holds.preserve(case, "report", self.now - 330 * DAY, "ann")

    @rule(days=st.sampled_from([1, 9, 10, 31, 40]))
    def expire(self, days: int) -> None:
        self.now += days * DAY
        due = [one for one in self.known.values() if not one.gone and one.expires(self.now)]
        vault = self.shown.vault
        assert Expiry(vault.database, vault, RULES, lambda: self.now).run() == len(due)
        for one in due:
            one.gone = True

    @rule()
    def start_anew(self) -> None:
        self.keeper.recover()

    @invariant()
    def each_case_has_its_bytes_until_it_lets_go_of_them(self) -> None:
        for number, known in self.known.items():
            content = self.shown.one(number).content
            if not known.gone:
                assert read(content) == known.data
            else:
                with pytest.raises(VaultDamaged):
                    read(content)

    @invariant()
    def each_file_that_a_case_keeps_lies_there_once_and_no_other(self) -> None:
        with self.shown.database.session() as session:
            sealed = set(session.scalars(select(VaultObject.name).where(VaultObject.kept == Kept.SEALED)))
        assert {file.name for file in self.shown.vault.folder.glob("*/*")} == sealed
        assert len(sealed) == len({one.data for one in self.known.values() if not one.gone})


TestSharedBytes = SharedBytes.TestCase
TestSharedBytes.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
