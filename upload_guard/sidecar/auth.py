"""Who asks: every request but the public ones carries a machine key, or gets no answer.

A view says by `requires` or `public` who may call it, or by `for_people` that no machine does (see
`sidecar.review.access`); one that says nothing answers nobody. The body is compared with the digest that
was signed while it is read, before its last bytes reach anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, TypeVar, cast

from flask import Flask, g, request

from upload_guard.errors import (
    BodyAltered,
    ClientGone,
    ClockSkew,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    UploadGuardError,
    WrongSite,
)
from upload_guard.intake.body import has_body
from upload_guard.machine_keys.keys import KeyStore, MachineKey, Scope
from upload_guard.machine_keys.ledger import Ledger
from upload_guard.sidecar.addresses import network_of
from upload_guard.signing import EMPTY_DIGEST, WINDOW, Request, Signed, parse

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
_NEEDED = "upload_guard_needed_scope"
_PUBLIC = "public"
_PEOPLE = "people"
_BEARER = "bearer "
_BASIC = "basic "


@dataclass(frozen=True, slots=True)
class Caller:
    """A machine whose key was good. A key speaks for its own site only."""

    key_id: str
    site: str
    scopes: frozenset[Scope]

    def need(self, *scopes: Scope) -> None:
        """Raises `NotAllowed` where the key has none of these scopes."""
        if self.scopes.isdisjoint(scopes):
            lacking = " or ".join(scopes)
            told = f"key {self.key_id} of {self.site} lacks the scope {lacking}"
            raise NotAllowed(told, self.key_id, lacking)

    def speak_for(self, site: str) -> str:
        """The caller's site, which a request may name. Raises `WrongSite` where it names another."""
        if site and site != self.site:
            told = f"key {self.key_id} of {self.site} spoke for {site[:64]!r}"
            raise WrongSite(told, self.key_id, "another site")
        return self.site


def requires(*scopes: Scope) -> Callable[[View], View]:
    """Only keys with one of these scopes may call the view; it finds its `caller()`."""

    def marked(view: View) -> View:
        setattr(view, _NEEDED, scopes)
        return view

    return marked


def public(view: View) -> View:
    """Anybody may call the view. A key that is shown all the same must be good."""
    setattr(view, _NEEDED, _PUBLIC)
    return view


def for_people(view: View) -> View:
    """No machine key opens the view, and what a proxy in front may have put in its place is not looked at."""
    setattr(view, _NEEDED, _PEOPLE)
    return view


def caller() -> Caller:
    """Who makes this request, in a view that `requires` a scope."""
    return cast(Caller, g.upload_guard_caller)


def caller_or_none() -> Caller | None:
    """The same in a `public` view, where nobody need have said who asks."""
    return cast("Caller | None", g.get("upload_guard_caller"))


