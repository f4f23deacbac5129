"""Row F7 of machines: what a key asks for and may not do is in the audit log, and a loop does not fill it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.sidecar.machines import machine
from tests.support import activate_listed_picture, settings_in
from upload_guard.compose import open_database_of
from upload_guard.machine_keys.keys import Scope
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.storage.vault_tables import AuditRow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    return settings


@pytest.fixture
def service(settings: Settings) -> Flask:
    return assemble(settings).app


def refused(settings: Settings) -> list[tuple[str, object]]:
    with open_database_of(settings).session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act == "key.refused")).all()
    return [(row.person, row.details["lacking"]) for row in rows]


def test_a_key_without_the_scope_is_noted_once_for_each_scope(service: Flask, settings: Settings) -> None:
    asking = machine(service.test_client(), settings, Scope.CHECK)
    statuses = {asking.get(path).status_code for path in ["/metrics"] * 10 + ["/v1/lists"] * 10}
    assert statuses == {403}
    name = f"key {asking.key.key_id}"
    assert refused(settings) == [(name, "metrics"), (name, "lists")]


def test_a_key_that_speaks_for_another_site_is_noted(service: Flask, settings: Settings) -> None:
    asking = machine(service.test_client(), settings, *Scope)
    assert asking.get("/v1/cases?site=another").status_code == 403
    assert refused(settings) == [(f"key {asking.key.key_id}", "another site")]


def test_what_a_key_may_do_is_not(service: Flask, settings: Settings) -> None:
    assert machine(service.test_client(), settings, *Scope).get("/v1/lists").status_code == 200
    assert refused(settings) == []
