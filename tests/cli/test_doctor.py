"""The doctor, on sites and sidecars that run: well, and broken in many ways, each with what to do."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.cli.test_cli import Said, run
from tests.serving import asking, embedded_site, guarded_site, key_of, sidecar, write_config
from tests.support import activate_listed_picture, damage_lists
from upload_guard.canary import canary_png
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# A spool for bodies of this size fits on any machine that tests run on.
SMALL = {"intake": {"max_body": "1 MiB"}}


def doctor(folder: Path, *arguments: str, config: str = "config.toml") -> tuple[int, dict[str, Any]]:
    """The exit code, and the steps by name."""
    said = run(folder, "--config", config, "doctor", "--json", *arguments)
    told = json.loads(said.stdout)
    assert told["exit_code"] == said.returncode
    for step in told["steps"]:
        assert bool(step["advice"]) == (step["state"] in {"warning", "broken"}), step
    return said.returncode, {step["step"]: step for step in told["steps"]}


def states(steps: dict[str, Any]) -> set[str]:
    return {step["state"] for step in steps.values()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation that checks by itself, with one listed picture."""
    config = write_config(tmp_path / "config.toml", SMALL, data_dir="data")
    activate_listed_picture(load_settings(config))
    return tmp_path


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(status: str, *headers: tuple[str, str], body: bytes = b"{}") -> Iterator[str]:
    """A server that upload_guard has no part in: the same answer to everything."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, [("Content-Type", "application/json"), *headers])
        return [body]

    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


# Where all is well --------------------------------------------------------------------------------


def test_a_sound_installation_is_sound_in_every_step(folder: Path) -> None:
    code, steps = doctor(folder)
    assert (code, states(steps)) == (0, {"ok", "skipped"}), steps
    decoders = {f"decoder {name}" for name in ("JPEG", "PNG", "WebP", "AVIF", "HEIC")}
    assert decoders | {"lists", "quarantine", "spool", "sandbox", "archive", "canary", "picture"} <= set(
        steps
    )
    assert "test-list version 1" in steps["lists"]["told"]
    assert all(step["milliseconds"] >= 0 for step in steps.values())
    assert steps["decoder JPEG"]["milliseconds"] > 0
    assert {steps[name]["state"] for name in ("mail", "mailboxes")} == {"skipped"}


def test_a_person_reads_a_line_a_step_and_what_to_do(folder: Path) -> None:
    said = run(folder, "--config", "config.toml", "doctor")
    lines = said.stdout.splitlines()
    assert lines[-1] == "All is well."
    assert any(line.startswith("ok ") and line.endswith("canary: is refused") for line in lines)


def test_nothing_of_it_becomes_a_case_of_a_site_in_operation(tmp_path: Path) -> None:
    activate_listed_picture(load_settings(write_config(tmp_path / "config.toml", SMALL, data_dir="data")))
    with embedded_site(tmp_path) as site:
        code, steps = doctor(tmp_path, "--url", f"{site.url}/upload")
        assert (code, states(steps)) == (0, {"ok", "skipped"}), steps
        assert (site.calls(), site.cases()) == (1, ())
        doctor(tmp_path, "--url", f"{site.url}/upload", "--canary-only")
        assert site.calls() == 1


def test_a_site_that_asks_a_sidecar_is_proved_through_it(tmp_path: Path) -> None:
    own = write_config(tmp_path / "sidecar.toml", SMALL, data_dir="data")
    activate_listed_picture(load_settings(own))
    with sidecar(own) as url:
        key = key_of(own, "default", *SITE_SCOPES, Scope.DETAILS)
        client(tmp_path, **asking(url, key))
        with guarded_site(tmp_path / "config.toml") as site:
            code, steps = doctor(tmp_path, "--url", f"{site}/upload")
            assert (code, states(steps)) == (0, {"ok"}), steps
            assert set(steps) >= {
                "sidecar",
                "clocks",
                "health",
                "canary",
                "picture",
                "site canary",
                "site picture",
            }
        code, steps = doctor(tmp_path, config="sidecar.toml")
        assert code == 0
        assert "opens 1 machine key" in steps["keys"]["told"]


# Broken ways, of the installation itself ----------------------------------------------------------


def test_settings_with_faults_end_it_with_all_of_them(folder: Path) -> None:
    (folder / "config.toml").write_text("[sidecar]\nport = 0\nprot = 1\n")
    said = run(folder, "--config", "config.toml", "doctor")
    assert said.returncode == 2
    assert said.stdout.count("BROKEN") == 3  # two faults, and the sum of it
    assert "check-config" in said.stdout


def test_without_a_list_it_is_loud(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config.toml", SMALL, data_dir="data")
    key_of(config)
    code, steps = doctor(tmp_path)
    assert code == 1
    assert steps["lists"]["told"] == "NO LIST IS ACTIVE: every upload passes unchecked"
    assert "UNCHECKED (no_list)" in steps["picture"]["told"]
    assert steps["canary"]["state"] == "ok"


def test_before_the_first_import_nothing_is_made(tmp_path: Path) -> None:
    write_config(tmp_path / "config.toml", SMALL, data_dir="data")
    shutil.rmtree(tmp_path / "data")
    code, steps = doctor(tmp_path)
    assert (code, steps["data"]["state"]) == (1, "warning")
    assert "NO LIST IS ACTIVE" in steps["data"]["told"]
    assert steps["decoder JPEG"]["state"] == "ok"
    assert not (tmp_path / "data").exists()


def test_damaged_lists_are_broken(folder: Path) -> None:
    damage_lists(load_settings(folder / "config.toml"))
    code, steps = doctor(folder)
    assert (code, steps["lists"]["state"]) == (2, "broken")
    assert "list rollback" in steps["lists"]["advice"]
    assert steps["canary"]["state"] == "broken"


def test_a_quarantine_that_takes_nothing_is_broken(folder: Path) -> None:
    (folder / "data" / "vault").write_text("a file where a folder should be")
    code, steps = doctor(folder)
    assert (code, steps["quarantine"]["state"]) == (2, "broken")
    assert "chown" in steps["quarantine"]["advice"]


def test_a_lost_master_key_is_broken(folder: Path) -> None:
    key_of(folder / "config.toml")
    (folder / "data" / "secret.key").write_text("1" * 64)
    code, steps = doctor(folder)
    assert (code, steps["keys"]["state"]) == (2, "broken")
    assert "backup" in steps["keys"]["advice"]


def test_without_pillow_heif_pictures_of_telephones_are_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    code, steps = doctor(folder)
    assert (code, steps["decoder HEIC"]["state"]) == (1, "warning")
    assert "upload-guard[heif]" in steps["decoder HEIC"]["advice"]


def test_with_the_canary_off_nothing_is_proved(folder: Path) -> None:
    write_config(folder / "config.toml", {**SMALL, "canary": {"enabled": False}}, data_dir="data")
    code, steps = doctor(folder)
    assert (code, steps["canary"]["state"]) == (1, "warning")
    assert "canary.enabled = true" in steps["canary"]["advice"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_as_another_account_it_makes_nothing_that_the_server_could_not_use(folder: Path) -> None:
    os.chown(folder / "data", 65534, 65534)
    before = sorted((folder / "data").rglob("*"))
    code, steps = doctor(folder)
    assert code == 1
    assert "sudo -u" in steps["data"]["advice"]
    assert "quarantine" not in steps
    assert sorted((folder / "data").rglob("*")) == before


# Broken ways, of the sidecar ----------------------------------------------------------------------


def client(folder: Path, site: str = "default", **service: object) -> None:
    write_config(folder / "config.toml", {**SMALL, "service": service}, data_dir="site", site=site)


def test_a_sidecar_that_is_down_is_broken_whatever_the_policy_lets_pass(tmp_path: Path) -> None:
    service = {"url": "http://127.0.0.1:9"}
    write_config(
        tmp_path / "config.toml",
        {**SMALL, "service": service, "failure": {"unreachable": "open"}},
        data_dir="site",
    )
    code, steps = doctor(tmp_path)
    assert (code, steps["sidecar"]["state"]) == (2, "broken")
    assert "upload-guard serve" in steps["sidecar"]["advice"]
    assert "canary" not in steps


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A sidecar without any list."""
    config = write_config(tmp_path_factory.mktemp("sidecar") / "sidecar.toml", SMALL, data_dir="data")
    with sidecar(config) as url:
        yield config, url


