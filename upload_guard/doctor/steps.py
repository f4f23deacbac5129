"""What the doctor says: steps, each with how it went, how long it took and what to do where it is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from upload_guard.errors import UploadGuardError


class State(StrEnum):
    """How a step went. `skipped` is one that says nothing about this installation."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of looking; `advice` is a sentence for the person, wherever not all is well."""

    state: State
    told: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The same with its name, and the milliseconds that it took."""

    name: str
    said: Said
    milliseconds: float


def well(told: str) -> Said:
    return Said(State.OK, told)


def odd(told: str, advice: str) -> Said:
    return Said(State.WARNING, told, advice)


def broken(told: str, advice: str) -> Said:
    return Said(State.BROKEN, told, advice)


def skipped(told: str) -> Said:
    return Said(State.SKIPPED, told)


def taken(name: str, look: Callable[[], Said], advice: str) -> Step:
    """One step; `advice` is for a fault that ends it."""
    begun = time.monotonic()
    try:
        said = look()
    except UploadGuardError as fault:
        said = broken(str(fault), advice)
    return Step(name, said, (time.monotonic() - begun) * 1000)


def exit_code(steps: Iterable[Step]) -> int:
    """0 all well, 1 warnings, 2 something is broken."""
    states = {step.said.state for step in steps}
    if State.BROKEN in states:
        return 2
    return 1 if State.WARNING in states else 0
