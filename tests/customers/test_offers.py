"""What counts for a customer: narrower than the policy here, never wider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from upload_guard.customers.offers import Customers, Offer, offer_of
from upload_guard.errors import NotACustomer, NotOffered
from upload_guard.policy import Policy, Trust
from upload_guard.records import Action, Findings, Match, Result, SignalType, Standing
from upload_guard.settings import Settings

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TRUST = Trust(
    {
        "baseline": Action.BLOCK,
        "illegal": Action.QUARANTINE,
        "investigative": Action.MONITOR,
        "other": Action.ALLOW,
    },
    {"noisy": {"baseline": Action.ALLOW}, "own": {"logos": Action.QUARANTINE}},
)


def match(category: str, list_name: str = "icse", kind: SignalType = SignalType.MD5) -> Match:
    return Match(
        signal_type=kind,
        view="",
        distance=0,
        limit=31,
        list_name=list_name,
        version=1,
        origin=f"origin of {list_name}",
        category=category,
        entry=1,
        since=NOW - timedelta(days=9),
    )


def offer(*categories: str, lists: tuple[str, ...] = ()) -> Offer:
    return offer_of(Policy(TRUST), categories, lists)


def said(of: Offer, *matches: Match) -> tuple[Result, Action]:
    verdict = of.judge(Findings(matches=matches), NOW)
    return verdict.result, verdict.action


CLEAN = (Result.CLEAN, Action.ALLOW)


@pytest.mark.parametrize(("category", "action"), [("baseline", Action.BLOCK), ("illegal", Action.QUARANTINE)])
def test_without_a_choice_all_counts_that_is_held_or_blocked(category: str, action: Action) -> None:
    assert said(offer(), match(category)) == (Result.MATCH, action)


@pytest.mark.parametrize("category", ["investigative", "other", "never heard of"])
def test_what_is_only_monitored_or_ignored_is_as_good_as_unlisted(category: str) -> None:
    assert said(offer(), match(category)) == CLEAN


def test_baseline_only_is_the_customers_choice() -> None:
    assert said(offer("Baseline"), match("illegal")) == CLEAN
    assert said(offer("Baseline"), match("illegal"), match("baseline")) == (Result.MATCH, Action.BLOCK)


def test_a_list_that_ignores_a_category_goes_on_ignoring_it() -> None:
    assert said(offer("baseline"), match("baseline", "noisy")) == CLEAN
    assert said(offer(), match("baseline", "noisy")) == CLEAN


def test_a_list_that_is_not_the_customers_says_nothing_and_confirms_nothing() -> None:
    look = match("baseline", kind=SignalType.PDQ)
    other = replace(look, list_name="other", origin="other")
    assert said(offer(), look, other) == (Result.MATCH, Action.BLOCK)
    assert said(offer(lists=("icse",)), look, other) == (Result.MATCH, Action.QUARANTINE)
    assert said(offer(lists=("icse",)), other) == CLEAN


def test_a_disputed_entry_is_neither_a_hit_nor_clean() -> None:
    disputed = replace(match("baseline"), standing=Standing.DISPUTED)
    assert said(offer(), disputed) == (Result.DISPUTED, Action.MONITOR)


def test_a_question_may_be_narrower_than_the_settings_allow() -> None:
    assert said(offer().narrowed(["baseline"], []), match("illegal")) == CLEAN
    assert said(offer().narrowed([], ["own"]), match("baseline")) == CLEAN
    assert said(offer("illegal").narrowed(["illegal"], []), match("illegal"))[0] is Result.MATCH


@pytest.mark.parametrize(
    ("settled", "asked", "lists"),
    [
        (offer(), ["investigative"], []),
        (offer(), ["misspelt"], []),
        (offer("baseline"), ["illegal"], []),
        (offer(lists=("icse",)), [], ["own"]),
        (offer(lists=("icse",)), ["logos"], []),
    ],
    ids=["only monitored", "unknown", "not allowed", "another list", "of another list"],
)
def test_what_does_not_count_cannot_be_asked_for(settled: Offer, asked: list[str], lists: list[str]) -> None:
    with pytest.raises(NotOffered):
        settled.narrowed(asked, lists)


def test_a_category_of_one_list_alone_may_be_named() -> None:
    assert said(offer("logos"), match("logos", "own")) == (Result.MATCH, Action.QUARANTINE)
    assert said(offer("logos"), match("logos", "icse")) == CLEAN


def test_who_has_no_table_is_no_customer() -> None:
    with pytest.raises(NotACustomer, match=r"customers\.shop"):
        Customers({}).of("shop", "key-1")


def test_a_table_may_name_no_category_that_never_counts() -> None:
    with pytest.raises(ValidationError, match=r"hold or block 'investigative', or customer shop"):
        Settings.model_validate({"customers": {"shop": {"categories": ["investigative"]}}})
    held = {"trust": {"investigative": "quarantine"}}
    assert Settings.model_validate(held | {"customers": {"shop": {"categories": ["Investigative"]}}})


def test_a_category_of_a_list_that_is_not_the_customers_does_not_do() -> None:
    own = {"lists": {"own": {"actions": {"logos": "block"}}, "icse": {}}}
    assert Settings.model_validate(own | {"customers": {"shop": {"categories": ["logos"]}}})
    with pytest.raises(ValidationError, match="hold or block 'logos'"):
        Settings.model_validate(own | {"customers": {"shop": {"categories": ["logos"], "lists": ["icse"]}}})
