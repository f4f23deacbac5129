"""Checks by hashes that somebody else computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import activate_list, digests_of, eventually, quiet_station, settings_in
from upload_guard.checkers.claims import Answer, Claim, ClaimChecker, signal_of
from upload_guard.compose import build_customers, open_benign, open_lists
from upload_guard.compose.customers import claim_checker_of
from upload_guard.customers.offers import Offer
from upload_guard.errors import InvalidHash, NotCovered
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.formats import ListedHash
from upload_guard.records import Result, Signal, SignalType
from upload_guard.settings import Settings

LOGO, BAD, OTHER = (digests_of(name) for name in (b"a logo", b"bad", b"something else"))
MD5, SHA256 = SignalType.MD5, SignalType.SHA256


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path, customers={"shop": {}})
    listed = [ListedHash(MD5, LOGO.md5), ListedHash(MD5, BAD.md5), ListedHash(SHA256, LOGO.sha256)]
    activate_list(settings, listed)
    open_benign(settings).add(vouched_file("logo.png", LOGO, []), "ann")
    return settings


@pytest.fixture
def checker(settings: Settings) -> ClaimChecker:
    return claim_checker_of(quiet_station(settings))


@pytest.fixture
def offer(settings: Settings) -> Offer:
    return build_customers(settings).of("shop", "key").offer


@pytest.fixture
def ask(checker: ClaimChecker, offer: Offer) -> Callable[..., Answer]:
    return lambda *signals: checker.check(Claim(signals), offer, "shop")


def test_a_known_good_file_is_known_by_any_of_its_digests(ask: Callable[..., Answer]) -> None:
    for signals in ((Signal(MD5, LOGO.md5),), (Signal(SHA256, LOGO.sha256),)):
        assert ask(*signals).verdict.result is Result.DISPUTED
    assert ask(Signal(MD5, BAD.md5)).verdict.result is Result.MATCH


def test_an_md5_of_a_known_good_file_excuses_no_file_whose_sha256_is_another(
    ask: Callable[..., Answer],
) -> None:
    """MD5 can be forged: the bank's word is for the file that it knows."""
    assert ask(Signal(MD5, LOGO.md5), Signal(SHA256, BAD.sha256)).verdict.result is Result.MATCH
    assert ask(Signal(MD5, LOGO.md5), Signal(SHA256, LOGO.sha256)).verdict.result is Result.DISPUTED


def test_what_could_be_compared_with_nothing_is_no_answer(ask: Callable[..., Answer]) -> None:
    with pytest.raises(NotCovered):
        ask(Signal(SignalType.SHA1, OTHER.sha1))
    answer = ask(Signal(SignalType.SHA1, OTHER.sha1), Signal(MD5, OTHER.md5))
    assert (answer.verdict.result, answer.compared) == (Result.CLEAN, {MD5})


def test_a_type_whose_entries_were_all_taken_back_is_not_covered(settings: Settings, offer: Offer) -> None:
    open_lists(settings).retract("test-list", [ListedHash(SHA256, LOGO.sha256)], "ann")
    checker = claim_checker_of(quiet_station(settings))
    with pytest.raises(NotCovered):
        checker.check(Claim((Signal(SHA256, OTHER.sha256),)), offer, "shop")


def test_a_promised_list_that_does_not_act_makes_no_no(checker: ClaimChecker, offer: Offer) -> None:
    promised = replace(offer, lists=frozenset({"test-list", "another"}))
    with pytest.raises(NotCovered, match="not active: another"):
        checker.check(Claim((Signal(MD5, OTHER.md5),)), promised, "shop")
    found = checker.check(Claim((Signal(MD5, BAD.md5),)), promised, "shop")
    assert (found.verdict.result, found.category) == (Result.MATCH, "baseline")


def test_a_type_that_only_other_categories_have_is_not_covered(settings: Settings, offer: Offer) -> None:
    """`baseline` has MD5 and SHA-256 alone: of a SHA-1 a customer of "baseline only" can be told nothing."""
    sha1 = ListedHash(SignalType.SHA1, BAD.sha1)
    open_lists(settings).add("test-list", [sha1], "illegal", "ann")
    checker = claim_checker_of(quiet_station(settings))
    asked = Claim((Signal(SignalType.SHA1, OTHER.sha1),))
    assert checker.check(asked, offer, "shop").verdict.result is Result.CLEAN
    with pytest.raises(NotCovered):
        checker.check(asked, offer.narrowed(["baseline"], ()), "shop")


def test_a_list_that_is_activated_and_not_loaded_yet_makes_no_no(settings: Settings, offer: Offer) -> None:
    """It may take long to build what is to be loaded, or fail: until then nothing of the list is compared."""
    checker = claim_checker_of(quiet_station(settings))
    before = checker.checker.snapshot()
    activate_list(settings, [ListedHash(MD5, OTHER.md5)], "second")
    behind = replace(checker, checker=replace(checker.checker, snapshot=lambda: before))
    asked, promised = Claim((Signal(MD5, OTHER.md5),)), replace(offer, lists=frozenset({"second"}))
    with pytest.raises(NotCovered):
        behind.check(asked, promised, "shop")
    assert eventually(lambda: "second" in checker.checker.snapshot().lists)
    assert checker.check(asked, promised, "shop").verdict.result is Result.MATCH


@pytest.mark.parametrize("bits", [b"\x00", b"\xff"], ids=["none", "all"])
def test_the_pdq_of_a_picture_too_plain_to_have_one_was_compared_with_nothing(
    settings: Settings, offer: Offer, bits: bytes
) -> None:
    activate_list(settings, [ListedHash(SignalType.PDQ, bytes(range(7, 39)))], "pictures")
    checker, plain = claim_checker_of(quiet_station(settings)), Signal(SignalType.PDQ, bits * 32)
    with pytest.raises(NotCovered):
        checker.check(Claim((plain,)), offer, "shop")
    answer = checker.check(Claim((plain, Signal(MD5, OTHER.md5))), offer, "shop")
    assert (answer.verdict.result, answer.compared) == (Result.CLEAN, {MD5})


@pytest.mark.parametrize("digits", ["", "0" * 31, "0" * 33, "0" * 30 + "0x", " " * 32, "é" * 32])
def test_what_is_no_hash_is_said_without_repeating_it(digits: str) -> None:
    with pytest.raises(InvalidHash) as caught:
        signal_of(MD5, digits)
    assert str(caught.value) == f"{len(digits)} characters are no md5"
