"""What the gate says of a version: the diff, what may not act, and whether it passes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upload_guard.lists.bank.bank import BankFile, BenignBank
from upload_guard.lists.gate.gate import ALIKE, IDENTICAL, Before, Decision, DiffRow, GateReport, examine
from upload_guard.lists.gate.junk import Junk
from upload_guard.matching.build import Batches
from upload_guard.records import BankScope, Entry, SignalType

NOW = datetime(2026, 6, 1, tzinfo=UTC)
VIEW = np.random.default_rng(3).bytes(32)
Hashes = dict[tuple[SignalType, bytes], str]
"""Categories by hash."""


def sha256(text: str) -> tuple[SignalType, bytes]:
    return SignalType.SHA256, hashlib.sha256(text.encode()).digest()


def files(count: int, category: str = "baseline", first: int = 0) -> Hashes:
    return {sha256(str(number)): category for number in range(first, first + count)}


BANK = BenignBank(
    "bank",
    [
        BankFile(
            "wp-includes/spinner.gif", BankScope.SHIPPED, (sha256("spinner"),), ((SignalType.PDQ, VIEW),)
        ),
        BankFile("logo.png", BankScope.SITE, (sha256("logo"),), (), "blog"),
    ],
)


Row = tuple[tuple[SignalType, bytes], str]
"""A hash and a category; one hash may stand in several."""


def batches(listed: Iterable[Row]) -> Batches:
    return Batches(
        Entry("icse", 1, "interpol", category, kind, value, NOW, number)
        for number, ((kind, value), category) in enumerate(listed, start=1)
    )


def gate(folder: Path, new: Hashes, before: Hashes | None = None, bank: BenignBank = BANK) -> GateReport:
    held = None if before is None else Before(batches(before.items()), len(before))
    return examine(batches(new.items()), held, bank, folder)


def test_a_first_import_passes_however_large(tmp_path: Path) -> None:
    report = gate(tmp_path, files(1000))
    assert (report.decision, report.why, report.before, report.ratio) == (Decision.PASSES, (), None, None)
    assert report.rows == (DiffRow(SignalType.SHA256, "baseline", now=1000, added=1000),)


def test_the_diff_counts_what_was_added_removed_and_moved(tmp_path: Path) -> None:
    before = files(10) | files(5, "illegal", 10)
    new = files(8) | files(2, "illegal", 8) | files(5, "illegal", 10) | files(4, "other", 20)
    rows = {row.category: row for row in gate(tmp_path, new, before).rows}
    assert rows == {
        "baseline": DiffRow(SignalType.SHA256, "baseline", before=10, now=8, left=2),
        "illegal": DiffRow(SignalType.SHA256, "illegal", before=5, now=7, came=2),
        "other": DiffRow(SignalType.SHA256, "other", now=4, added=4),
    }
    (gone,) = gate(tmp_path, files(6, first=2), files(8)).rows
    assert (gone.added, gone.removed) == (0, 2)


@pytest.mark.parametrize(
    ("before", "now", "decision"),
    [
        (100, 51, Decision.PASSES),
        (100, 50, Decision.HELD),
        (100, 999, Decision.PASSES),
        (100, 1000, Decision.HELD),
        (100, 100, Decision.PASSES),
        (0, 100, Decision.PASSES),
    ],
)
def test_shrinking_by_half_and_growing_tenfold_are_held(
    tmp_path: Path, before: int, now: int, decision: Decision
) -> None:
    report = gate(tmp_path, files(now), files(before))
    assert report.decision is decision
    assert bool(report.why) is (decision is Decision.HELD)


def test_a_version_without_entries_is_refused(tmp_path: Path) -> None:
    report = gate(tmp_path, {}, files(10))
    assert (report.decision, report.why) == (Decision.REFUSED, ("it holds no entry",))


def test_junk_is_put_aside_and_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    empty = (SignalType.MD5, hashlib.md5().digest())
    zeros = (SignalType.PDQ, bytes(32))
    report = gate(tmp_path, files(3) | {empty: "baseline", zeros: "baseline"} | files(2, first=3))
    assert report.decision is Decision.PASSES
    assert [(one.entry, one.signal_type, one.reason) for one in report.aside] == [
        (4, SignalType.MD5, Junk.EMPTY_FILE),
        (5, SignalType.PDQ, Junk.UNIFORM),
    ]
    assert report.junk == {Junk.EMPTY_FILE: 1, Junk.UNIFORM: 1}
    assert (report.entries, report.acting, report.benign) == (7, 5, ())


def test_what_names_a_known_good_image_is_put_aside_with_its_name(tmp_path: Path) -> None:
    alike = (SignalType.PDQ, bytes([VIEW[0] ^ 7]) + VIEW[1:])
    report = gate(tmp_path, files(3) | {sha256("spinner"): "other", alike: "baseline"})
    assert [(one.entry, one.reason, one.name, one.distance) for one in report.benign] == [
        (4, IDENTICAL, "wp-includes/spinner.gif", 0),
        (5, ALIKE, "wp-includes/spinner.gif", 3),
    ]
    assert report.decision is Decision.PASSES


def test_a_look_beyond_eight_bits_stays(tmp_path: Path) -> None:
    farther = (SignalType.PDQ, bytes([VIEW[0] ^ 255, VIEW[1] ^ 1]) + VIEW[2:])
    assert gate(tmp_path, {farther: "baseline"}).aside == ()


def test_a_sites_own_file_puts_nothing_aside(tmp_path: Path) -> None:
    assert gate(tmp_path, {sha256("logo"): "baseline"}).aside == ()


def test_a_list_that_is_put_aside_by_half_is_held(tmp_path: Path) -> None:
    junk: Hashes = {(SignalType.MD5, bytes([number]) * 16): "baseline" for number in range(10)}
    report = gate(tmp_path, files(10) | junk, files(20))
    assert (report.acting, report.decision, report.ratio) == (10, Decision.HELD, 0.5)


def test_a_hash_that_gets_a_second_category_came_to_that_and_left_none(tmp_path: Path) -> None:
    before, new = [(sha256("1"), "other")], [(sha256("1"), "other"), (sha256("1"), "illegal")]
    rows = {row.category: row for row in diff(tmp_path, new, before)}
    assert rows == {
        "illegal": DiffRow(SignalType.SHA256, "illegal", now=1, came=1),
        "other": DiffRow(SignalType.SHA256, "other", before=1, now=1),
    }


def diff(folder: Path, new: Collection[Row], before: Collection[Row]) -> tuple[DiffRow, ...]:
    return examine(batches(new), Before(batches(before), len(before)), BANK, folder).rows


versions = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from([SignalType.MD5, SignalType.PHASH]),
            st.integers(0, 30).map(lambda number: hashlib.md5(bytes([number])).digest()),
        ).map(lambda one: (one[0], one[1][: one[0].size])),
        st.sampled_from(["baseline", "illegal", "other"]),
    ),
    max_size=40,
    unique=True,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(new=versions, before=versions)
def test_the_diff_is_what_sets_say(tmp_path: Path, new: list[Row], before: list[Row]) -> None:
    rows = diff(tmp_path, new, before)
    known, named = {key for key, _ in before}, {key for key, _ in new}
    for row in rows:
        was = {key for key, category in before if (key[0], category) == (row.signal_type, row.category)}
        now = {key for key, category in new if (key[0], category) == (row.signal_type, row.category)}
        expected = (len(was), len(now), len(now - known), len(was - named))
        assert (row.before, row.now, row.added, row.removed) == expected
        assert (row.came, row.left) == (len((now & known) - was), len((was & named) - now))
    assert sum(row.now for row in rows) == len(new)
    assert sum(row.before for row in rows) == len(before)
    assert list(tmp_path.iterdir()) == []