def guard_routes(app: Flask, doorkeeper: Doorkeeper) -> None:
    """Have `doorkeeper` admit every request of `app` before anything else looks at it."""

    @app.before_request
    def admit() -> None:
        view = app.view_functions.get(request.endpoint or "")
        needed = getattr(view, _NEEDED, None)
        if needed == _PEOPLE:
            return
        if needed == _PUBLIC and "HTTP_AUTHORIZATION" not in request.environ:
            return
        scopes = frozenset(needed) if isinstance(needed, tuple) else frozenset()
        g.upload_guard_caller = asking = doorkeeper.admit(request.environ, scopes)
        if request.routing_exception is not None or needed == _PUBLIC:
            return
        if needed is None:
            raise NotAllowed(f"{request.endpoint} names no scope")
        asking.need(*needed)
        for site in request.args.getlist("site"):
            asking.speak_for(site)


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Knows a good key from a bad one. `bearer` as in `[sidecar] bearer`."""

    keys: KeyStore
    ledger: Ledger
    bearer: str

    def admit(self, environ: dict[str, Any], scopes: frozenset[Scope] = frozenset()) -> Caller:
        """Who makes this request, for which `scopes` are needed. From here on its body can only be read as it
        was signed.

        Raises `NotAuthenticated`, `Replayed`, `RateLimited`, `StorageFailed`.
        """
        header = environ.get("HTTP_AUTHORIZATION", "")
        key = self._of_header(header, scopes, environ)
        self.keys.note_use(key)
        return Caller(key.id, key.site, key.scopes)

    def _of_header(self, header: str, scopes: frozenset[Scope], environ: dict[str, Any]) -> MachineKey:
        if header[: len(_BEARER)].lower() == _BEARER:
            key_id, _, secret = header[len(_BEARER) :].strip().partition(".")
            return self._showing(key_id, secret, environ)
        # Programs of others know no other way. Where ours are asked for, it is no key at all.
        if header[: len(_BASIC)].lower() == _BASIC and Scope.SERVICE in scopes:
            key_id, _, secret = _decoded(header[len(_BASIC) :].strip()).partition(":")
            return self._showing(key_id, secret, environ)
        return self._signing(header, environ)

    def _signing(self, header: str, environ: dict[str, Any]) -> MachineKey:
        signed = parse(header)
        if signed is None:
            raise self._unknown("no machine key", "", environ)
        key = self._of(signed.key_id, lambda secret: signed.is_right(secret, _asked(environ)), environ)
        now = datetime.now(UTC)
        if not signed.is_timely(now.timestamp()):
            off = signed.timestamp - now.timestamp()
            raise ClockSkew(f"key {key.id} of {key.site}: signed {off:+.0f} s from now")
        self.ledger.admit(key.id, signed.nonce, _forgotten(signed))
        _hold_to_digest(environ, signed.digest)
        return key

    def _showing(self, key_id: str, shown: str, environ: Mapping[str, Any]) -> MachineKey:
        """The key of one who shows its secret itself, as a bearer token or a password."""
        if not self._takes_secrets(environ):
            raise self._unknown("a bare secret, which sidecar.bearer does not take here", key_id, environ)
        key = self._of(key_id, lambda secret: _same(secret, shown), environ)
        self.ledger.admit(key.id, "", datetime.now(UTC))
        return key

    def _takes_secrets(self, environ: Mapping[str, Any]) -> bool:
        # With "tls" the settings made sure that no connection comes without it.
        return self.bearer == "tls" or (self.bearer == "loopback" and _is_loopback(_peer(environ)))

    def _of(self, key_id: str, is_its: Callable[[str], bool], environ: Mapping[str, Any]) -> MachineKey:
        """The key of that id, if whoever asks has its secret. All other cases look alike from outside."""
        found = self.keys.find(key_id)
        right = is_its(found[1] if found else secrets.token_urlsafe(32))
        if found is None or not right:
            raise self._unknown("an unknown key" if found is None else "a bad signature", key_id, environ)
        if fault := found[0].fault(datetime.now(UTC)):
            raise self._unknown(f"a key that is {fault}", key_id, environ)
        return found[0]

    def _unknown(self, why: str, key_id: str, environ: Mapping[str, Any]) -> UploadGuardError:
        """The error to raise; too many of them from one place lock it out for a while.

        A good signature is taken even then: nobody guesses 256 bits, and whoever knows a key's id, or shares
        its address, could shut its site out.
        """
        peer = _peer(environ)
        wait = self.ledger.note_failure(_names(peer, key_id))
        told = f"{why} from {peer}, key {key_id[:64]!r}"
        return LockedOut(told, wait) if wait else NotAuthenticated(told)


class _SignedBody:
    """`wsgi.input` that hands out the last bytes only if the whole is what was signed."""

    def __init__(self, stream: BinaryIO, size: int | None, digest: str) -> None:
        self._stream, self._left, self._digest = stream, size, digest
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        # Who asks for everything asks only once.
        return self._compared(data, at_end=size < 0 or (size > 0 and not data))

    def readline(self, size: int = -1) -> bytes:
        data = self._stream.readline(size)
        return self._compared(data, at_end=size != 0 and not data)

    def readlines(self, _hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def _compared(self, data: bytes, *, at_end: bool) -> bytes:
        self._sha256.update(data)
        if self._left is not None:
            self._left -= len(data)
            if at_end and self._left > 0:
                raise ClientGone(f"body ended {self._left} bytes before its announced length")
            at_end = self._left <= 0
        if at_end and not _same(self._sha256.hexdigest(), self._digest):
            raise BodyAltered("a body that is not the signed one")
        return data


def _hold_to_digest(environ: dict[str, Any], digest: str) -> None:
    if not has_body(environ):
        if not _same(EMPTY_DIGEST, digest):
            raise BodyAltered("no body, where one was signed")
        return
    length = environ.get("CONTENT_LENGTH", "")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
    environ["wsgi.input"] = _SignedBody(environ["wsgi.input"], size, digest)


def _asked(environ: Mapping[str, Any]) -> Request:
    return Request(environ["REQUEST_METHOD"], environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")


def _forgotten(signed: Signed) -> datetime:
    """When its timestamp is too old to be taken, and a second more."""
    return datetime.fromtimestamp(signed.timestamp, UTC) + timedelta(seconds=WINDOW + 1)


def _decoded(credentials: str) -> str:
    """User and password of RFC 7617; empty where they are no such thing."""
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _peer(environ: Mapping[str, Any]) -> str:
    return str(environ.get("REMOTE_ADDR") or "unknown")


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _names(peer: str, key_id: str) -> list[str]:
    """What is counted: where it came from, and the id that was claimed."""
    place = network_of(peer)
    if not place:
        return ["peer:unknown"]
    return [f"peer:{place}", *([f"key:{key_id[:64]}"] if key_id else [])]
