"""From one case to the next, in the order of the queue."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import settings_in, upload_of
from upload_guard.compose import open_cases, open_decisions
from upload_guard.errors import NoSuchCase
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.showing.neighbours import Around, Neighbours
from upload_guard.quarantine.showing.queue import Filter, Queue
from upload_guard.records import Action, Findings, Result, Verdict
from upload_guard.settings import Settings

HELD = Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def neighbours(settings: Settings) -> Neighbours:
    return Neighbours(open_cases(settings).database)


def hold(settings: Settings, *files: bytes) -> list[str]:
    cases = open_cases(settings)
    keeper = QuarantineKeeper(cases.database, cases.vault)
    return [keeper.keep(upload_of(data), HELD, Findings()) for data in files]


def test_alone_it_has_none(settings: Settings, neighbours: Neighbours) -> None:
    (number,) = hold(settings, b"a")
    assert neighbours.of(number) == Around(waiting=1)
    assert neighbours.next_after(number) == ""


def test_they_stand_as_in_the_queue_and_the_last_leads_to_the_first(
    settings: Settings, neighbours: Neighbours
) -> None:
    hold(settings, b"a", b"b", b"c")
    lines = Queue(neighbours.database, timedelta(hours=24)).page(Filter()).lines
    first, second, third = (line.number for line in lines)
    assert neighbours.of(second) == Around(first, third, 3)
    assert neighbours.of(third) == Around(second, first, 3)
    assert neighbours.of(first) == Around("", second, 3)


def test_repeats_of_a_picture_are_one_step(settings: Settings, neighbours: Neighbours) -> None:
    first, again, other = hold(settings, b"a", b"a", b"b")
    assert neighbours.of(first).following == neighbours.of(again).following == other
    assert neighbours.of(other) == Around(first, first, 3)


def test_what_is_decided_is_passed_over(settings: Settings, neighbours: Neighbours) -> None:
    first, second, third = hold(settings, b"a", b"b", b"c")
    open_decisions(settings).confirm(second, "ann", "seen")
    assert neighbours.of(first).following == third
    assert neighbours.of(second) == Around(first, third, 2)


def test_after_a_decision_comes_what_still_waits_of_the_picture(
    settings: Settings, neighbours: Neighbours
) -> None:
    first, again, other = hold(settings, b"a", b"a", b"b")
    assert neighbours.next_after(first) == again
    open_decisions(settings).confirm(first, "ann", "seen")
    assert neighbours.next_after(first) == other


def test_there_is_nothing_around_no_case(neighbours: Neighbours) -> None:
    with pytest.raises(NoSuchCase):
        neighbours.of("2222-2222-2222")
