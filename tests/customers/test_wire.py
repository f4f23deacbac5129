"""What a customer may send, and what is refused before anything is looked up."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from upload_guard.customers.wire import OUTCOMES_LIMIT, OutcomesQuestion, OutcomeTold
from upload_guard.records import Signal, SignalType

HIT = "a" * 32
HASH = {"type": "md5", "value": "0F" * 16}


def test_a_hash_in_either_case_is_the_signal_that_was_asked_for() -> None:
    told = OutcomeTold.model_validate({"hash": HASH, "outcome": "removed"})
    assert told.hash is not None
    assert told.hash.signal() == Signal(SignalType.MD5, b"\x0f" * 16)


@pytest.mark.parametrize(
    "told",
    [
        {"outcome": "removed"},
        {"hit": HIT, "hash": HASH, "outcome": "removed"},
        {"hit": HIT, "outcome": "deleted"},
        {"hit": "A" * 32, "outcome": "removed"},
        {"hash": {"type": "md5", "value": "0f" * 20}, "outcome": "removed"},
        {"hash": {"type": "md5", "value": "0g" * 16}, "outcome": "removed"},
        {"hash": {"type": "crc", "value": "0f" * 16}, "outcome": "removed"},
        {"hit": HIT, "outcome": "removed", "at": "2026-11-26T12:00:00"},
        {"hit": HIT, "outcome": "removed", "site": "forum"},
    ],
    ids=["none", "both", "word", "id", "size", "hex", "type", "zone", "extra"],
)
def test_what_names_nothing_or_too_much_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OutcomeTold.model_validate(told)


@pytest.mark.parametrize("count", [0, OUTCOMES_LIMIT + 1], ids=["none", "too-many"])
def test_a_batch_is_bounded(count: int) -> None:
    with pytest.raises(ValidationError):
        OutcomesQuestion.model_validate({"outcomes": [{"hit": HIT, "outcome": "removed"}] * count})
