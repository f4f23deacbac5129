"""The records: the order of actions, what decides for a request, what a match says of itself."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from upload_guard.records import (
    EXACT_TYPES,
    Action,
    Match,
    Outcome,
    Result,
    SignalType,
    Verdict,
    in_order,
    strongest,
)


def match_of(kind: SignalType, distance: int = 0, limit: int = 31) -> Match:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return Match(kind, "frame 2", distance, limit, "icse", 7, "interpol", "baseline", 12, since)


def outcome(action: Action, result: Result, case: str = "") -> Outcome:
    return Outcome(Verdict(result, action), case)


def test_actions_stand_from_weak_to_strong() -> None:
    assert sorted(Action) == [Action.ALLOW, Action.MONITOR, Action.QUARANTINE, Action.BLOCK]
    assert max(Action.MONITOR, Action.BLOCK, Action.ALLOW) is Action.BLOCK


def test_only_quarantine_and_block_refuse() -> None:
    assert {action for action in Action if action.refuses} == {Action.QUARANTINE, Action.BLOCK}


@pytest.mark.parametrize("action", Action, ids=str)
def test_a_label_names_its_action_and_back(action: Action) -> None:
    assert action.label == action.label.lower()
    assert Action.from_label(action.label) is action


@pytest.mark.parametrize("label", ["", "ignore", "3", "blocks"])
def test_a_word_that_is_no_action_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=f"no action is called '{label}'"):
        Action.from_label(label)


def test_a_signal_type_is_either_exact_or_perceptual() -> None:
    assert {kind for kind in SignalType if kind.exact} == EXACT_TYPES
    assert {kind for kind in SignalType if not kind.exact} == {
        SignalType.PDQ,
        SignalType.PHASH,
        SignalType.DHASH,
    }


def test_signal_types_have_the_sizes_of_their_hashes() -> None:
    assert {kind.value: kind.size for kind in SignalType} == {
        "md5": 16,
        "sha1": 20,
        "sha256": 32,
        "pdq": 32,
        "phash": 8,
        "dhash": 8,
    }


def test_the_strongest_action_decides_for_the_request() -> None:
    weak, strong = outcome(Action.MONITOR, Result.MATCH), outcome(Action.BLOCK, Result.MATCH, "C-1")
    assert strongest([weak, strong]) is strong
    assert strongest([strong, weak]) is strong


def test_nothing_decides_where_nothing_was_uploaded() -> None:
    assert strongest([]) is None


@pytest.mark.parametrize(
    ("graver", "lesser"),
    [
        (Result.MATCH, Result.NEAR),
        (Result.NEAR, Result.UNSCANNABLE),
        (Result.UNSCANNABLE, Result.UNCHECKED),
        (Result.UNCHECKED, Result.DISPUTED),
        (Result.DISPUTED, Result.CLEAN),
    ],
)
def test_among_equal_actions_the_graver_news_decides(graver: Result, lesser: Result) -> None:
    one, other = outcome(Action.MONITOR, graver), outcome(Action.MONITOR, lesser)
    assert strongest([one, other]) is one
    assert strongest([other, one]) is one


@given(st.lists(st.builds(outcome, st.sampled_from(Action), st.sampled_from(Result)), min_size=1))
def test_no_outcome_is_stronger_than_the_strongest(outcomes: list[Outcome]) -> None:
    decided = strongest(outcomes)
    assert decided in outcomes
    assert decided is not None
    assert decided.verdict.action == max(one.verdict.action for one in outcomes)


def test_a_match_inside_a_file_tells_where_and_how_it_was_turned() -> None:
    match = match_of(SignalType.SHA256, 0, 0)
    assert replace(match, view="word/image.png").words.endswith("entry 12: word/image.png")
    near = match_of(SignalType.PDQ, 7, 31)
    assert replace(near, variant="mirrored").words.endswith("7 of 31 bits away, frame 2, mirrored")


def test_an_exact_match_tells_list_version_category_and_entry() -> None:
    assert (
        replace(match_of(SignalType.SHA256, 0, 0), view="").words == "sha256 on icse v7 (baseline), entry 12"
    )


def test_a_perceptual_match_also_tells_distance_limit_and_view() -> None:
    words = match_of(SignalType.PDQ, 14, 31).words
    assert words == "pdq on icse v7 (baseline), entry 12: 14 of 31 bits away, frame 2"


@pytest.mark.parametrize(("distance", "within"), [(0, True), (31, True), (32, False)])
def test_a_match_is_within_its_limit_up_to_the_limit_itself(distance: int, within: bool) -> None:
    assert match_of(SignalType.PDQ, distance, 31).within_limit is within


# The types of plug-ins ----------------------------------------------------------------------------


def test_the_name_of_a_plug_ins_type_says_its_size() -> None:
    kind = SignalType("neuralhash-96")
    assert (kind.value, str(kind), kind.size) == ("neuralhash-96", "neuralhash-96", 12)
    assert kind.plugged
    assert not kind.exact
    assert not kind.coarse


def test_it_is_the_same_object_wherever_it_is_named() -> None:
    kind = SignalType("neuralhash-96")
    assert SignalType("neuralhash-96") is kind
    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - its own bytes
    assert deepcopy(kind) is kind
    assert SignalType("neuralhash-128") is not kind


def test_it_is_not_among_the_built_in_ones() -> None:
    SignalType("neuralhash-96")
    assert len(SignalType) == 6
    assert not any(kind.plugged for kind in SignalType)


@pytest.mark.parametrize(
    "word",
    [
        *("sha-512", "pdq-256", "phash-64", "Neuralhash-96", "neuralhash", "neuralhash-95", "neuralhash-32"),
        *("neuralhash-544", "neuralhash-096", "averylongname-96", "neural hash-96", "../neural-96", ""),
    ],
)
def test_no_other_word_is_a_type(word: str) -> None:
    with pytest.raises(ValueError, match="is not a valid SignalType"):
        SignalType(word)


def test_types_stand_in_one_order() -> None:
    own, other = SignalType("whorl-64"), SignalType("neuralhash-96")
    mixed = [own, SignalType.DHASH, other, SignalType.MD5, own]
    assert in_order(mixed) == (SignalType.MD5, SignalType.DHASH, other, own)


def test_the_api_reads_and_describes_them() -> None:
    adapter = TypeAdapter(SignalType)
    assert adapter.validate_json('"neuralhash-96"') is SignalType("neuralhash-96")
    assert "enum" not in adapter.json_schema()
