"""The sidecar fetches lists by itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import OTHER_SEED, activate_listed_picture, eventually, picture_bytes, settings_in
from tests.upstreams.stand_in import Reply, stand_in
from tests.upstreams.test_url import lines
from upload_guard.compose import open_lists
from upload_guard.list_settings import ExchangeSettings, ListSettings
from upload_guard.settings import Settings
from upload_guard.sidecar.fetching import fetch_due

pytestmark = pytest.mark.live


def fetched(settings: Settings) -> list[int]:
    return [one.entries for one in open_lists(settings).versions() if one.list_name == "icse"]


def test_a_list_that_is_due_is_fetched_while_uploads_are_checked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    with stand_in() as service:
        service.replies["/list"] = Reply(lines(range(1, 21)))
        exchange = {"url": f"{service.url}/list", "origin": "interpol", "category": "baseline"}
        config = write_config(tmp_path / "config.toml", {"lists.icse.exchange": exchange}, data_dir="data")
        key = key_of(config)
        with sidecar(config) as url:
            check = requests.post(f"{url}/v1/check", picture_bytes(OTHER_SEED), auth=Signs(key), timeout=30)
            assert check.json()["result"] == "clean"
            assert eventually(lambda: fetched(settings) == [20])
        # Two processes serve; one of them saw to it, once.
        assert service.paths == ["/list"]


def test_where_a_timer_does_it_the_sidecar_does_not(tmp_path: Path) -> None:
    with stand_in() as service:
        exchange = {"url": f"{service.url}/list", "origin": "interpol", "category": "baseline"}
        sections = {"lists.icse.exchange": exchange, "sidecar": {"sync": False}}
        with sidecar(write_config(tmp_path / "config.toml", sections, data_dir="data")):
            time.sleep(3)
        assert service.asked == []


def test_an_exchange_that_failed_is_not_asked_again_at_once(tmp_path: Path) -> None:
    with stand_in() as service:
        exchange = ExchangeSettings(url=f"{service.url}/list", origin="interpol", category="baseline")
        lists = {"icse": ListSettings(exchange=exchange)}
        settings = settings_in(tmp_path).model_copy(update={"lists": lists})
        fetch_due(settings)
        asked = len(service.asked)
        assert asked >= 1
        fetch_due(settings)
        assert len(service.asked) == asked
