"""What the signal log costs an upload, and how fast a version is rehearsed: `make bench ARGS=rehearsal`."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.bench.measure import print_head
from tests.support import picture_bytes, settings_in, upload_of
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import build_checker, build_trust, open_lists, open_signal_log
from upload_guard.keyring import open_keyring
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.log.logged import Logged, sha256_of
from upload_guard.lists.log.signal_log import SignalLog
from upload_guard.lists.trial import put_on_trial
from upload_guard.matching.build import no_progress
from upload_guard.records import EXACT_TYPES, Action, Findings, Outcome, Result, SignalType, Verdict
from upload_guard.rehearsal.rehearse import Audience, Stage
from upload_guard.rehearsal.tally import Tally
from upload_guard.settings import Settings
from upload_guard.storage.database import open_database

ENTRIES = 1_000_000
ROWS = 10_000
SINGLE = 100
CLEAN = Outcome(Verdict(Result.CLEAN, Action.ALLOW))
KINDS = (*sorted(EXACT_TYPES), SignalType.PDQ)
_Answer = TypeVar("_Answer")


def timed(run: Callable[[], _Answer]) -> tuple[_Answer, float]:
    """What it gives, and the seconds that it took."""
    begun = time.perf_counter()
    return run(), time.perf_counter() - begun


def random_hashes(count: int) -> Iterator[ListedHash]:
    """As many of each type."""
    for at in range(count):
        kind = KINDS[at % len(KINDS)]
        yield ListedHash(kind, os.urandom(kind.size))


def findings_like(photo: Findings) -> Findings:
    """As many signals as a photo has, all random: what is in a log is nearly never listed."""
    return Findings(tuple(replace(one, value=os.urandom(one.type.size)) for one in photo.signals))


def bench_note(settings: Settings, photo: Findings, rows: int) -> None:
    database = open_database(settings.database_url)
    log = SignalLog(database, open_keyring(settings))
    upload, uploads = upload_of(b"x"), [findings_like(photo) for _ in range(rows)]

    def note(findings: list[Findings]) -> None:
        for one in findings:
            log.note(upload, CLEAN, one)

    def note_and_write(findings: list[Findings]) -> None:
        for one in findings:
            log.note(upload, CLEAN, one)
            log.flush()

    _, single = timed(lambda: note_and_write(uploads[:SINGLE]))
    took, written = 0.0, 0.0
    for start in range(SINGLE, rows, 1000):
        _, noting = timed(lambda start=start: note(uploads[start : start + 1000]))
        _, writing = timed(log.flush)
        took, written = took + noting, written + writing
    size = sum(file.stat().st_size for file in settings.data_dir.glob("upload_guard.sqlite3*"))
    print(
        f"an upload of {len(photo.signals)} signals waits {took / (rows - SINGLE) * 1e3:.2f} ms for the log "
        f"(writing each at once: {single / SINGLE * 1e3:.1f} ms); "
        f"writing {(rows - SINGLE) / written:,.0f} rows a second; {size / rows:,.0f} bytes a row"
    )


def bench_rehearsal(settings: Settings, count: int) -> None:
    lists = open_lists(settings)
    lists.import_version(ImportOrder("bench", "random", "baseline", "bench", "bench"), random_hashes(count))
    now = datetime.now(UTC)
    log = open_signal_log(settings, now - timedelta(days=30))
    clock = Clock()
    with TemporaryDirectory(dir=settings.data_dir) as folder:
        trial, gate = timed(lambda: put_on_trial(lists, "bench", None, Path(folder)))
        snapshot, building = timed(lambda: trial.build(iter, no_progress))
        shutil.rmtree(trial.folder / "snapshot")
        tally = Tally("bench", build_trust(settings), now)
        stage = Stage(build_checker(settings), 2, 60)
        _, whole = timed(lambda: stage.rehearse(trial, Audience(log, (), ""), tally, clock))
        reading, judging = clock.took("reading the log"), clock.took("judging uploads")
        checker = stage.checker.as_of_now(snapshot)
        _, single = timed(lambda: [judge_one(checker, one) for one in islice(log.uploads(), SINGLE)])
    streaming = whole - reading - judging
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:,} entries past {log.count:,} logged uploads in {whole + gate:.1f} s: "
        f"the gate {count / gate:,.0f} entries a second; streamed, recognized and built "
        f"{count / streaming:,.0f} a second ({count / building:,.0f} if only built); "
        f"log read {log.count / reading:,.0f} rows a second, judged {log.count / judging:,.0f} a second "
        f"(one by one: {SINGLE / single:,.0f}); "
        f"{tally.effects.total():,} counted; peak memory {peak:,.0f} MiB"
    )


def judge_one(checker: LocalChecker, upload: Logged) -> Findings:
    return checker.compare(upload.signals, sha256_of(upload.signals), upload.site)


class Clock:
    """A progress that notes when each step was first and last heard of."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, float]] = {}

    def __call__(self, step: str, done: int, of: int) -> None:
        now = time.perf_counter()
        self._heard[step] = self._heard.get(step, (now, now))[0], now

    def took(self, step: str) -> float:
        first, last = self._heard[step]
        return last - first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    print_head("The signal log and rehearsals, against writing and asking one by one")
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        settings = settings_in(Path(folder), signal_log={"days": 30})
        checker = replace(build_checker(settings), digests=EXACT_TYPES)
        photo = checker.check(upload_of(picture_bytes(1)), time.monotonic() + 60)
        bench_note(settings, photo, given.rows)
        bench_rehearsal(settings, given.entries)


if __name__ == "__main__":
    main()
