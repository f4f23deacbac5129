"""POST /v1/cases/NUMBER/bytes: what a site gets back, and what nobody gets."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.serving import Signs, key_of, sidecar, signature, write_config
from tests.sidecar.api.conftest import Service
from tests.support import LISTED_SEED, activate_listed_picture, eventually, picture_bytes, settings_in
from upload_guard.compose import open_decisions
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.signing import Credentials

FILES = count(1)


def file(service: Service) -> bytes:
    """The listed picture in a file of its own: what was released passes the next time."""
    return service.listed + b"%d" % next(FILES)


def held(service: Service, data: bytes = b"") -> str:
    return str(service.site.post("/v1/check", data or file(service)).get_json()["case"])


def released(service: Service, data: bytes = b"") -> str:
    number = held(service, data)
    open_decisions(service.settings).release(number, "ann", "a holiday")
    return number


def path(number: str) -> str:
    return f"/v1/cases/{number}/bytes"


def test_the_site_is_told_that_it_may_fetch_and_gets_the_file_as_an_attachment_of_no_type(
    service: Service,
) -> None:
    data = file(service)
    number = released(service, data)
    assert service.site.get(f"/v1/cases/{number}").get_json()["fetchable"] is True
    answer = service.site.post(path(number), b"")
    assert (answer.status_code, answer.data) == (200, data)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.bin"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert service.site.get(f"/v1/cases/{number}").get_json()["fetchable"] is False


def test_the_second_time_it_is_gone(service: Service) -> None:
    number = released(service)
    assert service.site.post(path(number), b"").data
    again = service.site.post(path(number), b"")
    assert (again.status_code, again.get_json()["code"]) == (410, "handed_over")


def test_what_nobody_has_released_is_not_given_and_a_sentence_says_so(service: Service) -> None:
    number = held(service)
    refused = service.site.post(path(number), b"")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_released")
    assert refused.get_json()["message"] == "This case is not released, so its file is not given back."
    assert service.site.get(f"/v1/cases/{number}").get_json()["fetchable"] is False


def test_a_case_of_another_site_is_as_if_it_were_none_whatever_its_state(service: Service) -> None:
    missing = service.neighbour.post(path("2222-2222-2222"), b"")
    for number in (held(service), released(service)):
        foreign = service.neighbour.post(path(number), b"")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.get_json() == missing.get_json()


def test_a_key_without_the_scope_gets_nothing_be_it_one_that_reviews(service: Service) -> None:
    number = released(service)
    others = service.key(*(set(Scope) - {Scope.FETCH}))
    assert others.post(path(number), b"").status_code == 403
    assert service.key(Scope.FETCH).post(path(number), b"").status_code == 200


def test_it_is_no_get(service: Service) -> None:
    assert service.site.get(path(released(service))).status_code == 405


@dataclass(frozen=True)
class Running:
    url: str
    config: Path
    key: Credentials

    def released(self, data: bytes) -> str:
        answer = requests.post(f"{self.url}/v1/check", data, auth=Signs(self.key), timeout=60)
        number = str(answer.json()["case"])
        open_decisions(load_settings(self.config)).release(number, "ann", "a holiday")
        return number

    def fetchable(self, number: str) -> bool:
        told = requests.get(f"{self.url}/v1/cases/{number}", auth=Signs(self.key), timeout=30).json()
        return bool(told["fetchable"])

    def fetch(self, number: str) -> requests.Response:
        return requests.post(f"{self.url}{path(number)}", auth=Signs(self.key), timeout=60)


def big_file(tail: bytes) -> bytes:
    """A listed picture in a file that does not fit into the buffers of sockets."""
    return picture_bytes(LISTED_SEED) + tail * (24 << 20)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real server."""
    folder = tmp_path_factory.mktemp("fetch")
    activate_listed_picture(settings_in(folder))
    sections = {"intake": {"max_body": 64 << 20}, "trust": {"probation_hours": 0}}
    config = write_config(folder / "config.toml", sections, data_dir="data")
    key = key_of(config, "blog")
    with sidecar(config) as url:
        yield Running(url, config, key)


@pytest.mark.live
def test_a_connection_that_breaks_half_way_leaves_it_to_be_fetched_again(running: Running) -> None:
    number = running.released(data := big_file(b"1"))
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as client:
        lines = [
            f"POST {path(number)} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: {signature(running.key, 'POST', path(number))['Authorization']}",
            "Content-Length: 0",
        ]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        busy = running.fetch(number)
        assert (busy.status_code, busy.json()["code"]) == (409, "handover_busy")
        assert busy.json()["retry_after"]
    # That the first one broke off shows when no more of it can be sent.
    answers = []

    def is_given() -> bool:
        answers.append(running.fetch(number))
        return answers[-1].status_code == 200

    assert eventually(is_given)
    assert answers[-1].content == data
    assert eventually(lambda: not running.fetchable(number))
    assert running.fetch(number).status_code == 410


@pytest.mark.live
def test_over_a_real_server_it_comes_whole_and_once(running: Running) -> None:
    number = running.released(data := big_file(b"2"))
    answer = running.fetch(number)
    assert (answer.status_code, len(answer.content)) == (200, len(data))
    assert answer.content == data
    assert eventually(lambda: not running.fetchable(number))
    assert running.fetch(number).status_code == 410
