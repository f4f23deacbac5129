"""Table E: a site whose sidecar goes away, misbehaves and comes back. Each test is named after its row."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import cycle
from multiprocessing.connection import Connection as PipeConnection
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clock_off import clock_off_by
from tests.misbehaving import Connection, reset_after_the_request, scripted, stay_silent
from tests.sandbox.conftest import descendants
from tests.serving import Site, asking, embedded_site, guarded_site, key_of, sidecar, write_config
from tests.sidecar.test_tls import write_certificate
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_list,
    activate_listed_picture,
    damage_lists,
    eventually,
    listed_hashes,
    new_process,
    picture_bytes,
    read,
    settings_in,
)
from upload_guard.compose import open_cases
from upload_guard.demo.servers import free_port
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.settings import Settings

pytestmark = pytest.mark.live

LISTED, OTHER = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
OPEN = {"unreachable": "open", "timeout": "open"}
# Half of the time that a sidecar has for its answer, and long on any machine for who does not wait for one.
AT_ONCE = 5.0


def site_asking(
    folder: Path, service: dict[str, object], late: dict[str, object] | None = None, **failure: object
) -> Path:
    sections = {"service": service, "failure": failure, "late": late or {}}
    return write_config(folder / "site.toml", sections, data_dir="site-data")


def nobody() -> dict[str, object]:
    return {"url": f"http://127.0.0.1:{free_port()}"}


def post(url: str, data: bytes = OTHER, path: str = "/upload") -> requests.Response:
    headers = {"Accept": "application/json"}
    return requests.post(f"{url}{path}", files={"file": ("x.jpg", data)}, headers=headers, timeout=60)


def calls(url: str) -> int:
    return int(requests.get(url, timeout=30).json()["calls"])


def log_of(folder: Path) -> str:
    return (folder / "site.site.log").read_text()


class Installation:
    """A sidecar's data with one listed picture, and the settings of a site that asks it at one port."""

    def __init__(self, folder: Path, **sections: dict[str, object]) -> None:
        self.folder, self.port = folder, free_port()
        activate_listed_picture(settings_in(folder))
        own = {"trust": {"probation_hours": 0}} | sections
        self.config = write_config(folder / "sidecar.toml", own, data_dir="data")
        self.service = asking(f"http://127.0.0.1:{self.port}", key_of(self.config))

    def running(self) -> Any:
        return sidecar(self.config, self.port)

    def cases(self) -> tuple[CaseInfo, ...]:
        return open_cases(load_settings(self.config)).newest(100)

    def told(self) -> list[dict[str, str]]:
        """What the site's hook has heard."""
        file = self.folder / "told.jsonl"
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        # One without an end is being written.
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def waiting(self) -> int:
        return len(list((self.folder / "site-data" / "late").glob("*.row")))


HOOK: dict[str, object] = {"on_late_match": "tests.sites.hooks:removed"}


# 1: the sidecar is stopped -------------------------------------------------------------------------


def test_row_1_closed_by_default_an_upload_is_turned_away_for_now(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), retry_after=7)) as site:
        response = post(site)
        assert calls(site) == 0
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "7"
    assert response.json()["error"] == "unreachable"
    assert response.elapsed.total_seconds() < AT_ONCE


def test_row_1_open_by_setting_it_passes_and_the_application_is_told(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), unreachable="open")) as site:
        answer = post(site).json()
    assert (answer["result"], answer["action"], answer["reason"]) == ("unchecked", "monitor", "unreachable")
    assert answer["degraded"] == ["queued for a later check"]


