"""Lock-out after too many wrong log-ins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.people.gates import Opened
from upload_guard.errors import LogInLocked
from upload_guard.people.attempts import Attempts, Limits, Who

ANN = Who("ann", "192.0.2.7")


@pytest.fixture
def attempts(here: Opened) -> Attempts:
    return here.gate.log_in.attempts


def wrong(attempts: Attempts, who: Who, times: int) -> None:
    for _ in range(times):
        attempts.begin(who)


def test_five_are_heard_and_the_sixth_is_not(attempts: Attempts) -> None:
    wrong(attempts, ANN, 5)
    with pytest.raises(LogInLocked) as fault:
        attempts.begin(ANN)
    assert fault.value.retry_after == 900


def test_it_ends_after_a_while_and_begins_anew(attempts: Attempts, here: Opened) -> None:
    wrong(attempts, ANN, 5)
    here.clock.pass_by(minutes=14)
    with pytest.raises(LogInLocked) as fault:
        attempts.begin(ANN)
    assert fault.value.retry_after == 60
    here.clock.pass_by(minutes=1)
    wrong(attempts, ANN, 5)
    with pytest.raises(LogInLocked):
        attempts.begin(ANN)


def test_asking_while_locked_out_makes_it_no_longer(attempts: Attempts, here: Opened) -> None:
    wrong(attempts, ANN, 5)
    for _ in range(20):
        here.clock.pass_by(seconds=30)
        with pytest.raises(LogInLocked):
            attempts.begin(ANN)
    here.clock.pass_by(minutes=5)
    attempts.begin(ANN)


def test_a_right_one_begins_the_count_anew(attempts: Attempts) -> None:
    for _ in range(4):
        wrong(attempts, ANN, 4)
        attempts.begin(ANN)
        attempts.succeeded(ANN)


def test_old_failures_are_forgotten(attempts: Attempts, here: Opened) -> None:
    wrong(attempts, ANN, 4)
    here.clock.pass_by(minutes=16)
    wrong(attempts, ANN, 4)


def test_other_names_go_on_until_the_address_has_tried_too_many(attempts: Attempts) -> None:
    for number in range(20):
        attempts.begin(Who(f"name{number}", "192.0.2.7"))
    with pytest.raises(LogInLocked):
        attempts.begin(Who("ann", "192.0.2.7"))
    attempts.begin(Who("ann", "192.0.2.8"))


def test_where_no_address_can_be_told_only_names_are_counted(attempts: Attempts) -> None:
    for number in range(100):
        attempts.begin(Who(f"name{number}", ""))
    wrong(attempts, Who("ann", ""), 5)
    with pytest.raises(LogInLocked):
        attempts.begin(Who("ann", ""))


def test_a_right_log_in_takes_back_its_own_attempt_from_the_address_only(attempts: Attempts) -> None:
    for number in range(19):
        attempts.begin(Who(f"name{number}", "192.0.2.7"))
    attempts.begin(ANN)
    attempts.succeeded(ANN)
    attempts.begin(Who("eve", "192.0.2.7"))
    with pytest.raises(LogInLocked):
        attempts.begin(ANN)


def test_a_hundred_guesses_at_once_are_five(attempts: Attempts) -> None:
    def guess(_: int) -> bool:
        try:
            attempts.begin(Who("ann", ""))
        except LogInLocked:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(40))) == 5


def test_a_single_attempt_can_be_the_limit(attempts: Attempts) -> None:
    strict = replace(attempts, limits=Limits(failures=1))
    strict.begin(Who("ann", ""))
    with pytest.raises(LogInLocked):
        strict.begin(Who("ann", ""))


def test_nothing_typed_into_the_field_for_names_is_kept(attempts: Attempts, here: Opened) -> None:
    attempts.begin(Who("my secret password", "192.0.2.7"))
    files = [file.read_bytes() for file in here.settings.data_dir.glob("upload_guard.sqlite3*")]
    assert files
    assert not any(b"my secret" in data for data in files)
