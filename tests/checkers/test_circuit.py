"""A sidecar that failed several times is left alone for its pause and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from upload_guard.checkers import circuit as module
from upload_guard.checkers.circuit import Circuit
from upload_guard.errors import ServiceUnreachable


@dataclass
class House:
    """A circuit whose clock is moved by hand, and a sidecar that is there or not."""

    now: float = 0.0
    there: bool = False
    probed: list[float] = field(default_factory=list)

    def probe(self) -> bool:
        self.probed.append(self.now)
        return self.there

    def call(self, circuit: Circuit) -> bool:
        """Whether the call was made and answered."""
        try:
            with circuit.calling():
                self.answer()
        except ServiceUnreachable:
            return False
        return True

    def answer(self) -> None:
        if not self.there:
            raise ServiceUnreachable("nobody is there")


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: house.now))
    return house


@pytest.fixture
def circuit(house: House) -> Circuit:
    """Open, and probed just now."""
    circuit = Circuit(failures=3, pause=10, probe=house.probe)
    for _ in range(4):
        assert not house.call(circuit)
    assert (circuit.is_open, house.probed) == (True, [0.0])
    return circuit


def test_e1_it_is_asked_as_soon_as_its_pause_is_over(house: House, circuit: Circuit) -> None:
    house.there = True
    house.now = 9.9
    assert not house.call(circuit)
    house.now = 10
    assert house.call(circuit)
    assert not circuit.is_open


def test_who_is_not_there_is_asked_once_a_pause(house: House, circuit: Circuit) -> None:
    for house.now in (5, 10, 12, 19, 20, 25, 29.9, 30):
        assert not house.call(circuit)
    assert house.probed == [0, 10, 20, 30]


def test_a_first_call_that_fails_again_has_it_left_alone_again(house: House, circuit: Circuit) -> None:
    house.there = True
    house.now = 10
    with pytest.raises(ServiceUnreachable), circuit.calling():
        raise ServiceUnreachable("gone again")
    assert circuit.is_open
    assert not house.call(circuit)
    house.now = 20
    assert house.call(circuit)
