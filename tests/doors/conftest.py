"""Running doors, over one listed picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doors.running import Doors, running_doors
from tests.support import activate_listed_picture, settings_in


@pytest.fixture(scope="package")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    activate_listed_picture(settings_in(folder))
    with running_doors(
        folder, routes={"/open/*": "inspect = false", "/signed/*": 'forward = "original"'}
    ) as up:
        yield up
