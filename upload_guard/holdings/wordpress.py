"""Files of WordPress sites: `wordpress://SITE/ATTACHMENT`, by the plugin on that site.

Of a network those are its main site's; those of its other sites, which the main one's plugin reaches as well,
are `wordpress://SITE/sites/NUMBER/ATTACHMENT`.

Requests are signed with the site's own machine key, as those of the plugin to the sidecar are (`signing`).
What is taken away is put aside by the plugin itself, with all sizes of the picture, and given back whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError

from upload_guard import __version__
from upload_guard.digests import CHUNK, digest_of
from upload_guard.errors import (
    ChangedInPlace,
    GoneFromPlace,
    HoldingsUnreachable,
    StorageFailed,
    TooLargeInPlace,
)
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.moments import moment_at
from upload_guard.records import Content
from upload_guard.signing import Credentials, Request, sign
from upload_guard.upstreams.client import shown
from upload_guard.upstreams.deadline import Deadline

_LOCATOR = re.compile(
    r"wordpress://(?P<site>[^/]+)/(?:sites/(?P<one>[1-9][0-9]{0,9})/)?(?P<attachment>[1-9][0-9]{0,18})"
)
_ROUTE = "/?rest_route=/upload-guard/v1/files/"
_CONNECT_SECONDS = 5.0
_MOST_SAID = 1 << 16
_GONE = "upload_guard_gone"


@dataclass(frozen=True, slots=True)
class WordPressSite:
    """Where one answers: the address of its home page. A whole request takes at most `seconds`."""

    url: str
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class WordPresses:
    """`Holdings` of attachments. `credentials` gives the key that a site knows; None where it has none.

    What is read is spooled in `spool`, in a file without a name: `max_bytes` at most, whatever size was told.
    """

    sites: Mapping[str, WordPressSite]
    credentials: Callable[[str], Credentials | None]
    spool: Path
    max_bytes: int

    def locate(self, site: str, url: str) -> str | None:
        """The locator of what an address of that site shows, in whatever size; None where it shows none.

        Raises `HoldingsUnreachable`.
        """
        try:
            said = self._asked(site, "locate", {"url": url})
        except GoneFromPlace:
            return None
        one = f"sites/{_number(said, 'site', site)}/" if "site" in said else ""
        return f"wordpress://{site}/{one}{_number(said, 'attachment', site)}"

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:  # noqa: ARG002 - as holdings are
        site, attachment = _parts(locator)
        said = self._asked(site, "look", attachment)
        modified = moment_at(_number(said, "modified", site))
        return Standing(locator, _number(said, "size", site), modified)

    @contextmanager
    def read(self, locator: str) -> Iterator[BinaryIO]:
        site, attachment = _parts(locator)
        with _nameless(self.spool) as file:
            with self._answer(site, "read", attachment) as response:
                for piece in response.iter_content(CHUNK):
                    file.write(piece)
                    if file.tell() > self.max_bytes:
                        raise TooLargeInPlace(
                            f"too large to be read: over intake.max_body ({self.max_bytes} bytes)"
                        )
            file.seek(0)
            yield file

    def take(self, locator: str, sha256: bytes, case: str = "", known: Leftover = UNKNOWN) -> None:  # noqa: ARG002
        """Several cases may hold one attachment: the plugin gives it back once none does."""
        site, attachment = _parts(locator)
        self._asked(site, "take", {**attachment, "sha256": sha256.hex(), "case": case})

    def put(
        self,
        locator: str,
        content: Content,
        leftover: Leftover,  # noqa: ARG002 - as holdings are
        case: str = "",
    ) -> None:
        """The plugin has it all: the bytes only say which file is meant."""
        site, attachment = _parts(locator)
        with content.open() as stream:
            sha256 = digest_of(stream).sha256
        self._asked(site, "restore", {**attachment, "sha256": sha256.hex(), "case": case})

    def _asked(self, site: str, name: str, question: Mapping[str, object]) -> Mapping[str, Any]:
        with self._answer(site, name, question) as response:
            said = _object(response)
        if said is None:
            raise HoldingsUnreachable(f"WordPress of {site}: an answer that is not the plugin's")
        return said

    @contextmanager
    def _answer(self, site: str, name: str, question: Mapping[str, object]) -> Iterator[requests.Response]:
        """An answer of success, open. Raises what `Holdings` do."""
        where = self.sites.get(site)
        if where is None:
            raise HoldingsUnreachable(f"no WordPress is configured for the site {site}")
        key = self.credentials(site)
        if key is None:
            raise HoldingsUnreachable(f"the site {site} has no machine key that could sign")
        with Deadline(where.seconds) as deadline, requests.Session() as session:
            # No proxy, no password and no authority comes from the environment.
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, deadline.adapter())
            prepared = session.prepare_request(_request(where.url, name, key, json.dumps(question).encode()))
            try:
                with session.send(
                    prepared,
                    timeout=(min(_CONNECT_SECONDS, deadline.left), deadline.left),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    _check(response, site, name)
                    yield response
            except (requests.RequestException, HTTPError) as error:
                raise HoldingsUnreachable(
                    f"WordPress of {site}: {shown(where.url)} cannot be reached, or gave no whole answer "
                    f"({type(error).__name__})"
                ) from error


def _request(url: str, name: str, key: Credentials, body: bytes) -> requests.Request:
    address = f"{url.rstrip('/')}{_ROUTE}{name}"
    target = requests.Request("POST", address).prepare().path_url
    signed = sign(key, Request("POST", target), hashlib.sha256(body).hexdigest()).header()
    headers = {
        # Some servers keep Authorization from PHP, and other plugins want to read it.
        "Upload-Guard-Signature": signed,
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"upload-guard/{__version__}",
    }
    return requests.Request("POST", address, headers=headers, data=body)


def _check(response: requests.Response, site: str, name: str) -> None:
    if response.status_code == HTTPStatus.OK:
        return
    said = _object(response) or {}
    code = said.get("code", "")
    # Without the plugin WordPress says 404 as well: that nothing lies there, only the plugin can say.
    if code == _GONE:
        raise GoneFromPlace(f"WordPress of {site}: nothing lies there")
    if response.status_code == HTTPStatus.CONFLICT and str(code).startswith("upload_guard_"):
        raise ChangedInPlace(f"WordPress of {site}: another file lies there now, which is left alone")
    status, advice = response.status_code, _ADVICE.get(response.status_code, "")
    raise HoldingsUnreachable(
        f"WordPress of {site}: {name} was answered with status {status} ({str(code)[:40] or '-'}){advice}"
    )


_ADVICE: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; is the plugin's key that of this site, and are both clocks right?",
    HTTPStatus.NOT_FOUND: "; is the plugin there, and UPLOAD_GUARD_REMOTE_FILES true in wp-config.php?",
}


def _object(response: requests.Response) -> Mapping[str, Any] | None:
    said = b""
    for piece in response.iter_content(CHUNK):
        said += piece
        if len(said) > _MOST_SAID:
            return None
    try:
        parsed = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _number(said: Mapping[str, Any], name: str, site: str) -> int:
    number = said.get(name)
    if not isinstance(number, int) or not 0 <= number < 1 << 53:
        raise HoldingsUnreachable(f"WordPress of {site}: an answer that is not the plugin's")
    return number


def _parts(locator: str) -> tuple[str, Mapping[str, int]]:
    """The site, and how its plugin is told which attachment is meant."""
    found = _LOCATOR.fullmatch(locator)
    if found is None:
        raise GoneFromPlace(f"{locator[:255]}: that names no attachment")
    attachment = {"attachment": int(found["attachment"])}
    return found["site"], attachment | ({"site": int(found["one"])} if found["one"] else {})


@contextmanager
def _nameless(folder: Path) -> Iterator[BinaryIO]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed below
    except OSError as error:
        raise StorageFailed(f"cannot spool in {folder}: {error.strerror}") from error
    with file:
        yield file
