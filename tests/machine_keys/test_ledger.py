"""Nonces, limits and lock-outs: rows that hold over all processes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.support import settings_in
from upload_guard.errors import RateLimited, Replayed, UploadGuardError
from upload_guard.machine_keys.ledger import KeyLimits, RowLedger
from upload_guard.machine_keys.opening import open_for_door
from upload_guard.storage.key_tables import LockOut, UsedNonce

START = datetime(2026, 1, 2, tzinfo=UTC)
LIMITS = KeyLimits(rate=2.0, burst=3, failures=3, lock_out=timedelta(seconds=60))


@dataclass
class Clock:
    """Goes on when it is told to."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def go_on(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Book:
    ledger: RowLedger
    clock: Clock
    count: int = field(default=0)

    def admit(self, key: str = "key") -> str:
        """The code of what comes of one more request; empty if it is admitted."""
        self.count += 1
        return self.admit_nonce(f"nonce-{self.count}", key)

    def admit_nonce(self, nonce: str, key: str = "key") -> str:
        try:
            self.ledger.admit(key, nonce, self.clock() + timedelta(seconds=300))
        except UploadGuardError as error:
            return error.code
        return ""

    def rows(self, table: type[UsedNonce | LockOut]) -> int:
        with self.ledger.database.session() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def book(tmp_path: Path) -> Book:
    clock = Clock()
    return Book(replace(open_for_door(settings_in(tmp_path))[1], limits=LIMITS, now=clock), clock)


# Nonces -------------------------------------------------------------------------------------------


def test_a_nonce_counts_once_for_its_key(book: Book) -> None:
    assert [book.admit_nonce("n"), book.admit_nonce("n"), book.admit_nonce("n", "other")] == [
        "",
        Replayed.code,
        "",
    ]


def test_a_replay_takes_nothing_of_what_the_key_may_ask(book: Book) -> None:
    book.admit_nonce("n")
    assert {book.admit_nonce("n") for _ in range(5)} == {Replayed.code}
    assert [book.admit(), book.admit(), book.admit()] == ["", "", RateLimited.code]


def test_a_request_over_the_limit_may_be_sent_again_as_it_was(book: Book) -> None:
    assert [book.admit() for _ in range(3)] == ["", "", ""]
    assert book.admit_nonce("late") == RateLimited.code
    book.clock.go_on(1)
    assert book.admit_nonce("late") == ""


def test_of_processes_that_get_the_same_request_at_once_one_admits_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    open_for_door(settings)
    program = (
        "import sys; from datetime import UTC, datetime, timedelta\n"
        "from upload_guard.errors import Replayed; from upload_guard.settings import Settings\n"
        "from upload_guard.machine_keys.opening import open_for_door\n"
        "_, ledger = open_for_door(Settings(data_dir=sys.argv[1])); admitted = 0\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for number in range(50):\n"
        "    try: ledger.admit('key', f'n{number}', datetime.now(UTC) + timedelta(300))\n"
        "    except Replayed: continue\n"
        "    admitted += 1\n"
        "print(admitted)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(settings.data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert [process.stdout and process.stdout.readline() for process in started] == ["ready\n"] * 3
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    admitted = [int(process.communicate(timeout=60)[0]) for process in started]
    assert sum(admitted) == 50


def test_what_is_out_of_date_is_thrown_away(book: Book) -> None:
    book.ledger.note_failure(["peer:1"])
    for _ in range(20):
        book.admit()
        book.clock.go_on(1)
    book.clock.go_on(1000)
    # One request in 64 does it, by chance: after 2,000 that none did has a probability of 2e-14.
    for _ in range(2000):
        book.admit()
        book.clock.go_on(1)
        if not book.rows(LockOut):
            break
    assert book.rows(LockOut) == 0
    assert book.rows(UsedNonce) <= 302


# Limits -------------------------------------------------------------------------------------------


def test_a_burst_passes_and_then_the_rate(book: Book) -> None:
    assert [book.admit() for _ in range(4)] == ["", "", "", RateLimited.code]
    book.clock.go_on(0.5)
    assert [book.admit(), book.admit()] == ["", RateLimited.code]


def test_each_key_has_its_own_limit(book: Book) -> None:
    assert [book.admit("one") for _ in range(4)][-1] == RateLimited.code
    assert book.admit("two") == ""


def test_a_long_rest_fills_no_more_than_the_burst(book: Book) -> None:
    book.admit()
    book.clock.go_on(10_000)
    assert [book.admit() for _ in range(4)] == ["", "", "", RateLimited.code]


def test_a_clock_set_back_takes_nothing_away(book: Book) -> None:
    book.admit()
    book.clock.go_on(-86_400)
    assert [book.admit(), book.admit(), book.admit()] == ["", "", RateLimited.code]
    book.clock.go_on(0.5)
    assert book.admit() == ""


def test_one_request_may_count_as_several(book: Book) -> None:
    assert book.admit() == ""
    book.ledger.charge("key", 2)
    assert book.admit() == "rate_limited"
    book.clock.go_on(1)
    with pytest.raises(RateLimited) as told:
        book.ledger.charge("key", 3)
    assert told.value.retry_after == 1


def test_none_counts_for_more_than_a_whole_burst(book: Book) -> None:
    book.ledger.charge("key", 1000)
    assert book.admit() == "rate_limited"


def test_whoever_is_over_the_limit_is_told_how_long(book: Book) -> None:
    ledger = replace(book.ledger, limits=replace(LIMITS, rate=0.1, burst=1))
    ledger.admit("key", "one", book.clock())
    with pytest.raises(RateLimited) as caught:
        ledger.admit("key", "two", book.clock())
    assert caught.value.retry_after == 10


# Lock-outs ----------------------------------------------------------------------------------------


def test_after_so_many_failures_there_is_a_lock_out_for_a_while(book: Book) -> None:
    assert [book.ledger.note_failure(["peer:1"]) for _ in range(4)] == [0, 0, 0, 60]
    book.clock.go_on(45)
    assert book.ledger.note_failure(["peer:1"]) == 15
    assert book.ledger.note_failure(["peer:2"]) == 0
    book.clock.go_on(16)
    assert book.ledger.note_failure(["peer:1"]) == 0


def test_one_name_of_several_is_enough(book: Book) -> None:
    for number in range(3):
        assert book.ledger.note_failure([f"peer:{number}", "key:a"]) == 0
    assert book.ledger.note_failure(["peer:9", "key:a"]) == 60


def test_failures_far_apart_lock_nobody_out(book: Book) -> None:
    for _ in range(10):
        assert book.ledger.note_failure(["peer:1"]) == 0
        book.clock.go_on(61)


def test_whoever_is_locked_out_makes_no_more_rows(book: Book) -> None:
    for _ in range(4):
        book.ledger.note_failure(["peer:1"])
    for number in range(50):
        book.ledger.note_failure(["peer:1", f"key:{number}"])
    assert book.rows(LockOut) == 1
