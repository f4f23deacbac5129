from __future__ import annotations

from datetime import timedelta

import pytest

from tests.statements.houses import House, house_in


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("statements"))


@pytest.fixture
def house(furnished: House) -> House:
    """That of the module, with the clock as it is."""
    furnished.clock.later = timedelta()
    return furnished
