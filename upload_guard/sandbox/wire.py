"""What server, zygote and worker say to each other: length-prefixed frames, and an answer as JSON lines.

A worker may have been taken over by the file it read. So nothing here can run code (no pickle), every
length is bounded before memory is taken for it, and what comes back is built anew from checked values.
"""

from __future__ import annotations

import io
import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from upload_guard.records import GLIMPSE_SIDE, Analysis, Glimpse, Signal, SignalType
from upload_guard.spans import Span

MAX_FRAME = 16 << 20
"""Bytes. Room for 256 frames in four looks of 82 signals each (two forms of PDQ in eight positions, of the
whole and of four ways to trim it, and the two coarse hashes), under names as they usually are."""

_MAX_LINES = 100_000
_MAX_LINE = 4096
_MAX_TEXT = 255
_LENGTH = struct.Struct("!I")
_TOKEN = 8
_SPAN = struct.Struct(f"!QQ{_TOKEN}s")


class WireError(Exception):
    """The other side is gone, or said something that it should not have said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`fault` says for the log which exception ended the task; it may quote the file."""

    analysis: Analysis
    fault: str = ""


# Frames -------------------------------------------------------------------------------------------


def send_frame(channel: socket.socket, data: bytes) -> None:
    """Raises `OSError` where nobody listens any more."""
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive_frame(channel: socket.socket, seconds: float | None = None) -> bytes:
    """The next frame, whole, within `seconds` (for ever if None). Raises `TimeoutError` or `WireError`."""
    reader = FrameReader()
    deadline = None if seconds is None else monotonic() + seconds
    while not reader.whole:
        channel.settimeout(None if deadline is None else max(deadline - monotonic(), 0.001))
        reader.read_some(channel)
    return reader.data


class FrameReader:
    """Puts one frame together in as many reads as it takes, so that a reader can look up in between."""

    def __init__(self) -> None:
        self._length = bytearray()
        self._body = bytearray()
        self._size = 0

    @property
    def whole(self) -> bool:
        return bool(self._size) and len(self._body) == self._size

    @property
    def data(self) -> bytes:
        return bytes(self._body)

    def read_some(self, channel: socket.socket) -> None:
        """One read under the channel's timeout, never beyond the frame. Raises `WireError`, `OSError`."""
        if self._size:
            self._body += _read(channel, self._size - len(self._body))
            return
        self._length += _read(channel, _LENGTH.size - len(self._length))
        if len(self._length) == _LENGTH.size:
            (self._size,) = _LENGTH.unpack(self._length)
            if not 0 < self._size <= MAX_FRAME:
                raise WireError(f"a frame of {self._size} bytes was announced")


def _read(channel: socket.socket, size: int) -> bytes:
    # recv, not recvmsg: descriptors that a captured worker might attach are dropped by the kernel.
    data = channel.recv(min(size, 1 << 16))
    if not data:
        raise WireError("the other side has ended")
    return data


# A file handed over -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lent:
    """A stretch of an open file. `token` is repeated before the answer, so that no answer is taken for
    another file's."""

    span: Span
    token: bytes


def send_file(channel: socket.socket, span: Span) -> bytes:
    """Hand a file to a worker by descriptor (unix(7), SCM_RIGHTS): no byte is copied. Returns its token."""
    token = os.urandom(_TOKEN)
    socket.send_fds(channel, [_SPAN.pack(span.offset, span.size, token)], [span.fd])
    return token


def receive_file(channel: socket.socket) -> Lent | None:
    """The next file, or None at the end. The caller closes the descriptor."""
    data, fds, _, _ = socket.recv_fds(channel, _SPAN.size, 1)
    if len(data) != _SPAN.size or len(fds) != 1:
        return None
    offset, size, token = _SPAN.unpack(data)
    return Lent(Span(fds[0], offset, size), token)


# Answers ------------------------------------------------------------------------------------------


