"""How often a clean picture is held: `make bench-fp`, some minutes, and the packages once (1 GB).

Pictures out of Debian's packages are checked by the whole pipeline under the default settings (without
probation, so that a block shows), against lists made of other pictures as a supplier would make them. Each
list is judged alone, and all together as lists of different origin. `ARGS=--pairs` names what was held.

Where an upload and the listed picture are one artwork, a hold is right. That is told by the pixels, never by
the hashes that are on trial here, and counted apart.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.artwork import SAME, copy_of, difference
from tests.bench.measure import print_columns, print_head, print_row
from tests.bench.packaged import CHECKED, LISTED, Kind
from tests.support import activate_list, digests_of, settings_in, upload_of
from upload_guard.checkers.known_good import with_benign
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import build_inspector, open_lists
from upload_guard.guard import Guard
from upload_guard.lists.formats import ListedHash
from upload_guard.matching.limits import DistanceLimits
from upload_guard.policy import judge
from upload_guard.records import Findings, Match, Result, SignalType, Upload, Verdict
from upload_guard.settings import Settings, TrustSettings

WORKERS = 2
ALL = "all four"
UPLOADS = 2000
"""Of one kind, at most."""
COPIES = 150
_PATIENCE = 600.0

Entries = Mapping[tuple[str, int], Path]
"""Of which picture an entry is, by list and number."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Distance limits: of PDQ, and of pHash and dHash."""

    pdq: int = TrustSettings().pdq_limit
    coarse: int = TrustSettings().phash_limit

    def of(self, match: Match) -> int:
        return self.pdq if match.signal_type is SignalType.PDQ else self.coarse


DEFAULT = Reach()
PDQ_LIMITS = tuple(Reach(pdq=limit) for limit in (10, 18, 24, 31, 40, 50, 60))
COARSE_LIMITS = tuple(Reach(coarse=limit) for limit in (0, 2, 4, 6, 8))


