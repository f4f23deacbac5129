"""Which rule a path falls under, and paths that could fall under two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import build_routes
from upload_guard.errors import AmbiguousRequest
from upload_guard.routing import Routes


@pytest.fixture
def routes(tmp_path: Path) -> Routes:
    rules = [{"path": "/open/*", "inspect": False}, {"path": "/dav/*", "forward": "original"}]
    return build_routes(settings_in(tmp_path, routes=rules))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/open/x", "/open/*"),
        ("/open/x/y//z", "/open/*"),
        ("/dav/a/../b", "/dav/*"),
        ("/opened", "*"),
        ("/", "*"),
        ("", "*"),
        ("/proxy/https://example.org/./a", "*"),
    ],
)
def test_the_first_pattern_that_covers_a_path_decides(routes: Routes, path: str, pattern: str) -> None:
    assert routes.of(path).pattern == pattern


@pytest.mark.parametrize(
    "path",
    [
        "/open/../upload",
        "/open/x/../../upload",
        "//open/x",
        "/./open/x",
        "/x/../open/y",
        "/open/../dav/x",
        "/open/..",
    ],
)
def test_a_path_that_two_rules_could_cover_is_refused(routes: Routes, path: str) -> None:
    with pytest.raises(AmbiguousRequest, match="route"):
        routes.of(path)


def test_without_routes_any_path_has_one_rule(tmp_path: Path) -> None:
    assert build_routes(settings_in(tmp_path)).of("/a/../..//b").pattern == "*"
