"""One sidecar for the tests of a module, with its pages; nobody needs a code to log in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from flask import Flask

from tests.sidecar.review.browsing import Browser, person
from tests.support import activate_listed_picture, settings_in
from upload_guard.people.roles import Role
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble


@dataclass(frozen=True)
class House:
    """The application, and people who are logged in."""

    settings: Settings
    app: Flask
    listed: bytes
    people: dict[Role, Browser] = field(default_factory=dict)

    def browser(self, **headers: str) -> Browser:
        """Of nobody yet."""
        return Browser(self.app.test_client(), headers)

    def person(self, role: Role) -> Browser:
        """The one who has this role."""
        if role not in self.people:
            self.people[role] = person(self.app, self.settings, role)
        return self.people[role]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    settings = settings_in(tmp_path_factory.mktemp("review"), review={"totp": "optional"})
    listed = activate_listed_picture(settings)
    return House(settings, assemble(settings).app, listed)
