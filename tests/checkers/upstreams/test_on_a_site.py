"""Sites and sidecars that ask a check service, over real servers."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.checkers.upstreams.services import Service
from tests.serving import asking, embedded_site, guarded_site, key_of, sidecar, write_config
from tests.sidecar.machines import machine
from tests.sidecar.review.browsing import person
from tests.support import OTHER_SEED, eventually, picture_bytes
from tests.upstreams.stand_in import Reply
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.people.roles import Role
from upload_guard.sidecar.app import create_app

DATA = picture_bytes(OTHER_SEED)
UPLOAD = {"file": ("a.jpg", DATA, "image/jpeg")}
DOWN = Reply(b"", 503)


@pytest.mark.parametrize(("mode", "status"), [("closed", 503), ("open", 200), ("degrade", 200)])
def test_a_site_that_checks_by_itself(service: Service, tmp_path: Path, mode: str, status: int) -> None:
    own = service.table(failure=mode, negative_seconds=0, positive_seconds=0)
    with embedded_site(tmp_path, **{"upstreams.eokm": own}) as site:
        assert site.post(files=UPLOAD).status_code == 200
        service.knows(DATA)
        held = site.post(files=UPLOAD)
        assert (held.status_code, "eokm" in held.text) == (403, False)
        assert [case.matches[0].list_name for case in site.cases()] == ["eokm"]
        service.running.instead = DOWN
        calls = site.calls()
        silent = site.post(files=UPLOAD)
        assert silent.status_code == status
        assert site.calls() == calls + (status == 200)
        assert ("Retry-After" in silent.headers) == (status == 503)
        assert DATA[:64] not in b"".join(service.bodies)


def test_a_site_whose_sidecar_asks(service: Service, tmp_path: Path) -> None:
    service.knows(DATA)
    config = write_config(
        tmp_path / "sidecar.toml",
        {"upstreams.eokm": service.table(negative_seconds=0, positive_seconds=0)},
        data_dir="data",
    )
    with sidecar(config) as url:
        own = write_config(
            tmp_path / "site.toml", {"service": asking(url, key_of(config))}, data_dir="site-data"
        )
        with guarded_site(own) as site:
            assert requests.post(f"{site}/upload", files=UPLOAD, timeout=30).status_code == 403
            service.running.instead = DOWN
            assert requests.post(f"{site}/upload", files=UPLOAD, timeout=30).status_code == 503


def test_metrics_and_health_tell_how_it_goes(service: Service, tmp_path: Path) -> None:
    sections = {"upstreams.eokm": service.table(send=["md5"])}
    config = write_config(tmp_path / "sidecar.toml", sections, data_dir="data")
    settings = load_settings(config)
    client = machine(create_app(settings).test_client(), settings, *Scope)
    service.knows(DATA)
    assert client.post("/v1/check", DATA).get_json()["action"] == "quarantine"
    client.post("/v1/check", DATA)
    service.running.instead = DOWN
    assert client.post("/v1/check", b"another").status_code == 503
    warnings = client.get("/healthz").get_json()["warnings"]
    assert [warning for warning in warnings if warning.startswith("upstream_failing: eokm: ")]
    assert not any("no_list" in warning for warning in warnings)
    expected = {
        'upload_guard_upstream_questions_total{upstream="eokm"} 2.0',
        'upload_guard_upstream_hits_total{upstream="eokm"} 1.0',
        'upload_guard_upstream_recalled_total{answer="positive",upstream="eokm"} 1.0',
        'upload_guard_upstream_failures_total{code="upstream_unreachable",upstream="eokm"} 1.0',
        'upload_guard_upstream_resting{upstream="eokm"} 0.0',
    }
    assert eventually(lambda: expected <= set(client.get("/metrics").get_data(as_text=True).splitlines()))


def test_the_page_of_a_case_says_who_told_and_explains_it(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path, {"review": {"totp": "optional"}})
    app = create_app(settings)
    service.knows(DATA)
    number = machine(app.test_client(), settings, *SITE_SCOPES).post("/v1/check", DATA).get_json()["case"]
    reviewer = person(app, settings, Role.REVIEWER)
    page = reviewer.get(f"/review/cases/{number}").get_data(as_text=True)
    assert "The check service eokm knows this very file by its md5 digest (category illegal)." in page
    assert "eokm, a check service" in page
    for path in ("/review/", f"/review/cases/{number}/what-if", "/review/statistics", "/review/lists"):
        assert reviewer.get(path).status_code == 200, path
