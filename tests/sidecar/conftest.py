"""A check service for the tests of a module, whichever door they ask at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from tests.sidecar.customers import CUSTOMERS, CheckService, served
from tests.support import settings_in
from upload_guard.people.passwords import Passwords


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


@pytest.fixture(autouse=True, scope="module")
def passwords_are_hashed_quickly() -> Iterator[None]:
    """Hundreds log in here; that a hash is dear is shown where passwords are."""
    quickly = partial(Passwords, PasswordHasher.from_parameters(CHEAPEST))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("upload_guard.people.opening.Passwords", quickly)
        yield