def test_row_1_a_site_recovers_within_five_seconds_of_its_sidecars_return(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    with guarded_site(site_asking(tmp_path, own.service)) as site:
        with own.running():
            assert post(site).json()["result"] == "clean"
        # Enough for the breaker to open; each is answered at once.
        for _ in range(8):
            response = post(site)
            assert (response.status_code, response.json()["error"]) == (503, "unreachable")
            assert response.elapsed.total_seconds() < AT_ONCE
        # Longer it leaves a sidecar alone in no case (tests/checkers/test_circuit.py).
        assert load_settings(own.folder / "site.toml").service.pause < 5
        with own.running():
            assert eventually(lambda: post(site).status_code == 200)
            assert post(site, LISTED).status_code == 403


def test_row_1_what_passed_meanwhile_is_checked_after_and_the_site_is_told(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    with guarded_site(site_asking(tmp_path, own.service, HOOK, **OPEN)) as site:
        assert post(site, LISTED).json()["result"] == "unchecked"
        assert post(site, OTHER).json()["result"] == "unchecked"
        with own.running():
            assert eventually(lambda: not own.waiting())
    (case,) = own.cases()
    assert (case.action, case.site, case.route) == ("block", "default", "late:/upload")
    assert read(case.content) == LISTED
    (told,) = own.told()
    assert (told["case"], told["route"], told["file_name"]) == (case.number, "/upload", "x.jpg")
    assert told["sha256"] == case.sha256.hex()


def test_row_1_what_waits_survives_a_kill_of_the_site_and_is_checked_once(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    config = site_asking(tmp_path, own.service, HOOK, **OPEN)
    with guarded_site(config) as site:
        assert post(site, LISTED).json()["result"] == "unchecked"
        for pid in descendants(os.getpid()):
            if b"tests.sites.recording" in command_of(pid):
                os.kill(pid, signal.SIGKILL)
    assert own.waiting() == 1
    with own.running(), guarded_site(config) as site:
        requests.get(site, timeout=30)
        assert eventually(lambda: not own.waiting())
    assert len(own.cases()) == 1
    assert [one["case"] for one in own.told()] == [own.cases()[0].number]


def test_row_1_no_plain_bytes_of_what_waits_are_on_the_disk(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), unreachable="open")) as site:
        assert post(site, LISTED).status_code == 200
    kept = [file for file in (tmp_path / "site-data" / "late").iterdir() if file.suffix == ".bytes"]
    assert len(kept) == 1
    assert kept[0].stat().st_size > len(LISTED)
    for file in (tmp_path / "site-data").rglob("*"):
        assert not file.is_file() or LISTED[100:164] not in file.read_bytes()


def test_row_1_beyond_the_bytes_of_the_queue_the_verdict_says_digests_only(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), {"max_bytes": 1000}, unreachable="open")) as site:
        assert post(site).json()["degraded"] == ["queued for a later check by its digests only"]


def test_row_1_when_the_queue_is_full_nothing_passes_any_more(tmp_path: Path) -> None:
    with guarded_site(site_asking(tmp_path, nobody(), {"max_entries": 1}, unreachable="open")) as site:
        assert post(site).status_code == 200
        response = post(site)
        assert calls(site) == 1
    assert (response.status_code, response.json()["error"]) == (503, "storage")


# 2 and 3: it never answers, or something that is no verdict ------------------------------------------


@pytest.mark.parametrize(("mode", "status"), [("closed", 503), ("open", 200)])
def test_row_2_a_sidecar_that_never_answers_has_the_policy_act_at_the_deadline(
    tmp_path: Path, mode: str, status: int
) -> None:
    with scripted(stay_silent) as silent:
        service: dict[str, object] = {"url": silent.url, "timeout": 1.0}
        with guarded_site(site_asking(tmp_path, service, timeout=mode)) as site:
            response = post(site)
    assert response.status_code == status
    assert "timeout" in {response.json().get("error"), response.json().get("reason")}
    assert 1 <= response.elapsed.total_seconds() < 20


def answers(status: str, body: bytes) -> Callable[[Connection], None]:
    def answer(connection: Connection) -> None:
        while connection.request():
            connection.answer(
                b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body
            )

    return answer


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Internal Server Error", b'{"result": "clean", "action": "allow"}'),
        ("200 OK", b"<html><body>Welcome!</body></html>"),
        ("200 OK", b'{"result": "clean", "action"'),
    ],
    ids=["500", "HTML with 200", "bad JSON"],
)
def test_row_3_what_is_no_verdict_is_unavailable_and_never_clean(
    tmp_path: Path, status: str, body: bytes
) -> None:
    with (
        scripted(answers(status, body)) as other,
        guarded_site(site_asking(tmp_path, {"url": other.url})) as site,
    ):
        response = post(site)
        assert calls(site) == 0
    assert (response.status_code, response.json()["error"]) == (503, "unreachable")


# 4: the connection is reset half way -----------------------------------------------------------------


