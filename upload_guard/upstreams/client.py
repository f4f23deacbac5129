"""Fetches from another service and believes little: one host, one deadline, a size, a whole answer or none.

TLS is always verified, no proxy or password comes from the environment, no redirect leads to another host.
`asking` asks the same services short questions.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from upload_guard.errors import (
    StorageFailed,
    UpstreamError,
    UpstreamGarbled,
    UpstreamMissing,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.upstreams.deadline import Deadline

_CONNECT_SECONDS = 10.0
_PIECE = 64 << 10
_MOST_REDIRECTS = 5
_MOST_DIGITS = 20
_PORTS = {"http": 80, "https": 443}
_NOTHING: Mapping[str, str] = MappingProxyType({})
# Said by what stands before a service, of the request and not of what was asked for.
_NOT_NOW = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.MISDIRECTED_REQUEST,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


@dataclass(frozen=True, slots=True)
class Login(AuthBase):
    """Of HTTP's Basic authentication (RFC 7617), in UTF-8."""

    user: str
    password: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        said = base64.b64encode(f"{self.user}:{self.password}".encode())
        request.headers["Authorization"] = f"Basic {said.decode()}"
        return request


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of a whole answer; `url` is where it came from at last."""

    status: int
    headers: CaseInsensitiveDict[str]
    url: str

    @property
    def unchanged(self) -> bool:
        return self.status == HTTPStatus.NOT_MODIFIED

    def link(self, relation: str) -> str:
        """The address of a Link header (RFC 8288), empty where there is none. May be of any host."""
        for link in requests.utils.parse_header_links(self.headers.get("Link", "")):
            if relation in link.get("rel", "").lower().split():
                return urljoin(self.url, link["url"])
        return ""


@dataclass(frozen=True, slots=True)
class Client:
    """`seconds` are for one answer in all, `max_bytes` for its body, unpacked."""

    seconds: float
    max_bytes: int
    login: Login | None = None
    ca_file: Path | None = None

    def fetch(self, url: str, file: Path, headers: Mapping[str, str] = _NOTHING) -> Answer:
        """GET `url` into `file`. The status is 200, or 304 (no file) where `headers` ask for that.

        Raises `UpstreamError`, with nothing usable in `file`, and `StorageFailed`.
        """
        with Deadline(self.seconds) as deadline:
            try:
                return self._fetch(url, file, headers, deadline)
            except (requests.RequestException, HTTPError, UpstreamError) as error:
                if deadline.passed:
                    raise UpstreamTimeout(
                        f"{shown(url)} did not answer in full within {self.seconds:g} seconds"
                    ) from None
                if isinstance(error, UpstreamError):
                    raise
                raise fault_of(url, error) from error
            except OSError as error:
                raise StorageFailed(f"{file}: cannot be written: {error.strerror}") from error

    def _fetch(self, url: str, file: Path, headers: Mapping[str, str], deadline: Deadline) -> Answer:
        here = url
        for _ in range(_MOST_REDIRECTS + 1):
            with requests.Session() as session:
                session.trust_env = False
                for scheme in ("http://", "https://"):
                    session.mount(scheme, deadline.adapter())
                with self._get(session, here, headers, deadline) as response:
                    if not response.is_redirect:
                        return self._taken(response, here, file, _is_conditional(headers))
                    there = urljoin(here, response.headers["Location"])
            if not same_host(url, there):
                raise UpstreamRefused(f"{shown(url)} redirects to another host, {host(there)}")
            here = there
        raise UpstreamRefused(f"{shown(url)} redirects again and again")

    def _get(
        self, session: requests.Session, url: str, headers: Mapping[str, str], deadline: Deadline
    ) -> requests.Response:
        return session.get(
            url,
            headers={"Accept-Encoding": "gzip", **headers},
            auth=self.login,
            timeout=(min(_CONNECT_SECONDS, deadline.left), deadline.left),
            verify=str(self.ca_file) if self.ca_file else True,
            allow_redirects=False,
            stream=True,
        )

    def _taken(self, response: requests.Response, url: str, file: Path, conditional: bool) -> Answer:
        answer = Answer(response.status_code, response.headers, url)
        if answer.unchanged and conditional:
            return answer
        check_status(answer)
        with file.open("wb") as out:
            size = 0
            for piece in unpacked(body(response, url), answer):
                size += len(piece)
                if size > self.max_bytes:
                    raise UpstreamGarbled(f"{shown(url)} gives more than {self.max_bytes} bytes")
                out.write(piece)
        return answer


def _is_conditional(headers: Mapping[str, str]) -> bool:
    return any(name.startswith("If-") for name in headers)


def shown(url: str) -> str:
    """An address for people, without its query, which may hold a key."""
    parts = urlsplit(url)
    return _printable(parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl())


def host(url: str) -> str:
    """Its host for people."""
    return _printable(urlsplit(url).hostname or "none")


def _printable(text: str) -> str:
    """A service wrote it, and a terminal or a log would obey control characters."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def same_host(one: str, other: str) -> bool:
    """Whether scheme, host and port are the same."""
    first, second = urlsplit(one), urlsplit(other)
    return _place(first) == _place(second)


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)


