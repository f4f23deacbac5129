"""A WordPress site in operation: its media library must refuse the canary and take an innocent picture.

Files go as raw bodies to the REST API's media route, with an application password
(developer.wordpress.org/rest-api/reference/media). What WordPress takes is deleted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from upload_guard.answers import LANGUAGES, sentences
from upload_guard.canary import canary_png
from upload_guard.doctor.asked import asked, object_of, refusal_of, short
from upload_guard.doctor.pictures import Innocent
from upload_guard.doctor.steps import Said, State, Step, broken, odd, taken, well
from upload_guard.list_settings import is_loopback
from upload_guard.records import CANARY

_NAME = "upload-guard-canary.png"
_PICTURE = "upload-guard-doctor.png"
_BLOCKED = "upload_guard_blocked"
_LOGIN = (
    "make an application password (Users, Profile) of an account that may upload, and write the line"
    " 'Authorization: Basic ...' into the file of --headers, with base64 of NAME:PASSWORD"
)
_UNGUARDED = (
    "activate the upload_guard plugin (or the host's prepend file) there, see that its settings name the"
    " sidecar, and that [canary] is enabled at the sidecar"
)
_UNAVAILABLE = "run 'upload-guard doctor' at the sidecar that the site asks, and see its log"
_ADDRESS = "give the address under which WordPress itself lives, as Settings, General names it"


@dataclass(frozen=True, slots=True)
class WordPress:
    """The site's address as a person gives it, and `headers` with its login."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    authority: Path | None = None
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class _Media:
    """The media route, as the site spells it."""

    route: str
    # With pretty permalinks, and without: the second works everywhere, and firewalls know the first.
    SPELLINGS: ClassVar = ("/wp-json/wp/v2/media", "/?rest_route=/wp/v2/media")

    def item(self, number: int) -> str:
        return f"{self.route}/{number}{'&' if '?' in self.route else '?'}force=true"


@dataclass(frozen=True, slots=True)
class _Answered:
    media: _Media
    answer: requests.Response


def wordpress_steps(site: WordPress, *, picture_too: bool) -> Iterator[Step]:
    """The picture only where the canary was refused: else it would meet the same fault."""
    canary = taken("wordpress canary", lambda: _unfit(site) or _canary(site), _UNAVAILABLE)
    yield canary
    if picture_too and canary.said.state is not State.BROKEN:
        yield taken("wordpress picture", lambda: _picture(site), _UNAVAILABLE)


def _unfit(site: WordPress) -> Said | None:
    """Why nothing is sent to this address with these headers, if so."""
    try:
        parts = urlsplit(site.url)
    except ValueError:
        return broken("the address is none", _ADDRESS)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        return broken("the address must be like https://blog.example.org, without a login", _ADDRESS)
    if "Authorization" not in CaseInsensitiveDict(site.headers):
        return broken("the headers have no Authorization: WordPress takes no upload without a login", _LOGIN)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return broken(
            f"nothing is sent to {site.url}: by http others could read the application password",
            "give the https address, or run this on the server itself with http://localhost",
        )
    return None


def _canary(site: WordPress) -> Said:
    answered = _upload(site, _NAME, canary_png())
    if isinstance(answered, Said):
        return answered
    code, case = refusal_of(answered.answer)
    if code == "upload_refused" and case != CANARY:
        return odd(
            f"{site.url} refuses it, and not as the canary: case {case}",
            f"'upload-guard explain {case}' tells why; [canary] may be switched off there",
        )
    if _blocked(answered.answer):
        return well(f"{site.url} refuses it")
    number = _taken_as(answered.answer)
    if number is None:
        return _fault(site, answered.answer)
    told = f"{site.url} is NOT GUARDED: WordPress took the canary"
    fault = _delete(site, answered.media, number)
    if fault:
        return broken(
            f"{told}, and media item {number} is still there ({fault})",
            f"delete {_NAME} in its media library; {_UNGUARDED}",
        )
    return broken(f"{told}; it was deleted again", _UNGUARDED)


def _picture(site: WordPress) -> Said:
    answered = _upload(site, _PICTURE, Innocent.draw().encoded("PNG"))
    if isinstance(answered, Said):
        return answered
    if _blocked(answered.answer):
        return broken(
            "an innocent picture is refused, too",
            "see the newest case at the sidecar: 'upload-guard explain'",
        )
    number = _taken_as(answered.answer)
    if number is None:
        return _fault(site, answered.answer)
    fault = _delete(site, answered.media, number)
    if fault:
        return odd(
            f"an innocent picture is taken, and media item {number} is still there ({fault})",
            f"delete {_PICTURE} in its media library",
        )
    return well("an innocent picture is taken; it was deleted again")


