"""One sidecar for the tests of a module, with a listed picture, and machines that ask it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from tests.sidecar.machines import Machine, machine
from tests.support import activate_listed_picture, settings_in
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble


@dataclass(frozen=True)
class Service:
    """`site` has what a site's key has, `neighbour` the same for another site, `admin` every scope."""

    settings: Settings
    app: Flask
    listed: bytes
    site: Machine
    neighbour: Machine
    admin: Machine

    def key(self, *scopes: Scope, site: str = "blog") -> Machine:
        return machine(self.app.test_client(), self.settings, *scopes, site=site)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    settings = settings_in(tmp_path_factory.mktemp("service"), intake={"max_body": 4 << 20})
    listed = activate_listed_picture(settings)
    built = assemble(settings).app
    client = built.test_client()
    return Service(
        settings,
        built,
        listed,
        site=machine(client, settings, *SITE_SCOPES),
        neighbour=machine(client, settings, *SITE_SCOPES, site="shop"),
        admin=machine(client, settings, *Scope),
    )
