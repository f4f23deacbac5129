"""The sidecar over HTTP, run by `upload-guard serve`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import (
    OTHER_SEED,
    activate_list,
    activate_listed_picture,
    damage_lists,
    eventually,
    listed_hashes,
    picture_bytes,
    read,
    recompressed,
    settings_in,
)
from upload_guard.compose import open_cases, open_decisions, open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Running:
    url: str
    settings: Settings
    listed: bytes
    config: Path
    key: Credentials

    def check(self, **options: object) -> requests.Response:
        check = f"{self.url}/v1/check"
        return requests.post(check, timeout=30, auth=Signs(self.key), **options)  # type: ignore[arg-type]

    def case(self, number: str) -> CaseInfo:
        return next(case for case in open_cases(self.settings).newest(1000) if case.number == number)

    def case_count(self) -> int:
        return len(open_cases(self.settings).newest(1000))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sidecar")
    listed = activate_listed_picture(settings_in(folder))
    sections = {"trust": {"probation_hours": 0}, "intake": {"max_body": 1 << 20}}
    config = write_config(folder / "config.toml", sections, data_dir="data")
    key = key_of(config, "blog", *Scope)
    with sidecar(config) as url:
        yield Running(url, load_settings(config), listed, config, key)


def test_a_raw_body_is_checked(service: Running) -> None:
    site = replace(service, key=key_of(service.config, "blog"))
    answer = site.check(data=picture_bytes(OTHER_SEED)).json()
    assert answer == {"result": "clean", "action": "allow", "reason": "", "case": "", "degraded": []}


def test_the_only_file_of_a_form_is_checked(service: Running) -> None:
    answer = service.check(files={"any": ("x.jpg", service.listed)}, data={"note": "x"}).json()
    assert (answer["result"], answer["action"]) == ("match", "block")


def test_a_refused_file_becomes_a_case_with_site_and_route(service: Running) -> None:
    answer = service.check(data=recompressed(service.listed), params={"site": "blog", "route": "/wp"}).json()
    case = service.case(answer["case"])
    assert (case.action, case.site, case.route) == ("quarantine", "blog", "/wp")
    assert read(case.content) == recompressed(service.listed)


def test_the_answer_names_no_list_and_no_distance(service: Running) -> None:
    site = replace(service, key=key_of(service.config, "blog"))
    assert set(site.check(data=service.listed).json()) == {
        "result",
        "action",
        "reason",
        "case",
        "degraded",
    }


def test_to_a_key_that_may_see_details_the_answer_names_them(service: Running) -> None:
    exact = service.check(data=service.listed).json()["matches"]
    sha256 = {
        "list": "test-list",
        "version": 1,
        "category": "baseline",
        "signal_type": "sha256",
        "distance": 0,
        "excused": False,
    }
    assert sha256 in exact
    near = service.check(data=recompressed(service.listed)).json()["matches"]
    assert {match["signal_type"] for match in near} == {"pdq"}
    assert all(0 < match["distance"] <= 31 for match in near)


def test_a_dry_run_gives_the_verdict_and_keeps_nothing(service: Running) -> None:
    before = service.case_count()
    answer = service.check(data=service.listed, params={"dry_run": "1"}).json()
    assert (answer["result"], answer["case"]) == ("match", "")
    assert service.case_count() == before


@pytest.mark.parametrize(
    "files",
    [{}, {"a": ("a.txt", b"a"), "b": ("b.txt", b"b")}],
    ids=["no file", "two files"],
)
def test_a_form_without_exactly_one_file_is_a_bad_request(service: Running, files: dict[str, object]) -> None:
    response = service.check(files=files | {"note": (None, "text")})
    assert response.status_code == 400
    assert response.json()["code"] == "one_file_expected"


def test_an_empty_body_is_an_empty_file(service: Running) -> None:
    assert service.check(data=b"").json()["degraded"] == ["empty"]


def test_a_body_over_the_limit_is_too_large(service: Running) -> None:
    response = service.check(data=b"x" * ((1 << 20) + 1))
    assert response.status_code == 413
    assert response.json() == {
        "code": "body_too_large",
        "message": "The upload is too large.",
        "retry_after": None,
    }


def test_unknown_paths_and_methods_answer_in_json(service: Running) -> None:
    auth = Signs(service.key)
    assert requests.get(f"{service.url}/nothing", auth=auth, timeout=30).json()["code"] == "not_found"
    assert requests.get(f"{service.url}/v1/check", auth=auth, timeout=30).status_code == 405


def test_it_is_live_and_ready_and_says_with_what(service: Running) -> None:
    assert requests.get(f"{service.url}/live", timeout=30).json() == {"status": "live"}
    response = requests.get(f"{service.url}/healthz", auth=Signs(service.key), timeout=30)
    health = response.json()
    assert (response.status_code, health["status"]) == (200, "ready")
    assert health["lists"] == [{"name": "test-list", "version": 1, "entries": 3}]
    assert health["warnings"] == []
    walls = health["sandbox"]
    assert walls["workers"] >= 1
    if os.environ.get("CI"):
        assert (walls["rlimits"], walls["seccomp"], walls["landlock"]) == (True, True, True)
    assert {probe["name"]: probe["fault"] for probe in health["probes"]} == dict.fromkeys(
        ("lists", "database", "spool", "vault"), ""
    )


def test_without_a_list_it_is_ready_and_warns(tmp_path) -> None:
    config = write_config(tmp_path / "config.toml", {}, data_dir="data")
    auth = Signs(key_of(config, "blog", *Scope))
    with sidecar(config) as url:
        health = requests.get(f"{url}/healthz", auth=auth, timeout=30)
        answer = requests.post(f"{url}/v1/check", data=b"x", auth=auth, timeout=30).json()
    assert health.status_code == 200
    assert "no_list" in health.json()["warnings"][0]
    assert (answer["result"], answer["reason"]) == ("unchecked", "no_list")


def test_every_worker_notices_changes_and_new_versions_within_a_second_or_so(tmp_path) -> None:
    settings = settings_in(tmp_path)
    listed = activate_listed_picture(settings)
    other = [ListedHash(SignalType.MD5, bytes(range(first, first + 16))) for first in (0, 1)]
    activate_list(settings, other, "other-list")
    lists = open_lists(settings)
    config = write_config(tmp_path / "config.toml", {"sidecar": {"workers": 3}}, data_dir="data")
    auth = Signs(key_of(config))
    with sidecar(config) as url:

        def answers() -> set[str]:
            """As many checks at once as may reach all workers."""
            with ThreadPoolExecutor(12) as threads:
                address = f"{url}/v1/check"
                checks = [threads.submit(requests.post, address, listed, auth=auth) for _ in range(24)]
            return {check.result().json()["result"] for check in checks}

        assert answers() == {"match"}
        lists.retract("test-list", listed_hashes(listed), "tester")
        assert eventually(lambda: answers() == {"clean"})
        lists.add("test-list", listed_hashes(listed)[:1], "baseline", "tester")
        assert eventually(lambda: answers() == {"match"})
        activate_list(settings, other)
        assert eventually(lambda: answers() == {"clean"})


def test_with_a_damaged_list_it_is_not_ready_and_gives_no_verdict(tmp_path) -> None:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    damage_lists(settings)
    config = write_config(tmp_path / "config.toml", {}, data_dir="data")
    auth = Signs(key_of(config, "blog", *Scope))
    with sidecar(config) as url:
        health = requests.get(f"{url}/healthz", auth=auth, timeout=30)
        answer = requests.post(f"{url}/v1/check", data=b"x", auth=auth, timeout=30)
    assert (health.status_code, health.json()["status"]) == (503, "not_ready")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["code"] == "not_ready"


def test_a_list_activated_while_it_runs_acts_within_seconds(tmp_path) -> None:
    settings = settings_in(tmp_path)
    config = write_config(tmp_path / "config.toml", {"trust": {"probation_hours": 0}}, data_dir="data")
    auth = Signs(key_of(config))
    with sidecar(config) as url:
        listed, check = picture_bytes(1), f"{url}/v1/check"
        assert requests.post(check, data=listed, auth=auth, timeout=30).json()["result"] == "unchecked"
        activate_listed_picture(settings)

        def matches() -> bool:
            return requests.post(check, data=listed, auth=auth, timeout=30).json()["result"] == "match"

        assert eventually(matches)


def test_every_worker_hears_of_a_decision_within_a_second_or_so_and_cases_are_judged_again(tmp_path) -> None:
    settings = settings_in(tmp_path)
    data = picture_bytes(1)
    activate_list(settings, listed_hashes(data)[:2])
    config = write_config(tmp_path / "config.toml", {"sidecar": {"workers": 3}}, data_dir="data")
    auth, decisions = Signs(key_of(config)), open_decisions(settings)
    with sidecar(config) as url:

        def results() -> set[str]:
            with ThreadPoolExecutor(12) as threads:
                checks = [
                    threads.submit(requests.post, f"{url}/v1/check", data, auth=auth, timeout=60)
                    for _ in range(24)
                ]
            return {check.result().json()["result"] for check in checks}

        def becomes(result: str) -> bool:
            """A second or so where the machine has nothing else to do."""
            return eventually(lambda: results() == {result})

        case = requests.post(f"{url}/v1/check", data, auth=auth, timeout=60).json()["case"]
        assert becomes("match")
        decisions.false_positive(case, "ann", "a stock photo")
        assert becomes("disputed")
        decisions.reopen(case, "bob", "no")
        assert becomes("match")
        for person in ("ann", "bob"):
            decisions.dispute(case, "test-list", person, "our own logo")
        assert becomes("disputed")
        assert eventually(
            lambda: {one.state for one in open_cases(settings).newest(1000)} == {"release_proposed"}
        )