def test_a_site_without_a_key_is_told_to_have_one_made(tmp_path: Path, serving: tuple[Path, str]) -> None:
    client(tmp_path, url=serving[1])
    code, steps = doctor(tmp_path)
    assert (code, steps["canary"]["state"]) == (2, "broken")
    assert "upload-guard key new" in steps["canary"]["advice"]


def test_a_wrong_secret_is_broken(tmp_path: Path, serving: tuple[Path, str]) -> None:
    client(tmp_path, url=serving[1], key_id=key_of(serving[0]).key_id, secret="guessed")  # noqa: S106
    code, steps = doctor(tmp_path)
    assert (code, steps["health"]["state"]) == (2, "broken")
    assert "(unauthorized)" in steps["health"]["told"]
    assert "upload-guard key new" in steps["health"]["advice"]


def test_a_key_of_another_site_is_broken(tmp_path: Path, serving: tuple[Path, str]) -> None:
    client(tmp_path, "blog", **asking(serving[1], key_of(serving[0], "shop")))
    code, steps = doctor(tmp_path)
    assert (code, steps["canary"]["state"]) == (2, "broken")
    assert "set site to the name" in steps["canary"]["advice"]


def test_a_key_that_may_not_check_is_broken(tmp_path: Path, serving: tuple[Path, str]) -> None:
    client(tmp_path, **asking(serving[1], key_of(serving[0], "default", Scope.METRICS)))
    code, steps = doctor(tmp_path)
    assert code == 2
    assert "may not check" in steps["canary"]["advice"]


