"""A customer asks a real sidecar through a tap: what it finds, and what of it the sidecar gets to see."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import requests

from tests.private.customer import LISTED, listed
from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import activate_list, digests_of, eventually
from upload_guard.compose import open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Signal, SignalType
from upload_guard.settings import Settings
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.services.private import ObliviousService
from upload_guard.upstreams.services.private_door import PrivateDoor
from upload_guard.upstreams.services.private_ranges import RangeService
from upload_guard.upstreams.services.service import Hit, Question, Told

pytestmark = pytest.mark.live

DIGESTS = digests_of(LISTED)
SIGNALS = (Signal(SignalType.SHA256, DIGESTS.sha256), Signal(SignalType.MD5, DIGESTS.md5))
OTHER = Signal(SignalType.SHA256, bytes(range(32)))


@dataclass
class Tap:
    """A wire on loopback to another port; `seen` is all that went there."""

    url: str
    seen: bytearray = field(default_factory=bytearray)


@contextmanager
def tapped(url: str) -> Iterator[Tap]:
    there = urlsplit(url).hostname, urlsplit(url).port
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        tap = Tap(f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            with suppress(OSError):
                while True:
                    ours = sockets.enter_context(server.accept()[0])
                    theirs = sockets.enter_context(socket.create_connection(there))
                    for way in ((ours, theirs, tap.seen), (theirs, ours, bytearray())):
                        threading.Thread(target=carry, args=way, daemon=True).start()

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield tap
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


def carry(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            kept.extend(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Running:
    url: str
    key: Credentials
    settings: Settings

    def door(self, url: str = "") -> PrivateDoor:
        """One that remembers nothing that was offered before."""
        return PrivateDoor(Asker(), url or self.url, self.key)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("live")
    sections = {"lists.test-list": {"disclose": "ranges"}, "review": {"enabled": False}}
    config = write_config(folder / "config.toml", sections, data_dir="data")
    settings = load_settings(config)
    activate_list(settings, listed())
    key = key_of(config, "shop", Scope.PRIVATE_CHECK)
    with sidecar(config) as url:
        assert eventually(lambda: requests.get(f"{url}/v1/private", auth=Signs(key), timeout=60).ok)
        yield Running(url, key, settings)


def test_a_listed_file_is_found_and_nothing_of_its_digests_crosses_the_wire(running: Running) -> None:
    with tapped(running.url) as tap:
        found = ObliviousService(running.door(tap.url)).ask(Question((*SIGNALS, OTHER)), 30)
        seen = bytes(tap.seen)
    assert found == Told(tuple(Hit(signal, "baseline") for signal in SIGNALS))
    assert b"POST /v1/private/evaluate" in seen
    assert b"GET /v1/private/buckets/" in seen
    for signal in (*SIGNALS, OTHER):
        for at in range(len(signal.value) - 5):
            part = signal.value[at : at + 6]
            assert part not in seen
            assert part.hex().encode() not in seen.lower()
            assert base64.b64encode(part) not in seen


def test_the_tap_would_have_seen_a_digest_that_is_told(running: Running) -> None:
    with tapped(running.url) as tap:
        assert RangeService(running.door(tap.url)).ask(Question(SIGNALS), 30).hits
        path = f"{tap.url}/v1/private/range/md5/{DIGESTS.md5.hex()}"
        assert requests.get(path, auth=Signs(running.key), timeout=60).status_code == 422
    assert DIGESTS.md5.hex().encode() in tap.seen


def test_both_ways_find_the_same(running: Running) -> None:
    door, question = running.door(), Question((*SIGNALS, OTHER))
    assert ObliviousService(door).ask(question, 30) == RangeService(door).ask(question, 30)


def test_what_is_added_and_what_is_retracted_is_prepared_by_the_sidecar_itself(running: Running) -> None:
    lists, md5 = open_lists(running.settings), SIGNALS[1]
    added = Signal(SignalType.MD5, digests_of(b"added later").md5)
    lists.add("test-list", [ListedHash(added.type, added.value)], "illegal", "tester")
    lists.retract("test-list", [ListedHash(md5.type, md5.value)], "tester")

    def told() -> Told:
        return ObliviousService(running.door()).ask(Question((added, md5)), 30)

    assert eventually(lambda: told() == Told((Hit(added, "illegal"),)))