@dataclass(frozen=True, slots=True)
class Checked:
    """One upload and what was found: by default, and with all that lies within the farthest PDQ limit."""

    file: Path
    found: Findings
    farther: Findings


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict under some list and limits, and whether it is held for the very artwork that is listed."""

    file: Path
    verdict: Verdict
    same: bool

    @property
    def held(self) -> bool:
        return self.verdict.action.refuses and self.verdict.result is not Result.UNSCANNABLE

    @property
    def monitored(self) -> bool:
        return self.verdict.result is Result.NEAR and not self.verdict.action.refuses


@dataclass(frozen=True, slots=True)
class Bench:
    """The pipeline with all lists active."""

    guard: Guard
    entries: Entries

    def check(self, file: Path) -> Checked:
        found = self.findings(upload_of(file.read_bytes()))
        farthest = DistanceLimits({SignalType.PDQ: PDQ_LIMITS[-1].pdq, **_coarse(DEFAULT.coarse)})
        checker = checker_of(self.guard)
        matches = checker.snapshot().find(found.signals, farthest)
        return Checked(
            file, found, replace(found, matches=with_benign(matches, found.signals, checker.bank(), ""))
        )

    def findings(self, upload: Upload) -> Findings:
        return checker_of(self.guard).check(upload, time.monotonic() + _PATIENCE)

    def judged(self, checked: Checked, list_name: str, reach: Reach) -> Judged:
        findings = checked.farther if reach.pdq > DEFAULT.pdq else checked.found
        verdict = judge(only(findings, list_name, reach), self.guard.policy, datetime.now(UTC))
        same = verdict.action.refuses and any(
            difference(checked.file, self.entries[match.list_name, match.entry]) <= SAME
            for match in verdict.matches
            if not match.excused and (match.exact or match.signal_type is SignalType.PDQ)
        )
        return Judged(checked.file, verdict, same)

    def distance_of_copy(self, list_name: str, file: Path) -> int | None:
        """From a copy of a listed picture to an entry of its own, or None beyond the default limit."""
        findings = self.findings(upload_of(copy_of(file)))
        own = (
            match.distance
            for match in findings.matches
            if match.signal_type is SignalType.PDQ
            and match.list_name == list_name
            and self.entries[list_name, match.entry] == file
        )
        return min(own, default=None)


def checker_of(guard: Guard) -> LocalChecker:
    assert isinstance(guard.checker, LocalChecker)
    return guard.checker


def _coarse(limit: int) -> dict[SignalType, int]:
    return {SignalType.PHASH: limit, SignalType.DHASH: limit}


def only(findings: Findings, list_name: str, reach: Reach) -> Findings:
    """As if that list alone (or all of them) were active, with these limits."""
    matches = (
        match if match.exact else replace(match, limit=reach.of(match))
        for match in findings.matches
        if list_name in {match.list_name, ALL} and (match.exact or match.distance <= reach.of(match))
    )
    return replace(findings, matches=tuple(matches))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pairs", action="store_true", help="name what is held, and for which listed picture"
    )
    pairs = parser.parse_args().pairs
    print_head("How often a clean picture is held")
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        guard = build_inspector(settings)
        entries = {key: file for kind in LISTED for key, file in make_list(settings, kind, guard)}
        # A guard that has not seen the lists grow.
        checker_of(guard).sandbox.close()
        guard = build_inspector(settings)
        bench = Bench(guard, entries)
        print_all(bench, pairs)
        print_copies(bench)
        checker_of(guard).sandbox.close()
    print(f"\n{time.monotonic() - begun:.0f} s")


def make_list(settings: Settings, kind: Kind, guard: Guard) -> Iterator[tuple[tuple[str, int], Path]]:
    """Import and activate a list of pictures of `kind`; its entries that act."""
    files = kind.files()
    with ThreadPoolExecutor(WORKERS) as pool:
        hashes = list(pool.map(lambda file: hashes_of(file, guard), files))
    owners: dict[tuple[SignalType, bytes], Path] = {}
    for file, found in zip(files, hashes, strict=True):
        for one in found:
            owners.setdefault((one.signal_type, one.value), file)
    activate_list(settings, [one for found in hashes for one in found], kind.name, origin=kind.name)
    acting = list(open_lists(settings).entries(kind.name, None))
    plain = sum(all(one.signal_type.exact for one in found) for found in hashes)
    print(
        f"list of {kind.name}: {len(files)} pictures ({plain} too plain to have hashes of their look), "
        f"{len(owners)} entries, {len(owners) - len(acting)} put aside by the gate",
        flush=True,
    )
    for entry in acting:
        yield (kind.name, entry.number), owners[entry.signal_type, entry.value]


def hashes_of(file: Path, guard: Guard) -> list[ListedHash]:
    """What a supplier's list holds of a picture: digests, and the hashes of the picture as it shows."""
    data = file.read_bytes()
    digests = digests_of(data)
    looks = checker_of(guard).sandbox.analyse(upload_of(data).content).signals
    return [
        ListedHash(SignalType.SHA256, digests.sha256),
        ListedHash(SignalType.MD5, digests.md5),
        *(
            ListedHash(one.type, one.value)
            for one in looks
            if one.view == looks[0].view and one.variant in {"", "squashed"}
        ),
    ]


def print_all(bench: Bench, pairs: bool) -> None:
    found: dict[str, list[Checked]] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for kind in CHECKED:
            found[kind.name] = list(pool.map(bench.check, kind.some(UPLOADS)))
            plain = sum(all(one.type.exact for one in each.found.signals) for each in found[kind.name])
            print(f"uploads of {kind.name}: {len(found[kind.name])}, {plain} of them too plain", flush=True)
    print("\nTargets: 0 blocked, at most 0.1 % held.\n")
    print_columns(
        *("list", "uploads", "clean", "blocked", "held", "disputed (by PDQ)", "monitored", "not readable"),
        "same artwork",
    )
    for name, uploads in found.items():
        for list_name in (*(kind.name for kind in LISTED), ALL):
            judged = [bench.judged(one, list_name, DEFAULT) for one in uploads]
            print_verdicts(name, list_name, judged)
            if pairs and list_name != ALL:
                print_pairs(bench, judged)
    print_held_by_limit(bench, found)
    print_monitored_by_limit(bench, found)


