"""The sidecar's Flask application itself, through pytest-flask's client."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import activate_listed_picture, settings_in
from upload_guard.sidecar.app import create_app


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """What pytest-flask's `client` talks to."""
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    return create_app(settings)


def test_every_answer_is_json(client: FlaskClient) -> None:
    for response in (
        client.get("/live"),
        client.get("/healthz"),
        client.get("/nowhere"),
        client.get("/v1/check"),
        client.post("/v1/check", data=b"x"),
        client.post("/v1/check", data=b"x", content_type="multipart/form-data; boundary=B"),
    ):
        assert response.is_json, response.request.path


def test_an_error_has_a_code_a_sentence_and_when_to_try_again(client: FlaskClient) -> None:
    response = client.post("/v1/check", data=b"x", content_type="multipart/form-data; boundary=B")
    assert response.status_code == 400
    assert response.get_json() == {
        "code": "ambiguous_body",
        "message": "The request is malformed, or could be read in two ways.",
        "retry_after": None,
    }


def test_only_the_three_routes_exist(app: Flask) -> None:
    assert {rule.rule for rule in app.url_map.iter_rules()} == {"/v1/check", "/healthz", "/live"}


def test_a_vault_that_cannot_be_written_is_said_in_health(client: FlaskClient, tmp_path: Path) -> None:
    vault = tmp_path / "data" / "vault"
    for file in vault.iterdir():
        file.unlink()
    vault.rmdir()
    vault.write_text("in the way")
    response = client.get("/healthz")
    faults = {probe["name"]: probe["fault"] for probe in response.get_json()["probes"]}
    assert response.status_code == 503
    assert "vault" in faults["vault"]
    assert not faults["database"]


def test_a_refused_file_that_cannot_be_kept_gets_no_verdict(client: FlaskClient, tmp_path: Path) -> None:
    vault = tmp_path / "data" / "vault"
    for name in range(256):
        (vault / f"{name:02x}").write_text("in the way")
    response = client.post("/v1/check", data=activate_listed_picture(settings_in(tmp_path / "other")))
    assert response.status_code == 503
    assert response.get_json()["code"] == "storage"


def test_a_list_that_is_configured_and_not_active_is_told_in_health_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, lists={"test-list": {"pdq_limit": 20}, "other": {"pdq_limit": 20}})
    activate_listed_picture(settings)
    health = create_app(settings).test_client().get("/healthz")
    assert health.status_code == 200
    assert "list_not_active: [lists.other] is configured, not active" in health.get_json()["warnings"]
    assert not any("test-list" in warning for warning in health.get_json()["warnings"])
    assert "configured, not active: other" in caplog.text
