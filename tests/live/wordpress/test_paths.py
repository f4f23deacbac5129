"""Every way into WordPress's uploads: a listed picture leaves no file and no row, a clean one is taken."""

from __future__ import annotations

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.sites import WordPress
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

import pytest

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)


def test_rest_multipart(site: WordPress, guard: Sidecar) -> None:
    before = site.state()
    answer = site.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", LISTED, "image/jpeg")})
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "upload_guard_blocked")
    assert said["data"]["case"] in guard.cases()
    assert said["data"]["case"] in said["message"]
    assert site.state() == before
