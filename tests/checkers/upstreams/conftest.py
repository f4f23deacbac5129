"""One stand-in for all tests here, empty for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.checkers.upstreams.services import Service, emptied, eokm_service


@pytest.fixture(scope="package")
def running_service() -> Iterator[Service]:
    with eokm_service() as service:
        yield service


@pytest.fixture
def service(running_service: Service) -> Iterator[Service]:
    with emptied(running_service) as service:
        yield service
