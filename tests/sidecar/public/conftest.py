"""A sidecar with one page for strangers that any page could be, and nobody who logs in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Blueprint, Flask, render_template_string
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.public.house import Public, open_public
from upload_guard.sidecar.public.marks import stranger
from upload_guard.sidecar.public.pages import PublicPage, public_pages
from upload_guard.sidecar.review.strangers import Strangers

_PAGE = """{% extends "public/base.html" %}{% block title %}Wishes{% endblock %}
{% block main %}<h1>Wishes</h1>
<form method="post" action="{{ url_for('public.wishes.take') }}">{{ ui.guard("wishes") }}
{{ ui.field("name", "Name") }}{{ ui.long_field("wish", "Wish") }}<button>Send</button></form>{% endblock %}"""


def wish_pages(public: Public) -> Blueprint:
    pages = Blueprint("wishes", __name__)

    @pages.get("/wishes")
    @stranger
    def ask() -> str:
        return render_template_string(_PAGE)

    @pages.post("/wishes")
    @stranger
    def take() -> str:
        return public.received("wishes")["wish"]

    @pages.get("/broken")
    @stranger
    def broken() -> str:
        raise RuntimeError("a secret of ours")

    return pages


@dataclass(frozen=True)
class Stranger:
    """Keeps what cookies it is given, and comes from one address."""

    client: FlaskClient
    address: str = "192.0.2.1"

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": self.address})

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        places = {"REMOTE_ADDR": self.address}
        return self.client.post(path, data=form, headers=headers, environ_overrides=places)

    def token(self, path: str) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        assert found
        return found[1]


def served(settings: Settings) -> Flask:
    """A sidecar that has the page of wishes."""
    app = assemble(settings).app
    public = open_public(settings, open_database_of(settings), Strangers.among(8))
    public_pages(app, public, (PublicPage(lambda _: True, wish_pages),))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("public"), public={"forms_per_hour": 3, "max_form": 2048})


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    return served(settings)
