"""Whatever happens to lists, bank and opinions: an undecided case stands as its file, sent again, would."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.support import digests_of, listed_hashes, live, quiet_station, settings_in, upload_of
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.errors import ListError, UsageError
from upload_guard.guard import Guard
from upload_guard.lists.bank.benign import BenignStore, vouched_file
from upload_guard.lists.breaker import trips
from upload_guard.lists.breaker.breaker import FloodBreaker
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.policy import judge
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.reevaluation import Reevaluator
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.records import NOT_DECODED, Findings, Result, Source, Standing, Verdict
from upload_guard.sandbox.pool import Sandbox

SITES = ("blog", "shop")
LISTS = ("first", "second")
PERSONS = ("ann", "bob", "eve")
# Which of `hashes`; all of them often enough that whole cases are let go of and held again.
PICKED = st.just(set(range(10))) | st.sets(st.integers(0, 9), min_size=1)
# Three uploads from two sites trip it, so that a few steps reach it.
SECTIONS: dict[str, object] = {
    "benign": {"shipped": False},
    "breaker": {"uploads": 3, "share": 0.01, "sources": 2},
    "trust": {"probation_hours": 0},
}


def _zip_of(*members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for at, member in enumerate(members):
            archive.writestr(zipfile.ZipInfo(f"{at}.jpg"), member)
    return out.getvalue()


@cache
def files() -> dict[str, bytes]:
    """A picture, a copy saved anew, another picture, both in an archive, and one that is broken."""
    one, two = (landscape(seed, (160, 120)) for seed in (1, 2))
    first, copy, second = jpeg(one), jpeg(one, 60), jpeg(two)
    return {
        "first": first,
        "copy": copy,
        "second": second,
        "archive": _zip_of(first, second),
        "broken": second[: len(second) // 2],
    }


@cache
def hashes() -> tuple[ListedHash, ...]:
    """What lists may hold: digests and the look of each picture, digests of the other two."""
    held = files()
    looks = [*listed_hashes(held["first"]), *listed_hashes(held["second"])]
    others = [listed for name in ("archive", "broken") for listed in _digests_listed(held[name])]
    return tuple(looks + others)


def _digests_listed(data: bytes) -> list[ListedHash]:
    return [ListedHash(one.type, one.value) for one in digests_of(data).signals() if one.type != "sha1"]


@cache
def shared_sandbox() -> Sandbox:
    """One for all examples: starting its processes takes longer than an example does."""
    return quiet_station(settings_in(Path(tempfile.mkdtemp()), **SECTIONS)).sandbox


@cache
def empty_house() -> Path:
    """A data folder with its schema made and no row in it."""
    folder = Path(tempfile.mkdtemp())
    quiet_station(settings_in(folder, **SECTIONS))
    return folder


class UndecidedCases(RuleBasedStateMachine):
    """One process, as all processes come to see it within a second."""

    cases = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(empty_house(), self.folder, dirs_exist_ok=True)
        station = quiet_station(settings_in(self.folder, **SECTIONS))
        checker = replace(station.checker, sandbox=shared_sandbox())
        self.guard: Guard = replace(station.guard, checker=checker)
        self.checker, self.station = checker, station
        (self.breaker,) = (one for one in self.guard.observers if isinstance(one, FloodBreaker))
        database = station.lists.database
        self.database = database
        self.cases_kept = Cases(database, station.keeper.vault)
        self.bank = BenignStore(database, None)
        self.reevaluator = Reevaluator(database, station.keeper.vault, checker, self.guard.policy, False)
        self.decisions = Decisions(database, self.reevaluator.found_whole)
        self.files_of: dict[str, tuple[str, str]] = {}

    def teardown(self) -> None:
        # The thread that looks after the lists may still be reading.
        shutil.rmtree(self.folder, ignore_errors=True)

    # What happens ------------------------------------------------------------------------------------

    @initialize(picked=PICKED)
    def first_list(self, picked: set[int]) -> None:
        self._activate("first", picked)

    @rule(target=cases, name=st.sampled_from(sorted(files())), site=st.sampled_from(SITES))
    def upload(self, name: str, site: str) -> str:
        self._look()
        (outcome,) = self.guard.check([upload_of(files()[name], Source(site, "/up"))])
        self.breaker.flush()
        if outcome.case:
            self.files_of[outcome.case] = (name, site)
        return outcome.case

    @rule(name=st.sampled_from(LISTS), picked=PICKED)
    def activate(self, name: str, picked: set[int]) -> None:
        self._activate(name, picked)

    @rule(name=st.sampled_from(LISTS), number=st.integers(1, 3))
    def roll_back(self, name: str, number: int) -> None:
        _if_possible(lambda: self.station.lists.rollback(name, number, "ann"))

    @rule(
        name=st.sampled_from(LISTS), at=st.integers(0, 9), category=st.sampled_from(["baseline", "illegal"])
    )
    def add(self, name: str, at: int, category: str) -> None:
        _if_possible(lambda: self.station.lists.add(name, [hashes()[at]], category, "ann"))

    @rule(name=st.sampled_from(LISTS), picked=PICKED)
    def retract(self, name: str, picked: set[int]) -> None:
        _if_possible(lambda: self.station.lists.retract(name, [hashes()[at] for at in picked], "ann"))

    @rule(case=cases)
    def false_positive(self, case: str) -> None:
        _if_possible(lambda: self.decisions.false_positive(case, "ann", "harmless"))

    @rule(case=cases)
    def release(self, case: str) -> None:
        _if_possible(lambda: self.decisions.release(case, "ann", "harmless"))

    @rule(case=cases)
    def reopen(self, case: str) -> None:
        _if_possible(lambda: self.decisions.reopen(case, "bob", "no"))

    @rule(case=cases, name=st.sampled_from(LISTS), persons=st.lists(st.sampled_from(PERSONS), max_size=2))
    def dispute(self, case: str, name: str, persons: list[str]) -> None:
        for person in persons:
            _if_possible(partial(self.decisions.dispute, case, name, person, "a logo"))

    @rule(case=cases, name=st.sampled_from(LISTS))
    def lift_dispute(self, case: str, name: str) -> None:
        _if_possible(lambda: self.decisions.lift_dispute(case, name, "eve"))

    @rule(name=st.sampled_from(["first", "copy", "second"]))
    def flood(self, name: str) -> None:
        for site in (*SITES, *SITES):
            self.upload(name, site)

    @rule(number=st.integers(1, 4), lifted=st.booleans())
    def decide_on_trip(self, number: int, lifted: bool) -> None:
        act = trips.lift if lifted else trips.confirm
        _if_possible(lambda: act(self.database, number, "ann", "seen"))

    @rule(name=st.sampled_from(["first", "second"]), site=st.sampled_from(["", *SITES]))
    def vouch(self, name: str, site: str) -> None:
        data = files()[name]
        signals = self.checker.sandbox.analyse(upload_of(data).content, float("inf")).signals
        self.bank.add(vouched_file(name, digests_of(data), signals, site), "ann")
        self.station.lists.examine_active()

    @rule(name=st.sampled_from(["first", "second"]), site=st.sampled_from(["", *SITES]))
    def vouch_no_more(self, name: str, site: str) -> None:
        self.bank.remove([name], site, "tester")
        self.station.lists.examine_active()

    # What holds --------------------------------------------------------------------------------------

    @invariant()
    def undecided_cases_stand_as_their_files_would_now(self) -> None:
        self._look()
        self.reevaluator.run()
        undecided = [one for one in self.cases_kept.newest(1000) if one.state in UNDECIDED]
        sent = {self.files_of[case.number] for case in undecided}
        verdicts = {(name, site): self._verdicts(name, site) for name, site in sent}
        for case in undecided:
            name, site = self.files_of[case.number]
            now, anew = verdicts[name, site]
            assert _told(now) == _told(anew), f"what was found before differs from what is in {name}"
            if case.result == Result.UNSCANNABLE and now.reason == "no_list":
                # With nothing left to compare it with, nobody can tell what is in it: it stays held.
                assert case.state == CaseState.OPEN
                continue
            assert (case.state == CaseState.OPEN) == now.action.refuses, (name, site, now, case.why)
            if now.action.refuses:
                assert (case.result, case.action, case.reason) == _told(now)[:3]
                # What its digests settle is not opened: the look that a lowered entry matched is not asked.
                assert case.lowered == _told(now)[3] or NOT_DECODED in now.degraded

    def _verdicts(self, name: str, site: str) -> tuple[Verdict, Verdict]:
        """As a process says that has seen the file, and one that has not."""
        upload = upload_of(files()[name], Source(site, "/up"))
        fresh = replace(self.checker, cache=type(self.checker.cache)(self.checker.cache._limits))
        now = datetime.now(UTC)
        policy = self.guard.policy
        found: list[Findings] = [each.check(upload, float("inf")) for each in (self.checker, fresh)]
        seen, unseen = (judge(one, policy, now) for one in found)
        return seen, unseen

    def _look(self) -> None:
        self.station.snapshot.look()
        live(self.checker.opinions).look()
        live(self.checker.bank).look()

    def _activate(self, name: str, picked: set[int]) -> None:
        order = ImportOrder(name, "test", "baseline", name, "ann")
        lists = self.station.lists
        version = lists.import_version(order, [hashes()[at] for at in sorted(picked)])
        _if_possible(lambda: lists.activate(name, version.number, "ann"))


def _told(verdict: Verdict) -> tuple[str, str, str, bool]:
    lowered = any(match.standing is Standing.LOWERED for match in verdict.matches)
    return verdict.result.value, verdict.action.label, verdict.reason, lowered


def _if_possible(act: Callable[[], object]) -> None:
    """What is refused changes nothing, which is what the invariant sees."""
    with contextlib.suppress(UsageError, ListError):
        act()


TestUndecidedCases = UndecidedCases.TestCase
TestUndecidedCases.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    # A sequence of fifteen steps is short enough to read, and making it shorter takes minutes.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
