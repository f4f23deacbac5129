"""The pages as they are served: by several worker processes, which know of a log-in only what rows say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.people.gates import PASSWORD
from tests.serving import sidecar, write_config
from tests.support import activate_listed_picture, settings_in
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role


@dataclass(frozen=True)
class Served:
    url: str
    gate: Gate

    def browser(self) -> requests.Session:
        browser = requests.Session()
        browser.headers["Accept-Language"] = "en"
        return browser

    def post(self, browser: requests.Session, path: str, **form: str) -> requests.Response:
        page = browser.get(f"{self.url}/review/log-in", timeout=30).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        data = {"csrf_token": token[1]} | form
        return browser.post(f"{self.url}{path}", data=data, timeout=30, allow_redirects=False)

    def log_in(self, browser: requests.Session, name: str, password: str = PASSWORD) -> int:
        return self.post(browser, "/review/log-in", name=name, password=password).status_code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("workers")
    settings = settings_in(folder)
    activate_listed_picture(settings)
    gate = open_gate(settings, open_database_of(settings))
    for name in ("ann", "bob"):
        gate.people.add(name, Role.VIEWER, PASSWORD, "root")
    config = write_config(folder / "config.toml", {"sidecar": {"workers": 3}}, data_dir="data")
    with sidecar(config) as url:
        yield Served(url, gate)


def statuses(served: Served, browser: requests.Session) -> set[int]:
    """Of as many requests at once as may reach every worker, each over a connection of its own."""
    cookies = browser.cookies.get_dict()

    def ask(_: int) -> int:
        answer = requests.get(f"{served.url}/review/", cookies=cookies, timeout=30, allow_redirects=False)
        return answer.status_code

    with ThreadPoolExecutor(6) as threads:
        return set(threads.map(ask, range(24)))


def test_a_session_is_known_to_all_of_them_and_dead_in_all_of_them(served: Served) -> None:
    browser = served.browser()
    assert served.log_in(browser, "ann") == 302
    assert statuses(served, browser) == {200}
    kept = requests.cookies.cookiejar_from_dict(browser.cookies.get_dict())
    served.post(browser, "/review/log-out")
    browser.cookies = kept
    assert statuses(served, browser) == {302}


def test_somebody_disabled_is_out_at_once(served: Served) -> None:
    browser = served.browser()
    assert served.log_in(browser, "ann") == 302
    served.gate.people.disable("ann", "root")
    assert statuses(served, browser) == {302}
    served.gate.people.enable("ann", "root")


def test_wrong_passwords_are_counted_over_all_of_them(served: Served) -> None:
    def guess(_: int) -> int:
        # Turned away without being looked at, where others are: see test_strangers.py.
        while True:
            form = {"name": "bob", "password": "wrong"}
            answer = served.post(served.browser(), "/review/log-in", **form)
            if answer.headers.get("Retry-After") != "1":
                return answer.status_code

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(guess, range(12)))
    assert sorted(answers) == [401] * 5 + [429] * 7


def test_the_policy_comes_with_what_is_served(served: Served) -> None:
    answer = requests.get(f"{served.url}/review/static/vendor/htmx/htmx.min.js", timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert Path(answer.url).name == "htmx.min.js"
