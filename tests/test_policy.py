"""The policy: each row of its table, then what must hold for any findings whatever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.policy import Policy, Trust, judge, passed_unchecked, settled
from upload_guard.records import Action, BankScope, Benign, Findings, Match, Result, SignalType, Standing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROBATION = timedelta(hours=24)
OLD = NOW - timedelta(days=90)
YOUNG = NOW - timedelta(hours=1)
POLICY = Policy(
    Trust(
        ceilings={
            "baseline": Action.BLOCK,
            "illegal": Action.QUARANTINE,
            "investigative": Action.MONITOR,
            "other": Action.ALLOW,
        },
        by_list={"strict": {"a1": Action.BLOCK, "baseline": Action.MONITOR}},
        probation=PROBATION,
    )
)
IGNORED = ("other", "never heard of")
CATEGORIES = ("baseline", "illegal", "investigative", *IGNORED)


def match_of(
    kind: SignalType = SignalType.SHA256,
    category: str = "baseline",
    *,
    origin: str = "origin one",
    view: str = "frame 0",
    distance: int = 0,
    since: datetime = OLD,
    list_name: str = "list",
    benign: Benign | None = None,
    standing: Standing = Standing.FIRM,
) -> Match:
    limit = {SignalType.PDQ: 31, SignalType.PHASH: 8, SignalType.DHASH: 8}.get(kind, 0)
    entry = Match(kind, view, distance, limit, list_name, 1, origin, category, 1, since, benign=benign)
    return replace(entry, standing=standing)


def pdq(distance: int = 10, **others: object) -> Match:
    return match_of(SignalType.PDQ, distance=distance, **others)  # type: ignore[arg-type]


def phash(**others: object) -> Match:
    return match_of(SignalType.PHASH, distance=3, **others)  # type: ignore[arg-type]


def dhash(**others: object) -> Match:
    return match_of(SignalType.DHASH, distance=3, **others)  # type: ignore[arg-type]


SECOND = "origin two"
IDENTICAL = Benign(BankScope.SHIPPED, "wp-includes/images/spinner.gif", identical=True)
LOOKS_LIKE = Benign(BankScope.SHIPPED, "wp-includes/images/spinner.gif", identical=False, distance=4)
ROWS = {
    "nothing found": ([], Result.CLEAN, Action.ALLOW, ""),
    "exact on baseline": ([match_of()], Result.MATCH, Action.BLOCK, "exact"),
    "exact on illegal": ([match_of(category="illegal")], Result.MATCH, Action.QUARANTINE, "exact"),
    "exact on investigative": ([match_of(category="investigative")], Result.MATCH, Action.MONITOR, "exact"),
    "exact MD5 alone": ([match_of(SignalType.MD5)], Result.MATCH, Action.BLOCK, "exact"),
    "exact SHA-1 alone": ([match_of(SignalType.SHA1)], Result.MATCH, Action.BLOCK, "exact"),
    "PDQ in two origins": ([pdq(), pdq(origin=SECOND)], Result.MATCH, Action.BLOCK, "corroborated"),
    "PDQ in two origins, other views": (
        [pdq(), pdq(origin=SECOND, view="frame 1")],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ in two lists of one origin": (
        [pdq(), pdq(list_name="second")],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ beside one that may not block": (
        [pdq(), pdq(origin=SECOND, category="illegal")],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ beside a young one": (
        [pdq(), pdq(origin=SECOND, since=YOUNG)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ beside one in the review band": (
        [pdq(), pdq(40, origin=SECOND)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ beside pHash of another origin": (
        [pdq(), phash(origin=SECOND)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "PDQ at the limit": ([pdq(31)], Result.MATCH, Action.QUARANTINE, "perceptual"),
    "PDQ on investigative": (
        [pdq(category="investigative")],
        Result.MATCH,
        Action.MONITOR,
        "perceptual",
    ),
    "PDQ in the review band": ([pdq(32)], Result.NEAR, Action.QUARANTINE, "near"),
    "PDQ in the review band of two origins": (
        [pdq(32), pdq(32, origin=SECOND)],
        Result.NEAR,
        Action.QUARANTINE,
        "near",
    ),
    "pHash": ([phash()], Result.NEAR, Action.MONITOR, "near"),
    "pHash in two origins": ([phash(), phash(origin=SECOND)], Result.NEAR, Action.MONITOR, "near"),
    "dHash": ([dhash()], Result.NEAR, Action.MONITOR, "near"),
    "dHash beside pHash": ([dhash(), phash(origin=SECOND)], Result.NEAR, Action.MONITOR, "near"),
    "PDQ beside dHash of another origin": (
        [pdq(), dhash(origin=SECOND)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "exact but young": ([match_of(since=YOUNG)], Result.MATCH, Action.QUARANTINE, "exact"),
    "exact at the end of probation": (
        [match_of(since=NOW - PROBATION)],
        Result.MATCH,
        Action.BLOCK,
        "exact",
    ),
    "exact, ignored category": ([match_of(category="other")], Result.CLEAN, Action.ALLOW, ""),
    "exact, category nobody named": ([match_of(category="B9")], Result.CLEAN, Action.ALLOW, ""),
    "the list's own category": (
        [match_of(category="A1", list_name="strict")],
        Result.MATCH,
        Action.BLOCK,
        "exact",
    ),
    "that category on another list": ([match_of(category="A1")], Result.CLEAN, Action.ALLOW, ""),
    "the list's own rule before the general": (
        [match_of(list_name="strict")],
        Result.MATCH,
        Action.MONITOR,
        "exact",
    ),
    "the general rule where the list has none": (
        [match_of(category="illegal", list_name="strict")],
        Result.MATCH,
        Action.QUARANTINE,
        "exact",
    ),
    "exact, of a known-good file": (
        [match_of(benign=IDENTICAL)],
        Result.DISPUTED,
        Action.MONITOR,
        "benign",
    ),
    "exact, of what only looks like a known-good file": (
        [match_of(benign=LOOKS_LIKE)],
        Result.MATCH,
        Action.QUARANTINE,
        "exact",
    ),
    "PDQ, of a known-good view": ([pdq(benign=LOOKS_LIKE)], Result.DISPUTED, Action.MONITOR, "benign"),
    "a known-good view beside a listed one": (
        [pdq(benign=LOOKS_LIKE), pdq(view="frame 1")],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "a known-good file beside a listed one": (
        [match_of(benign=IDENTICAL), match_of(view="archive > other")],
        Result.MATCH,
        Action.BLOCK,
        "exact",
    ),
    "PDQ corroborated only by what is excused": (
        [pdq(), pdq(origin=SECOND, benign=LOOKS_LIKE)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "pHash of a known-good view": ([phash(benign=LOOKS_LIKE)], Result.DISPUTED, Action.MONITOR, "benign"),
    "excused and ignored": (
        [match_of(category="other", benign=IDENTICAL)],
        Result.CLEAN,
        Action.ALLOW,
        "",
    ),
    "exact, of an entry that floods": (
        [match_of(standing=Standing.LOWERED)],
        Result.MATCH,
        Action.QUARANTINE,
        "exact",
    ),
    "PDQ corroborated only by an entry that floods": (
        [pdq(), pdq(origin=SECOND, standing=Standing.LOWERED)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "an entry that floods, of a category that only monitors": (
        [match_of(category="investigative", standing=Standing.LOWERED)],
        Result.MATCH,
        Action.MONITOR,
        "exact",
    ),
    "exact, of an entry that is disputed": (
        [match_of(standing=Standing.DISPUTED)],
        Result.DISPUTED,
        Action.MONITOR,
        "disputed_entry",
    ),
    "an entry that is disputed beside one that is not": (
        [match_of(standing=Standing.DISPUTED), match_of(list_name="second")],
        Result.MATCH,
        Action.BLOCK,
        "exact",
    ),
    "PDQ corroborated only by an entry that is disputed": (
        [pdq(), pdq(origin=SECOND, standing=Standing.DISPUTED)],
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    ),
    "a category in capitals": ([match_of(category="BASELINE")], Result.MATCH, Action.BLOCK, "exact"),
}


@pytest.mark.parametrize(("matches", "result", "action", "reason"), ROWS.values(), ids=ROWS.keys())
def test_each_row_of_the_table(matches: list[Match], result: Result, action: Action, reason: str) -> None:
    verdict = judge(Findings(matches=tuple(matches)), POLICY, NOW)
    assert (verdict.result, verdict.action, verdict.reason) == (result, action, reason)


UNSCANNABLE_ROWS = {
    "held by default": ([], Action.QUARANTINE, Result.UNSCANNABLE, Action.QUARANTINE, "truncated"),
    "monitored where set": ([], Action.MONITOR, Result.UNSCANNABLE, Action.MONITOR, "truncated"),
    "beside a match that blocks": ([match_of()], Action.QUARANTINE, Result.MATCH, Action.BLOCK, "exact"),
    "beside a match as strong": (
        [match_of(category="illegal")],
        Action.QUARANTINE,
        Result.MATCH,
        Action.QUARANTINE,
        "exact",
    ),
    "beside a weaker match": (
        [match_of(category="investigative")],
        Action.QUARANTINE,
        Result.UNSCANNABLE,
        Action.QUARANTINE,
        "truncated",
    ),
    "beside an ignored match": (
        [match_of(category="other")],
        Action.MONITOR,
        Result.UNSCANNABLE,
        Action.MONITOR,
        "truncated",
    ),
}


@pytest.mark.parametrize(
    ("matches", "setting", "result", "action", "reason"),
    UNSCANNABLE_ROWS.values(),
    ids=UNSCANNABLE_ROWS.keys(),
)
def test_an_image_that_could_not_be_read(
    matches: list[Match], setting: Action, result: Result, action: Action, reason: str
) -> None:
    findings = Findings(matches=tuple(matches), unscannable="truncated")
    verdict = judge(findings, Policy(POLICY.trust, setting), NOW)
    assert (verdict.result, verdict.action, verdict.reason) == (result, action, reason)


def test_nothing_to_check_against_passes_as_unchecked() -> None:
    verdict = judge(Findings(unchecked="no_list"), POLICY, NOW)
    assert (verdict.result, verdict.action, verdict.reason) == (Result.UNCHECKED, Action.ALLOW, "no_list")


def test_what_passed_for_a_fault_is_monitored_and_says_which() -> None:
    verdict = passed_unchecked("timeout")
    assert (verdict.result, verdict.action, verdict.reason) == (Result.UNCHECKED, Action.MONITOR, "timeout")


def test_what_was_degraded_is_handed_on() -> None:
    assert judge(Findings(degraded=("frame 0: low quality",)), POLICY, NOW).degraded == (
        "frame 0: low quality",
    )


def test_matches_stand_exact_first_then_within_the_limit_then_by_distance() -> None:
    near, far, close = pdq(32), pdq(20), pdq(2)
    exact, likeness = match_of(category="illegal"), phash()
    verdict = judge(Findings(matches=(likeness, near, far, exact, close)), POLICY, NOW)
    assert verdict.matches == (exact, close, far, near, likeness)


def test_ignored_matches_are_not_handed_on() -> None:
    counted = match_of()
    verdict = judge(Findings(matches=(match_of(category="other"), counted)), POLICY, NOW)
    assert verdict.matches == (counted,)


def test_trust_knows_the_categories_that_a_rule_names() -> None:
    trust = POLICY.trust
    assert trust.knows("list", "Other")
    assert trust.knows("strict", "A1")
    assert not trust.knows("list", "A1")
    assert trust.categories("strict") == ("a1", "baseline", "illegal", "investigative", "other")
    assert "a1" not in trust.categories("list")


kinds = st.sampled_from(SignalType)
coarse = st.sampled_from([SignalType.PHASH, SignalType.DHASH])
perceptual = st.sampled_from([SignalType.PDQ, SignalType.PHASH, SignalType.DHASH])


in_bank = st.builds(Benign, st.sampled_from(BankScope), st.just("logo.png"), st.booleans(), st.integers(0, 8))
any_bank = st.none() | in_bank


def matches_of(
    kinds: st.SearchStrategy[SignalType] = kinds,
    categories: st.SearchStrategy[str] = st.sampled_from(CATEGORIES),  # noqa: B008 - immutable
    origins: st.SearchStrategy[str] = st.sampled_from(["one", "two", "three"]),  # noqa: B008
    since: st.SearchStrategy[datetime] = st.sampled_from([OLD, YOUNG, NOW]),  # noqa: B008
    benigns: st.SearchStrategy[Benign | None] = any_bank,
    standings: st.SearchStrategy[Standing] = st.sampled_from(Standing),  # noqa: B008
) -> st.SearchStrategy[Match]:
    return st.builds(
        match_of,
        kinds,
        categories,
        origin=origins,
        view=st.sampled_from(["frame 0", "frame 1"]),
        distance=st.integers(0, 40),
        since=since,
        list_name=st.sampled_from(["list", "second", "strict"]),
        benign=benigns,
        standing=standings,
    )


some_matches = st.lists(matches_of(), max_size=6).map(tuple)
policies = st.builds(
    Policy,
    st.builds(
        Trust,
        st.fixed_dictionaries({category: st.sampled_from(Action) for category in CATEGORIES}),
        probation=st.sampled_from([timedelta(), PROBATION]),
    ),
    st.sampled_from([Action.MONITOR, Action.QUARANTINE]),
)
findings_of = st.builds(
    Findings,
    matches=some_matches,
    unscannable=st.sampled_from(["", "truncated"]),
    unchecked=st.sampled_from(["", "no_list"]),
)


@given(st.lists(matches_of(perceptual, origins=st.just("one"))).map(tuple), policies)
def test_likenesses_of_one_origin_never_block(matches: tuple[Match, ...], policy: Policy) -> None:
    assert judge(Findings(matches=matches), policy, NOW).action < Action.BLOCK


@given(st.lists(matches_of(coarse)).map(tuple), policies)
def test_phash_and_dhash_alone_never_refuse(matches: tuple[Match, ...], policy: Policy) -> None:
    assert not judge(Findings(matches=matches), policy, NOW).action.refuses


@given(st.lists(matches_of(benigns=in_bank)).map(tuple), policies)
def test_what_the_bank_knows_never_blocks(matches: tuple[Match, ...], policy: Policy) -> None:
    assert judge(Findings(matches=matches), policy, NOW).action < Action.BLOCK


@given(some_matches, policies)
def test_an_exact_match_that_is_not_of_a_known_good_file_is_never_excused(
    matches: tuple[Match, ...], policy: Policy
) -> None:
    exact = match_of(benign=LOOKS_LIKE)
    assert judge(Findings(matches=(*matches, exact)), policy, NOW).action >= min(
        Action.QUARANTINE, policy.trust.ceiling("list", "baseline")
    )


@given(st.lists(matches_of(standings=st.just(Standing.LOWERED))).map(tuple), policies)
def test_the_flood_breaker_lowers_to_quarantine_and_never_further(
    matches: tuple[Match, ...], policy: Policy
) -> None:
    lowered = judge(Findings(matches=matches), policy, NOW)
    firm = judge(
        Findings(matches=tuple(replace(one, standing=Standing.FIRM) for one in matches)), policy, NOW
    )
    assert lowered.action == min(firm.action, Action.QUARANTINE)


@given(some_matches, st.lists(matches_of(standings=st.just(Standing.DISPUTED))), policies)
def test_a_disputed_entry_refuses_nothing_and_takes_nothing_from_others(
    matches: tuple[Match, ...], disputed: list[Match], policy: Policy
) -> None:
    alone, together = (
        judge(Findings(matches=found), policy, NOW) for found in (matches, (*matches, *disputed))
    )
    assert together.action == alone.action or (alone.action, together.action) == (
        Action.ALLOW,
        Action.MONITOR,
    )


@given(some_matches, policies, st.sampled_from(["", "truncated"]))
def test_a_decision_on_the_file_excuses_only_not_being_able_to_read_it_and_what_it_is_told_to(
    matches: tuple[Match, ...], policy: Policy, unscannable: str
) -> None:
    excepted = Findings(matches=matches, unscannable=unscannable, excepted="2345-6789-BCDF")
    verdict = judge(excepted, policy, NOW)
    assert verdict.action == max(
        judge(Findings(matches=matches), policy, NOW).action,
        Action.MONITOR if unscannable else Action.ALLOW,
    )
    assert verdict.result is not Result.UNSCANNABLE
    assert not unscannable or verdict.result is not Result.CLEAN


@given(
    some_matches,
    st.lists(matches_of(benigns=in_bank.map(lambda one: replace(one, identical=True)))),
    policies,
)
def test_what_is_excused_changes_nothing_about_what_is_not(
    matches: tuple[Match, ...], more: list[Match], policy: Policy
) -> None:
    alone, together = (judge(Findings(matches=found), policy, NOW) for found in (matches, (*matches, *more)))
    assert together.action == alone.action or (alone.action, together.action) == (
        Action.ALLOW,
        Action.MONITOR,
    )


@given(findings_of, st.lists(matches_of(categories=st.sampled_from(IGNORED)), min_size=1).map(tuple))
def test_an_ignored_category_never_changes_a_verdict(findings: Findings, ignored: tuple[Match, ...]) -> None:
    more = Findings(
        matches=ignored + findings.matches, unscannable=findings.unscannable, unchecked=findings.unchecked
    )
    assert judge(more, POLICY, NOW) == judge(findings, POLICY, NOW)


@given(findings_of, matches_of(), policies)
def test_one_match_more_never_weakens_the_action(findings: Findings, one: Match, policy: Policy) -> None:
    more = Findings(
        matches=(*findings.matches, one), unscannable=findings.unscannable, unchecked=findings.unchecked
    )
    assert judge(more, policy, NOW).action >= judge(findings, policy, NOW).action


@given(st.lists(matches_of(), max_size=4).map(tuple), findings_of, policies)
def test_what_is_settled_stays_whatever_else_is_found(
    first: tuple[Match, ...], later: Findings, policy: Policy
) -> None:
    if not settled(first, policy.trust, NOW):
        return
    alone = judge(Findings(matches=first), policy, NOW)
    verdict = judge(
        Findings(matches=first + later.matches, unscannable=later.unscannable, unreadable=later.unscannable),
        policy,
        NOW,
    )
    assert (verdict.result, verdict.action, verdict.reason) == (alone.result, alone.action, alone.reason)
    assert (alone.result, alone.action, alone.reason) == (Result.MATCH, Action.BLOCK, "exact")


SETTLING = {
    "nothing": ([], False),
    "exact on baseline": ([match_of()], True),
    "exact on illegal": ([match_of(category="illegal")], False),
    "exact but young": ([match_of(since=YOUNG)], False),
    "exact in a category that is ignored": ([match_of(category="other")], False),
    "PDQ in two origins": ([pdq(0), pdq(0, origin=SECOND)], False),
    "exact among others": ([pdq(), match_of(category="illegal"), match_of()], True),
}


@pytest.mark.parametrize(("matches", "is_settled"), SETTLING.values(), ids=SETTLING.keys())
def test_only_an_exact_block_settles_an_upload(matches: list[Match], is_settled: bool) -> None:
    assert settled(matches, POLICY.trust, NOW) is is_settled


@given(st.lists(matches_of(since=st.sampled_from([YOUNG, NOW])), min_size=1).map(tuple), policies)
def test_young_entries_quarantine_at_most(matches: tuple[Match, ...], policy: Policy) -> None:
    careful = Policy(Trust(policy.trust.ceilings, probation=PROBATION), policy.unscannable)
    assert judge(Findings(matches=matches), careful, NOW).action <= Action.QUARANTINE


@given(some_matches, policies)
def test_what_could_not_be_read_is_never_clean(matches: tuple[Match, ...], policy: Policy) -> None:
    verdict = judge(Findings(matches=matches, unscannable="undecodable"), policy, NOW)
    assert verdict.result is not Result.CLEAN
    assert verdict.action >= policy.unscannable


@given(some_matches, policies)
def test_what_could_not_be_checked_is_never_clean(matches: tuple[Match, ...], policy: Policy) -> None:
    assert judge(Findings(matches=matches, unchecked="no_list"), policy, NOW).result is not Result.CLEAN


@given(some_matches, policies)
def test_the_strongest_match_stands_first(matches: tuple[Match, ...], policy: Policy) -> None:
    verdict = judge(Findings(matches=matches), policy, NOW)
    if not verdict.matches:
        assert verdict.action is Action.ALLOW
        return
    # On its own, or with what corroborates it, the first must account for the whole verdict.
    first = verdict.matches[0]
    views = tuple(match for match in matches if match.view == first.view and not match.exact)
    again = judge(Findings(matches=(first, *views)), policy, NOW)
    assert again.action == verdict.action
    assert again.matches[0].signal_type is first.signal_type


@given(findings_of, policies, st.randoms())
def test_the_order_of_the_matches_does_not_change_the_verdict(
    findings: Findings, policy: Policy, dice: object
) -> None:
    shuffled = list(findings.matches)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    other = Findings(matches=tuple(shuffled), unscannable=findings.unscannable, unchecked=findings.unchecked)
    one, two = judge(findings, policy, NOW), judge(other, policy, NOW)
    assert (one.result, one.action, one.reason) == (two.result, two.action, two.reason)


# A plug-in's likeness -----------------------------------------------------------------------------

PLUGGED = SignalType("neuralhash-96")


def test_a_plug_ins_likeness_is_a_match_that_holds_and_never_blocks() -> None:
    verdict = judge(Findings(matches=(match_of(PLUGGED),)), POLICY, NOW)
    assert (verdict.result, verdict.action) == (Result.MATCH, Action.QUARANTINE)


def test_it_bears_out_neither_pdq_nor_itself() -> None:
    """All likenesses are one signal, whichever origins the lists have."""
    likeness = replace(match_of(SignalType.PDQ), distance=5)
    others = [match_of(PLUGGED, origin=f"origin {number}") for number in range(3)]
    assert judge(Findings(matches=(likeness, *others)), POLICY, NOW).action is Action.QUARANTINE


def test_beyond_its_limit_it_is_only_near() -> None:
    far = replace(match_of(PLUGGED), distance=1)
    assert judge(Findings(matches=(far,)), POLICY, NOW).result is Result.NEAR


def test_what_its_category_only_monitors_it_does_not_hold() -> None:
    verdict = judge(Findings(matches=(match_of(PLUGGED, "investigative"),)), POLICY, NOW)
    assert verdict.action is Action.MONITOR