def test_a_sidecar_without_a_list_is_a_warning(tmp_path: Path, serving: tuple[Path, str]) -> None:
    client(tmp_path, **asking(serving[1], key_of(serving[0])))
    code, steps = doctor(tmp_path)
    assert (code, steps["canary"]["state"], steps["picture"]["state"]) == (1, "ok", "warning")


def test_a_clock_far_off_is_broken(tmp_path: Path) -> None:
    late = ("Date", formatdate(time() - 4000, usegmt=True))
    with answering("200 OK", late, body=b'{"status": "live"}') as url:
        client(tmp_path, url=url)
        code, steps = doctor(tmp_path)
    assert (code, steps["clocks"]["state"]) == (2, "broken")
    assert "NTP" in steps["clocks"]["advice"]


def test_another_server_in_the_sidecars_place_is_broken(tmp_path: Path) -> None:
    with answering("200 OK", body=b"<html>welcome</html>") as url:
        client(tmp_path, url=url)
        code, steps = doctor(tmp_path)
    assert (code, steps["sidecar"]["state"]) == (2, "broken")
    assert "not as a sidecar does" in steps["sidecar"]["told"]


# Broken ways, of a site in operation --------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Settings of which nothing is looked at for long: they name a sidecar that is down."""
    client(tmp_path, url="http://127.0.0.1:9")
    return tmp_path


ANSWERS = {
    "201 Created": ("LET THE CANARY PASS", "UploadGuard(app.wsgi_app)"),
    "404 Not Found": ("LET THE CANARY PASS", "UploadGuard(app.wsgi_app)"),
    "403 Forbidden": ("not by upload_guard", "--headers"),
    "401 Unauthorized": ("not by upload_guard", "--headers"),
    "302 Found": ("redirects to /login", "--headers"),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_a_site_that_does_not_refuse_it_as_ours_is_broken(elsewhere: Path, status: str) -> None:
    told, advice = ANSWERS[status]
    with answering(status, ("Location", "/login")) as url:
        code, steps = doctor(elsewhere, "--url", url, "--canary-only")
    assert (code, steps["site canary"]["state"]) == (2, "broken")
    assert told in steps["site canary"]["told"]
    assert advice in steps["site canary"]["advice"]


def test_a_guarded_site_whose_sidecar_is_down_is_broken(elsewhere: Path) -> None:
    down = {**SMALL, "service": {"url": "http://127.0.0.1:9"}}
    config = write_config(elsewhere / "site.toml", down, data_dir="site")
    with guarded_site(config) as site:
        code, steps = doctor(elsewhere, "--url", f"{site}/upload")
    assert code == 2
    assert "could not check it (unreachable)" in steps["site canary"]["told"]
    assert steps["site picture"]["state"] == "broken"


def test_a_route_that_nobody_looks_at_is_broken(elsewhere: Path) -> None:
    (elsewhere / "site.toml").write_text('data_dir = "data"\n[[routes]]\npath = "/up*"\ninspect = false\n')
    with guarded_site(elsewhere / "site.toml") as site:
        code, steps = doctor(elsewhere, "--url", f"{site}/upload", "--canary-only")
    assert code == 2
    assert "no route in the settings leaves this path out" in steps["site canary"]["advice"]


def test_a_site_where_nobody_answers_is_broken(elsewhere: Path) -> None:
    code, steps = doctor(elsewhere, "--url", "http://127.0.0.1:9/upload")
    assert code == 2
    assert "nobody answers" in steps["site canary"]["told"]


def test_a_login_comes_from_a_file_and_is_shown_nowhere(elsewhere: Path) -> None:
    (elsewhere / "headers").write_text("Cookie: session=hidden\n")
    seen: list[str] = []

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        seen.append(environ["HTTP_COOKIE"])
        assert canary_png() in body
        assert b'name="photo"' in body
        assert b"token-1" in body
        start_response("200 OK", [])
        return [b""]

    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        said: Said = run(
            elsewhere, "--config", "config.toml", "doctor", "--url", url, "--headers", "headers",
            "--field", "photo", "--with", "csrf=token-1", "--canary-only",
        )  # fmt: skip
        thread.join()
    assert seen == ["session=hidden"]
    assert "hidden" not in said.stdout + said.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(("--with", "csrf"), "NAME=VALUE"), (("--headers", "not-there"), "cannot be read")],
)
def test_a_wrong_argument_is_said_in_one_line(elsewhere: Path, arguments: tuple[str, ...], why: str) -> None:
    said = run(elsewhere, "--config", "config.toml", "doctor", "--url", "http://127.0.0.1:9", *arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert why in said.stderr
