"""A site in operation, by its own address: it must refuse the canary and take an innocent picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from upload_guard.canary import canary_png
from upload_guard.doctor.asked import asked, refusal_of
from upload_guard.doctor.pictures import Innocent
from upload_guard.doctor.steps import Said, Step, broken, odd, taken, well
from upload_guard.records import CANARY

_UNGUARDED = (
    "wrap the application (app.wsgi_app = UploadGuard(app.wsgi_app)), restart the server; see that no route"
    " in the settings leaves this path out, and that [canary] is enabled"
)
_UNAVAILABLE = (
    "run 'upload-guard doctor' with the site's own settings: its log says why no check could be made"
)


@dataclass(frozen=True, slots=True)
class Site:
    """How a browser would upload: `headers` may hold a login, `fields` is what the form has beside."""

    url: str
    file_field: str
    fields: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    authority: Path | None = None
    timeout: float = 60.0


def site_steps(site: Site, *, picture_too: bool) -> Iterator[Step]:
    """`picture_too`: upload an innocent picture as well, which the site may well keep."""
    yield taken("site canary", lambda: _canary(site), _UNAVAILABLE)
    if picture_too:
        yield taken("site picture", lambda: _picture(site), _UNAVAILABLE)


def _canary(site: Site) -> Said:
    answer = _post(site, "canary.png", canary_png(), "image/png")
    if isinstance(answer, Said):
        return answer
    code, case = refusal_of(answer)
    if code == "upload_refused" and case == CANARY:
        return well(f"{site.url} refuses it")
    if code == "upload_refused":
        return odd(
            f"{site.url} refuses it, and not as the canary: case {case}",
            f"'upload-guard explain {case}' tells why; [canary] may be switched off there",
        )
    if code:
        return broken(f"{site.url} is guarded, and could not check it ({code})", _UNAVAILABLE)
    if answer.status_code in {requests.codes.unauthorized, requests.codes.forbidden}:
        return broken(
            f"{site.url} refuses it (status {answer.status_code}), but not by upload_guard",
            "a login, or a firewall, comes first: give its headers in a file by --headers",
        )
    if answer.is_redirect:
        return broken(
            f"{site.url} redirects to {answer.headers.get('Location', '?')}: no upload was checked",
            "give the address itself that takes the upload, or a login by --headers",
        )
    return broken(
        f"{site.url} LET THE CANARY PASS to the application, which answered {answer.status_code}", _UNGUARDED
    )


def _picture(site: Site) -> Said:
    answer = _post(site, "doctor.jpg", Innocent.draw().encoded("JPEG"), "image/jpeg")
    if isinstance(answer, Said):
        return answer
    code, case = refusal_of(answer)
    if code == "upload_refused":
        return broken(
            f"an innocent picture is refused: case {case}",
            f"'upload-guard explain {case}' tells why it was held",
        )
    if code:
        return broken(f"an innocent picture could not be checked ({code})", _UNAVAILABLE)
    if not answer.ok:
        return odd(
            f"an innocent picture reaches the application, which answered {answer.status_code}",
            "its form needs more: --field, --with NAME=VALUE, --headers FILE; --canary-only leaves this out",
        )
    return well("an innocent picture is taken")


def _post(site: Site, name: str, data: bytes, media_type: str) -> requests.Response | Said:
    request = requests.Request(
        "POST",
        site.url,
        data=dict(site.fields),
        files={site.file_field: (name, data, media_type)},
        headers={**site.headers, "Accept": "application/json"},
    )
    return asked(request, authority=site.authority, timeout=site.timeout)
