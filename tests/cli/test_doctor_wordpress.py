"""The doctor on a WordPress site: a stand-in for its REST API, which answers as WordPress does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

import pytest

from tests.cli.test_cli import run
from tests.cli.test_doctor import _Quiet, client, doctor
from upload_guard.answers import refused
from upload_guard.canary import canary_png

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOGIN = "Basic ZWRpdG9yOmFiY2QgZWZnaA=="
ROUTE = "/wp/v2/media"


@dataclass
class WordPress:
    """Media by number. `guard` is none, the plugin's, or what a middleware or prepend file answers."""

    guard: str = "plugin"
    pretty: bool = True
    rest: bool = True
    deletes: bool = True
    front_page: str = "404 Not Found"
    refuses_all: bool = False
    media: dict[int, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.seen.append(environ["REQUEST_METHOD"])
        query = parse_qs(environ["QUERY_STRING"])
        route = query.get("rest_route", [""])[0]
        if self.pretty and not route:
            route = environ["PATH_INFO"].removeprefix("/wp-json")
        if self.guard in {"middleware", "prepend"} and body == canary_png():
            accept = "application/json" if self.guard == "middleware" else "text/plain"
            answer = refused({"HTTP_ACCEPT": accept}, "canary")
            start_response(
                answer.status if self.guard == "middleware" else "422 Unprocessable Content", answer.headers
            )
            return [answer.body]
        if not self.rest or not route.startswith(ROUTE):
            start_response(self.front_page, [("Content-Type", "text/html"), ("Location", "https://moved/")])
            return [b"<html>A blog</html>"]
        status, said = self.api(environ, route, query, body)
        start_response(status, [("Content-Type", "application/json; charset=UTF-8")])
        return [json.dumps(said).encode()]

    def api(
        self, environ: WSGIEnvironment, route: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[str, dict[str, Any]]:
        if environ.get("HTTP_AUTHORIZATION") != LOGIN:
            return "401 Unauthorized", error("rest_cannot_create", 401)
        if environ["REQUEST_METHOD"] == "DELETE":
            number = int(route.rpartition("/")[2])
            if not self.deletes or query.get("force") != ["true"]:
                return "403 Forbidden", error("rest_cannot_delete", 403)
            del self.media[number]
            return "200 OK", {"deleted": True, "previous": {"id": number}}
        assert environ["CONTENT_TYPE"] == "image/png"
        self.uploads.append(environ["HTTP_CONTENT_DISPOSITION"])
        if self.guard == "plugin" and (body == canary_png() or self.refuses_all):
            return "422 Unprocessable Content", error("upload_guard_blocked", 422)
        if self.guard == "plugin without sidecar":
            return "503 Service Unavailable", error("upload_guard_unavailable", 503)
        if self.guard == "disk full":
            return "500 Internal Server Error", error("rest_upload_sideload_error", 500)
        number = 41 + len(self.uploads)
        self.media[number] = body
        return "201 Created", {"id": number, "media_type": "image"}


def error(code: str, status: int) -> dict[str, Any]:
    """As `WP_Error` goes out."""
    return {"code": code, "message": "A sentence.", "data": {"status": status}}


@contextmanager
def running(wordpress: WordPress) -> Iterator[str]:
    with make_server("127.0.0.1", 0, wordpress, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Settings of which nothing is looked at for long, and a login."""
    client(tmp_path, url="http://127.0.0.1:9")
    (tmp_path / "headers").write_text(f"Authorization: {LOGIN}\n")
    return tmp_path


def steps_of(here: Path, wordpress: WordPress, *more: str) -> dict[str, Any]:
    """The steps on WordPress, by name."""
    with running(wordpress) as url:
        _, steps = doctor(here, "--wordpress", f"{url}/", "--headers", "headers", *more)
    return {name: step for name, step in steps.items() if name.startswith("wordpress")}


def states(steps: dict[str, Any]) -> dict[str, str]:
    return {name.removeprefix("wordpress "): step["state"] for name, step in steps.items()}


@pytest.mark.parametrize("guard", ["plugin", "middleware", "prepend"])
def test_a_guarded_site_refuses_the_canary_and_keeps_no_picture(here: Path, guard: str) -> None:
    wordpress = WordPress(guard)
    steps = steps_of(here, wordpress)
    assert states(steps) == {"canary": "ok", "picture": "ok"}, steps
    assert (wordpress.media, wordpress.seen) == ({}, ["POST", "POST", "DELETE"])
    assert wordpress.uploads[-1] == 'attachment; filename="upload-guard-doctor.png"'


def test_canary_only_sends_nothing_else(here: Path) -> None:
    wordpress = WordPress()
    assert states(steps_of(here, wordpress, "--canary-only")) == {"canary": "ok"}
    assert wordpress.uploads == ['attachment; filename="upload-guard-canary.png"']


@pytest.mark.parametrize("pretty", [True, False])
def test_what_a_site_without_guard_took_is_deleted_again(here: Path, pretty: bool) -> None:
    wordpress = WordPress("none", pretty=pretty)
    steps = steps_of(here, wordpress)
    assert states(steps) == {"canary": "broken"}
    assert "NOT GUARDED" in steps["wordpress canary"]["told"]
    assert "deleted again" in steps["wordpress canary"]["told"]
    assert "activate the upload_guard plugin" in steps["wordpress canary"]["advice"]
    assert (len(wordpress.uploads), wordpress.media) == (1, {})


def test_a_canary_that_cannot_be_deleted_is_named(here: Path) -> None:
    wordpress = WordPress("none", deletes=False)
    canary = steps_of(here, wordpress)["wordpress canary"]
    assert "NOT GUARDED" in canary["told"]
    assert "media item 42 is still there (deleting it was answered 403 rest_cannot_delete)" in canary["told"]
    assert "delete upload-guard-canary.png" in canary["advice"]
    assert wordpress.media == {42: canary_png()}


def test_a_picture_that_cannot_be_deleted_is_a_warning(here: Path) -> None:
    steps = steps_of(here, WordPress(deletes=False))
    assert states(steps) == {"canary": "ok", "picture": "warning"}
    assert "still there" in steps["wordpress picture"]["told"]


def test_a_site_that_refuses_every_picture_is_broken(here: Path) -> None:
    steps = steps_of(here, WordPress(refuses_all=True))
    assert states(steps) == {"canary": "ok", "picture": "broken"}
    assert "refused, too" in steps["wordpress picture"]["told"]


def test_without_pretty_permalinks_the_other_address_is_taken(here: Path) -> None:
    for front_page in ("404 Not Found", "200 OK"):
        wordpress = WordPress(pretty=False, front_page=front_page)
        assert states(steps_of(here, wordpress)) == {"canary": "ok", "picture": "ok"}
        assert wordpress.media == {}


FAULTS = {
    "no REST API": (WordPress(rest=False), "has no REST API", "switch the REST API off"),
    "HTML": (WordPress(rest=False, front_page="200 OK"), "answers 200 with text/html", "PHP log"),
    "redirect": (
        WordPress(rest=False, front_page="301 Moved"),
        "redirects to https://moved/",
        "WordPress itself lives",
    ),
    "firewall": (WordPress(rest=False, front_page="403 Forbidden"), "neither WordPress nor", "firewall"),
    "plugin without sidecar": (
        WordPress("plugin without sidecar"),
        "could not check it (upload_guard_unavailable)",
        "upload-guard doctor",
    ),
    "disk full": (WordPress("disk full"), "500 (rest_upload_sideload_error)", "rights on wp-content"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_other_answer_counts_as_refused(here: Path, fault: str) -> None:
    wordpress, told, advice = FAULTS[fault]
    steps = steps_of(here, wordpress)
    assert states(steps) == {"canary": "broken"}
    assert told in steps["wordpress canary"]["told"]
    assert advice in steps["wordpress canary"]["advice"]


def test_a_wrong_password_is_said_and_shown_nowhere(here: Path) -> None:
    (here / "headers").write_text("authorization: Basic aGlkZGVu\n")
    with running(WordPress()) as url:
        said = run(here, "--config", "config.toml", "doctor", "--wordpress", url, "--headers", "headers")
    assert said.returncode == 2
    assert "does not let this login upload (401, rest_cannot_create)" in said.stdout
    assert "application password" in said.stdout
    assert "aGlkZGVu" not in said.stdout + said.stderr


def test_without_a_login_nothing_is_sent(here: Path) -> None:
    (here / "headers").write_text("Cookie: a=b\n")
    wordpress = WordPress()
    steps = steps_of(here, wordpress)
    assert "no Authorization" in steps["wordpress canary"]["told"]
    assert "Authorization: Basic" in steps["wordpress canary"]["advice"]
    assert wordpress.seen == []


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://blog.example.org", "by http others could read the application password"),
        ("blog.example.org", "must be like https://"),
        ("https://me:pass@blog.example.org", "without a login"),
        ("http://127.0.0.1:9", "nobody answers"),
    ],
)
def test_an_address_that_cannot_serve_is_broken(here: Path, address: str, told: str) -> None:
    code, steps = doctor(here, "--wordpress", address, "--headers", "headers")
    assert (code, steps["wordpress canary"]["state"]) == (2, "broken")
    assert told in steps["wordpress canary"]["told"]


@pytest.mark.parametrize("more", [("--url", "http://127.0.0.1:9"), ("--with", "a=b")])
def test_what_is_for_a_form_is_not_taken_with_it(here: Path, more: tuple[str, ...]) -> None:
    said = run(here, "--config", "config.toml", "doctor", "--wordpress", "http://127.0.0.1:9", *more)
    assert (said.returncode, said.stdout) == (2, "")
    assert "--wordpress" in said.stderr
