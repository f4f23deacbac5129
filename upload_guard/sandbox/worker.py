"""A worker: takes one lent file after the other, runs the task on it, answers. Knows no server."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import BinaryIO

from upload_guard.imaging.budget import ScanLimits
from upload_guard.records import Analysis
from upload_guard.sandbox.wire import Answer, encode, receive_file, send_frame
from upload_guard.spans import Span

Task = Callable[[BinaryIO, ScanLimits], Analysis]


def serve(channel: socket.socket, task: Task, limits: ScanLimits) -> None:
    """Until the server closes its end."""
    while (lent := receive_file(channel)) is not None:
        try:
            reply = _reply(task, lent.span, limits)
        finally:
            os.close(lent.span.fd)
        send_frame(channel, lent.token + reply)


def _reply(task: Task, span: Span, limits: ScanLimits) -> bytes:
    """Whatever goes wrong in a task concerns one file; the server judges whether the worker may go on."""
    try:
        with span.open() as stream:
            return encode(Answer(task(stream, limits)))
    except MemoryError:
        return encode(Answer(Analysis(unscannable="too_much_memory")))
    except Exception as error:  # noqa: BLE001 - decoders raise a dozen unrelated classes
        return encode(Answer(Analysis(unscannable="undecodable"), f"{type(error).__name__}: {error}"))
