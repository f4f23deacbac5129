"""Chunked bodies and previews, however the network cuts them."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doors.icap_client import chunks
from upload_guard.doors.chunks import ChunkedBody
from upload_guard.doors.connection import Connection, Stop
from upload_guard.doors.peers import Peer
from upload_guard.errors import RequestError


def read_all(sent: list[bytes], preview: int | None = None, portion: int = 1000) -> bytes:
    """The body as it is read from a connection on which these pieces come one after another."""
    here, there = socket.socketpair()

    def feed() -> None:
        # What is refused is not read to its end.
        with suppress(OSError):
            for piece in sent:
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)

    feeding = threading.Thread(target=feed)
    feeding.start()
    with here, there, closing(Stop()) as stop:
        body = ChunkedBody(Connection(here, Peer("test"), stop, 10), preview)
        got = b"".join(iter(lambda: body.read(portion), b""))
        assert body.ended
        assert body.read(1) == b""
        feeding.join()
    return got


@given(
    data=st.binary(max_size=200),
    size=st.integers(1, 50),
    cuts=st.lists(st.integers(0, 400), max_size=5),
    portion=st.integers(1, 60),
)
def test_a_body_is_read_alike_however_it_is_cut(
    data: bytes, size: int, cuts: list[int], portion: int
) -> None:
    sent = chunks(data, size)
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    pieces = [sent[start:end] for start, end in pairwise(edges)]
    assert read_all(pieces, portion=portion) == data


@given(data=st.binary(max_size=100), preview=st.integers(0, 100))
def test_a_preview_and_its_rest_are_one_body(data: bytes, preview: int) -> None:
    whole = chunks(data[:preview], 7) + chunks(data[preview:], 7)
    assert read_all([whole], preview) == data
    if len(data) <= preview:
        assert read_all([chunks(data, 7, last=b"0; ieof\r\n\r\n")], preview) == data


@pytest.mark.parametrize("line", [b"5 ;a", b"05", b"000000005", b"5;a=b;c", b'5 ; a="b c"'])
def test_a_size_is_read_with_zeros_and_extensions(line: bytes) -> None:
    assert read_all([line + b"\r\nhello\r\n0\r\n\r\n"]) == b"hello"


@pytest.mark.parametrize(
    "sent",
    [
        b"5\nhello\n0\n\n",
        b"-5\r\nhello\r\n",
        b"5,5\r\nhello\r\n",
        b"5\r\nhel",
        b"5\r\nhello\r\n",
        b"g\r\n",
        b"",
    ],
)
def test_another_framing_is_refused(sent: bytes) -> None:
    with pytest.raises(RequestError):
        read_all([sent])
