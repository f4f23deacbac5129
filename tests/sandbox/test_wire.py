"""Answers cross unchanged, and nothing else crosses."""

from __future__ import annotations

import json
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.records import GLIMPSE_SIDE, Analysis, Glimpse, Signal, SignalType
from upload_guard.sandbox.wire import MAX_FRAME, Answer, WireError, decode, encode, receive_frame, send_frame

TOKEN = b"8 bytes!"
PRINTABLE = st.text(max_size=255).filter(str.isprintable)
SIGNALS = st.sampled_from(SignalType).flatmap(
    lambda kind: st.builds(
        Signal,
        st.just(kind),
        st.binary(min_size=kind.size, max_size=kind.size),
        PRINTABLE,
        st.none() | st.integers(0, 100),
        PRINTABLE,
    )
)
GLIMPSES = st.tuples(st.integers(1, GLIMPSE_SIDE), st.integers(1, GLIMPSE_SIDE)).flatmap(
    lambda sides: st.builds(
        Glimpse,
        PRINTABLE,
        st.just(sides[0]),
        st.binary(min_size=sides[0] * sides[1], max_size=sides[0] * sides[1]),
    )
)
ANALYSES = st.builds(
    Analysis,
    st.lists(SIGNALS, max_size=5).map(tuple),
    PRINTABLE,
    PRINTABLE,
    st.lists(PRINTABLE).map(tuple),
    st.lists(GLIMPSES, max_size=3).map(tuple),
)


@given(ANALYSES, PRINTABLE)
def test_an_answer_arrives_as_it_was_sent(analysis: Analysis, fault: str) -> None:
    answer = Answer(analysis, fault)
    assert decode(TOKEN + encode(answer), TOKEN) == answer


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with suppress(WireError):
        decode(TOKEN + data, TOKEN)


PDQ = "00" * 32
BAD_LINES = {
    "no list": {"signal": 1},
    "no record": [],
    "a kind of no name": [1],
    "an unknown kind": ["attack", "x"],
    "an unknown signal type": ["signal", "crc", PDQ, "", 1, ""],
    "too short a hash": ["signal", "pdq", "00", "", 1, ""],
    "a hash of another length": ["signal", "sha1", PDQ, "", 1, ""],
    "a hash that is a number": ["signal", "pdq", 7, "", 1, ""],
    "a quality that is true": ["signal", "pdq", PDQ, "", True, ""],
    "a quality of 101": ["signal", "pdq", PDQ, "", 101, ""],
    "a quality that is no number": ["signal", "pdq", PDQ, "", "50", ""],
    "a field too many": ["signal", "pdq", PDQ, "", 1, "", ""],
    "a type that is a list": ["signal", ["pdq"], PDQ, "", 1, ""],
    "a glimpse that is a whole picture": ["glimpse", "00" * 64, 64, ""],
    "a glimpse that is too high": ["glimpse", "00" * 66, 2, ""],
    "a glimpse of half a row": ["glimpse", "00" * 5, 2, ""],
    "a glimpse of nothing": ["glimpse", "", 1, ""],
    "a glimpse of no width": ["glimpse", "00", 0, ""],
    "a glimpse whose width is true": ["glimpse", "00", True, ""],
    "a glimpse that is text": ["glimpse", "a picture", 1, ""],
    "a reason that is a number": ["unscannable", 5],
    "two reasons": ["unscannable", "a", "b"],
    "a new line in a name": ["degraded", "a\nERROR forged"],
    "a lone surrogate": ["degraded", "\ud800"],
    "a name that is too long": ["degraded", "x" * 256],
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_what_is_no_answer_is_refused(name: str) -> None:
    with pytest.raises(WireError):
        decode(TOKEN + json.dumps(BAD_LINES[name]).encode(), TOKEN)


@pytest.mark.parametrize(
    "data", [b"{", b"[" * 4000, b"\xff\xfe", b"NaN", b"[" + b"1" * 5000 + b"]", b"\n" * 10]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode(TOKEN + data, TOKEN)


def test_an_answer_to_another_file_is_refused() -> None:
    with pytest.raises(WireError):
        decode(b"8 others" + encode(Answer(Analysis())), TOKEN)


def test_a_plug_ins_signal_arrives_where_its_type_was_ordered_and_nowhere_else() -> None:
    """A worker that was taken over could name types without end."""
    kind = SignalType("neuralhash-96")
    sent = Analysis((Signal(kind, bytes(12), "frame 0", None, "mirrored"),))
    frame = TOKEN + encode(Answer(sent))
    assert decode(frame, TOKEN, frozenset((*SignalType, kind))).analysis == sent
    with pytest.raises(WireError, match="a signal that cannot be read"):
        decode(frame, TOKEN)


def test_names_of_strangers_are_made_printable() -> None:
    sent = Analysis((Signal(SignalType.MD5, bytes(16), "a\nb\ud800\x1b[31m" + "x" * 300),))
    view = decode(TOKEN + encode(Answer(sent)), TOKEN).analysis.signals[0].view
    assert view.startswith("a?b??[31mxxx")
    assert len(view) == 255


def test_the_longest_glimpse_under_the_longest_name_arrives() -> None:
    sent = Analysis(glimpses=(Glimpse("\N{CAT FACE}" * 255, GLIMPSE_SIDE, bytes(GLIMPSE_SIDE**2)),))
    assert decode(TOKEN + encode(Answer(sent)), TOKEN).analysis == sent


def test_more_signals_than_fit_are_unscannable_and_never_a_sample() -> None:
    sent = Analysis((Signal(SignalType.PDQ, bytes(32), "x", 50),) * 100_000)
    assert decode(TOKEN + encode(Answer(sent)), TOKEN).analysis == Analysis(unscannable="too_many_signals")


def test_a_frame_is_put_together_from_its_pieces() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for byte in b"\0\0\0\x02ab":
            theirs.send(bytes([byte]))
        assert receive_frame(ours, 1) == b"ab"


def test_frames_do_not_run_into_each_other() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_frame(theirs, b"one")
        send_frame(theirs, b"two")
        assert [receive_frame(ours, 1), receive_frame(ours, 1)] == [b"one", b"two"]


@pytest.mark.parametrize("size", [0, MAX_FRAME + 1, 0xFFFFFFFF])
def test_a_frame_of_a_wrong_size_is_refused_before_memory_is_taken(size: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(size.to_bytes(4, "big"))
        with pytest.raises(WireError):
            receive_frame(ours, 1)


def test_an_end_in_the_middle_of_a_frame_is_told() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.send(b"\0\0\0\x02a")
        theirs.close()
        with pytest.raises(WireError):
            receive_frame(ours, 1)
