"""The sidecar's Flask application itself, through pytest-flask's client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.serving import signature
from tests.sidecar.machines import Machine, machine
from tests.support import activate_listed_picture, settings_in
from upload_guard.errors import MasterKeyError
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.signing import Credentials

FORM = {"data": b"x", "content_type": "multipart/form-data; boundary=B"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # A walk of all routes is no guessing.
    settings = settings_in(tmp_path, limits={"bad_signatures": 1000})
    activate_listed_picture(settings)
    return settings


@pytest.fixture
def app(settings: Settings) -> Flask:
    """What pytest-flask's `client` talks to."""
    return assemble(settings).app


@pytest.fixture
def asking(client: FlaskClient, settings: Settings) -> Machine:
    return machine(client, settings, *Scope)


def test_every_answer_is_json(client: FlaskClient, asking: Machine) -> None:
    for response in (
        client.get("/live"),
        client.get("/healthz"),
        asking.get("/healthz"),
        client.get("/nowhere"),
        asking.get("/nowhere"),
        asking.get("/v1/check"),
        asking.post("/v1/check", b"x"),
        asking.post("/v1/check", **FORM),
    ):
        assert response.is_json, response.request.path


def test_an_error_has_a_code_a_sentence_and_when_to_try_again(asking: Machine) -> None:
    response = asking.post("/v1/check", **FORM)
    assert response.status_code == 400
    assert response.get_json() == {
        "code": "ambiguous_body",
        "message": "The request is malformed, or could be read in two ways.",
        "retry_after": None,
    }


PUBLIC = ["/docs", "/docs/rapidoc-min.js", "/healthz", "/live", "/openapi/v1.json"]


def test_every_route_is_public_or_needs_a_scope(app: Flask) -> None:
    marks = {rule.rule: needed_by(app, rule.endpoint) for rule in for_machines(app)}
    assert sorted(path for path, mark in marks.items() if mark == "public") == PUBLIC
    assert all(mark and set(mark) <= set(Scope) for path, mark in marks.items() if path not in PUBLIC)


def for_machines(app: Flask) -> list[Rule]:
    """Those that no person logs in for; tests/sidecar/review has the others."""
    return [rule for rule in app.url_map.iter_rules() if needed_by(app, rule.endpoint) != "people"]


def test_nothing_but_the_pages_is_for_people(app: Flask) -> None:
    pages = {rule.rule for rule in app.url_map.iter_rules()} - {rule.rule for rule in for_machines(app)}
    assert all(path == "/review" or path.startswith("/review/") for path in pages)


def needed_by(app: Flask, endpoint: str) -> Any:
    return getattr(app.view_functions[endpoint], "upload_guard_needed_scope", None)


def test_without_a_key_only_the_public_routes_answer(app: Flask, client: FlaskClient) -> None:
    answered = [rule.rule for rule in for_machines(app) if client.get(rule.rule).status_code != 401]
    assert sorted(answered) == PUBLIC
    assert client.get("/nowhere").status_code == 401


def test_a_view_that_names_no_scope_answers_nobody(app: Flask, settings: Settings) -> None:
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    asking = machine(app.test_client(), settings, *Scope)
    assert asking.get("/forgotten").status_code == 403


def test_health_tells_its_details_to_nobody_but_a_key_that_may_see_them(
    client: FlaskClient, settings: Settings, asking: Machine
) -> None:
    for bare in (client.get("/healthz"), machine(client, settings, *SITE_SCOPES).get("/healthz")):
        assert (bare.status_code, bare.get_json()) == (200, {"status": "ready"})
    assert asking.get("/healthz").get_json()["lists"][0]["name"] == "test-list"


def test_a_bad_key_is_not_taken_for_none(client: FlaskClient) -> None:
    nobody = Credentials("0" * 16, "guessed")
    assert client.get("/healthz", headers=signature(nobody, "GET", "/healthz")).status_code == 401


def test_it_does_not_start_with_a_master_key_that_is_not_the_one_its_keys_were_made_under(
    settings: Settings,
) -> None:
    open_keys(settings).new("blog", SITE_SCOPES, "tester")
    (settings.data_dir / "secret.key").unlink()
    with pytest.raises(MasterKeyError, match="another master key"):
        assemble(settings)


def test_a_vault_that_cannot_be_written_is_said_in_health(asking: Machine, tmp_path: Path) -> None:
    vault = tmp_path / "data" / "vault"
    for file in vault.iterdir():
        file.unlink()
    vault.rmdir()
    vault.write_text("in the way")
    response = asking.get("/healthz")
    faults = {probe["name"]: probe["fault"] for probe in response.get_json()["probes"]}
    assert response.status_code == 503
    assert "vault" in faults["vault"]
    assert not faults["database"]


def test_a_refused_file_that_cannot_be_kept_gets_no_verdict(asking: Machine, tmp_path: Path) -> None:
    vault = tmp_path / "data" / "vault"
    for name in range(256):
        (vault / f"{name:02x}").write_text("in the way")
    response = asking.post("/v1/check", activate_listed_picture(settings_in(tmp_path / "other")))
    assert response.status_code == 503
    assert response.get_json()["code"] == "storage"


def test_a_list_that_is_configured_and_not_active_is_told_in_health_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, lists={"test-list": {"pdq_limit": 20}, "other": {"pdq_limit": 20}})
    activate_listed_picture(settings)
    health = machine(assemble(settings).app.test_client(), settings, Scope.DETAILS).get("/healthz")
    assert health.status_code == 200
    assert "list_not_active: [lists.other] is configured, not active" in health.get_json()["warnings"]
    assert not any("test-list" in warning for warning in health.get_json()["warnings"])
    assert "configured, not active: other" in caplog.text
