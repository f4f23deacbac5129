"""A check service with customers of several kinds, and their clients."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date
from hashlib import md5, sha1, sha256

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.sidecar.machines import Machine, machine
from tests.support import activate_list, activate_listed_picture, eventually
from upload_guard.compose import open_database_of
from upload_guard.customers.use import Used, days_of_keys
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.sidecar.app import create_app
from upload_guard.signing import Credentials

EPOCH = date(2000, 1, 1)
LOOPBACK = {"REMOTE_ADDR": "127.0.0.1"}
BASELINE, ILLEGAL, INVESTIGATIVE, UNLISTED = b"baseline", b"illegal", b"investigative", b"unlisted"
CUSTOMERS = {
    "shop": {},
    "baseline-only": {"categories": ["baseline"]},
    "one-list": {"lists": ["test-list"]},
    "not-yet": {"lists": ["test-list", "not-active"]},
    "small": {"per_day": 3},
}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def hexes(name: bytes) -> dict[str, str]:
    """The digests of what a list below holds under that name."""
    return {"md5": md5(name).hexdigest(), "sha1": sha1(name).hexdigest(), "sha256": sha256(name).hexdigest()}


@dataclass(frozen=True)
class Client:
    """A customer's client: it shows its secret, over loopback."""

    client: FlaskClient
    key: Credentials
    headers: dict[str, str] = field(default_factory=dict)

    def eokm(self, kind: str, body: str | bytes, test: bool = False) -> TestResponse:
        path = f"/v1{'/test' if test else ''}/check/{kind}"
        own = basic(self.key.key_id, self.key.secret)
        return self.client.post(path, data=body, headers=own | self.headers, environ_base=LOOPBACK)

    def get(self, path: str, **query: str | list[str]) -> TestResponse:
        return self.client.get(path, query_string=query, headers=self._bearer(), environ_base=LOOPBACK)

    def send(self, path: str, **options: object) -> TestResponse:
        return self.client.post(path, headers=self._bearer(), environ_base=LOOPBACK, **options)  # type: ignore[arg-type]

    def batch(self, *items: dict[str, str], **more: object) -> TestResponse:
        return self.send("/v1/check/batch", json={"items": items, **more})

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key.key_id}.{self.key.secret}"}


@dataclass(frozen=True)
class CheckService:
    settings: Settings
    app: Flask
    picture: bytes

    def client(self, site: str = "shop", *scopes: Scope) -> Client:
        key = open_keys(self.settings).new(site, {Scope.SERVICE, *scopes}, "tester")
        return Client(self.app.test_client(), key)

    def machine(self, *scopes: Scope, site: str = "shop") -> Machine:
        return machine(self.app.test_client(), self.settings, *scopes, site=site)

    def used(self, client: Client) -> dict[str, Used]:
        """What a key asked today, by door."""
        site = next(one.site for one in open_keys(self.settings).show() if one.id == client.key.key_id)
        rows = days_of_keys(open_database_of(self.settings), site, EPOCH)
        return {one.door: one.used for one in rows if one.key_id == client.key.key_id}


def served(settings: Settings) -> CheckService:
    picture = activate_listed_picture(settings)
    for name, category in ((BASELINE, "baseline"), (ILLEGAL, "illegal"), (INVESTIGATIVE, "investigative")):
        hashes = [ListedHash(SignalType(kind), bytes.fromhex(value)) for kind, value in hexes(name).items()]
        activate_list(settings, hashes, f"{category}-list", category, f"origin of {category}")
    app = create_app(settings)
    service = CheckService(settings, app, picture)
    assert eventually(lambda: service.client().get("/status").status_code == 200)
    return service
