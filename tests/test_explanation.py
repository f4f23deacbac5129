"""Explanations: what is said of each row, and that whatever is told would really have changed the verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_policy import (
    IDENTICAL,
    LOOKS_LIKE,
    NOW,
    OLD,
    POLICY,
    PROBATION,
    SECOND,
    YOUNG,
    match_of,
    matches_of,
    pdq,
    phash,
    policies,
)
from upload_guard.explanation import Change, Explanation, differ, explain, news
from upload_guard.matching.limits import DistanceLimits
from upload_guard.policy import Policy, judge
from upload_guard.policy_table import Row
from upload_guard.records import (
    Action,
    BankScope,
    Benign,
    Findings,
    Match,
    Result,
    Signal,
    SignalType,
    Standing,
    Unanswered,
)
from upload_guard.suppositions.story import What

LIMITS = DistanceLimits({SignalType.PDQ: 31, SignalType.PHASH: 8, SignalType.DHASH: 8})
BANDED = replace(LIMITS, review_by_list={"list": {SignalType.PDQ: 50}})
DECIDED = Benign(BankScope.DECISION, "case AAAA", identical=True)
OWN_DIGEST = Signal(SignalType.SHA256, b"\1" * 32)


@dataclass(frozen=True)
class Told:
    """Findings to explain, the row that decides on them, and what the sentence has to say."""

    findings: Findings
    row: Row
    sentence: str


def of(*matches: Match, **others: object) -> Findings:
    return Findings(matches=matches, **others)  # type: ignore[arg-type]


def told_by(service: str, match: Match) -> Match:
    """The same where a check service knows it."""
    return replace(match, list_name=service, version=0, entry=0, since=None)


TOLD = {
    "the canary": Told(of(canary=True), Row.CANARY, "Blocked, since it is the canary, a harmless picture"),
    "exact": Told(
        of(match_of(view="")),
        Row.EXACT,
        "Blocked, since the sha256 of the file is entry 1 of list (sha256); an exact digest does what its"
        " list and category allow (baseline: block).",
    ),
    "exact inside a file": Told(
        of(match_of(view="a.png")), Row.EXACT, "Blocked, since the sha256 of the file a.png inside it is"
    ),
    "exact in a weaker category": Told(
        of(match_of(category="illegal", since=YOUNG)), Row.EXACT, "(illegal: quarantine)"
    ),
    "corroborated": Told(
        of(pdq(12), pdq(3, origin=SECOND, list_name="second")), Row.CORROBORATED, "is 3 bits from entry 1 of"
    ),
    "one likeness": Told(
        of(pdq(12, view="frame 0")),
        Row.PERCEPTUAL,
        "Held, since the picture frame 0 is 12 bits from entry 1 of list (pdq, limit 31); one likeness holds"
        " at most (baseline: block).",
    ),
    "the band": Told(of(pdq(40)), Row.REVIEW_BAND, "Held, since the picture frame 0 is 40 bits from"),
    "pHash": Told(of(phash()), Row.COARSE, "Passed and noted, since the picture"),
    "a plug-in's likeness": Told(
        of(match_of(SignalType("neuralhash-96"))),
        Row.PLUGGED,
        "Held, since the picture frame 0 is 0 bits from entry 1 of list (neuralhash-96, limit 0); a likeness"
        " by a plug-in holds at most",
    ),
    "young": Told(of(match_of(since=YOUNG)), Row.YOUNG, "an entry on probation holds at most"),
    "young and corroborated": Told(
        of(pdq(since=YOUNG), pdq(origin=SECOND)), Row.YOUNG, "an entry on probation holds at most"
    ),
    "looks good": Told(of(match_of(benign=LOOKS_LIKE)), Row.LOOKS_GOOD, "what looks known-good holds"),
    "lowered": Told(of(replace(match_of(), standing=Standing.LOWERED)), Row.LOWERED, "lowered holds at most"),
    "known good": Told(of(match_of(benign=IDENTICAL)), Row.KNOWN_GOOD, "Passed and noted, since the sha256"),
    "a known look": Told(of(pdq(benign=LOOKS_LIKE)), Row.KNOWN_LOOK, "a known-good view passes"),
    "a false positive": Told(
        of(match_of(benign=DECIDED), excepted="AAAA"), Row.FALSE_POSITIVE, "a false positive passes, noted"
    ),
    "a false positive that nothing lists": Told(
        of(excepted="AAAA", unscannable="truncated"),
        Row.FALSE_POSITIVE,
        "Passed and noted, since a person found this very file a false positive.",
    ),
    "disputed": Told(
        of(replace(match_of(), standing=Standing.DISPUTED)),
        Row.DISPUTED_ENTRY,
        "a disputed entry lets it pass",
    ),
    "ignored": Told(
        of(match_of(category="other")),
        Row.CLEAN,
        "Passed, since it matches nothing else than ignored categories; an ignored category counts as if it"
        " were not listed.",
    ),
    "unscannable": Told(
        of(unscannable="truncated"),
        Row.UNSCANNABLE,
        "Held, since it is, or holds, an image that could not be read (truncated); failure.unscannable says"
        " what happens then.",
    ),
    "unreadable": Told(
        of(unreadable="encrypted"), Row.UNREADABLE, "Passed and noted, since it is, or holds,"
    ),
    "unanswered": Told(
        of(unanswered=(Unanswered("eokm", "timeout", "it did not answer in time"),)),
        Row.UNANSWERED,
        "Not checked, since it waits for a check service that gave no answer (timeout);",
    ),
    "told by a service": Told(
        of(told_by("eokm", match_of(SignalType.MD5, view=""))),
        Row.YOUNG,
        "Held, since the md5 of the file is what the check service eokm knows (md5); an entry on probation",
    ),
    "a look told by a service": Told(
        of(told_by("hma", pdq(3))),
        Row.PERCEPTUAL,
        "Held, since the picture frame 0 looks like what the check service hma knows (pdq);",
    ),
    "unchecked": Told(of(unchecked="no_list"), Row.UNCHECKED, "Passed, since it was not checked (no_list);"),
    "clean": Told(of(), Row.CLEAN, "Passed, since it matches no entry of an active list."),
}


def explained(
    findings: Findings,
    policy: Policy = POLICY,
    limits: DistanceLimits = LIMITS,
    beyond: tuple[Match, ...] = (),
) -> Explanation:
    return explain(findings, policy, NOW, limits, beyond)


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD.keys())
def test_each_row_of_the_table_is_named_and_said(told: Told) -> None:
    explanation = explained(told.findings)
    assert explanation.row is told.row
    assert told.sentence in explanation.sentence


def test_every_row_is_told_somewhere() -> None:
    rows = {
        row
        for told in TOLD.values()
        for row in (told.row, *(one.row for one in explained(told.findings).weighed))
    }
    assert rows == set(Row)


def test_all_matches_are_there_with_the_rows_that_decide_on_each() -> None:
    exact, excused, ignored = match_of(since=YOUNG), pdq(benign=LOOKS_LIKE), match_of(category="other")
    explanation = explained(of(ignored, excused, exact))
    assert [(one.match, one.row) for one in explanation.weighed] == [
        (exact, Row.YOUNG),
        (excused, Row.KNOWN_LOOK),
        (ignored, Row.IGNORED),
    ]


def test_every_doubt_about_a_match_is_named() -> None:
    doubtful = replace(match_of(since=YOUNG, benign=LOOKS_LIKE), standing=Standing.LOWERED)
    (one,) = explained(of(doubtful)).weighed
    assert one.doubts == (Row.YOUNG, Row.LOOKS_GOOD, Row.LOWERED)


def changes(explanation: Explanation, what: What) -> list[tuple[str, str, str]]:
    return [
        (change.words, change.verdict.action.label, change.verdict.result.value)
        for change in explanation.changes
        if change.what is what
    ]


@dataclass(frozen=True)
class Otherwise:
    """Findings, and exactly what of one kind is told to change their verdict."""

    findings: Findings
    what: What
    told: list[tuple[str, str, str]]
    policy: Policy = POLICY
    limits: DistanceLimits = LIMITS
    beyond: tuple[Match, ...] = ()


ENTRY = "entry 1 of list (pdq)"
LOWERED = replace(match_of(), standing=Standing.LOWERED)
OTHERWISE = {
    "the only entry, retracted": Otherwise(
        of(pdq()), What.ENTRY_RETRACTED, [(f"{ENTRY} were retracted", "allow", "clean")]
    ),
    "one entry in all its forms, retracted": Otherwise(
        of(pdq(3), pdq(9)), What.ENTRY_RETRACTED, [(f"{ENTRY} were retracted", "allow", "clean")]
    ),
    "one of two entries that each hold": Otherwise(
        of(pdq(), replace(pdq(), entry=2)), What.ENTRY_RETRACTED, []
    ),
    "both of them by their list": Otherwise(
        of(pdq(), replace(pdq(), entry=2)),
        What.LIST_SILENT,
        [("list list had none of these entries", "allow", "clean")],
    ),
    "a dispute": Otherwise(
        of(match_of()),
        What.ENTRY_DISPUTED,
        [("two persons disputed entry 1 of list (sha256)", "monitor", "disputed")],
    ),
    "a dispute after a mere likeness, which nobody can open": Otherwise(of(pdq()), What.ENTRY_DISPUTED, []),
    "two lists that each hold": Otherwise(
        of(pdq(), pdq(list_name="second")),
        What.NOTHING_LISTED,
        [("no list had any of these entries", "allow", "clean")],
    ),
    "an origin with two lists": Otherwise(
        of(pdq(), pdq(list_name="second"), pdq(list_name="third", origin=SECOND)),
        What.ORIGIN_SILENT,
        [("no list of the origin origin one had any of these entries", "quarantine", "match")],
    ),
    "one of two origins silent": Otherwise(
        of(pdq(), pdq(list_name="second", origin=SECOND)),
        What.LIST_SILENT,
        [
            ("list list had none of these entries", "quarantine", "match"),
            ("list second had none of these entries", "quarantine", "match"),
        ],
    ),
    "two lists of one origin": Otherwise(
        of(pdq(), pdq(list_name="second", origin=SECOND)),
        What.ONE_ORIGIN,
        [("list and second were of one origin", "quarantine", "match")],
    ),
    "a second origin": Otherwise(
        of(pdq()),
        What.SECOND_ORIGIN,
        [("a list of another origin, one that may block, had the look of frame 0, too", "block", "match")],
    ),
    "a second origin for what may not block": Otherwise(
        of(pdq(category="investigative")),
        What.SECOND_ORIGIN,
        [
            (
                "a list of another origin, one that may block, had the look of frame 0, too",
                "quarantine",
                "match",
            )
        ],
    ),
    "a false positive": Otherwise(
        of(match_of()),
        What.FALSE_POSITIVE,
        [("a person found this file a false positive", "monitor", "disputed")],
    ),
    "a false positive that is broken": Otherwise(
        of(unscannable="truncated"),
        What.FALSE_POSITIVE,
        [("a person found this file a false positive", "monitor", "disputed")],
    ),
    "the decision lifted": Otherwise(
        of(match_of(benign=DECIDED), excepted="AAAA"),
        What.DECISION_LIFTED,
        [("the decision on case AAAA were lifted, and the bank did not know the file", "block", "match")],
    ),
    "the file in the bank": Otherwise(
        of(match_of(view=""), pdq(), signals=(OWN_DIGEST,)),
        What.IN_BANK,
        [("the benign bank held this very file", "monitor", "disputed")],
    ),
    "one of two files in the bank": Otherwise(
        of(match_of(view="a.png"), signals=(OWN_DIGEST, replace(OWN_DIGEST, view="a.png"))),
        What.IN_BANK,
        [("the benign bank held the file a.png inside it", "monitor", "disputed")],
    ),
    "a likeness that could be of either file": Otherwise(
        of(pdq(view="a.png, frame 0"), signals=(OWN_DIGEST, replace(OWN_DIGEST, view="a.png"))),
        What.IN_BANK,
        [],
    ),
    "files of one name": Otherwise(
        of(match_of(view="a.png"), signals=(replace(OWN_DIGEST, view="a.png"),) * 2), What.IN_BANK, []
    ),
    "not in the bank": Otherwise(
        of(match_of(benign=IDENTICAL)),
        What.NOT_IN_BANK,
        [(f"the benign bank did not hold {IDENTICAL.name}, nor another file like it", "block", "match")],
    ),
    "a lower limit": Otherwise(
        of(pdq(20), pdq(12)),
        What.LIMIT,
        [("the pdq limit of list list were 11 (it is 31)", "allow", "clean")],
    ),
    "a lower limit for what is just within": Otherwise(
        of(pdq(31)), What.LIMIT, [("the pdq limit of list list were 30 (it is 31)", "allow", "clean")]
    ),
    "a lower limit than none": Otherwise(of(pdq(0)), What.LIMIT, []),
    "a lower limit with a band": Otherwise(
        of(pdq(12)),
        What.LIMIT,
        [("the pdq limit of list list were 11 (it is 31)", "quarantine", "near")],
        limits=BANDED,
    ),
    "a higher limit": Otherwise(
        of(),
        What.LIMIT,
        [("the pdq limit of list list were 38 (it is 31)", "quarantine", "match")],
        beyond=(pdq(52), pdq(38)),
    ),
    "a higher limit for what is in the band": Otherwise(
        of(pdq(40)),
        What.LIMIT,
        [("the pdq limit of list list were 40 (it is 31)", "quarantine", "match")],
        limits=BANDED,
    ),
    "a band": Otherwise(
        of(),
        What.REVIEW_LIMIT,
        [("the review band of list list ended at 38 (it has none)", "quarantine", "near")],
        beyond=(pdq(52), pdq(38)),
    ),
    "a narrower band": Otherwise(
        of(pdq(40)),
        What.REVIEW_LIMIT,
        [("the review band of list list ended at 39 (now 50)", "allow", "clean")],
        limits=BANDED,
    ),
    "a band for pHash, which has none": Otherwise(
        of(), What.REVIEW_LIMIT, [], beyond=(replace(phash(), distance=12),)
    ),
    "another ceiling": Otherwise(
        of(match_of()),
        What.CEILING,
        [
            ("category baseline of list list were set to ignore (it is block)", "allow", "clean"),
            ("category baseline of list list were set to monitor (it is block)", "monitor", "match"),
            ("category baseline of list list were set to quarantine (it is block)", "quarantine", "match"),
        ],
    ),
    "an ignored category that is not": Otherwise(
        of(pdq(category="other")),
        What.CEILING,
        [
            ("category other of list list were set to monitor (it is ignore)", "monitor", "match"),
            ("category other of list list were set to quarantine (it is ignore)", "quarantine", "match"),
            ("category other of list list were set to block (it is ignore)", "quarantine", "match"),
        ],
    ),
    "a ceiling that binds nothing": Otherwise(
        of(pdq()),
        What.CEILING,
        [
            ("category baseline of list list were set to ignore (it is block)", "allow", "clean"),
            ("category baseline of list list were set to monitor (it is block)", "monitor", "match"),
        ],
    ),
    "probation over": Otherwise(
        of(match_of(since=YOUNG)),
        What.PROBATION_OVER,
        [
            (
                f"it came after {YOUNG + PROBATION:%Y-%m-%d %H:%M} UTC, when the probation of entry 1 of list"
                " (sha256) is over",
                "block",
                "match",
            )
        ],
    ),
    "the first probation to end": Otherwise(
        of(replace(match_of(since=NOW), entry=2), match_of(since=YOUNG)),
        What.PROBATION_OVER,
        [
            (
                f"it came after {YOUNG + PROBATION:%Y-%m-%d %H:%M} UTC, when the probation of entry 1 of list"
                " (sha256) is over",
                "block",
                "match",
            )
        ],
    ),
    "probation over of what holds anyway": Otherwise(of(pdq(since=YOUNG)), What.PROBATION_OVER, []),
    "probation of both origins over": Otherwise(
        of(pdq(since=YOUNG), pdq(since=NOW, origin=SECOND, list_name="second")),
        What.PROBATION_OVER,
        [
            (
                f"it came after {NOW + PROBATION:%Y-%m-%d %H:%M} UTC, when the probation of entry 1 of second"
                " (pdq) is over",
                "block",
                "match",
            )
        ],
    ),
    "the breaker lifted": Otherwise(
        of(LOWERED),
        What.BREAKER_LIFTED,
        [("the flood breaker were lifted from entry 1 of list (sha256)", "block", "match")],
    ),
    "the breaker lifted from what is young, too": Otherwise(
        of(replace(LOWERED, since=YOUNG)), What.BREAKER_LIFTED, []
    ),
    "the breaker lifted from both of two origins": Otherwise(
        of(
            *(
                replace(pdq(list_name=name, origin=name), standing=Standing.LOWERED)
                for name in ("list", "second")
            )
        ),
        What.BREAKER_LIFTED,
        [("the flood breaker were lifted from all of these entries", "block", "match")],
    ),
    "the dispute lifted": Otherwise(
        of(replace(match_of(), standing=Standing.DISPUTED)),
        What.DISPUTE_LIFTED,
        [("the dispute were lifted from entry 1 of list (sha256)", "block", "match")],
    ),
    "unscannable monitored": Otherwise(
        of(unscannable="truncated"),
        What.SETTING,
        [('failure.unscannable were "monitor" (it is "quarantine")', "monitor", "unscannable")],
    ),
    "unreadable held": Otherwise(
        of(unreadable="encrypted"),
        What.SETTING,
        [('failure.unreadable were "quarantine" (it is "monitor")', "quarantine", "unscannable")],
    ),
    "the setting where a match blocks anyway": Otherwise(
        of(match_of(), unscannable="truncated"), What.SETTING, []
    ),
    "readable": Otherwise(
        of(unscannable="truncated"),
        What.READABLE,
        [("all of it could be read, and nothing more were found in it", "allow", "clean")],
    ),
}


@pytest.mark.parametrize("case", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_what_would_have_changed_the_verdict_is_told_and_nothing_else_of_its_kind(case: Otherwise) -> None:
    explanation = explained(case.findings, case.policy, case.limits, case.beyond)
    assert changes(explanation, case.what) == case.told


def test_every_kind_of_supposition_is_told_somewhere() -> None:
    assert {case.what for case in OTHERWISE.values() if case.told} == set(What)


def test_a_policy_under_which_nothing_blocks_has_no_second_origin_to_offer() -> None:
    mild = replace(POLICY, trust=replace(POLICY.trust, ceilings={"baseline": Action.QUARANTINE}))
    assert changes(explained(of(pdq()), mild), What.SECOND_ORIGIN) == []


def test_a_crowd_of_entries_is_told_by_its_strongest() -> None:
    crowd = of(*(replace(pdq(at % 30), entry=at, list_name=f"list-{at}") for at in range(60)), pdq(40))
    assert len(changes(explained(crowd), What.ENTRY_RETRACTED)) == 0
    assert len(changes(explained(crowd), What.NOTHING_LISTED)) == 1


standings = st.sampled_from(Standing)
some_signals = st.lists(
    st.builds(
        Signal,
        st.just(SignalType.SHA256),
        st.binary(min_size=32, max_size=32),
        st.sampled_from(["", "frame 0"]),
    )
).map(tuple)
any_matches = st.lists(
    st.builds(
        lambda match, standing, entry: replace(match, standing=standing, entry=entry),
        matches_of(),
        standings,
        st.integers(1, 3),
    ),
    max_size=6,
).map(tuple)
any_findings = st.builds(
    Findings,
    signals=some_signals,
    matches=any_matches,
    unscannable=st.sampled_from(["", "truncated"]),
    unreadable=st.sampled_from(["", "encrypted"]),
    unchecked=st.sampled_from(["", "no_list"]),
    excepted=st.sampled_from(["", "AAAA"]),
)
any_beyond = st.lists(
    st.builds(
        lambda match, more: replace(match, distance=match.limit + more),
        matches_of(st.just(SignalType.PDQ)),
        st.integers(1, 20),
    )
).map(tuple)
any_limits = st.sampled_from([LIMITS, BANDED])


@given(any_findings, policies, any_limits, any_beyond)
def test_whatever_is_told_would_have_changed_the_verdict(
    findings: Findings, policy: Policy, limits: DistanceLimits, beyond: tuple[Match, ...]
) -> None:
    explanation = explain(findings, policy, NOW, limits, beyond)
    for change in explanation.changes:
        inputs = change.inputs
        verdict = judge(inputs.findings, inputs.policy, inputs.now)
        assert verdict == change.verdict
        assert (verdict.action, verdict.result) != (explanation.verdict.action, explanation.verdict.result)


@given(any_findings, policies, any_limits, any_beyond)
def test_the_verdict_explained_is_the_verdict(
    findings: Findings, policy: Policy, limits: DistanceLimits, beyond: tuple[Match, ...]
) -> None:
    explanation = explain(findings, policy, NOW, limits, beyond)
    assert explanation.verdict == judge(findings, policy, NOW)
    assert sorted(map(repr, (one.match for one in explanation.weighed))) == sorted(
        map(repr, findings.matches)
    )


@given(any_findings, policies, any_limits, any_beyond)
def test_the_row_that_decides_accounts_for_the_action(
    findings: Findings, policy: Policy, limits: DistanceLimits, beyond: tuple[Match, ...]
) -> None:
    explanation = explain(findings, policy, NOW, limits, beyond)
    assert explanation.verdict.action <= explanation.row.most
    for one in explanation.weighed:
        assert one.action <= one.row.most


_IN_POLICY = {What.CEILING, What.SETTING}


@given(any_findings, policies, any_limits, any_beyond)
def test_each_change_is_of_one_thing_only(
    findings: Findings, policy: Policy, limits: DistanceLimits, beyond: tuple[Match, ...]
) -> None:
    for change in explain(findings, policy, NOW, limits, beyond).changes:
        inputs = change.inputs
        touched = {
            "policy": inputs.policy != policy,
            "now": inputs.now != NOW,
            "findings": inputs.findings != findings,
        }
        assert [name for name, is_touched in touched.items() if is_touched] == [_place(change)]


def _place(change: Change) -> str:
    if change.what in _IN_POLICY:
        return "policy"
    return "now" if change.what is What.PROBATION_OVER else "findings"


@given(any_findings, policies, any_limits)
def test_no_smaller_step_of_a_limit_would_have_done(
    findings: Findings, policy: Policy, limits: DistanceLimits
) -> None:
    findings = replace(findings, matches=tuple(_within(findings.matches, limits)))
    explanation = explain(findings, policy, NOW, limits)
    for change in explanation.changes:
        if change.what is not What.LIMIT:
            continue
        name, told, given_limit = re.findall(r"of list (\S+) were (\d+) \(it is (\d+)\)", change.words)[0]
        step = 1 if int(told) > int(given_limit) else -1
        smaller = int(told) - step
        if smaller == int(given_limit):
            continue
        kind = SignalType(change.words.split()[1])
        again = _under(findings, limits, name, kind, smaller)
        assert not differ(judge(again, policy, NOW), explanation.verdict)


def _within(matches: tuple[Match, ...], limits: DistanceLimits) -> Iterator[Match]:
    """Only what could have been found under `limits`."""
    for match in matches:
        if match.exact or match.distance <= limits.review_limit(match.signal_type, match.list_name):
            yield match


def _under(
    findings: Findings, limits: DistanceLimits, list_name: str, kind: SignalType, limit: int
) -> Findings:
    """What would be found with that limit, worked out anew."""
    kept = []
    for match in findings.matches:
        if (match.list_name, match.signal_type) != (list_name, kind):
            kept.append(match)
        elif match.distance <= max(limit, limits.band(kind, list_name)):
            kept.append(replace(match, limit=limit))
    return replace(findings, matches=tuple(kept))


def test_news_tells_of_entries_that_went_and_came() -> None:
    before, came = match_of(), pdq(list_name="second")
    assert news((before,), explained(of(came)).weighed) == (
        "entry 1 of list (sha256), version 1, is not found any more: no longer listed, or out of reach",
        "entry 1 of second (pdq) matches it now",
    )


def test_news_tells_what_is_thought_otherwise_of_an_entry() -> None:
    before = match_of()
    changed = replace(before, standing=Standing.DISPUTED, benign=IDENTICAL, category="illegal")
    assert news((before,), explained(of(changed)).weighed) == (
        "entry 1 of list (sha256) has come from category baseline to illegal",
        "entry 1 of list (sha256) is disputed here by two persons",
        f"entry 1 of list (sha256): the file or view is the known-good {IDENTICAL.name} (shipped)",
    )
    assert news((changed,), explained(of(before)).weighed) == (
        "entry 1 of list (sha256) has come from category illegal to baseline",
        "entry 1 of list (sha256) is firm again",
        "entry 1 of list (sha256): the bank is silent",
    )


def test_news_tells_of_settings_that_are_others() -> None:
    assert news((replace(pdq(), limit=40),), explained(of(pdq())).weighed) == (
        "the pdq limit of list list is 31, and was 40",
    )
    ignored = explained(of(match_of(category="other")))
    assert news((match_of(category="other"),), ignored.weighed) == (
        "category other of list list is set to ignore",
    )


def test_where_nothing_changed_there_is_no_news() -> None:
    assert (
        news((match_of(),), explained(of(match_of(), match_of(category="other", list_name="x"))).weighed)
        == ()
    )


def test_what_passes_in_time_is_told_with_the_moment() -> None:
    (change,) = (
        change
        for change in explained(of(match_of(since=YOUNG))).changes
        if change.what is What.PROBATION_OVER
    )
    assert change.inputs.now == YOUNG + PROBATION
    early = judge(of(match_of(since=YOUNG)), POLICY, change.inputs.now - timedelta(seconds=1))
    assert (early.action, early.result) == (Action.QUARANTINE, Result.MATCH)
    assert OLD < YOUNG
