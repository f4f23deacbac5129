"""Digests under a key: recognized when they come by, and not otherwise."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

from upload_guard.lists.log.keyed import DigestKey, Recognizer
from upload_guard.records import EXACT_TYPES, Entry, Signal, SignalType

KEY = DigestKey(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def digest(kind: SignalType, number: int) -> bytes:
    return hashlib.new(kind.value, str(number).encode()).digest()


def signal(kind: SignalType, number: int) -> Signal:
    return Signal(kind, digest(kind, number), view="a.zip")


def entries(kind: SignalType, count: int) -> Iterator[Entry]:
    for number in range(count):
        yield Entry("icse", 1, "interpol", "baseline", kind, digest(kind, number), NOW, number + 1)


def test_a_keyed_digest_is_hmac_sha256_cut_to_the_digests_size() -> None:
    value = digest(SignalType.MD5, 1)
    assert KEY.keyed(SignalType.MD5, value) == hmac.digest(KEY.key, b"md5:" + value, "sha256")[:16]


def test_every_exact_digest_is_hidden_and_keeps_its_size_and_view() -> None:
    for kind in EXACT_TYPES:
        hidden = KEY.hidden(signal(kind, 1))
        assert hidden.value != digest(kind, 1)
        assert (hidden.type, len(hidden.value), hidden.view) == (kind, kind.size, "a.zip")


def test_a_look_is_not_hidden_since_it_has_to_be_compared() -> None:
    look = Signal(SignalType.PDQ, bytes(32), "frame 0", 100)
    assert KEY.hidden(look) == look


def test_what_passes_by_is_recognized_and_nothing_else() -> None:
    asked = {number: KEY.hidden(signal(SignalType.SHA256, number)) for number in (3, 40_000, 70_000)}
    recognizer = Recognizer(KEY, [one.value for one in asked.values()])
    assert len(list(recognizer.watching(entries(SignalType.SHA256, 50_000)))) == 50_000
    assert recognizer.plain(asked[3]) == signal(SignalType.SHA256, 3)
    assert recognizer.plain(asked[40_000]) == signal(SignalType.SHA256, 40_000)
    assert recognizer.plain(asked[70_000]) == asked[70_000]


def test_the_entries_that_pass_are_handed_on_as_they_came() -> None:
    recognizer = Recognizer(KEY, [KEY.hidden(signal(SignalType.MD5, 1)).value])
    mixed = [*entries(SignalType.MD5, 3), *entries(SignalType.SHA1, 3)]
    assert list(recognizer.watching(mixed)) == mixed


def test_under_another_key_nothing_is_recognized() -> None:
    hidden = DigestKey(b"o" * 32).hidden(signal(SignalType.SHA1, 1))
    recognizer = Recognizer(KEY, [hidden.value])
    list(recognizer.watching(entries(SignalType.SHA1, 10)))
    assert recognizer.plain(hidden) == hidden


def test_an_md5_is_not_taken_for_the_same_bytes_of_another_type() -> None:
    value = bytes(range(32))
    hidden = KEY.hidden(Signal(SignalType.SHA256, value))
    recognizer = Recognizer(KEY, [hidden.value])
    recognizer.meet(SignalType.MD5, [value[:16]])
    assert recognizer.plain(hidden) == hidden
