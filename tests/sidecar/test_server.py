"""The server as it is stopped, reloaded and watched, under clients that do not stop asking."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.serving import SidecarProcess, Signs, key_of, sidecar_process, signature, write_config
from tests.sidecar.test_metrics import samples_in
from tests.support import (
    OTHER_SEED,
    activate_listed_picture,
    eventually,
    picture_bytes,
    recompressed,
    settings_in,
)
from upload_guard.machine_keys.keys import Scope
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live

CHECK = "/v1/check"
SECTIONS = {"trust": {"probation_hours": 0}, "log": {"format": "json"}}


@dataclass(frozen=True)
class Service:
    sidecar: SidecarProcess
    config: Path
    key: Credentials
    listed: bytes

    def check(
        self, data: bytes, session: requests.Session | None = None, **options: object
    ) -> requests.Response:
        asking = session or requests
        return asking.post(
            self.sidecar.url + CHECK,
            data=data,
            auth=Signs(self.key),
            timeout=60,
            **options,  # type: ignore[arg-type]
        )

    def configure(self, **sections: dict[str, object]) -> None:
        write_config(self.config, SECTIONS | sections, data_dir="data")

    def log(self) -> str:
        return self.sidecar.log.read_text()

    def metrics(self) -> dict[str, float]:
        answer = requests.get(f"{self.sidecar.url}/metrics", auth=Signs(self.key), timeout=30)
        return samples_in(answer.text)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    listed = activate_listed_picture(settings_in(tmp_path))
    config = write_config(tmp_path / "config.toml", SECTIONS, data_dir="data")
    key = key_of(config, "blog", *Scope)
    with sidecar_process(config) as running:
        yield Service(running, config, key, listed)


@dataclass
class Clients:
    """What came of all that was asked."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)


@contextmanager
def clients(service: Service, count: int = 3) -> Iterator[Clients]:
    """So many clients, each over a connection that it keeps, as fast as they are answered."""
    done, seen = threading.Event(), Clients()
    pictures = (picture_bytes(OTHER_SEED), recompressed(service.listed))

    def ask() -> None:
        with requests.Session() as session:
            turn = 0
            while not done.is_set():
                turn += 1
                try:
                    response = service.check(pictures[turn % 2], session)
                    seen.answers.append((response.status_code, response.json()))
                except Exception as failure:  # noqa: BLE001 - whatever a client meets
                    seen.failures.append(failure)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


def reload(service: Service) -> None:
    """SIGHUP, until none of the processes of before is left and as many others live."""
    before = service.sidecar.workers()
    service.sidecar.signal(signal.SIGHUP)
    assert eventually(lambda: are_replaced(before, service))


def are_replaced(before: set[int], service: Service) -> bool:
    now = service.sidecar.workers()
    return not before & now and len(now) == 2


def test_reloads_under_load_drop_no_request(service: Service) -> None:
    with clients(service) as seen:
        for _ in range(3):
            reload(service)
            answered = len(seen.answers)
            assert eventually(lambda: len(seen.answers) > answered + 5)  # noqa: B023 - asked at once
    assert seen.failures == []
    assert {status for status, _ in seen.answers} == {200}
    assert {answer["result"] for _, answer in seen.answers} == {"clean", "match"}


def test_a_reload_takes_the_settings_as_they_are_then(service: Service) -> None:
    assert service.check(picture_bytes(OTHER_SEED)).status_code == 200
    service.configure(intake={"max_body": 1000})
    reload(service)
    assert service.check(picture_bytes(OTHER_SEED)).status_code == 413


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"intake": {"max_body": "much"}}, "intake.max_body"), ({"keys": {"master": "ab" * 32}}, "machine key")],
)
def test_a_reload_to_what_does_not_work_changes_nothing_and_says_so(
    service: Service, wrong: dict[str, dict[str, object]], said: str
) -> None:
    service.configure(**wrong)
    reload(service)
    assert service.check(recompressed(service.listed)).json()["result"] == "match"
    told = [line for line in service.log().splitlines() if "ALARM: not reloaded" in line]
    assert len(told) == 1
    assert said in told[0]