def _blocked(answer: requests.Response) -> bool:
    """Whether the plugin refused it, or what stands before WordPress: middleware, prepend file."""
    if answer.status_code == requests.codes.unprocessable and object_of(answer).get("code") == _BLOCKED:
        return True
    if refusal_of(answer)[0] == "upload_refused":
        return True
    refusing = answer.status_code in {requests.codes.forbidden, requests.codes.unprocessable}
    plain = answer.headers.get("Content-Type", "").startswith("text/plain")
    return refusing and plain and answer.text.startswith(tuple(sentences(one).refused for one in LANGUAGES))


def _taken_as(answer: requests.Response) -> int | None:
    """The number of the media item that WordPress made of it."""
    # Nothing is deleted past the bin on any other answer than the documented one.
    number = object_of(answer).get("id")
    return number if answer.status_code == requests.codes.created and isinstance(number, int) else None


def _fault(site: WordPress, answer: requests.Response) -> Said:
    """Of an answer that neither refuses the file nor takes it."""
    status = answer.status_code
    code = short(object_of(answer).get("code", ""))
    if ours := refusal_of(answer)[0]:
        return broken(f"{site.url} is guarded, and could not check it ({ours})", _UNAVAILABLE)
    if code.startswith("upload_guard_"):
        return broken(f"{site.url} has the plugin, which could not check it ({code})", _UNAVAILABLE)
    if answer.is_redirect:
        return broken(
            f"{site.url} redirects to {answer.headers.get('Location', '?')}: no upload was checked", _ADDRESS
        )
    if status in {requests.codes.unauthorized, requests.codes.forbidden}:
        return _no_entry(site, status, code)
    if status == requests.codes.not_found:
        return broken(
            f"{site.url} has no REST API for media, under /wp-json/ or ?rest_route= ({code or status})",
            f"{_ADDRESS}; a plugin or a rule of the server may switch the REST API off",
        )
    if answer.ok:
        return broken(
            f"{site.url} answers {status} with {_kind(answer)}, not with a media item: no REST API answered,"
            " or its answer is spoilt",
            f"{_ADDRESS}; see the PHP log for warnings, and its media library for {_NAME} or {_PICTURE}",
        )
    return broken(
        f"{site.url} answers {status} ({code or _kind(answer)}): not upload_guard, and no upload was checked",
        "see the PHP log: a limit of sizes, of file types or of rights on wp-content/uploads is common",
    )


def _no_entry(site: WordPress, status: int, code: str) -> Said:
    if not code:
        return broken(
            f"{site.url} answers {status}, by neither WordPress nor upload_guard",
            "a firewall or a password of the server comes first: let this machine through",
        )
    return broken(
        f"{site.url} does not let this login upload ({status}, {code})",
        f"{_LOGIN}; where it is right, the server may drop the header (Apache: CGIPassAuth On), or a plugin"
        " may forbid application passwords",
    )


def _kind(answer: requests.Response) -> str:
    return short(answer.headers.get("Content-Type", "no type").partition(";")[0])


def _upload(site: WordPress, name: str, data: bytes) -> _Answered | Said:
    """By the first spelling of the media route that leads to a REST API, else by the last."""
    pretty, plain = (_Media(site.url.rstrip("/") + spelling) for spelling in _Media.SPELLINGS)
    answered = _upload_to(pretty, site, name, data)
    if isinstance(answered, Said) or not _elsewhere(answered.answer):
        return answered
    return _upload_to(plain, site, name, data)


def _upload_to(media: _Media, site: WordPress, name: str, data: bytes) -> _Answered | Said:
    headers = {"Content-Type": "image/png", "Content-Disposition": f'attachment; filename="{name}"'}
    answer = _ask(site, requests.Request("POST", media.route, headers=headers, data=data))
    return answer if isinstance(answer, Said) else _Answered(media, answer)


def _elsewhere(answer: requests.Response) -> bool:
    """Whether no REST API was met: without pretty permalinks it is a 404, or the front page."""
    if answer.status_code == requests.codes.not_found:
        return True
    return answer.status_code == requests.codes.ok and _kind(answer) == "text/html"


def _delete(site: WordPress, media: _Media, number: int) -> str:
    """Past the bin. The fault, empty where it is gone."""
    answer = _ask(site, requests.Request("DELETE", media.item(number)))
    if isinstance(answer, Said):
        return answer.told
    said = object_of(answer)
    if answer.ok and said.get("deleted") is True:
        return ""
    return f"deleting it was answered {answer.status_code} {short(said.get('code', ''))}".rstrip()


def _ask(site: WordPress, request: requests.Request) -> requests.Response | Said:
    request.headers = {**CaseInsensitiveDict(site.headers), "Accept": "application/json", **request.headers}
    return asked(request, authority=site.authority, timeout=site.timeout)
