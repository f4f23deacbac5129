"""Connections that somebody watches from their first byte on, used again only where that is safe."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from requests import Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from upload_guard.upstreams.waiting import within

# Firewalls forget idle connections without a word, and whoever speaks on one then waits in vain.
MOST_IDLE_SECONDS = 60.0

_sending = threading.local()


def _may_be_said(_: logging.LogRecord) -> bool:
    """What urllib3 logs while a question is sent holds its whole address, and so a hash or a key.

    Even as a warning, of a head that is not well formed.
    """
    return not getattr(_sending, "now", False)


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_may_be_said)


class WatchedAdapter(HTTPAdapter):
    """Tells `watch` of each connection before it is used: a new one, and a kept one that is taken again.

    At most `keep` are kept, each until nobody has used it for `idle` seconds.
    """

    def __init__(
        self, watch: Callable[[socket.socket], None], keep: int = 1, idle: float = MOST_IDLE_SECONDS
    ) -> None:
        self._watch, self._idle = watch, idle
        super().__init__(pool_connections=1, pool_maxsize=keep)

    def send(self, *args: Any, **options: Any) -> Response:
        _sending.now = True
        try:
            return super().send(*args, **options)
        finally:
            _sending.now = False

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        watch, idle = self._watch, self._idle

        class Plain(HTTPConnection):
            used = 0.0

            def _new_conn(self) -> socket.socket:
                # The socket is wanted before its TLS handshake, which may drip too; only this method has it.
                connected = _connected(self, super()._new_conn)
                watch(connected)
                return connected

            def request(self, *args: Any, **options: Any) -> None:
                if self.sock is None:
                    self.connect()
                watch(self.sock)
                # Its timeout is for connecting. How long a body may take is for whoever watches.
                self.timeout = None
                self.used = time.monotonic()
                super().request(*args, **options)

            @property
            def is_connected(self) -> bool:
                """Whether it may be used again: what came after one answer must not be read as the next."""
                if not super().is_connected or time.monotonic() - self.used > idle:
                    return False
                # TLS may have taken it from the socket already.
                return not (self.sock.pending() if hasattr(self.sock, "pending") else 0)

        class Secure(Plain, HTTPSConnection):
            pass

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _connected(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """What `connect` makes within the timeout of `connection`.

    A resolver takes its own time, and a name of many addresses gets the timeout for each of them.
    """
    try:
        return within(connection.timeout, connect, socket.socket.close, connection.host)
    except TimeoutError:
        raise ConnectTimeoutError(connection, "not connected in time") from None
