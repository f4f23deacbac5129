"""Digests, judged by hashlib, whatever the portions."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.digests import CHUNK, Digester, digest_of, digest_stream, exact_signals
from upload_guard.records import Digest, Digests, SignalType


def by_hashlib(data: bytes) -> Digests:
    return Digests(
        hashlib.md5(data).digest(), hashlib.sha1(data).digest(), hashlib.sha256(data).digest(), len(data)
    )


@given(st.lists(st.binary(max_size=64), max_size=12))
def test_portions_make_no_difference(portions: list[bytes]) -> None:
    digester = Digester()
    for portion in portions:
        digester.update(portion)
    assert digester.finish() == by_hashlib(b"".join(portions))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_a_stream_is_read_to_its_end(size: int) -> None:
    data = (b"portion " * (size // 8 + 1))[:size]
    assert digest_stream(io.BytesIO(data)) == by_hashlib(data)


def test_only_what_is_left_of_a_stream_is_read() -> None:
    stream = io.BytesIO(b"beforeafter")
    stream.seek(6)
    assert digest_stream(stream) == by_hashlib(b"after")


def test_digests_give_one_signal_of_each_exact_type() -> None:
    digests = by_hashlib(b"data")
    found = {signal.type: signal.value for signal in digests.signals()}
    assert found == {
        SignalType.MD5: digests.md5,
        SignalType.SHA1: digests.sha1,
        SignalType.SHA256: digests.sha256,
    }


def test_one_digest_names_a_file() -> None:
    digests = by_hashlib(b"data")
    assert digest_of(io.BytesIO(b"data")) == Digest(digests.sha256, 4)


@pytest.mark.parametrize("kinds", [[], [SignalType.MD5], [SignalType.SHA1, SignalType.MD5]])
def test_only_the_types_asked_for_are_taken(kinds: list[SignalType]) -> None:
    data = b"data" * CHUNK
    wanted = {signal.type: signal for signal in by_hashlib(data).signals()}
    assert exact_signals(io.BytesIO(data), kinds) == tuple(wanted[kind] for kind in kinds)
