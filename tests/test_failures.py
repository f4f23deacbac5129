"""A site whose sidecar goes away, and one that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.serving import asking, guarded_site, key_of, sidecar, write_config
from tests.support import OTHER_SEED, activate_listed_picture, picture_bytes, settings_in
from upload_guard.demo.servers import free_port

pytestmark = pytest.mark.live

OTHER = picture_bytes(OTHER_SEED)


def site_asking(folder: Path, service: dict[str, object], **failure: object) -> Path:
    return write_config(folder / "site.toml", {"service": service, "failure": failure})


def nobody() -> dict[str, object]:
    return {"url": f"http://127.0.0.1:{free_port()}"}


def post(url: str) -> requests.Response:
    headers = {"Accept": "application/json"}
    return requests.post(f"{url}/upload", files={"file": ("x.jpg", OTHER)}, headers=headers, timeout=30)


def test_closed_by_default_an_upload_is_turned_away_for_now(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), retry_after=7)) as site:
        response = post(site)
        assert requests.get(site, timeout=5).json()["calls"] == 0
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "7"
    assert response.json()["error"] == "unreachable"
    assert response.elapsed.total_seconds() < 1


def test_open_by_setting_it_passes_and_the_application_is_told(tmp_path: Path) -> None:
    config = site_asking(tmp_path, nobody(), unreachable="open")
    with guarded_site(config) as site:
        answer = post(site).json()
    assert (answer["result"], answer["action"], answer["reason"]) == ("unchecked", "monitor", "unreachable")


def test_a_site_recovers_when_its_sidecar_returns(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    own = write_config(tmp_path / "sidecar.toml", {}, data_dir="data")
    key = key_of(own)
    with sidecar(own) as url, guarded_site(site_asking(tmp_path, asking(url, key))) as site:
        assert post(site).json()["result"] == "clean"
    with guarded_site(site_asking(tmp_path, asking(url, key))) as site:
        assert post(site).status_code == 503
