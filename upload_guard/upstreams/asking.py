"""Asks a service about one upload: a short answer in memory, whole or not at all, in what time is left.

A question carries a hash or a file, so no redirect is followed, not even on the same host, and nothing of it
stands in an error: addresses are shown without their query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path

import requests
from requests import PreparedRequest
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from upload_guard.errors import (
    ConfigError,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
)
from upload_guard.upstreams.client import Answer, body, check_status, fault_of, shown, unpacked
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.pool import Pool
from upload_guard.upstreams.streamed import Streamed, opened

MOST_BYTES = 1 << 20
_CONNECT_SECONDS = 10.0
_OK = frozenset({int(HTTPStatus.OK)})


@dataclass(frozen=True, slots=True)
class Key(AuthBase):
    """A key that stands in a header, e.g. `Ocp-Apim-Subscription-Key`, or `Authorization` as `Bearer ...`.

    Raises `ConfigError`, with nothing of the key in it, where no header can hold it.
    """

    header: str
    value: str = field(repr=False)

    def __post_init__(self) -> None:
        # Sent as it is, it would come back in an error that shows it.
        if not (self.value.isascii() and self.value.isprintable()):
            raise ConfigError(f"the key for {self.header} holds a line break, or what is no ASCII")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self.header] = self.value
        return request


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `auth` is for a service that is told something else with each, such as a signature."""

    method: str
    url: str
    body: bytes | Streamed = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, unpacked; `where` names its sender for people."""

    status: int
    body: bytes = field(repr=False)
    where: str


class Asker:
    """Asks one service, of which it keeps connections open. Threads share it, and so do forked processes.

    `auth` goes with each question; `max_bytes` are for an answer, unpacked.
    """

    def __init__(
        self, auth: AuthBase | None = None, ca_file: Path | None = None, max_bytes: int = MOST_BYTES
    ) -> None:
        self._auth = auth
        self._max_bytes = max_bytes
        self._pool = Pool(_CONNECT_SECONDS, ca_file)

    def ask(self, ask: Ask, deadline: Deadline, known: Collection[int] = _OK) -> Reply:
        """The answer, if its status is one of those that are `known`.

        Raises `UpstreamError`, and `StorageFailed` where the file that is asked about cannot be read.
        """
        try:
            with self._pool.answer(partial(self._prepared, ask), deadline) as response:
                reply = self._taken(response, ask.url, known)
        except (requests.RequestException, HTTPError, UpstreamError) as error:
            if deadline.passed:
                raise _late(ask, deadline) from None
            if isinstance(error, UpstreamError):
                raise
            # Theirs has the whole address in it, and with it what was asked.
            raise fault_of(ask.url, error) from None
        finally:
            deadline.watch_none()
        # A head that is cut off when time is up reads like a whole one.
        if deadline.passed:
            raise _late(ask, deadline)
        return reply

    @contextmanager
    def _prepared(self, ask: Ask) -> Iterator[PreparedRequest]:
        with opened(ask.body) as data:
            yield requests.Request(
                ask.method,
                ask.url,
                headers={"Accept-Encoding": "identity", **ask.headers},
                data=data,
                auth=ask.auth or self._auth,
            ).prepare()

    def _taken(self, response: requests.Response, url: str, known: Collection[int]) -> Reply:
        status = response.status_code
        if status in _REDIRECTS:
            raise UpstreamRefused(f"{shown(url)} answers with a redirect, which no question follows")
        answer = Answer(status, response.headers, url)
        if status not in known:
            check_status(answer)
        whole = bytearray()
        for piece in unpacked(body(response, url), answer):
            whole += piece
            if len(whole) > self._max_bytes:
                raise UpstreamGarbled(f"{shown(url)} answers with more than {self._max_bytes} bytes")
        return Reply(status, bytes(whole), shown(url))


_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}


def _late(ask: Ask, deadline: Deadline) -> UpstreamTimeout:
    return UpstreamTimeout(f"{shown(ask.url)} did not answer in full within {deadline.seconds:g} seconds")
