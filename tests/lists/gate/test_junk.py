"""Which hashes name no picture."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.support import OTHER_SEED, picture_bytes
from upload_guard.containers.analyse import analyse
from upload_guard.imaging.budget import ScanLimits
from upload_guard.lists.gate.junk import Junk, junk_among
from upload_guard.records import SignalType
from upload_guard.spans import FileContent

EXACT = [SignalType.MD5, SignalType.SHA1, SignalType.SHA256]
LOOKS = [SignalType.PDQ, SignalType.PHASH, SignalType.DHASH]


def junk(kind: SignalType, *values: bytes) -> list[tuple[int, Junk]]:
    packed = np.frombuffer(b"".join(values), np.uint8).reshape(-1, kind.size)
    return list(junk_among(kind, packed))


def with_ones(kind: SignalType, count: int) -> bytes:
    return ((1 << count) - 1).to_bytes(kind.size, "big")


@pytest.mark.parametrize("kind", SignalType)
def test_all_zeros_and_all_ones_are_junk(kind: SignalType) -> None:
    found = junk(kind, bytes(kind.size), b"\xff" * kind.size)
    assert found == [(0, Junk.UNIFORM), (1, Junk.UNIFORM)]


@pytest.mark.parametrize("kind", EXACT)
def test_the_digest_of_the_empty_file_is_junk(kind: SignalType) -> None:
    empty, other = (hashlib.new(kind.value, data).digest() for data in (b"", b"x"))
    assert junk(kind, other, empty) == [(1, Junk.EMPTY_FILE)]


@pytest.mark.parametrize("pattern", ["ab", "deadbeef", "0123456789abcdef"])
@pytest.mark.parametrize("kind", EXACT)
def test_a_pattern_is_no_digest(kind: SignalType, pattern: str) -> None:
    repeated = (bytes.fromhex(pattern) * 32)[: kind.size]
    almost = repeated[:-1] + b"\x07"
    assert junk(kind, repeated, almost) == [(0, Junk.PATTERN)]


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (SignalType.PDQ, 64),
        (SignalType.PHASH, 8),
        (SignalType.DHASH, 4),
        (SignalType("neuralhash-96"), 6),
    ],
)
def test_a_look_with_few_bits_set_or_unset_is_junk(kind: SignalType, least: int) -> None:
    bits = kind.size * 8
    values = [with_ones(kind, count) for count in (least - 1, least, bits - least, bits - least + 1)]
    assert junk(kind, *values) == [(0, Junk.LOW_ENTROPY), (3, Junk.LOW_ENTROPY)]


def test_no_hash_of_a_picture_with_something_in_it_is_junk(tmp_path: object) -> None:
    file = tmp_path / "picture.jpg"  # type: ignore[operator]
    file.write_bytes(picture_bytes(OTHER_SEED))
    with FileContent(file).open() as stream:
        signals = analyse(stream, ScanLimits()).signals
    assert {signal.type for signal in signals} == set(LOOKS)
    for signal in signals:
        assert junk(signal.type, signal.value) == []
