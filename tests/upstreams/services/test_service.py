"""What several requests tell is put together so that no hit is lost and no silence reads as a no."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.upstreams.services.asked import CLEAN, LISTED
from upload_guard.errors import UpstreamTimeout
from upload_guard.records import Signal
from upload_guard.upstreams.services.service import NOTHING_ASKED, Hit, Told, one_by_one

HIT = Told((Hit(LISTED),))


def says(**by_name: Told | Exception) -> Callable[[Signal], Told]:
    def ask(signal: Signal) -> Told:
        said = by_name["clean" if signal is CLEAN else "listed"]
        if isinstance(said, Exception):
            raise said
        return said

    return ask


def test_what_is_hit_stands_though_the_next_gets_no_answer() -> None:
    told = one_by_one((LISTED, CLEAN), says(listed=HIT, clean=UpstreamTimeout("too late")))
    assert told.hits == HIT.hits
    assert "too late" in told.unhashable


def test_without_a_hit_no_answer_is_no_answer() -> None:
    for signals in ((CLEAN, LISTED), (LISTED, CLEAN)):
        with pytest.raises(UpstreamTimeout):
            one_by_one(signals, says(listed=UpstreamTimeout("too late"), clean=Told()))


def test_what_cannot_be_hashed_is_said_beside_what_is_hit() -> None:
    said = says(listed=HIT, clean=Told(unhashable="too plain"))
    assert one_by_one((CLEAN, LISTED), said) == Told(HIT.hits, "too plain")
    assert one_by_one((CLEAN,), said) == Told(unhashable="too plain")


def test_nothing_asked_is_not_nothing_found() -> None:
    assert one_by_one((), says()) == NOTHING_ASKED
    assert NOTHING_ASKED.unhashable
