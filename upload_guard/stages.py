"""How long each stage of a check takes, for whoever wants to know it of a request.

    with measured() as laps:        # a door, around one request
        ...
            with timed(Stage.DECODE):   # wherever that is done, in the same thread
                ...

Where nobody measures, `timed` does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Stage(StrEnum):
    """What a request's time goes into; `decode` holds the wait for a free decoder, `ask` that
    for check services once all else is found.
    """

    INTAKE = "intake"
    DIGESTS = "digests"
    DECODE = "decode"
    MATCH = "match"
    ASK = "ask"
    JUDGE = "judge"
    KEEP = "keep"


_laps: ContextVar[dict[Stage, float] | None] = ContextVar("upload_guard_laps", default=None)


@contextmanager
def measured() -> Iterator[Mapping[Stage, float]]:
    """Seconds by stage, all files of the request together; complete when the block ends."""
    laps: dict[Stage, float] = {}
    before = _laps.set(laps)
    try:
        yield laps
    finally:
        _laps.reset(before)


@contextmanager
def timed(stage: Stage) -> Iterator[None]:
    """What the block takes counts for `stage`, whether it succeeds or not."""
    laps = _laps.get()
    if laps is None:
        yield
        return
    begun = time.perf_counter()
    try:
        yield
    finally:
        laps[stage] = laps.get(stage, 0.0) + time.perf_counter() - begun
