"""Asking the benign bank."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.lists.bank.bank import REACH, BankFile, BenignBank
from upload_guard.records import BankScope, SignalType

DICE = np.random.default_rng(5)
VIEWS = [DICE.bytes(32) for _ in range(40)]
SHA256 = (SignalType.SHA256, bytes(range(32)))


def file(name: str, *views: bytes, scope: BankScope = BankScope.SHIPPED, site: str = "") -> BankFile:
    return BankFile(name, scope, (SHA256,), tuple((SignalType.PDQ, view) for view in views), site)


BANK = BenignBank("one", [file("few", *VIEWS[:3]), file("many", *VIEWS[3:])])


def changed(value: bytes, bits: set[int]) -> bytes:
    number = int.from_bytes(value, "big")
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(32, "big")


def near(bank: BenignBank, *values: bytes) -> list[tuple[int, str, int]]:
    asked = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)
    return [(one.asked, one.file.name, one.distance) for one in bank.near(asked)]


@given(st.integers(0, 39), st.sets(st.integers(0, 255), max_size=12))
def test_a_look_is_known_within_eight_bits_and_no_farther(view: int, bits: set[int]) -> None:
    expected = [(1, "few" if view < 3 else "many", len(bits))] if len(bits) <= REACH else []
    assert near(BANK, bytes(32), changed(VIEWS[view], bits)) == expected


def test_the_nearest_view_is_told() -> None:
    bank = BenignBank("", [file("far", changed(VIEWS[0], {1, 2, 3})), file("close", changed(VIEWS[0], {4}))])
    assert near(bank, VIEWS[0]) == [(0, "close", 1)]


def test_an_empty_bank_knows_nothing() -> None:
    bank = BenignBank()
    assert near(bank, VIEWS[0]) == []
    assert bank.identical(SHA256[1], "site") is None
    assert not bank.has_looks


def test_a_file_is_known_by_its_sha256_on_every_site() -> None:
    found = BANK.identical(SHA256[1], "any")
    assert found is not None
    assert found.name == "few"
    assert BANK.identical(bytes(32), "any") is None


def test_a_sites_own_file_counts_for_that_site_and_never_by_its_look() -> None:
    bank = BenignBank("", [file("logo", VIEWS[0], scope=BankScope.SITE, site="blog")])
    assert bank.identical(SHA256[1], "blog") is not None
    assert bank.identical(SHA256[1], "shop") is None
    assert near(bank, VIEWS[0]) == []
    digests = np.frombuffer(SHA256[1], np.uint8).reshape(1, 32)
    assert list(bank.same(SignalType.SHA256, digests)) == []
    assert not bank.has_looks
    assert (bank.scope_of("blog"), bank.scope_of("shop")) == ("blog", "")


def test_digests_that_begin_alike_are_told_apart() -> None:
    alike = SHA256[1][:8] + bytes(24)
    asked = np.frombuffer(alike + SHA256[1], np.uint8).reshape(2, 32)
    assert [one.asked for one in BANK.same(SignalType.SHA256, asked)] == [1]
    assert list(BANK.same(SignalType.MD5, asked[:, :16])) == []
