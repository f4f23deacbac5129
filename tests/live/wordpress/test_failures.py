"""A sidecar that is down, slow or talks nonsense: what passes is checked later, and nothing is lost."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, guarded, wordpress, write_config
from tests.misbehaving import Behaviour, Connection, scripted, stay_silent
from tests.serving import sidecar
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes
from upload_guard.demo.servers import free_port
from upload_guard.quarantine.showing.outcomes import LateOutcomes
from upload_guard.storage.database import open_database

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
PORT = free_port()
URL = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def lonely(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """A site whose sidecar is not there unless a test starts it; the one of `guard` is another."""
    folder = tmp_path_factory.mktemp("lonely")
    with closing(socket.socket()) as held:
        # Nobody else is given the port, and who listens there may share it.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", PORT))
        with wordpress(folder, php(), guarded(URL, guard.key, TIMEOUT="1")) as running:
            yield running


@pytest.fixture(autouse=True)
def fresh(lonely: WordPress) -> None:
    """No fault is remembered and nothing waits."""
    lonely.wp("transient", "delete", "--all", "--network")
    assert status(lonely)["waiting"] == 0


def status(site: WordPress) -> dict[str, object]:
    return dict(json.loads(site.wp("upload-guard", "status", "--format=json").stdout))


def upload(site: WordPress, data: bytes) -> requests.Response:
    return site.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", data, "image/jpeg")})


def outcomes(guard: Sidecar, case: str) -> set[str]:
    """What the sidecar was told of the file of a case."""
    return {told.action for told in LateOutcomes(open_database(guard.settings.database_url)).on(case)}


@contextmanager
def sidecar_back(guard: Sidecar) -> Iterator[None]:
    # Over the same data, with a log of its own: that of the other one is what calls are counted by.
    config = guard.config.with_name("again.toml")
    config.write_text(guard.config.read_text())
    with sidecar(config, at=PORT):
        yield


def test_what_passed_unchecked_is_found_later_and_put_away(lonely: WordPress, guard: Sidecar) -> None:
    before = lonely.landed()
    listed, clean = upload(lonely, LISTED).json()["id"], upload(lonely, CLEAN).json()["id"]
    files = lonely.landed() - before
    contents = {file: file.read_bytes() for file in files}
    assert status(lonely)["waiting"] == 2
    assert str(status(lonely)["last_fault"]).startswith("unreachable")
    with sidecar_back(guard):
        said = lonely.wp("upload-guard", "queue", "run").stdout
        held = lonely.wp("upload-guard", "held").stdout.split()
        assert outcomes(guard, held[held.index("case") + 1]) == {"hidden"}
    assert said.startswith("1 allowed, 1 into quarantine, 0 gone, 0 wait")
    states = lonely.attachments()
    assert (states[listed], states[clean]) == ("private", "inherit")
    assert LISTED not in {file.read_bytes() for file in lonely.landed()}
    lonely.wp("upload-guard", "restore", held[0])
    assert {file: file.read_bytes() for file in lonely.landed() - before} == contents
    assert lonely.attachments()[listed] == "inherit"


def test_cron_checks_it_by_itself(lonely: WordPress, guard: Sidecar) -> None:
    number = upload(lonely, LISTED).json()["id"]
    with sidecar_back(guard):
        lonely.wp("transient", "delete", "--all", "--network")
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    assert lonely.attachments()[number] == "private"


def test_a_file_without_an_attachment_is_put_away_as_well(lonely: WordPress, guard: Sidecar) -> None:
    code = (
        f"$r = wp_upload_bits( 'bits.jpg', null, base64_decode( '{_base64(LISTED)}' ) ); return $r['file'];"
    )
    file = Path(str(lonely.eval(code)))
    assert file.is_file()
    with sidecar_back(guard):
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout
    assert not file.exists()


def test_a_file_that_is_still_unchecked_goes_on_waiting(lonely: WordPress, guard: Sidecar) -> None:
    upload(lonely, CLEAN)
    assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
    assert status(lonely)["waiting"] == 1
    with sidecar_back(guard):
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def test_files_that_are_never_settled_do_not_stand_before_others(lonely: WordPress, guard: Sidecar) -> None:
    rows = "array( 'path' => ABSPATH . 'wp-config.php', 'attachment' => 0, 'since' => 1, 'tries' => 9, 'fault' => 'too_large', 'next' => time() + 9999 )"  # noqa: E501
    lonely.eval(f"for ( $i = 0; $i < 60; $i++ ) {{ add_option( 'upload_guard_queue_' . $i, {rows} ); }}")
    number = upload(lonely, LISTED).json()["id"]
    with sidecar_back(guard):
        lonely.wp("transient", "delete", "--all", "--network")
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    lonely.eval("for ( $i = 0; $i < 60; $i++ ) { delete_option( 'upload_guard_queue_' . $i ); }")
    assert lonely.attachments()[number] == "private"


def test_a_run_that_was_ended_half_way_is_taken_up_again(lonely: WordPress, guard: Sidecar) -> None:
    number = upload(lonely, LISTED).json()["id"]
    lonely.wp("cron", "event", "delete", "upload_guard_run_queue")
    with sidecar_back(guard):
        lonely.wp("transient", "delete", "--all", "--network")
        lonely.wp("cron", "event", "run", "upload_guard_refresh")
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    assert lonely.attachments()[number] == "private"


def test_a_file_that_cannot_be_moved_is_not_said_to_be_put_away(lonely: WordPress, guard: Sidecar) -> None:
    number = upload(lonely, LISTED).json()["id"]
    held = lonely.wp("upload-guard", "held").stdout
    in_the_way = """add_action( 'added_option', function ( $name ) {
        if ( 0 === strpos( $name, 'upload_guard_held_' ) ) {
            for ( $i = 0; $i < 20; $i++ ) {
                touch( Upload_Guard_Quarantine::folder() . '/' . substr( $name, 18 ) . "/$i.held" );
            }
        } } );"""
    run = "$p = new Upload_Guard_Plugin(); $p->circuit->close(); return $p->queue->run( 10, true );"
    with sidecar_back(guard):
        done = lonely.eval(in_the_way + run)
        assert done == {"allowed": 0, "held": 0, "gone": 0, "waiting": 1}
        assert lonely.wp("upload-guard", "held").stdout == held
        assert "not_moved" in lonely.wp("upload-guard", "queue").stdout
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout
    assert lonely.attachments()[number] == "private"


def test_a_file_that_is_kept_elsewhere_is_not_taken_for_gone(lonely: WordPress, guard: Sidecar) -> None:
    before = lonely.landed()
    number = upload(lonely, CLEAN).json()["id"]
    for file in lonely.landed() - before:
        file.unlink()
    with sidecar_back(guard):
        assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
        lonely.wp("post", "delete", str(number), "--force")
        assert "1 gone" in lonely.wp("upload-guard", "queue", "run").stdout


def test_a_sidecar_without_lists_settles_nothing(lonely: WordPress, guard: Sidecar) -> None:
    upload(lonely, CLEAN)
    body = b'{"answer": "allow", "result": "unchecked", "case": "", "message": ""}'
    with scripted(answering(b"200 OK\r\nContent-Type: application/json", body), port=PORT):
        assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
    with sidecar_back(guard):
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def answering(head: bytes, body: bytes) -> Behaviour:
    def behave(connection: Connection) -> None:
        while connection.request():
            connection.answer(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body))

    return behave


NONSENSE = {
    "500": answering(
        b"500 Oops\r\nContent-Type: application/json", b'{"code": "internal_error", "message": ""}'
    ),
    "HTML": answering(b"200 OK\r\nContent-Type: text/html", b"<h1>It works!</h1>"),
    "another service's JSON": answering(b"200 OK\r\nContent-Type: application/json", b'{"answer": "allow"}'),
    "half an answer": answering(b"200 OK\r\nContent-Type: application/json", b'{"answer": "allow", "resu'),
    "silence": stay_silent,
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_no_verdict(kind: str, lonely: WordPress, guard: Sidecar) -> None:
    with scripted(NONSENSE[kind], port=PORT):
        assert upload(lonely, CLEAN).status_code == 201
        assert status(lonely)["waiting"] == 1
    with sidecar_back(guard):
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def test_after_two_faults_nobody_waits_for_a_third(lonely: WordPress, guard: Sidecar) -> None:
    with scripted(stay_silent, port=PORT) as silent:
        for _ in range(4):
            upload(lonely, CLEAN)
        assert len(silent.connections) == 2
    with sidecar_back(guard):
        assert "4 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


@pytest.mark.parametrize("word", ["closed", "Closed"])
def test_a_site_may_refuse_what_it_cannot_check(word: str, lonely: WordPress) -> None:
    before = lonely.state()
    write_config(lonely.with_constants(ON_FAILURE=word))
    answer = upload(lonely, CLEAN)
    write_config(lonely)
    assert (answer.status_code, answer.json()["code"]) == (503, "upload_guard_unavailable")
    assert lonely.state() == before


def test_a_revoked_key_lets_nothing_pass_unseen(lonely: WordPress, guard: Sidecar) -> None:
    write_config(lonely.with_constants(SECRET="another"))  # noqa: S106 - that is the point
    with sidecar_back(guard):
        upload(lonely, CLEAN)
        assert str(status(lonely)["last_fault"]).startswith("unauthorized")
        write_config(lonely)
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()
