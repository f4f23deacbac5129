"""Machines that ask the sidecar's application through Flask's test client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.serving import signature
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings
from upload_guard.signing import Credentials


@dataclass(frozen=True)
class Machine:
    """Asks with a key."""

    client: FlaskClient
    key: Credentials

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=signature(self.key, "GET", path))

    def post(self, path: str, data: bytes, **options: Any) -> TestResponse:
        return self.client.post(path, data=data, headers=signature(self.key, "POST", path, data), **options)

    def ask(self, path: str, question: object) -> TestResponse:
        """Post it as JSON."""
        return self.post(path, json.dumps(question).encode(), content_type="application/json")


def machine(client: FlaskClient, settings: Settings, *scopes: Scope, site: str = "blog") -> Machine:
    """One with a new key of a site."""
    return Machine(client, open_keys(settings).new(site, scopes, "tester"))
