"""JSON is read so that no two readers could take it differently, and a fault holds nothing of it."""

from __future__ import annotations

import pytest

from upload_guard.errors import UpstreamGarbled
from upload_guard.upstreams.asking import Reply
from upload_guard.upstreams.services.said import Said, Word, read


class Answer(Said):
    known: bool
    name: Word = ""
    inner: dict[str, int] | None = None


def answer(body: bytes) -> Answer:
    return read(Reply(200, body, "http://host/check"), Answer)


def test_names_that_are_not_known_are_passed_over() -> None:
    assert answer(b'{"known": true, "new": [1.5, null], "name": "BANK"}') == Answer(known=True, name="BANK")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert answer(b'\xef\xbb\xbf{"known": false}') == Answer(known=False)


TWICE = {
    "a name": b'{"known": true, "known": false}',
    "one that is passed over": b'{"known": false, "x": 1, "x": 1}',
    "written in two ways": b'{"known": true, "\\u006bnown": false}',
    "deep inside": b'{"known": false, "inner": {"a": 1, "a": 1}}',
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE.keys())
def test_a_name_that_stands_twice_leaves_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamGarbled):
        answer(body)


@pytest.mark.parametrize("said", ["0", "1", '"false"', "null", "[]", "NaN", "1e999", "0.0"])
def test_a_truth_is_a_truth_and_nothing_like_it(said: str) -> None:
    with pytest.raises(UpstreamGarbled):
        answer(b'{"known": %s}' % said.encode())


@pytest.mark.parametrize("name", ["\\u001b[2J", "\\ud800", "\\n", "\\u202e", "x" * 256], ids=range(5))
def test_a_name_is_short_and_can_be_shown(name: str) -> None:
    with pytest.raises(UpstreamGarbled):
        answer(b'{"known": true, "name": "%s"}' % name.encode())


def test_the_fault_names_the_place_and_nothing_of_what_was_said() -> None:
    with pytest.raises(UpstreamGarbled) as caught:
        answer(b'{"known": "d41d8cd98f00b204"}')
    assert str(caught.value).endswith("(at known)")
    assert "d41d8" not in str(caught.value)
    assert caught.value.__suppress_context__
