"""A service that fails again and again is given a rest, and then tried by one call at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from upload_guard.checkers.upstreams.circuit import Circuit
from upload_guard.errors import UpstreamGarbled, UpstreamUnreachable


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(failures=3, pause=10, clock=clock)


def call(circuit: Circuit, fault: Exception | None = None) -> None:
    circuit.admit()
    with circuit.calling():
        if fault is not None:
            raise fault


def fail(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamGarbled):
            call(circuit, UpstreamGarbled("half an answer"))


def test_so_many_failures_in_a_row_open_it(circuit: Circuit) -> None:
    fail(circuit, 3)
    assert circuit.is_open
    with pytest.raises(UpstreamUnreachable, match="given a rest"):
        circuit.admit()


def test_an_answer_in_between_begins_the_row_anew(circuit: Circuit) -> None:
    fail(circuit, 2)
    call(circuit)
    fail(circuit, 2)
    assert not circuit.is_open


def test_after_the_pause_one_call_tries_and_the_next_waits(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, 3)
    clock.now = 10
    circuit.admit()
    with pytest.raises(UpstreamUnreachable):
        circuit.admit()


def test_an_answer_to_the_trial_ends_the_rest(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, 3)
    clock.now = 10
    call(circuit)
    assert not circuit.is_open
    call(circuit)


def test_a_trial_that_fails_begins_another_pause(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, 3)
    clock.now = 10
    fail(circuit, 1)
    clock.now = 19
    with pytest.raises(UpstreamUnreachable):
        circuit.admit()
    clock.now = 20
    call(circuit)
    assert not circuit.is_open