def encode(answer: Answer) -> bytes:
    """One JSON array a line. Text is made printable and cut at 255 characters; names come from strangers."""
    analysis = answer.analysis
    lines: list[list[object]] = [
        ["unscannable", _printable(analysis.unscannable)],
        ["unreadable", _printable(analysis.unreadable)],
        ["fault", _printable(answer.fault)],
    ]
    lines += [["degraded", _printable(text)] for text in analysis.degraded]
    lines += [
        ["signal", each.type, each.value.hex(), _printable(each.view), each.quality, _printable(each.variant)]
        for each in analysis.signals
    ]
    lines += [
        ["glimpse", each.samples.hex(), each.width, _printable(each.view)] for each in analysis.glimpses
    ]
    data = b"\n".join(json.dumps(line, ensure_ascii=False).encode() for line in lines)
    if len(data) > MAX_FRAME - _TOKEN or len(lines) > _MAX_LINES:
        return encode(Answer(Analysis(unscannable="too_many_signals")))
    return data


def decode(frame: bytes, token: bytes, kinds: frozenset[SignalType] = frozenset(SignalType)) -> Answer:
    """The answer that `frame` spells, or `WireError` for whatever `encode` would not have written.

    So is a signal of another type than `kinds`.
    """
    named = {kind.value: kind for kind in kinds}
    if not frame.startswith(token):
        raise WireError("an answer to nothing that was asked")
    data = frame[_TOKEN:]
    words = {"unscannable": "", "unreadable": "", "fault": ""}
    signals: list[Signal] = []
    glimpses: list[Glimpse] = []
    degraded: list[str] = []
    for kind, values in _lines(data):
        if kind == "signal":
            signals.append(_signal(values, named))
        elif kind == "glimpse":
            glimpses.append(_glimpse(values))
        elif kind == "degraded" and len(values) == 1:
            degraded.append(_text(values[0]))
        elif kind in words and len(values) == 1:
            words[kind] = _text(values[0])
        else:
            raise WireError("a line of an unknown kind")
    analysis = Analysis(
        signals=tuple(signals),
        unscannable=words["unscannable"],
        unreadable=words["unreadable"],
        degraded=tuple(degraded),
        glimpses=tuple(glimpses),
    )
    return Answer(analysis, words["fault"])


def _lines(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    # Line by line: parsed at once, 16 MiB of "[[],[],..." would become hundreds of megabytes of lists.
    for number, line in enumerate(io.BytesIO(data)):
        if number >= _MAX_LINES or len(line) > _MAX_LINE:
            raise WireError("too many or too long lines")
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WireError("a line that is not JSON") from error
        if not isinstance(values, list) or not values or not isinstance(values[0], str):
            raise WireError("a line that is no record")
        yield values[0], values[1:]


def _signal(values: list[Any], named: Mapping[str, SignalType]) -> Signal:
    try:
        name, digits, view, quality, variant = values
        signal_type, value = named[name], bytes.fromhex(digits)
    except (KeyError, ValueError, TypeError) as error:
        raise WireError("a signal that cannot be read") from error
    if len(value) != signal_type.size:
        raise WireError(f"a {signal_type} of {len(value)} bytes")
    # `type`, since True is an int and must not become a quality.
    if quality is not None and not (type(quality) is int and 0 <= quality <= 100):
        raise WireError("a quality out of range")
    return Signal(signal_type, value, _text(view), quality, _text(variant))


def _glimpse(values: list[Any]) -> Glimpse:
    """Samples as they are, for nobody to decode; a picture of any size could not be shown by mistake."""
    try:
        digits, width, view = values
        samples = bytes.fromhex(digits)
    except (ValueError, TypeError) as error:
        raise WireError("a glimpse that cannot be read") from error
    if type(width) is not int or not 0 < width <= GLIMPSE_SIDE:
        raise WireError("a glimpse of no width, or too wide")
    if not samples or len(samples) % width or len(samples) // width > GLIMPSE_SIDE:
        raise WireError("a glimpse of no height, or too high")
    return Glimpse(_text(view), width, samples)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
        raise WireError("text that is none")
    return value


def _printable(text: str) -> str:
    """Control characters and lone surrogates would forge log lines or break the database."""
    text = text[:_MAX_TEXT]
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)