def print_verdicts(name: str, list_name: str, judged: Sequence[Judged]) -> None:
    """A row. Uploads of a listed artwork count as such, and nowhere else."""
    clean = [one for one in judged if not one.same]
    actions = Counter(one.verdict.action.label for one in clean if one.held)
    disputed = [one for one in clean if one.verdict.result is Result.DISPUTED]
    by_pdq = sum(
        any(match.signal_type is SignalType.PDQ for match in one.verdict.matches) for one in disputed
    )
    print_row(
        list_name,
        name,
        len(clean),
        share(actions["block"], clean),
        share(actions["quarantine"], clean),
        f"{share(len(disputed), clean)} ({by_pdq})",
        share(sum(one.monitored for one in clean), clean),
        share(sum(one.verdict.result is Result.UNSCANNABLE for one in clean), clean),
        len(judged) - len(clean),
    )


def share(count: int, of: Sequence[object]) -> str:
    return f"{count}, {100 * count / len(of):.2f} %" if count else "0"


def print_pairs(bench: Bench, judged: Sequence[Judged]) -> None:
    for one in judged:
        if one.held:
            match = one.verdict.matches[0]
            listed = bench.entries[match.list_name, match.entry]
            print(f"  {one.file}\n    {listed}\n    {match.words}; {difference(one.file, listed):.0f} steps")


def print_held_by_limit(bench: Bench, found: Mapping[str, Sequence[Checked]]) -> None:
    print("\nHeld in % of clean uploads, by the list's `pdq_limit`:\n")
    print_columns("list", "uploads", *(reach.pdq for reach in PDQ_LIMITS))
    for kind in LISTED:
        for name, uploads in found.items():
            print_row(kind.name, name, *percents(bench, kind.name, uploads, PDQ_LIMITS, "held"))


def print_monitored_by_limit(bench: Bench, found: Mapping[str, Sequence[Checked]]) -> None:
    print("\nMonitored in % of clean uploads, by `phash_limit` and `dhash_limit`:\n")
    print_columns("list", "uploads", *(reach.coarse for reach in COARSE_LIMITS))
    for kind in LISTED:
        for name, uploads in found.items():
            print_row(kind.name, name, *percents(bench, kind.name, uploads, COARSE_LIMITS, "monitored"))


def percents(
    bench: Bench, list_name: str, uploads: Sequence[Checked], reaches: Sequence[Reach], what: str
) -> Iterator[str]:
    for reach in reaches:
        clean = [one for each in uploads if not (one := bench.judged(each, list_name, reach)).same]
        yield f"{100 * sum(getattr(one, what) for one in clean) / len(clean):.2f}"


def print_copies(bench: Bench) -> None:
    print("\nCopies of listed pictures (256 pixels, JPEG 60, on white) found, in %, by `pdq_limit`:\n")
    limits = [reach.pdq for reach in PDQ_LIMITS if reach.pdq <= DEFAULT.pdq]
    print_columns("list", "copies", *limits)
    with ThreadPoolExecutor(WORKERS) as pool:
        for kind in LISTED:
            files = kind.some(COPIES)
            near = list(pool.map(bench.distance_of_copy, [kind.name] * len(files), files))
            counts = (sum(one is not None and one <= limit for one in near) for limit in limits)
            print_row(kind.name, len(files), *(f"{100 * count / len(files):.0f}" for count in counts))


if __name__ == "__main__":
    main()
