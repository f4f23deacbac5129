"""Who is at the other end of a connection, and how often it may ask."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upload_guard.errors import TooManyChecks

_CREDENTIALS = struct.Struct("3i")
# More peers than this are remembered only while they have asked lately.
_MANY = 1024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Peer:
    """The user of a local process, or an address; `name` is for the log and for counting."""

    name: str
    address: Address | None = None

    def is_in(self, networks: Sequence[Network]) -> bool:
        """Local users have passed the rights of the socket, and count as let in."""
        return self.address is None or any(self.address in network for network in networks)


def peer_of(connection: socket.socket) -> Peer:
    """By SO_PEERCRED (unix(7)) or by address; an IPv4 address inside an IPv6 one is an IPv4 address."""
    if connection.family == socket.AF_UNIX:
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _pid, uid, _gid = _CREDENTIALS.unpack(raw)
        return Peer(f"uid {uid}")
    address = ipaddress.ip_address(connection.getpeername()[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Peer(str(address), address)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Allowance:
    """A token bucket for each peer: `burst` checks at once, then `per_minute`; for all threads."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = float(burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def spend(self, peer: Peer) -> None:
        """Take the right to one check. Raises `TooManyChecks`."""
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(peer.name, _Bucket(self._burst, now))
            bucket.tokens, bucket.at = self._filled(bucket, now), now
            if len(self._buckets) > _MANY:
                self._forget_the_full(now)
            if bucket.tokens < 1:
                raise TooManyChecks(f"{peer.name} asks more often than it may")
            bucket.tokens -= 1

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)

    def _forget_the_full(self, now: float) -> None:
        spent = {name: one for name, one in self._buckets.items() if self._filled(one, now) < self._burst}
        self._buckets = spent
