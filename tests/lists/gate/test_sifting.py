"""What is added one by one passes the gate's own questions first."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from upload_guard.lists.bank.bank import BankFile, BenignBank
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.gate import ALIKE, IDENTICAL
from upload_guard.lists.gate.junk import Junk
from upload_guard.lists.gate.sifting import sift
from upload_guard.records import BankScope, SignalType

DICE = np.random.default_rng(7)
LOOK = DICE.bytes(32)
SHA256 = hashlib.sha256(b"logo").digest()
PHASH = DICE.bytes(8)
LOGO = BankFile(
    "logo.png",
    BankScope.ADMINISTRATOR,
    ((SignalType.SHA256, SHA256),),
    ((SignalType.PDQ, LOOK), (SignalType.PHASH, PHASH)),
)
BANK = BenignBank("one", [LOGO])


def away(value: bytes, bits: int) -> bytes:
    return (int.from_bytes(value) ^ (1 << bits) - 1).to_bytes(len(value))


def other(kind: SignalType) -> ListedHash:
    return ListedHash(kind, DICE.bytes(kind.size))


@pytest.mark.parametrize(
    ("kind", "value", "reason", "name"),
    [
        (SignalType.SHA256, SHA256, IDENTICAL, "logo.png"),
        (SignalType.PDQ, LOOK, ALIKE, "logo.png"),
        (SignalType.PDQ, away(LOOK, 8), ALIKE, "logo.png"),
        (SignalType.PHASH, PHASH, ALIKE, "logo.png"),
        (SignalType.MD5, hashlib.md5(b"").digest(), Junk.EMPTY_FILE, ""),
        (SignalType.PDQ, bytes(32), Junk.UNIFORM, ""),
        (SignalType.SHA1, b"\xde\xad\xbe\xef" * 5, Junk.PATTERN, ""),
    ],
)
def test_junk_and_known_good_images_are_left_out_by_number(
    kind: SignalType, value: bytes, reason: str, name: str
) -> None:
    first, last = other(SignalType.SHA256), other(SignalType.MD5)
    sifted = sift([first, ListedHash(kind, value), last], BANK)
    assert sifted.kept == (first, last)
    assert [(one.entry, one.signal_type, one.reason, one.name) for one in sifted.aside] == [
        (2, kind, reason, name)
    ]


def test_what_is_farther_from_the_bank_is_kept() -> None:
    hashes = (ListedHash(SignalType.PDQ, away(LOOK, 9)), ListedHash(SignalType.PHASH, away(PHASH, 1)))
    assert sift(hashes, BANK).kept == hashes


def test_a_hash_that_is_given_twice_is_named_twice() -> None:
    sifted = sift([ListedHash(SignalType.SHA256, SHA256)] * 2, BANK)
    assert (sifted.kept, [one.entry for one in sifted.aside]) == ((), [1, 2])


def test_all_types_stay_in_their_order() -> None:
    hashes = tuple(other(kind) for kind in (*SignalType, *reversed(SignalType)))
    assert sift(hashes, BANK).kept == hashes
    assert sift((), BANK).kept == ()
