"""A database of rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database_of(settings_in(tmp_path))
