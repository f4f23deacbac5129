"""The EOKM door over real sockets: the request bytes of others' clients, at a sidecar of two workers."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.serving import key_of, sidecar, write_config
from tests.sidecar.customers import BASELINE, UNLISTED, hexes
from tests.sidecar.test_tls import write_certificate
from tests.support import activate_list, damage_lists, eventually, settings_in
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import SignalType
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live

LISTED, NOT_LISTED = hexes(BASELINE), hexes(UNLISTED)
LOOPBACK = {"sidecar": {"workers": 2, "bearer": "loopback"}}


@dataclass(frozen=True)
class Running:
    url: str
    config: Path

    def key(self, site: str) -> Credentials:
        return key_of(self.config, site, Scope.SERVICE)


def list_digests(folder: Path) -> None:
    hashes = [ListedHash(SignalType(kind), bytes.fromhex(value)) for kind, value in LISTED.items()]
    activate_list(settings_in(folder), hashes)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    list_digests(folder)
    customers = {
        "customers.shop": {},
        "customers.small": {"per_day": 30},
        "customers.slow": {"rate": 0.01, "burst": 10},
    }
    config = write_config(folder / "config.toml", LOOPBACK | customers, data_dir="data")
    with sidecar(config) as url:
        key = key_of(config, "shop", Scope.SERVICE)

        def words() -> set[str]:
            """Of as many requests at once as may reach both workers: each loads the lists for itself."""
            with ThreadPoolExecutor(8) as threads:
                return set(threads.map(lambda _: word(url, key, NOT_LISTED["md5"]), range(16)))

        assert eventually(lambda: words() == {"false"})
        yield Running(url, config)


def word(url: str, key: Credentials, value: str) -> str:
    answer = requests.post(f"{url}/v1/check/md5", value, auth=(key.key_id, key.secret), timeout=30)
    return answer.text if answer.status_code == 200 else f"{answer.status_code}"


def head_and_body(url: str, request: bytes, tls: ssl.SSLContext | None = None) -> tuple[bytes, bytes]:
    """What comes back for just these bytes, over a connection that is closed by the server."""
    parts = urlsplit(url)
    plain = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
    with closing(tls.wrap_socket(plain) if tls else plain) as connection:
        connection.sendall(request)
        received = b"".join(iter(partial(connection.recv, 65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def first_client(key: Credentials, kind: str, value: str) -> bytes:
    """A client in PHP by cURL: a form's Content-Type, whatever the body is."""
    shown = base64.b64encode(f"{key.key_id}:{key.secret}".encode())
    return (
        b"POST /v1/check/%s HTTP/1.1\r\nHost: api.example\r\nAuthorization: Basic %s\r\nAccept: */*\r\n"
        b"Content-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Connection: close\r\n\r\n%s" % (kind.encode(), shown, len(value), value.encode())
    )


def second_client(key: Credentials, kind: str, value: str) -> bytes:
    """Another in JavaScript: lower-case names, chunks, no type, upper-case hex."""
    shown = base64.b64encode(f"{key.key_id}:{key.secret}".encode())
    return (
        b"POST /v1/check/%s HTTP/1.1\r\nhost: api.example\r\nauthorization: basic %s\r\n"
        b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (kind.encode(), shown, len(value), value.upper().encode())
    )


CLIENTS = pytest.mark.parametrize("client", [first_client, second_client], ids=["cURL", "JavaScript"])


@CLIENTS
@pytest.mark.parametrize("kind", ["md5", "sha1"])
def test_the_bytes_of_known_clients_are_answered_by_the_bare_word(
    service: Running, client: object, kind: str
) -> None:
    key = service.key("shop")
    for value, expected in ((LISTED[kind], b"true"), (NOT_LISTED[kind], b"false")):
        head, body = head_and_body(service.url, client(key, kind, value))  # type: ignore[operator]
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == expected


def test_curl_asks_as_the_service_documents_it(service: Running) -> None:
    key = service.key("shop")

    def curl(value: str) -> str:
        command = [
            "curl",
            "-s",
            "-u",
            f"{key.key_id}:{key.secret}",
            "-d",
            value,
            f"{service.url}/v1/check/sha1",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    assert (curl(LISTED["sha1"]), curl(NOT_LISTED["sha1"])) == ("true", "false")


def test_a_client_that_does_not_look_at_the_certificate_is_answered_over_tls(tmp_path: Path) -> None:
    list_digests(tmp_path)
    certificate, certificate_key = write_certificate(tmp_path)
    own = {"tls": "own", "certificate": str(certificate), "certificate_key": str(certificate_key)}
    sections = {"sidecar": {"workers": 1, "bearer": "tls"} | own, "customers.shop": {}}
    config = write_config(tmp_path / "config.toml", sections, data_dir="data")
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with sidecar(config) as url:
        key = key_of(config, "shop", Scope.SERVICE)
        for client in (first_client, second_client):
            assert head_and_body(url, client(key, "md5", LISTED["md5"]), careless)[1] == b"true"
        # As it should be done.
        careful = requests.post(
            f"{url}/v1/check/md5",
            LISTED["md5"],
            auth=(key.key_id, key.secret),
            verify=str(certificate),
            timeout=30,
        )
        assert careful.text == "true"


def test_while_lists_are_not_loaded_no_client_reads_either_word(tmp_path: Path) -> None:
    """What a client that compares with `true` alone takes for clean all the same: docs/check-service.md."""
    list_digests(tmp_path)
    damage_lists(settings_in(tmp_path))
    sections = {"sidecar": {"workers": 1, "bearer": "loopback"}, "customers.shop": {}}
    config = write_config(tmp_path / "config.toml", sections, data_dir="data")
    with sidecar(config) as url:
        key = key_of(config, "shop", Scope.SERVICE)
        for client in (first_client, second_client):
            head, body = head_and_body(url, client(key, "md5", LISTED["md5"]))
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"true" not in body
            assert b"false" not in body


@pytest.mark.parametrize(("site", "most"), [("small", 30), ("slow", 10)])
def test_workers_share_a_customers_quota(service: Running, site: str, most: int) -> None:
    """Two keys, eight connections, two workers: as if there were one of each."""
    keys = [service.key(site), service.key(site)]

    def ask(number: int) -> str:
        return word(service.url, keys[number % 2], NOT_LISTED["md5"])

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(60)))
    assert (answers.count("false"), answers.count("429")) == (most, 60 - most)
