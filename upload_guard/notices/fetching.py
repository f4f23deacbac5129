"""Fetching what an address shows from outside: only where an administrator allows it, and nothing private.

The name is looked up once, every address that it has must be a public one, and the connection goes to the one
that was looked at: a name that answers differently the second time (DNS rebinding) changes nothing. Of a
redirect the same is asked again.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, urljoin

from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable, UsageError
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.intake.body import CHUNK, Spool
from upload_guard.moments import utc_now
from upload_guard.notices.addressing import ascii_host, authority, split
from upload_guard.records import Content
from upload_guard.upstreams.deadline import Deadline

_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
# All of IPv6 that anybody on the internet has (RFC 4291, 2.5.4; IANA); site-local addresses are outside.
_INTERNET = ipaddress.ip_network("2000::/3")
# Of 6to4 and Teredo (RFC 3056, 4380): a private address may hide in them.
_TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32")))

# Strangers choose the names: all of them together get so many threads, and no peer of ours waits for them.
_ANY_HOST = "names in notices"

Resolve = Callable[[str, int], list[str]]


def is_outside(locator: str) -> bool:
    """Whether a locator is a web address: then its file is not ours to take away."""
    return locator.startswith(("http://", "https://"))


def is_public(address: str) -> bool:
    """Whether anybody on the internet means the same by this IP address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found not in _INTERNET or any(found in tunnel for tunnel in _TUNNELS):
            return False
    return found.is_global and not found.is_multicast


def addresses_of(host: str, port: int) -> list[str]:
    """All that DNS says of it, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Outside:
    """`Holdings` of web addresses, for reading alone. `seconds` and `max_bytes` are for one file in all,
    names and redirects included.

    `allowed` says which IP addresses, `ports` which ports may be asked.
    """

    spool_dir: Path
    seconds: float
    max_bytes: int
    allowed: Callable[[str], bool] = is_public
    resolve: Resolve = addresses_of
    ports: frozenset[int] = frozenset(_PORTS.values())
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:  # noqa: ARG002 - as holdings are
        """Nothing is asked: reading says what is there."""
        return Standing(locator, 0, utc_now())

    @contextmanager
    def read(self, locator: str) -> Iterator[BinaryIO]:
        """The file as it is now, fetched whole. Raises `UsageError` for what may not be fetched."""
        with closing(Spool(self.spool_dir)) as spool:
            with Deadline(self.seconds) as deadline:
                try:
                    self._fetch(locator, spool, deadline)
                except (OSError, http.client.HTTPException) as error:
                    why = "took too long" if deadline.passed else type(error).__name__
                    raise HoldingsUnreachable(f"it cannot be fetched: {why}") from error
            with spool.slice(0, spool.size).open() as stream:
                yield stream

    def take(self, locator: str, sha256: bytes, case: str = "", known: Leftover = UNKNOWN) -> None:  # noqa: ARG002
        raise ChangedInPlace("a file elsewhere is not ours to take away")

    def put(self, locator: str, content: Content, leftover: Leftover, case: str = "") -> None:  # noqa: ARG002
        raise ChangedInPlace("a file elsewhere is not ours to put back")

    def _fetch(self, url: str, spool: Spool, deadline: Deadline) -> None:
        here = url
        for _ in range(_MOST_REDIRECTS + 1):
            with closing(self._connected(here, deadline)) as connection:
                response = _asked(connection, _parts(here))
                if response.status not in _REDIRECTS:
                    _check(response)
                    self._take_in(response, spool)
                    return
                here = urljoin(here, response.headers.get("Location", ""))
            deadline.watch_none()
        raise UsageError("it redirects again and again")

    def _connected(self, url: str, deadline: Deadline) -> http.client.HTTPConnection:
        parts = _parts(url)
        host, port = ascii_host(parts.hostname or ""), parts.port or _PORTS[parts.scheme]
        if port not in self.ports:
            raise UsageError(f"port {port} is not asked")
        connection = http.client.HTTPConnection(host, port)
        reached = deadline.connect(self._address(host, port, deadline), port)
        try:
            secure = parts.scheme == "https"
            connection.sock = self.tls.wrap_socket(reached, server_hostname=host) if secure else reached
        except BaseException:
            reached.close()
            raise
        return connection

    def _address(self, host: str, port: int, deadline: Deadline) -> str:
        found = deadline.wait_for(lambda: self.resolve(host, port), _ANY_HOST)
        # One private address among public ones is a trap, or a mistake of somebody.
        if not found or not all(map(self.allowed, found)):
            raise UsageError("its name leads to a private address, or to none")
        return found[0]

    def _take_in(self, response: http.client.HTTPResponse, spool: Spool) -> None:
        while piece := response.read(CHUNK):
            if spool.size + len(piece) > self.max_bytes:
                raise UsageError(f"it gives more than {self.max_bytes} bytes")
            spool.write(piece)
        if response.length:
            raise HoldingsUnreachable("it gave half an answer")


def _parts(url: str) -> SplitResult:
    parts = split(url)
    if parts is None:
        raise UsageError("it is, or redirects to, no web address")
    return parts


def _asked(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.putrequest("GET", _in_ascii(target), skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", authority(parts))
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("Connection", "close")
    connection.endheaders()
    return connection.getresponse()


def _in_ascii(target: str) -> str:
    """As a browser sends it: what is no ASCII, or would end the line, percent-encoded in UTF-8."""
    octets = target.encode("utf-8", "surrogatepass")
    return "".join(chr(one) if 0x21 <= one <= 0x7E else f"%{one:02X}" for one in octets)


def _check(response: http.client.HTTPResponse) -> None:
    status = response.status
    if status in _GONE:
        raise GoneFromPlace(f"it answered with status {status}")
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise HoldingsUnreachable(f"it answered with status {status}")
    if status != HTTPStatus.OK:
        raise UsageError(f"it answered with status {status}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UsageError("it answers packed, which was not asked for")
