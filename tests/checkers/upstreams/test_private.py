"""A site asks a real sidecar which file it has, without telling: found, not found, and not answered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import (
    OTHER_SEED,
    activate_list,
    eventually,
    listed_hashes,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.compose import build_station
from upload_guard.errors import ConfigError, ServiceUnreachable
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Action, Result, Verdict

pytestmark = pytest.mark.live

LISTED = picture_bytes(OTHER_SEED)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where it is, and a key that lets in."""
    sections = {"lists.test-list": {"disclose": "ranges"}, "review": {"enabled": False}}
    folder = tmp_path_factory.mktemp("service")
    config = write_config(folder / "config.toml", sections, data_dir="data")
    activate_list(load_settings(config), listed_hashes(LISTED))
    key = key_of(config, "shop", Scope.PRIVATE_CHECK)
    with sidecar(config) as url:
        assert eventually(lambda: requests.get(f"{url}/v1/private", auth=Signs(key), timeout=60).ok)
        yield {"url": url, "origin": "elsewhere", "user": key.key_id, "password": key.secret}


def verdict(folder: Path, own: dict[str, str], data: bytes) -> Verdict:
    station = quiet_station(settings_in(folder, upstreams={"service": own}))
    (outcome,) = station.guard.check([upload_of(data)])
    return outcome.verdict


@pytest.mark.parametrize("kind", ["private", "ranges"])
def test_a_listed_file_is_refused_and_another_is_clean(
    tmp_path: Path, service: dict[str, str], kind: str
) -> None:
    own = service | {"kind": kind}
    found = verdict(tmp_path, own, LISTED)
    assert (found.result, found.action) == (Result.MATCH, Action.BLOCK)
    assert verdict(tmp_path, own, picture_bytes(77)).result is Result.CLEAN


@pytest.mark.parametrize("kind", ["private", "ranges"])
def test_a_key_that_may_not_ask_is_never_clean(tmp_path: Path, service: dict[str, str], kind: str) -> None:
    with pytest.raises(ServiceUnreachable, match="does not let us in"):
        verdict(tmp_path, service | {"kind": kind, "password": "another"}, LISTED)


def test_without_the_extra_a_sentence_says_what_to_install(
    tmp_path: Path, service: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "upload_guard.upstreams.services.private", None)
    with pytest.raises(ConfigError, match=r"upstreams.service.*pip install 'upload-guard\[private\]'"):
        build_station(settings_in(tmp_path, upstreams={"service": service | {"kind": "private"}}))
