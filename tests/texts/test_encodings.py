"""What a text holds in data: URIs and base64, and what it does not."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.support import picture_bytes
from upload_guard.errors import Unreadable
from upload_guard.texts.encodings import Finder
from upload_guard.texts.kinds import worth_checking

PICTURE = picture_bytes(1)


def payloads(text: str) -> Iterator[bytes]:
    return Finder().payloads(text)


ENCODED = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        f"see {ENCODED} here",
        ENCODED.replace("/", "\\/"),
        "in JSON in JSON: " + ENCODED.replace("/", "\\\\\\u002F"),
        "\\n".join(["in lines:", *(ENCODED[at : at + 76] for at in range(0, len(ENCODED), 76))]),
        f"data:,{ENCODED}",
    ],
    ids=["whole", "word", "escaped", "escaped twice", "escaped line ends", "data URI"],
)
def test_a_picture_in_a_text_comes_out_with_its_exact_bytes(text: str) -> None:
    assert PICTURE in list(payloads(text))


def test_a_message_pasted_into_a_text_is_no_file() -> None:
    pasted = "From: a@example.org\nSubject: hello\nDate: today\n\nWhere are you?" + "\n" * 40
    assert list(payloads(pasted)) == []
    assert not worth_checking(pasted.encode())


def test_a_text_of_nothing_but_beginnings_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="beginnings"):
        list(payloads(f"{ENCODED[:60]}!" * 2001))
    with pytest.raises(Unreadable, match="beginnings"):
        list(payloads("Qk0A " * 100_001))


@pytest.mark.parametrize("text", ["\\" * 100_000, "\\u00" * 50_000, '\\"' * 50_000, "data:" * 30_000])
def test_odd_texts_are_read_in_one_go(text: str) -> None:
    assert list(payloads(text)) == []


@pytest.mark.parametrize("at", [4, 40, 400])
def test_padding_in_the_middle_ends_it_for_some_decoders_and_not_for_others(at: int) -> None:
    found = list(payloads(ENCODED[:at] + "=" + ENCODED[at:]))
    assert PICTURE in found
