"""Tells a site that a case of its own has changed: which, and where it stands; nothing of lists or reasons.

Signed as requests to the sidecar are (`signing`), with the site's own machine key; docs/webhooks.md shows how
to verify it. Nothing but 2xx counts, no redirect is followed, no word of the answer is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import requests
from sqlalchemy.orm import Session
from urllib3.exceptions import HTTPError

from upload_guard import __version__
from upload_guard.errors import TransportError
from upload_guard.outbox.messages import Draft, Message, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.signing import Credentials, Request, sign
from upload_guard.storage.events import EventKind
from upload_guard.upstreams.client import shown
from upload_guard.upstreams.deadline import Deadline

CASE_CHANGED = "case.changed"
_CONNECT_SECONDS = 5.0
# The same request would be answered so again.
_FINAL = frozenset({400, 405, 410, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a site listens."""

    url: str
    ca_file: Path | None = None
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class WebhookRoute:
    """A message for the site of each case that changed, if it listens; a newer one replaces what waits."""

    sites: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.CASE_CHANGED})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:  # noqa: ARG002 - as routes are
        """See `Route`."""
        newest = {(event.site, event.case): event for event in events if event.site in self.sites}
        for event in newest.values():
            body = {
                "event": CASE_CHANGED,
                "site": event.site,
                "case": event.case,
                "state": event.details["state"],
                "at": event.at.isoformat(timespec="milliseconds"),
            }
            yield Draft(MessageKind.WEBHOOK, event.site, body, subject=event.case)


@dataclass(frozen=True, slots=True)
class WebhookTransport:
    """`credentials` gives the key that a site knows; None where it has none."""

    hooks: Mapping[str, Webhook]
    credentials: Callable[[str], Credentials | None]
    kind: MessageKind = MessageKind.WEBHOOK

    @property
    def seconds(self) -> float:
        """See `Transport`."""
        return max((hook.seconds for hook in self.hooks.values()), default=1.0)

    def send(self, message: Message) -> None:
        """See `Transport`."""
        hook = self.hooks.get(message.recipient)
        if hook is None:
            raise TransportError(f"no webhook is configured for {message.recipient}", permanent=True)
        key = self.credentials(message.recipient)
        if key is None:
            raise TransportError(f"{message.recipient} has no machine key that could sign")
        body = json.dumps({"id": message.id, **message.body}).encode()
        status = _post(hook, key, body)
        if not 200 <= status < 300:
            raise TransportError(_words(hook.url, status), permanent=status in _FINAL)


def _post(hook: Webhook, key: Credentials, body: bytes) -> int:
    """The status. Raises `TransportError`."""
    with Deadline(hook.seconds) as deadline, requests.Session() as session:
        # No proxy, no password and no authority comes from the environment.
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, deadline.adapter())
        prepared = session.prepare_request(_request(hook.url, key, body))
        try:
            with session.send(
                prepared,
                timeout=(min(_CONNECT_SECONDS, deadline.left), deadline.left),
                verify=str(hook.ca_file) if hook.ca_file else True,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code
        except (requests.RequestException, HTTPError, OSError) as error:
            raise TransportError(_fault(hook, error, deadline)) from error


def _request(url: str, key: Credentials, body: bytes) -> requests.Request:
    target = requests.Request("POST", url).prepare().path_url
    signed = sign(key, Request("POST", target), hashlib.sha256(body).hexdigest()).header()
    headers = {
        "Authorization": signed,
        # Some servers keep the other one from PHP.
        "Upload-Guard-Signature": signed,
        "Content-Type": "application/json",
        "User-Agent": f"upload-guard/{__version__}",
    }
    return requests.Request("POST", url, headers=headers, data=body)


def _fault(hook: Webhook, error: Exception, deadline: Deadline) -> str:
    if deadline.passed or isinstance(error, requests.Timeout):
        return f"{shown(hook.url)} did not answer within {hook.seconds:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{shown(hook.url)} has no certificate of that name by an issuer we trust"
    return f"{shown(hook.url)} cannot be reached, or gave no answer ({type(error).__name__})"


def _words(url: str, status: int) -> str:
    if 300 <= status < 400:
        return f"{shown(url)} redirects (status {status}), which is not followed"
    return f"{shown(url)} answered with status {status}"
