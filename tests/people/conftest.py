"""Ann, who is an administrator, in an installation that asks nobody for a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.people.gates import PASSWORD, Opened, opened
from upload_guard.people.people import Account
from upload_guard.people.roles import Role


@pytest.fixture
def here(tmp_path: Path) -> Opened:
    return opened(tmp_path, totp="optional")


@pytest.fixture
def ann(here: Opened) -> Account:
    return here.gate.people.add("ann", Role.ADMINISTRATOR, PASSWORD, "root")