@contextmanager
def losing_the_first_answer(port: int) -> Iterator[int]:
    """A relay to the sidecar at `port` that resets the first connection in place of an answer."""
    lost: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def relay(client: socket.socket) -> None:
            with suppress(OSError), closing(client), socket.create_connection(("127.0.0.1", port)) as behind:
                pumping = threading.Thread(target=pump, args=(client, behind), daemon=True)
                pumping.start()
                while data := behind.recv(65536):
                    if not lost:
                        lost.append(data)
                        # Who still reads from a socket keeps it open.
                        client.shutdown(socket.SHUT_RD)
                        pumping.join()
                        Connection(client).reset()
                        return
                    client.sendall(data)

        def pump(client: socket.socket, behind: socket.socket) -> None:
            with suppress(OSError):
                while data := client.recv(65536):
                    behind.sendall(data)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=relay, args=(server.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    assert lost


def test_row_4_an_answer_that_was_lost_is_asked_for_again_and_there_is_one_case(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    with own.running(), losing_the_first_answer(own.port) as port:
        service = own.service | {"url": f"http://127.0.0.1:{port}"}
        with guarded_site(site_asking(tmp_path, service)) as site:
            response = post(site, LISTED)
    assert response.status_code == 403
    assert [case.number for case in own.cases()] == [response.json()["case"]]


def test_row_4_a_second_reset_is_left_to_the_policy(tmp_path: Path) -> None:
    with scripted(reset_after_the_request) as resetting:
        with guarded_site(site_asking(tmp_path, {"url": resetting.url})) as site:
            assert post(site).json()["error"] == "unreachable"
        assert len(resetting.connections) == 2


# 5: a wrong or expired certificate -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valid_for", "own_authority", "said"),
    [
        (timedelta(days=-1), True, "certificate has expired"),
        (timedelta(days=1), False, "self-signed certificate"),
    ],
    ids=["expired", "wrong"],
)
def test_row_5_a_bad_certificate_is_unavailable_and_the_log_says_why(
    tmp_path: Path, valid_for: timedelta, own_authority: bool, said: str
) -> None:
    (tmp_path / "other").mkdir()
    certificate = write_certificate(tmp_path, valid_for)
    authority = certificate if own_authority else write_certificate(tmp_path / "other")
    with scripted(answers("200 OK", b"{}"), certificate=certificate) as server:
        service: dict[str, object] = {"url": server.url, "authority": str(authority[0])}
        with guarded_site(site_asking(tmp_path, service)) as site:
            response = post(site)
        assert server.heads == []
    assert (response.status_code, response.json()["error"]) == (503, "unreachable")
    assert said in log_of(tmp_path)


# 6: a list that should be active is not loaded ---------------------------------------------------------


def test_row_6_a_sidecar_that_starts_without_its_list_is_not_ready_until_it_has_it(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    damage_lists(settings_in(tmp_path))
    with own.running(), guarded_site(site_asking(tmp_path, own.service)) as site:
        response = post(site, LISTED)
        assert (response.status_code, response.json()["error"]) == (503, "not_ready")
        activate_listed_picture(settings_in(tmp_path))
        assert eventually(lambda: post(site, LISTED).status_code == 403)


# 7 and 8: decoding processes that hang, die, or are all busy -------------------------------------------


def command_of(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def decoders() -> list[int]:
    """The decoding processes below this one: what their zygote has forked."""
    zygotes = [pid for pid in descendants(os.getpid()) if b"upload_guard.sandbox.zygote" in command_of(pid)]
    return sorted(
        pid
        for zygote in zygotes
        for pid in descendants(zygote)
        if b"upload_guard.sandbox.zygote" in command_of(pid)
    )


@contextmanager
def one_decoder(folder: Path, **sandbox: object) -> Iterator[tuple[Site, int]]:
    """A site that checks by itself with a single, warm decoding process, and that process."""
    activate_listed_picture(settings_in(folder))
    # Of tests before, which the garbage collector has not come to yet.
    others = set(decoders())
    with embedded_site(folder, sandbox={"workers": 1, **sandbox}) as site:
        assert site.post(files={"file": ("x.jpg", OTHER)}).status_code == 200
        (decoder,) = set(decoders()) - others
        yield site, decoder


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["hanging", "killed"])
def test_row_7_an_upload_whose_decoder_hangs_or_dies_is_held_and_the_next_is_answered_soon(
    tmp_path: Path, how: signal.Signals
) -> None:
    hanging = how == signal.SIGSTOP
    limits = {"wall_seconds": 3.0 if hanging else 60.0, "queue_seconds": 60.0 if hanging else 0.5}
    with one_decoder(tmp_path, **limits) as (site, decoder):
        os.kill(decoder, signal.SIGSTOP)
        with ThreadPoolExecutor(2) as threads:
            uploads = [
                threads.submit(site.post, files={"file": ("y.jpg", picture_bytes(77 + n))})
                for n in range(1 if hanging else 2)
            ]
            if not hanging:
                # One has the decoder by now: the other one has waited for it in vain.
                busy = next(as_completed(uploads))
                assert busy.result().status_code == 503
                uploads.remove(busy)
                os.kill(decoder, signal.SIGKILL)
            response = uploads[0].result()
        after = site.post(files={"file": ("z.jpg", picture_bytes(79))})
        held = [case.result for case in site.cases()]
    assert (response.status_code, held) == (403, ["unscannable"])
    assert response.elapsed.total_seconds() < 30
    assert (after.status_code, after.json()["result"]) == (200, "clean")
    # None of the minutes it might have waited; that the next worker is only forked is shown in the sandbox.
    assert after.elapsed.total_seconds() < 20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("mode", "status"), [("closed", 503), ("open", 200)])
def test_row_8_when_all_decoders_are_busy_uploads_wait_for_a_while_and_no_longer(
    tmp_path: Path, mode: str, status: int
) -> None:
    activate_listed_picture(settings_in(tmp_path))
    sandbox = {"workers": 1, "wall_seconds": 60.0, "queue_seconds": 0.5}
    others = set(decoders())
    with embedded_site(tmp_path, sandbox=sandbox, failure={"busy": mode}) as site:
        assert site.post(files={"file": ("x.jpg", OTHER)}).status_code == 200
        (decoder,) = set(decoders()) - others
        os.kill(decoder, signal.SIGSTOP)
        with ThreadPoolExecutor(4) as threads:
            answered = as_completed(
                threads.submit(site.post, files={"file": ("y.jpg", picture_bytes(77 + n))}) for n in range(4)
            )
            # All but the one that has the decoder, whichever came first.
            waited = [next(answered).result() for _ in range(3)]
            os.kill(decoder, signal.SIGCONT)
            decoded = next(answered).result()
        assert (decoded.status_code, decoded.json()["result"]) == (200, "clean")
        for response in waited:
            assert response.status_code == status
            assert "busy" in {response.json().get("error"), response.json().get("reason")}
            assert 0.5 <= response.elapsed.total_seconds() < 30
        late = tmp_path / "data" / "late"
        assert eventually(lambda: not list(late.glob("*.row")))


# 18: killed while a list is swapped ------------------------------------------------------------------


def activate_in_turn(settings: Settings, lists: list[list[ListedHash]], activated: PipeConnection) -> None:
    """For ever: each as the newest version of the list."""
    for hashes in cycle(lists):
        activate_list(settings, hashes)
        activated.send(True)


def test_row_18_killed_while_a_list_is_swapped_the_old_or_the_new_one_acts(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    first, second = picture_bytes(21), picture_bytes(22)
    lists, settings = [listed_hashes(second), listed_hashes(first)], settings_in(tmp_path)
    activate_list(settings, listed_hashes(first))
    seen = set()

    def listed_of(site: str) -> tuple[int, ...]:
        return tuple(post(site, data).status_code for data in (first, second))

    with own.running(), guarded_site(site_asking(tmp_path, own.service)) as site:
        for at in range(6):
            told, activated = multiprocessing.Pipe(duplex=False)
            with told:
                # Its own end alone is open then: if it fails, that shows.
                with activated:
                    swapping = new_process(activate_in_turn, settings, lists, activated)
                for _ in range(1 + at % 2):
                    told.recv()
                # Half way through the next one, each time elsewhere.
                time.sleep(at * 0.013)
                swapping.kill()
                swapping.join()
            # The sidecar has looked for the newest version by then, or does between two uploads, once.
            time.sleep(1.2)
            listed = [listed_of(site) for _ in range(3)]
            whole = [one for one in listed if one in {(403, 200), (200, 403)}]
            assert len(whole) >= 2, listed
            seen.update(whole)
    assert len(seen) == 2


# 19: the clock is off by a day -------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [86400, -86400])
def test_row_19_with_a_clock_off_by_a_day_deadlines_hold_and_nothing_is_dropped_early(
    tmp_path: Path, seconds: int
) -> None:
    own, off = Installation(tmp_path), clock_off_by(tmp_path, seconds)
    late = HOOK | {"max_age_hours": 12.0}
    config = site_asking(tmp_path, own.service, late, **OPEN)
    with guarded_site(config) as site:
        assert post(site, LISTED).json()["result"] == "unchecked"
    with guarded_site(config, environment=off) as site:
        its_clock = parsedate_to_datetime(requests.get(site, timeout=30).headers["Date"])
        assert abs(its_clock - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(hours=1)
        # Twice as long as housekeeping leaves between two looks, and nobody is there yet.
        time.sleep(2)
        assert own.waiting() == 1
        response = post(site)
        assert response.json()["reason"] == "unreachable"
        assert response.elapsed.total_seconds() < AT_ONCE
        with sidecar(own.config, own.port, environment=off):
            assert eventually(lambda: not own.waiting())
            assert eventually(lambda: post(site).json()["result"] == "clean")
    assert [one["case"] for one in own.told()] == [case.number for case in own.cases()]
    assert len(own.cases()) == 1
    assert "never checked" not in log_of(tmp_path)


# 23: the application raises after a pass -------------------------------------------------------------


def test_row_23_when_the_application_raises_its_upload_is_recorded_all_the_same(tmp_path: Path) -> None:
    own = Installation(tmp_path)
    with guarded_site(site_asking(tmp_path, own.service, HOOK, **OPEN)) as site:
        assert post(site, LISTED, "/fail").status_code == 500
        assert "monitor unchecked reason=unreachable" in log_of(tmp_path)
        assert own.waiting() == 1
        with own.running():
            assert eventually(lambda: own.told())
    assert own.told()[0]["route"] == "/fail"


# Over the limit ----------------------------------------------------------------------------------------


def test_a_body_over_the_limit_is_too_large_by_default(tmp_path: Path) -> None:
    sections = {"intake": {"max_body": 10_000}, "service": nobody()}
    config = write_config(tmp_path / "site.toml", sections, data_dir="site-data")
    with guarded_site(config) as site:
        assert post(site).status_code == 413


def test_open_by_setting_it_passes_whole_and_its_digests_wait(tmp_path: Path) -> None:
    sections = {
        "intake": {"max_body": 10_000},
        "service": nobody(),
        "failure": {"over_limit": "open"},
    }
    config = write_config(tmp_path / "site.toml", sections, data_dir="site-data")
    with guarded_site(config) as site:
        answer = post(site).json()
        small = post(site, b"small")
    assert (answer["result"], answer["reason"]) == ("unchecked", "body_too_large")
    assert answer["degraded"] == ["queued for a later check by its digests only"]
    assert len(answer["files"]) == 1
    assert small.json()["error"] == "unreachable"


def test_over_the_sidecars_own_limit_it_may_pass_too(tmp_path: Path) -> None:
    own = Installation(tmp_path, intake={"max_body": 10_000})
    with own.running():
        with guarded_site(site_asking(tmp_path, own.service)) as site:
            assert post(site).status_code == 413
        with guarded_site(site_asking(tmp_path, own.service, over_limit="open")) as site:
            assert post(site).json()["reason"] == "body_too_large"


def test_an_exact_copy_that_was_over_the_limit_is_found_by_its_digests(tmp_path: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    sections: dict[str, dict[str, object]] = {
        "intake": {"max_body": 10_000},
        "failure": {"over_limit": "open"},
        "late": HOOK,
    }
    with embedded_site(tmp_path, **sections) as site:
        assert site.post(files={"file": ("x.jpg", LISTED)}).status_code == 200
        told = tmp_path / "told.jsonl"
        # Its last byte is the end of the line.
        assert eventually(lambda: told.exists() and told.read_text().endswith("\n"))
    match = json.loads(told.read_text())
    assert (match["case"], match["result"]) == ("", "match")
