"""What reaches files of sites, as settings name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import build_holdings
from upload_guard.compose.holdings import build_wordpresses
from upload_guard.compose.incoming import build_mapper
from upload_guard.errors import HoldingsUnreachable
from upload_guard.holdings.wordpress import WordPressSite
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys


def test_a_wordpress_is_asked_where_settings_have_its_address_with_the_key_that_it_knows(
    tmp_path: Path,
) -> None:
    sites = {
        "blog": {"wordpress": "http://127.0.0.1:9"},
        "shop": {"paths": {"https://shop.example/": "/srv"}},
    }
    settings = settings_in(tmp_path, incoming={"sites": sites})
    key = open_keys(settings).new("blog", SITE_SCOPES, "tester")
    reached = build_wordpresses(settings)
    assert reached.sites == {"blog": WordPressSite("http://127.0.0.1:9")}
    assert (reached.credentials("blog"), reached.credentials("shop")) == (key, None)
    assert set(build_holdings(settings)) == {"file", "s3", "wordpress"}
    asked = {rules.site: len(rules.finders) for rules in build_mapper(settings).sites}
    assert asked == {"blog": 1, "shop": 0}


def test_a_wordpress_is_not_asked_for_addresses_of_others(tmp_path: Path) -> None:
    sites = {"blog": {"wordpress": "https://blog.example"}}
    mapper = build_mapper(settings_in(tmp_path, incoming={"sites": sites}))
    assert mapper.place("https://shop.example/a.jpg") is None
    with pytest.raises(HoldingsUnreachable, match="no machine key"):
        mapper.place("https://blog.example/a.jpg")
