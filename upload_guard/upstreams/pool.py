"""The connections of this process to one service, kept open: a handshake costs more than a short answer.

Only the adapter of requests is used, not its sessions: no cookie, no redirect, and no proxy or password from
the environment.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import requests
from requests import PreparedRequest
from urllib3.exceptions import ProtocolError

from upload_guard.forks import forget_in_children
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.watched import MOST_IDLE_SECONDS, WatchedAdapter

_MOST_KEPT = 64

Prepared = Callable[[], AbstractContextManager[PreparedRequest]]
"""Makes the request anew for each attempt: a stream from its start, a nonce that was not used."""


class Pool:
    """Threads share it. A forked process begins with none, since two cannot speak on one connection.

    `connect_seconds` bound reaching the service; `ca_file` holds the certificates that its own must come
    from, where they are not the usual ones. TLS is always verified. A connection that was idle for
    `idle_seconds` is not used again.
    """

    def __init__(
        self, connect_seconds: float, ca_file: Path | None = None, idle_seconds: float = MOST_IDLE_SECONDS
    ) -> None:
        self._connect_seconds = connect_seconds
        self._ca_file = ca_file
        self._idle_seconds = idle_seconds
        self.forget()
        forget_in_children(self)

    def forget(self) -> None:
        """See `forks.Forgetting`."""
        self._now = threading.local()
        self._adapter = WatchedAdapter(self._watch, keep=_MOST_KEPT, idle=self._idle_seconds)

    @contextmanager
    def answer(self, prepared: Prepared, deadline: Deadline) -> Iterator[requests.Response]:
        """The head of the answer, of whatever status; its body is to be read while this is open.

        A connection that breaks before any answer gets one more attempt, since a kept one may have been
        closed meanwhile. Raises what requests and urllib3 do.
        """
        self._now.deadline = deadline
        try:
            with closing(self._twice_at_most(prepared, deadline)) as response:
                yield response
        finally:
            del self._now.deadline

    def _twice_at_most(self, prepared: Prepared, deadline: Deadline) -> requests.Response:
        try:
            return self._once(prepared, deadline)
        except requests.ConnectionError as error:
            if not _broke_off(error) or deadline.passed:
                raise
            return self._once(prepared, deadline)

    def _once(self, prepared: Prepared, deadline: Deadline) -> requests.Response:
        with prepared() as request:
            try:
                return self._adapter.send(
                    request,
                    stream=True,
                    timeout=(min(self._connect_seconds, deadline.left), deadline.left),
                    verify=str(self._ca_file) if self._ca_file else True,
                )
            except requests.RequestException:
                raise
            except OSError as error:
                # Of no connection: the file of certificates is gone.
                raise requests.exceptions.SSLError("nobody can be trusted") from error

    def _watch(self, connected: socket.socket) -> None:
        self._now.deadline.watch(connected)


def _broke_off(error: requests.ConnectionError) -> bool:
    """Whether there was a connection, and it was reset or closed before anything came back."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, ProtocolError | OSError) and not isinstance(cause, requests.RequestException)
