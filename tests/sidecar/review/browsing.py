"""People at the pages, through Flask's test client: who logs in, looks and presses buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from upload_guard.compose import open_database_of
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role
from upload_guard.settings import Settings

PASSWORD = "nine clouds over an old harbour"  # noqa: S105 - of nobody


@dataclass(frozen=True)
class Browser:
    """Keeps cookies, and sends the token of the page it last saw, as a browser would."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=self.headers | headers)

    def post(self, path: str, /, *, headers: dict[str, str] | None = None, **form: object) -> TestResponse:
        """Send a form, with the token that a page holds now."""
        data = {"csrf_token": self.token()} | form
        return self.client.post(path, data=data, headers=self.headers | (headers or {}))

    def token(self) -> str:
        shown = self.client.get("/review/log-in", headers=self.headers, follow_redirects=True)
        found = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert found, f"{shown.status}: no form on {shown.request.path}"
        return found[1]

    def log_in(self, name: str, password: str = PASSWORD, wanted: str = "") -> TestResponse:
        return self.post("/review/log-in", name=name, password=password, next=wanted)


def person(app: Flask, settings: Settings, role: Role, name: str = "") -> Browser:
    """Somebody new who has this role, logged in. The settings must not require codes."""
    gate = open_gate(settings, open_database_of(settings))
    gate.people.add(name or role.replace("_", "-"), role, PASSWORD, "tester")
    browser = Browser(app.test_client())
    answer = browser.log_in(name or role.replace("_", "-"))
    assert answer.status_code == 302, answer.text
    return browser


def inline(page: str) -> list[str]:
    """What of a page the policy would not let act: styles and scripts inside of it, and handlers."""
    found = _Inline()
    found.feed(page)
    return found.found


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
