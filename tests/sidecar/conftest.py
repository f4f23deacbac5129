"""A check service for the tests of a module, whichever door they ask at."""

from __future__ import annotations

import pytest

from tests.sidecar.customers import CUSTOMERS, CheckService, served
from tests.support import settings_in


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> CheckService:
    settings = settings_in(
        tmp_path_factory.mktemp("service"),
        customers=CUSTOMERS,
        sidecar={"bearer": "loopback"},
        intake={"max_body": 4 << 20},
        limits={"bad_signatures": 1000},
    )
    return served(settings)