def check_status(answer: Answer) -> None:
    """Raises `UpstreamError` for any status but 200."""
    status, where = answer.status, shown(answer.url)
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UpstreamRefused(
            f"{where} does not let us in (status {status}): look at user and password or key"
        )
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UpstreamUnreachable(f"{where} answered with status {status}")
    if status >= HTTPStatus.BAD_REQUEST:
        gone = status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        raise UpstreamMissing(f"{where} answered with status {status}", gone)
    raise UpstreamGarbled(f"{where} answered with status {status}, which was not asked for")


def body(response: requests.Response, url: str) -> Iterator[bytes]:
    """The body as it was sent, whole: half a list would be a silent miss."""
    length = _announced(response)
    if length is None and response.headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise UpstreamGarbled(f"{shown(url)} does not say how long its answer is: half would look like all")
    got = 0
    for piece in response.raw.stream(_PIECE, decode_content=False):
        got += len(piece)
        yield piece
    if length is not None and got != length:
        raise UpstreamGarbled(f"{shown(url)} gave half an answer: {got} of {length} bytes")


def _announced(response: requests.Response) -> int | None:
    said = response.headers.get("Content-Length", "")
    # Python makes no number of some thousand digits, and nothing is that long.
    return int(said) if said.isdecimal() and len(said) < _MOST_DIGITS else None


def unpacked(pieces: Iterator[bytes], answer: Answer) -> Iterator[bytes]:
    """The body as it was before it was packed for its way."""
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return gunzipped(pieces, shown(answer.url))
    if encoding in {"identity", ""}:
        return pieces
    raise UpstreamGarbled(f"{shown(answer.url)} answers in {encoding[:20]!r}, which was not asked for")


def gunzipped(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """What gzip (RFC 1952) holds, in bounded pieces. Raises `UpstreamGarbled` where it is not whole."""
    unpack = zlib.decompressobj(wbits=31)
    whole = False
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if whole:
                    unpack, whole = zlib.decompressobj(wbits=31), False
                yield unpack.decompress(rest, _PIECE)
                while unpack.unconsumed_tail:
                    yield unpack.decompress(unpack.unconsumed_tail, _PIECE)
                whole, rest = unpack.eof, unpack.unused_data
        # What is left of the output once all input was taken.
        while not whole and (last := unpack.decompress(b"", _PIECE)):
            yield last
        whole = whole or unpack.eof
    except zlib.error as error:
        raise UpstreamGarbled(f"{name} is no gzip, although it says so: {error}") from None
    if not whole:
        raise UpstreamGarbled(f"{name} gave half an answer: its gzip does not end")


def fault_of(url: str, error: Exception) -> UpstreamError:
    """What an exception of requests or urllib3 means."""
    if isinstance(error, requests.exceptions.SSLError):
        return UpstreamUnreachable(f"{shown(url)} has no certificate of that name by an issuer we trust")
    if isinstance(error, requests.Timeout):
        return UpstreamTimeout(f"{shown(url)} did not answer in time")
    if isinstance(error, requests.ConnectionError):
        return UpstreamUnreachable(f"{shown(url)} cannot be reached")
    return UpstreamGarbled(f"{shown(url)} gave half an answer, or none of HTTP ({type(error).__name__})")
