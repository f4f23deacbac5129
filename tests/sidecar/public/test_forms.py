"""A form's token says that the form came from here, lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from upload_guard.sidecar.public.forms import TOKEN, TRAP, Forms, StaleForm, TrappedForm

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def forms(at: datetime = NOON, key: bytes = b"k" * 32) -> Forms:
    return Forms(key, lambda: at)


def test_a_token_is_good_for_twelve_hours() -> None:
    token = forms().token("appeal")
    forms(NOON + timedelta(hours=11, minutes=59)).check("appeal", {TOKEN: token})
    with pytest.raises(StaleForm):
        forms(NOON + timedelta(hours=12)).check("appeal", {TOKEN: token})


def test_a_token_belongs_to_one_form_and_one_installation() -> None:
    token = forms().token("appeal")
    with pytest.raises(StaleForm):
        forms().check("notice", {TOKEN: token})
    with pytest.raises(StaleForm):
        forms(key=b"x" * 32).check("appeal", {TOKEN: token})


@pytest.mark.parametrize("place", [0, 5, 20, 60])
def test_a_token_that_was_altered_is_none(place: int) -> None:
    token = forms().token("appeal")
    other = "A" if token[place] != "A" else "B"
    with pytest.raises(StaleForm):
        forms().check("appeal", {TOKEN: token[:place] + other + token[place + 1 :]})


def test_no_two_tokens_are_alike() -> None:
    assert forms().token("appeal") != forms().token("appeal")


def test_the_trap_is_named_whatever_the_token_is() -> None:
    with pytest.raises(TrappedForm):
        forms().check("appeal", {TRAP: "https://spam.example"})
