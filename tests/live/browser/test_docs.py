"""The page at /docs in a real browser: it shows the API, and asks nobody else for anything."""

from __future__ import annotations

import pytest

from tests.live.browser.visiting import Visit

pytestmark = pytest.mark.live


def test_the_api_is_shown_and_nothing_comes_from_outside(visit: Visit) -> None:
    page = visit.open("/docs")
    page.get_by_text("/v1/check", exact=True).first.wait_for()
