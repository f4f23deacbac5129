"""Sockets that are listened on, a thread for each connection, and an orderly end."""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import socket
import stat
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from upload_guard.doors.connection import Connection, Stop
from upload_guard.doors.peers import Network, peer_of
from upload_guard.errors import ConfigError, RequestError

log = logging.getLogger(__name__)

_BACKLOG = 64
_LOOKS_UP_EVERY = 0.5
SOCKET_MODE = 0o660


class Door(Protocol):
    """A protocol."""

    busy: bytes
    """What a peer reads for whom there is no room."""

    def serve(self, connection: Connection) -> None:
        """Everything that is said on one connection; the caller closes it."""
        ...


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket with the protocol spoken there. `peers` are the networks that are let in."""

    name: str
    sock: socket.socket
    door: Door
    peers: Sequence[Network]
    max_connections: int
    read_seconds: float

    def start(self) -> None:
        """From now on connections are taken; until then they are refused."""
        self.sock.listen(_BACKLOG)

    def close(self) -> None:
        if self.sock.family == socket.AF_UNIX:
            Path(self.sock.getsockname()).unlink(missing_ok=True)
        self.sock.close()


def tcp_socket(host: str, port: int) -> socket.socket:
    """Bound, not yet listening. Raises `ConfigError`."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return sock


def unix_socket(path: Path, group: str) -> socket.socket:
    """The same in the file system, mode 0660, owned by `group` if one is named.

    One that a dead server left is replaced; a living one is not. Raises `ConfigError`.
    """
    _remove_a_dead_one(path)
    sock = socket.socket(socket.AF_UNIX)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        sock.bind(str(path))
        # Nobody can connect before `listen`, so there is no moment with other rights.
        if group:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
        path.chmod(SOCKET_MODE)
    except (OSError, KeyError) as error:
        sock.close()
        raise ConfigError(f"cannot listen on {path}: {error}") from error
    return sock


def _remove_a_dead_one(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"cannot listen on {path}: it is there already, and is no socket")
    except OSError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot listen on {path}: {error.strerror}") from error
        else:
            raise ConfigError(f"cannot listen on {path}: another server answers there")


class Server:
    """Serves all `listeners` until `stop`."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = tuple(listeners)
        self._stop = Stop()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._serving: set[threading.Thread] = set()
        self._accepting = [
            threading.Thread(target=self._accept, args=[one], name=one.name) for one in self._listeners
        ]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self._listeners)

    def start(self) -> None:
        for listener in self._listeners:
            listener.start()
        for thread in self._accepting:
            thread.start()

    def stop(self, grace: float) -> None:
        """No new connection, idle ones end; requests under way have `grace` seconds to be answered."""
        self._stopping.set()
        self._stop.give()
        for thread in self._accepting:
            thread.join()
        ends = time.monotonic() + grace
        while (serving := self._snapshot()) and time.monotonic() < ends:
            serving[0].join(_LOOKS_UP_EVERY)
        if serving:
            log.warning("stopped with %d connections still open", len(serving))
        else:
            self._stop.close()

    def _snapshot(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._serving)

    def _accept(self, listener: Listener) -> None:
        room = threading.BoundedSemaphore(listener.max_connections)
        listener.sock.settimeout(_LOOKS_UP_EVERY)
        with contextlib.closing(listener):
            while not self._stopping.is_set():
                try:
                    sock, _ = listener.sock.accept()
                except TimeoutError:
                    continue
                except OSError as error:
                    # Such as too many open files: it passes, and the others go on.
                    log.warning("%s: no connection could be taken: %s", listener.name, error)
                    self._stopping.wait(_LOOKS_UP_EVERY)
                    continue
                self._take(listener, sock, room)

    def _take(self, listener: Listener, sock: socket.socket, room: threading.BoundedSemaphore) -> None:
        if not room.acquire(blocking=False):
            log.warning("%s: more than %d connections", listener.name, listener.max_connections)
            _turn_away(sock, listener.door.busy)
            return
        thread = threading.Thread(target=self._serve, args=[listener, sock, room], daemon=True)
        with self._lock:
            self._serving.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            # The system gives no more threads for now; whoever accepts must go on.
            log.warning("%s: %s", listener.name, error)
            self._forget(thread, room)
            _turn_away(sock, listener.door.busy)

    def _serve(self, listener: Listener, sock: socket.socket, room: threading.BoundedSemaphore) -> None:
        try:
            with sock:
                self._speak(listener, sock)
        except (RequestError, OSError) as error:
            log.info("%s: a connection ended: %s", listener.name, error)
        except Exception:
            log.exception("%s: a connection ended by an error of our own", listener.name)
        finally:
            self._forget(threading.current_thread(), room)

    def _forget(self, thread: threading.Thread, room: threading.BoundedSemaphore) -> None:
        room.release()
        with self._lock:
            self._serving.discard(thread)

    def _speak(self, listener: Listener, sock: socket.socket) -> None:
        peer = peer_of(sock)
        if not peer.is_in(listener.peers):
            log.warning("%s: %s is not among the peers", listener.name, peer.name)
            return
        listener.door.serve(Connection(sock, peer, self._stop, listener.read_seconds))


def _turn_away(sock: socket.socket, words: bytes) -> None:
    with sock, contextlib.suppress(OSError):
        sock.settimeout(1)
        sock.sendall(words)
        sock.shutdown(socket.SHUT_WR)
