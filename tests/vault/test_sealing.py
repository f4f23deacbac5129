"""Streams sealed in chunks: they open whole, under their own key and name, or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.errors import SealBroken
from upload_guard.vault.sealing import CHUNK, HEADER, seal, unseal

KEY = bytes(range(32))
STEP = CHUNK + 16


def sealed(plain: bytes, key: bytes = KEY, context: bytes = b"name") -> bytes:
    return b"".join(seal([plain], key, context))


def opened(data: bytes, key: bytes = KEY, context: bytes = b"name") -> bytes:
    return b"".join(unseal(io.BytesIO(data), key, context))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_was_sealed_opens_again(size: int) -> None:
    plain = bytes(at % 251 for at in range(size))
    assert opened(sealed(plain)) == plain


@given(st.lists(st.binary(max_size=CHUNK // 2), max_size=8))
def test_it_does_not_matter_in_which_portions_it_came(portions: list[bytes]) -> None:
    assert opened(b"".join(seal(portions, KEY, b"name"))) == b"".join(portions)


class Trickle(io.BytesIO):
    """A stream that gives what it likes, as those of object stores do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 999))


def test_it_does_not_matter_in_which_portions_it_is_read() -> None:
    plain = b"upload " * 30_000
    assert b"".join(unseal(Trickle(sealed(plain)), KEY, b"name")) == plain


def test_the_plain_bytes_do_not_show_and_no_two_seals_are_alike() -> None:
    assert b"secret" not in sealed(b"the secret itself")
    assert sealed(b"the same") != sealed(b"the same")


@pytest.mark.parametrize(("key", "context"), [(bytes(32), b"name"), (KEY, b"other")], ids=["key", "name"])
def test_it_opens_under_its_own_key_and_name_alone(key: bytes, context: bytes) -> None:
    with pytest.raises(SealBroken):
        opened(sealed(b"plain"), key, context)


def spoilt() -> Iterator[tuple[str, bytes]]:
    whole, other = sealed(b"a" * (3 * CHUNK + 5)), sealed(b"b" * (3 * CHUNK + 5))
    chunks = [whole[at : at + STEP] for at in range(HEADER, len(whole), STEP)]
    head = whole[:HEADER]
    for at in (0, HEADER - 1, HEADER, HEADER + 5, HEADER + STEP, len(whole) - 1):
        yield f"a flipped bit at {at}", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    yield "swapped chunks", head + chunks[1] + chunks[0] + chunks[2] + chunks[3]
    yield "a chunk left out", head + chunks[0] + chunks[2] + chunks[3]
    yield "a chunk twice", head + chunks[0] + chunks[0] + chunks[1] + chunks[2] + chunks[3]
    yield "the end cut at a chunk", head + chunks[0] + chunks[1] + chunks[2]
    yield "the end cut in a chunk", whole[:-1]
    yield "a chunk of another", head + chunks[0] + other[HEADER + STEP : HEADER + 2 * STEP] + chunks[2]
    yield "the head of another", other[:HEADER] + whole[HEADER:]
    yield "something after it", whole + b"x"
    yield "another after it", whole + other
    yield "the head alone", head
    yield "nothing", b""


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in spoilt()])
def test_nothing_can_be_altered_cut_swapped_or_mixed(data: bytes) -> None:
    with pytest.raises(SealBroken):
        opened(data)


def test_the_format_stays_the_same_in_every_release() -> None:
    # Opened apart from that module, by the construction as STREAM's paper has it.
    data = sealed(b"x" * CHUNK + b"end")
    header, prefix, cipher = data[:11], data[4:11], AESGCM(KEY)
    first = cipher.decrypt(prefix + b"\0\0\0\0" + b"\0", data[11 : 11 + STEP], header + b"name")
    last = cipher.decrypt(prefix + b"\0\0\0\1" + b"\1", data[11 + STEP :], header + b"name")
    assert (header[:4], first, last) == (b"UGV\x01", b"x" * CHUNK, b"end")
