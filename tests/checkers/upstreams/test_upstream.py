"""A service's words become ours, and what it knows a match that the policy weighs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support import settings_in
from upload_guard.checkers.upstreams.upstream import BY_FILE, Meaning, Upstream
from upload_guard.compose import upstream_of
from upload_guard.policy import Policy, Trust, judge
from upload_guard.records import Action, Findings, Match, Signal, SignalType
from upload_guard.upstream_settings import UpstreamSettings
from upload_guard.upstreams.services.service import Hit

SHA256 = b"\1" * 32
BLOCKING = Policy(Trust({"baseline": Action.BLOCK}))


@pytest.fixture
def upstream(tmp_path) -> Upstream:  # type: ignore[no-untyped-def]
    own = UpstreamSettings(
        kind="arachnid",
        url="http://127.0.0.1:9",
        origin="c3p",
        user="site",
        password="p",  # type: ignore[arg-type]  # noqa: S106 - of a test
        category="baseline",
        pdq_limit=20,
    )
    return upstream_of("shield", own, settings_in(tmp_path))


def action(match: Match, policy: Policy = BLOCKING) -> Action:
    return judge(Findings(matches=(match,)), policy, datetime.now(UTC)).action


def test_its_words_are_mapped_by_category_then_by_bank_and_whatever_their_case() -> None:
    meaning = Meaning("illegal", {"a1": "baseline", "clip art": "other"})
    assert meaning.of(Hit(category="A1", bank="Clip Art")) == "baseline"
    assert meaning.of(Hit(category="B2", bank="Clip Art")) == "other"
    assert meaning.of(Hit()) == "illegal"


def test_an_exact_digest_does_what_its_category_allows(upstream: Upstream) -> None:
    assert action(upstream.match(Signal(SignalType.SHA256, SHA256), Hit())) is Action.BLOCK


def test_but_holds_at_most_where_entries_have_a_probation(upstream: Upstream) -> None:
    young = Policy(Trust({"baseline": Action.BLOCK}, probation=timedelta(hours=1)))
    assert action(upstream.match(Signal(SignalType.SHA256, SHA256), Hit()), young) is Action.QUARANTINE


def test_a_look_holds_at_most(upstream: Upstream) -> None:
    match = upstream.match(Signal(SignalType.PDQ, SHA256, "frame 0"), Hit(distance=4))
    assert (match.distance, match.limit, match.view) == (4, 20, "frame 0")
    assert action(match) is Action.QUARANTINE


def test_a_look_beyond_the_limit_is_near_and_no_match(upstream: Upstream) -> None:
    assert not upstream.match(Signal(SignalType.PDQ, SHA256, "frame 0"), Hit(distance=21)).within_limit


def test_these_very_bytes_are_a_match_of_their_sha256(upstream: Upstream) -> None:
    match = upstream.match_of_file(SHA256, Hit())
    assert (match.signal_type, match.value) == (SignalType.SHA256, SHA256)
    assert action(match) is Action.BLOCK


def test_a_file_that_only_looks_like_one_holds_at_most(upstream: Upstream) -> None:
    match = upstream.match_of_file(SHA256, Hit(near=True))
    assert (match.exact, match.variant, match.distance) == (False, BY_FILE, 0)
    assert action(match) is Action.QUARANTINE