def test_a_reload_stays_at_its_address(service: Service) -> None:
    service.configure(sidecar={"host": "127.0.0.2"})
    reload(service)
    assert service.check(picture_bytes(OTHER_SEED)).status_code == 200
    assert "change at a restart only" in service.log()


def test_a_stop_answers_what_is_under_way(service: Service) -> None:
    data = recompressed(service.listed)
    headers = signature(service.key, "POST", CHECK, data) | {
        "Host": "sidecar",
        "Content-Length": str(len(data)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    host, port = service.sidecar.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"POST {CHECK} HTTP/1.1\r\n{head}\r\n".encode() + data[:1000])
        assert eventually(lambda: is_accepted(connection))
        time.sleep(0.5)
        service.sidecar.signal(signal.SIGTERM)
        time.sleep(1)
        connection.sendall(data[1000:])
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"match"' in answer
    assert service.sidecar.process.wait(timeout=60) == 0


def is_accepted(connection: socket.socket) -> bool:
    """Whether a process has it: what waits to be accepted has no inode yet (proc_pid_net(5))."""
    port = f":{connection.getsockname()[1]:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(line[2].endswith(port) and line[9] != "0" for line in lines[1:])


def test_connections_that_say_nothing_keep_no_upload_waiting_and_no_stop(service: Service) -> None:
    address = ("127.0.0.1", int(service.sidecar.url.rpartition(":")[2]))
    with ExitStack() as silent:
        # Threads that waited five seconds for each would not come to the upload within its minute.
        for _ in range(100):
            silent.enter_context(socket.create_connection(address))
        assert service.check(service.listed).json()["result"] == "match"
        service.sidecar.signal(signal.SIGTERM)
        # Less than a connection is kept.
        service.sidecar.process.wait(timeout=25)


def test_a_killed_process_is_replaced_and_what_it_counted_stays(service: Service) -> None:
    for _ in range(8):
        service.check(recompressed(service.listed))
    name = "upload_guard_verdicts_total quarantine match"
    assert service.metrics()[name] == 8
    before = service.sidecar.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: are_replaced(before, service))
    service.check(recompressed(service.listed))
    metrics = service.metrics()
    assert metrics[name] == 9
    assert metrics["upload_guard_cases open"] == 9
    assert metrics["upload_guard_stage_seconds_count keep"] == 9

    # However many processes come and go, there are as many files as live ones need, and one of all others.
    def owners() -> set[str]:
        files = (service.config.parent / "data/metrics").rglob("*.db")
        return {file.stem.rsplit("_", 1)[1] for file in files}

    # A process begins its own when it is asked or has looked at itself.
    assert eventually(lambda: owners() == {"ended", *map(str, service.sidecar.workers())})


def test_the_log_tells_much_and_no_name_hash_or_secret(service: Service) -> None:
    data = recompressed(service.listed)
    broken = picture_bytes(OTHER_SEED)[:3000]
    names = ("holiday-of-anna.jpg", "broken-by-bert.jpg")
    for name, file in zip(names, (data, broken), strict=True):
        service.check(b"", files={"file": (name, file)}, params={"route": f"/albums/{name}"})
    requests.post(service.sidecar.url + CHECK, data=data, headers={"Authorization": "Bearer a.b"}, timeout=30)
    answer = service.check(data, headers={"X-Request-Id": "from-the-site"})
    log = service.log()
    for file in (data, broken, service.listed):
        for kind in ("md5", "sha1", "sha256"):
            digest = hashlib.new(kind, file)
            assert digest.hexdigest() not in log
            assert repr(digest.digest())[2:-1] not in log
    for secret in (
        *names,
        "albums",
        service.key.secret,
        (service.config.parent / "data/secret.key").read_text().strip(),
    ):
        assert secret not in log
    lines = [json.loads(line) for line in log.splitlines() if not line.startswith("Sidecar on ")]
    done = [line for line in lines if line["event"] == "request" and line["route"] == CHECK]
    assert [line["status"] for line in done] == [200, 200, 401, 200]
    assert done[-1]["request_id"] == answer.headers["X-Request-Id"] == "from-the-site"
    assert len({line["request_id"] for line in done}) == 4
    verdicts = [line for line in lines if line["logger"] == "upload_guard.guard"]
    assert verdicts[-1]["request_id"] == "from-the-site"
    assert done[0]["keep_ms"] > 0
