"""Tests of what senders are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from upload_guard.notices.answering import outcome, receipt
from upload_guard.notices.states import SETTLED, AddressState

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_a_receipt_names_number_and_deadline() -> None:
    said = receipt("en", "N-2345-6789-BCDF", 2, NOON)
    assert "N-2345-6789-BCDF" in said.subject
    assert "2026-11-26 12:00 UTC" in said.text


def test_dutch_is_spoken_to_those_who_do() -> None:
    assert "ontvangen" in receipt("nl-NL", "N-1", 1, NOON).text
    assert "received" in receipt("de", "N-1", 1, NOON).text


@pytest.mark.parametrize("language", ["en", "nl"])
def test_each_settled_state_has_words_of_its_own(language: str) -> None:
    states = sorted(SETTLED)
    lines = outcome(language, "N-1", NOON, states, "").text.splitlines()[1 : 1 + len(states)]
    assert len({line.partition(". ")[2] for line in lines}) == len(SETTLED)


def test_an_answer_names_where_to_disagree() -> None:
    assert "abuse@example.org" in outcome("en", "N-1", NOON, [AddressState.KEPT], "abuse@example.org").text


def test_of_thousands_of_addresses_the_rest_is_counted() -> None:
    said = outcome("en", "N-1", NOON, [AddressState.REMOVED] * 201 + [AddressState.GONE] * 300, "").text
    assert len(said.splitlines()) < 220
    assert "nothing was there any more: 300" in said


def test_a_notice_without_addresses_is_answered_too() -> None:
    assert "read by a person" in outcome("en", "N-1", NOON, [], "").text
