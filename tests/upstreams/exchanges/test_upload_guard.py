"""A list of another upload_guard, of a real one: signed, shared by a setting, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.serving import key_of, sidecar, write_config
from tests.support import activate_list, settings_in
from tests.upstreams.standins.supply import digits
from upload_guard.compose import build_sync, open_lists
from upload_guard.errors import UpstreamMissing, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.signing import Credentials


def md5(number: int) -> ListedHash:
    return ListedHash(SignalType.MD5, bytes.fromhex(digits(SignalType.MD5, number)))


@dataclass(frozen=True)
class Partner:
    """The one that shares: its list "own" and, not shared, "theirs"."""

    url: str
    settings: Settings
    lists_key: Credentials
    site_key: Credentials


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    folder = tmp_path_factory.mktemp("partner")
    config = write_config(folder / "config.toml", {"lists.own": {"share": True}}, data_dir="data")
    settings = load_settings(config)
    activate_list(settings, [md5(number) for number in range(1, 21)], "own", "illegal")
    activate_list(settings, [md5(30)], "theirs", "baseline")
    keys = key_of(config, "partner", Scope.LISTS), key_of(config, "shop", *SITE_SCOPES)
    with sidecar(config) as url:
        yield Partner(url, settings, *keys)


def fetching(folder: Path, partner: Partner, remote_name: str = "own") -> Settings:
    exchange = {
        "kind": "upload_guard",
        "url": partner.url,
        "origin": "partner",
        "remote_name": remote_name,
        "key_id": partner.lists_key.key_id,
        "secret": partner.lists_key.secret,
    }
    return settings_in(folder, lists={"icse": {"exchange": exchange}})


def held(settings: Settings) -> set[bytes]:
    return {entry.value for entry in open_lists(settings).entries("icse", None)}


def test_a_shared_list_comes_with_its_categories_and_the_same_is_not_sent_twice(
    partner: Partner, tmp_path: Path
) -> None:
    settings = fetching(tmp_path, partner)
    report = build_sync(settings, "icse", "ann").run()
    assert (report.version.entries, report.version.categories) == (20, {"illegal": 20})
    again = build_sync(settings, "icse", "ann").run()
    assert (again.pages, again.is_new) == (0, False)


def test_what_is_retracted_there_comes_no_more(partner: Partner, tmp_path: Path) -> None:
    settings = fetching(tmp_path, partner)
    build_sync(settings, "icse", "ann").run()
    lists = open_lists(partner.settings)
    lists.retract("own", [md5(7)], "ann")
    build_sync(settings, "icse", "ann").run()
    assert held(settings) == {md5(number).value for number in range(1, 21) if number != 7}


def test_a_list_that_is_not_shared_is_as_one_that_there_is_not(partner: Partner, tmp_path: Path) -> None:
    for name in ("theirs", "nothing"):
        with pytest.raises(UpstreamMissing, match="status 404"):
            build_sync(fetching(tmp_path, partner, name), "icse", "ann").run()


def test_a_site_gets_no_list_by_its_key(partner: Partner, tmp_path: Path) -> None:
    with pytest.raises(UpstreamRefused, match="403"):
        build_sync(fetching(tmp_path, replace(partner, lists_key=partner.site_key)), "icse", "ann").run()


def test_a_wrong_secret_gets_nothing(partner: Partner, tmp_path: Path) -> None:
    wrong = replace(partner, lists_key=Credentials(partner.lists_key.key_id, "wrong"))
    with pytest.raises(UpstreamRefused, match="401"):
        build_sync(fetching(tmp_path, wrong), "icse", "ann").run()
