"""The connections of this process to one sidecar: kept open, bounded in time, broken off by a breaker.

No redirect is followed: these bytes go to this address only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import requests
from requests import PreparedRequest
from urllib3.exceptions import HTTPError

from upload_guard.checkers.circuit import Circuit
from upload_guard.errors import ServiceTimeout, ServiceUnreachable
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.pool import Pool, Prepared

LIVE_PATH = "/live"
# An upload waits for this answer while the breaker is open, and a policy is to act within a second.
_PROBE_SECONDS = 0.5
# A verdict is a few hundred bytes.
_MOST_BYTES = 64 << 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One sidecar and how patient to be with it; times in seconds.

    `authority`: the certificates that its own must come from, where they are not the usual ones. After
    `failures` in a row it is left alone for `pause`.
    """

    url: str
    connect_timeout: float = 1.0
    timeout: float = 10.0
    authority: Path | None = None
    failures: int = 5
    pause: float = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


class Line:
    """Threads share it. A forked process finds it empty: connections of another one cannot be shared."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self._held: tuple[int, _Connections] = (-1, _Connections(sidecar))

    def ask(self, prepared: Prepared, seconds: float, read: Callable[[Answer], T]) -> T:
        """What `read` makes of the answer, which is whole after so many seconds or not at all.

        A connection that breaks before any answer gets one more attempt. Raises `ServiceUnreachable`,
        `ServiceTimeout`, and what `read` raises.
        """
        return self._own().ask(prepared, seconds, read)

    @property
    def is_given_up(self) -> bool:
        """Whether the breaker is open in this process."""
        return self._own().circuit.is_open

    def _own(self) -> _Connections:
        pid, held = self._held
        if pid != os.getpid():
            # Two threads that come here at once make two; one of them is soon forgotten.
            held = _Connections(self.sidecar)
            self._held = (os.getpid(), held)
        return held


class _Connections:
    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._pool = Pool(sidecar.connect_timeout, sidecar.authority)
        self.circuit = Circuit(sidecar.failures, sidecar.pause, self._answers)

    def ask(self, prepared: Prepared, seconds: float, read: Callable[[Answer], T]) -> T:
        with self.circuit.calling():
            return read(self._answer(prepared, seconds))

    def _answers(self) -> bool:
        try:
            with Deadline(_PROBE_SECONDS) as deadline:
                return self._asked(self._live, deadline).status == HTTPStatus.OK
        except (requests.RequestException, HTTPError, ServiceUnreachable):
            return False

    def _answer(self, prepared: Prepared, seconds: float) -> Answer:
        url = self._sidecar.url
        with Deadline(seconds) as deadline:
            try:
                answer = self._asked(prepared, deadline)
            except (requests.RequestException, HTTPError) as error:
                if deadline.passed or isinstance(error, requests.Timeout):
                    raise ServiceTimeout(f"{url} did not answer in time") from error
                raise ServiceUnreachable(f"{url}: {_why(error)}") from error
            # A head that is cut off when time is up reads like a whole one.
            if deadline.passed:
                raise ServiceTimeout(f"{url} did not answer in time")
            return answer

    @contextmanager
    def _live(self) -> Iterator[PreparedRequest]:
        yield requests.Request("GET", self._sidecar.url + LIVE_PATH).prepare()

    def _asked(self, prepared: Prepared, deadline: Deadline) -> Answer:
        with self._pool.answer(prepared, deadline) as response:
            return Answer(response.status_code, self._whole(response))

    def _whole(self, response: requests.Response) -> bytes:
        body = b""
        try:
            for piece in response.iter_content(_MOST_BYTES):
                body += piece
                if len(body) > _MOST_BYTES:
                    raise ServiceUnreachable(f"{self._sidecar.url} answered something that is no verdict")
        except requests.ConnectionError as error:
            # An answer that has begun is not asked for again.
            raise requests.exceptions.ChunkedEncodingError(error) from error
        return body


def _why(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return f"SSLError: its certificate was not accepted ({_reason_of(error)})"
    return type(error).__name__


def _reason_of(error: BaseException) -> str:
    """OpenSSL's own words, such as "certificate has expired"."""
    cause: object = error
    while isinstance(cause, BaseException):
        if said := getattr(cause, "verify_message", ""):
            return str(said)
        inner = getattr(cause, "reason", None)
        cause = inner if isinstance(inner, BaseException) else next(iter(cause.args), None)
    return "no reason given"
