"""A sidecar that is down, slow or talks nonsense: what passes is checked later, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.live.wordpress.conftest import VERSIONS, Sidecar, of_version
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, guarded, write_config
from tests.misbehaving import Behaviour, Connection, passing_on, scripted, stay_silent
from tests.serving import held_port
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes
from upload_guard.quarantine.showing.outcomes import LateOutcomes
from upload_guard.storage.database import open_database

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)


@pytest.fixture(scope="module", params=VERSIONS)
def lonely(
    request: pytest.FixtureRequest, guard: Sidecar, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WordPress]:
    """A site whose sidecar is not there unless a test starts it; the one of `guard` is another."""
    folder = tmp_path_factory.mktemp("lonely")
    with held_port() as port:
        constants = guarded(f"http://127.0.0.1:{port}", guard.key)
        with of_version(request.param)(folder, php(), constants) as running:
            yield running


@pytest.fixture(autouse=True)
def fresh(lonely: WordPress) -> None:
    """No fault is remembered and nothing waits."""
    forget_faults(lonely)
    assert waiting(lonely) == 0


def forget_faults(site: WordPress) -> None:
    site.database.rows("DELETE FROM wp_options WHERE option_name LIKE '_site_transient_upload_guard_%'")


def waiting(site: WordPress) -> int:
    ((number,),) = site.database.rows(
        "SELECT COUNT(*) FROM wp_options WHERE option_name LIKE 'upload_guard_queue_%'"
    )
    return int(number)


def status(site: WordPress) -> dict[str, object]:
    return dict(json.loads(site.wp("upload-guard", "status", "--format=json").stdout))


def upload(site: WordPress, data: bytes) -> requests.Response:
    return site.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", data, "image/jpeg")})


def outcomes(guard: Sidecar, case: str) -> set[str]:
    """What the sidecar was told of the file of a case."""
    return {told.action for told in LateOutcomes(open_database(guard.settings.database_url)).on(case)}


def port_of(site: WordPress) -> int:
    """Where it looks for its sidecar."""
    return int(site.constants["URL"].rpartition(":")[2])


@contextmanager
def sidecar_back(site: WordPress, guard: Sidecar) -> Iterator[None]:
    with scripted(passing_on(guard.url), port=port_of(site)):
        yield


@contextmanager
def of_little_patience(site: WordPress) -> Iterator[None]:
    """It waits a second for an answer: none comes. For one that comes a loaded machine needs longer."""
    write_config(site.with_constants(TIMEOUT="1"))
    try:
        yield
    finally:
        write_config(site)


def test_what_passed_unchecked_is_found_later_and_put_away(lonely: WordPress, guard: Sidecar) -> None:
    before = lonely.landed()
    listed, clean = upload(lonely, LISTED).json()["id"], upload(lonely, CLEAN).json()["id"]
    files = lonely.landed() - before
    contents = {file: file.read_bytes() for file in files}
    assert status(lonely)["waiting"] == waiting(lonely) == 2
    assert str(status(lonely)["last_fault"]).startswith("unreachable")
    with sidecar_back(lonely, guard):
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
    with sidecar_back(lonely, guard):
        forget_faults(lonely)
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    assert lonely.attachments()[number] == "private"


def test_a_file_without_an_attachment_is_put_away_as_well(lonely: WordPress, guard: Sidecar) -> None:
    code = (
        f"$r = wp_upload_bits( 'bits.jpg', null, base64_decode( '{_base64(LISTED)}' ) ); return $r['file'];"
    )
    file = Path(str(lonely.eval(code)))
    assert file.is_file()
    with sidecar_back(lonely, guard):
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout
    assert not file.exists()


def test_a_file_that_is_still_unchecked_goes_on_waiting(lonely: WordPress, guard: Sidecar) -> None:
    upload(lonely, CLEAN)
    assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
    assert status(lonely)["waiting"] == 1
    with sidecar_back(lonely, guard):
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def test_files_that_are_never_settled_do_not_stand_before_others(lonely: WordPress, guard: Sidecar) -> None:
    rows = "array( 'path' => ABSPATH . 'wp-config.php', 'attachment' => 0, 'since' => 1, 'tries' => 9, 'fault' => 'too_large', 'next' => time() + 9999 )"  # noqa: E501
    lonely.eval(f"for ( $i = 0; $i < 60; $i++ ) {{ add_option( 'upload_guard_queue_' . $i, {rows} ); }}")
    number = upload(lonely, LISTED).json()["id"]
    with sidecar_back(lonely, guard):
        forget_faults(lonely)
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    lonely.eval("for ( $i = 0; $i < 60; $i++ ) { delete_option( 'upload_guard_queue_' . $i ); }")
    assert lonely.attachments()[number] == "private"


def test_when_the_sidecar_answers_again_all_that_waits_is_due(lonely: WordPress, guard: Sidecar) -> None:
    number = upload(lonely, LISTED).json()["id"]
    # Tried in vain, so that its next try is later; and the run after it was ended half way.
    lonely.wp("upload-guard", "queue", "run", code=1)
    lonely.wp("cron", "event", "delete", "upload_guard_run_queue")
    with sidecar_back(lonely, guard):
        lonely.wp("cron", "event", "run", "upload_guard_refresh")
        lonely.wp("cron", "event", "run", "upload_guard_run_queue")
    assert lonely.attachments()[number] == "private"


QUEUED = """
$p = new Upload_Guard_Plugin(); $rows = new Upload_Guard_Rows( 'upload_guard_queue_' );
$row = fn( $fault ) => array( 'path' => ABSPATH . 'wp-config.php', 'attachment' => 0, 'since' => 1,
    'tries' => 30, 'fault' => $fault, 'next' => time() + 9999 );
"""


def test_what_another_answer_would_not_mend_is_not_tried_for_it(lonely: WordPress) -> None:
    faults = ["timeout", "unchecked", "too_large", "unreadable", "not_moved"]
    due = """$due = fn() => array_keys( array_filter( $rows->all(), fn( $row ) => $row['next'] <= time() ) );
        $p->queue->wake( false ); $first = $due(); $p->queue->wake( true ); $then = $due();
        foreach ( $rows->all() as $name => $row ) { $rows->remove( $name, $row ); }
        return array( $first, $then );"""
    put = (
        f"foreach ( {json.dumps(faults)} as $f ) {{ $rows->put( 'upload_guard_queue_' . $f, $row( $f ) ); }}"
    )
    first, then = list(lonely.eval(QUEUED + put + due))  # type: ignore[call-overload]
    assert first == ["upload_guard_queue_timeout"]
    assert then == ["upload_guard_queue_timeout", "upload_guard_queue_unchecked"]


def test_the_lock_of_a_run_that_was_ended_is_no_file_that_waits(lonely: WordPress) -> None:
    counted = """add_option( Upload_Guard_Queue::LOCK . '.lock', time() - 9999 );
        $counted = array( $p->queue->count(), $p->queue->newest() );
        delete_option( Upload_Guard_Queue::LOCK . '.lock' ); return $counted;"""
    assert lonely.eval(QUEUED + counted) == [0, None]


def test_no_try_is_later_than_in_an_hour(lonely: WordPress) -> None:
    run = """$rows->put( 'upload_guard_queue_a', $row( 'timeout' ) ); $p->queue->run( 10, true );
        $then = $rows->find( 'upload_guard_queue_a' ); $rows->remove( 'upload_guard_queue_a', $then );
        return $then['next'] - time();"""
    seconds = lonely.eval(QUEUED + run)
    assert isinstance(seconds, int)
    assert 0 < seconds <= 3600


def test_a_file_that_comes_again_while_the_one_before_it_is_checked_waits_for_its_own_check(
    lonely: WordPress, guard: Sidecar
) -> None:
    upload(lonely, CLEAN)
    again = """add_action( 'http_api_curl', function () use ( $p, $rows ) {
        foreach ( $rows->all() as $row ) {
            $p->queue->add_if_unchecked( $row['path'], 0, Upload_Guard_Verdict::unknown( 'timeout' ) );
        } } );
        $p->circuit->close(); return $p->queue->run( 10, true );"""
    with sidecar_back(lonely, guard):
        assert lonely.eval(QUEUED + again) == {"allowed": 0, "held": 0, "gone": 0, "waiting": 1}
        assert waiting(lonely) == 1
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


WHEN_A_RECORD_IS_WRITTEN = """add_filter( 'query', function ( $query ) {
    static $times = 0;
    if ( preg_match( "/^INSERT.*'upload_guard_held_([0-9a-f]{12})'/", $query, $found ) ) {
        $folder = Upload_Guard_Shelf::folder() . '/' . $found[1];
        $times++;
        %s
    }
    return $query; } );"""


@pytest.mark.parametrize("where", ["$i = 0; $i < 20", "$i = 1; $i < 2"], ids=["no file", "one size"])
def test_what_cannot_be_moved_whole_stays_whole_and_waits(
    where: str, lonely: WordPress, guard: Sidecar
) -> None:
    before = lonely.landed()
    number = upload(lonely, LISTED).json()["id"]
    contents = {file: (file.read_bytes(), file.stat().st_mtime) for file in lonely.landed() - before}
    assert len(contents) > 2
    held = lonely.wp("upload-guard", "held").stdout
    in_the_way = WHEN_A_RECORD_IS_WRITTEN % f'for ( {where}; $i++ ) {{ touch( "$folder/$i.held" ); }}'
    run = "$p = new Upload_Guard_Plugin(); $p->circuit->close(); return $p->queue->run( 10, true );"
    with sidecar_back(lonely, guard):
        done = lonely.eval(in_the_way + run)
        assert done == {"allowed": 0, "held": 0, "gone": 0, "waiting": 1}
        assert lonely.wp("upload-guard", "held").stdout == held
        now = {file: (file.read_bytes(), file.stat().st_mtime) for file in lonely.landed() - before}
        assert (now, lonely.attachments()[number]) == (contents, "inherit")
        assert "not_moved" in lonely.wp("upload-guard", "queue").stdout
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout
    assert lonely.attachments()[number] == "private"


def test_a_move_that_was_ended_half_way_is_undone_and_made_again(lonely: WordPress, guard: Sidecar) -> None:
    before = lonely.landed()
    number = upload(lonely, LISTED).json()["id"]
    contents = {file: file.read_bytes() for file in lonely.landed() - before}
    # All is moved, and the record does not say so yet.
    ended = WHEN_A_RECORD_IS_WRITTEN % "if ( 2 === $times ) { posix_kill( getmypid(), 9 ); }"
    run = "$p = new Upload_Guard_Plugin(); $p->circuit->close(); return $p->queue->run( 10, true );"
    with sidecar_back(lonely, guard):
        lonely.wp("eval", ended + run, code=None)
    assert lonely.landed() == before
    later = """delete_option( 'upload_guard_queue_run.lock' );
        $rows = new Upload_Guard_Rows( 'upload_guard_held_' );
        foreach ( $rows->all() as $name => $row ) {
            if ( 'moving' === $row['state'] ) {
                $rows->put( $name, array( 'at' => time() - 3600 ) + $row );
            } }"""
    assert lonely.eval(later + run)["waiting"] == 1  # type: ignore[index]
    assert {file: file.read_bytes() for file in lonely.landed() - before} == contents
    assert lonely.attachments()[number] == "inherit"
    with sidecar_back(lonely, guard):
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout
    assert lonely.attachments()[number] == "private"


def test_a_file_that_is_kept_elsewhere_is_not_taken_for_gone(lonely: WordPress, guard: Sidecar) -> None:
    before = lonely.landed()
    number = upload(lonely, CLEAN).json()["id"]
    for file in lonely.landed() - before:
        file.unlink()
    with sidecar_back(lonely, guard):
        assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
        lonely.wp("post", "delete", str(number), "--force")
        assert "1 gone" in lonely.wp("upload-guard", "queue", "run").stdout


MOVED = """rename( '{0}', '{0}-disk' ); {1} return ( new Upload_Guard_Plugin() )->queue->run( 10, true );"""


@pytest.mark.parametrize("made", ["", "mkdir( '{0}' );", "wp_mkdir_p( '{1}' ); touch( '{1}/newer.jpg' );"])
def test_a_disk_that_is_not_mounted_for_a_moment_loses_no_check(
    made: str, lonely: WordPress, guard: Sidecar
) -> None:
    """Also where new uploads land below its mount point meanwhile."""
    bits = f"base64_decode( '{_base64(LISTED)}' )"
    file = Path(str(lonely.eval(f"return wp_upload_bits( 'a.jpg', null, {bits} )['file'];")))
    stand_in = made.format(lonely.uploads, file.parent)
    done = lonely.eval(MOVED.format(lonely.uploads, stand_in))
    assert done == {"allowed": 0, "held": 0, "gone": 0, "waiting": 1}
    assert "unreadable" in lonely.wp("upload-guard", "queue").stdout
    show = "( new Upload_Guard_Overview( new Upload_Guard_Plugin() ) )->show();"
    assert "a disk is not mounted" in str(lonely.eval(f"ob_start(); {show} return ob_get_clean();"))
    shutil.rmtree(lonely.uploads, ignore_errors=True)
    lonely.uploads.with_name("uploads-disk").rename(lonely.uploads)
    with sidecar_back(lonely, guard):
        assert "1 into quarantine" in lonely.wp("upload-guard", "queue", "run").stdout


def test_what_was_removed_with_its_folder_waits_no_longer(lonely: WordPress) -> None:
    folder = (
        "add_filter( 'upload_dir', fn( $dir ) => array( 'path' => $dir['basedir'] . '/form/1' ) + $dir );"
    )
    path = lonely.eval(
        f"{folder} return wp_upload_bits( 'a.jpg', null, base64_decode( '{_base64(CLEAN)}' ) )['file'];"
    )
    assert waiting(lonely) == 1
    shutil.rmtree(Path(str(path)).parents[1])
    assert "1 gone" in lonely.wp("upload-guard", "queue", "run").stdout


def test_what_never_came_is_gone_with_its_attachment(lonely: WordPress) -> None:
    path = lonely.uploads / "import" / "never.jpg"
    number = lonely.eval(f"return wp_insert_attachment( array( 'post_title' => 'never' ), '{path}' );")
    assert waiting(lonely) == 1
    path.parent.mkdir()
    lonely.wp("post", "delete", str(number), "--force")
    assert "1 gone" in lonely.wp("upload-guard", "queue", "run").stdout


def test_a_sidecar_without_lists_settles_nothing(lonely: WordPress, guard: Sidecar) -> None:
    body = b'{"answer": "allow", "result": "unchecked", "case": "", "message": ""}'
    with scripted(answering(b"200 OK\r\nContent-Type: application/json", body), port=port_of(lonely)):
        assert upload(lonely, CLEAN).status_code == 201
        assert "unchecked" in lonely.wp("upload-guard", "queue").stdout
        assert "1 wait" in lonely.wp("upload-guard", "queue", "run", code=1).stdout
    with sidecar_back(lonely, guard):
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
    with of_little_patience(lonely), scripted(NONSENSE[kind], port=port_of(lonely)):
        assert upload(lonely, CLEAN).status_code == 201
        assert status(lonely)["waiting"] == 1
    with sidecar_back(lonely, guard):
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def test_after_two_faults_nobody_waits_for_a_third(lonely: WordPress, guard: Sidecar) -> None:
    with of_little_patience(lonely), scripted(stay_silent, port=port_of(lonely)) as silent:
        for _ in range(4):
            upload(lonely, CLEAN)
        assert len(silent.connections) == 2
    with sidecar_back(lonely, guard):
        assert "4 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def silent_on_files(connection: Connection) -> None:
    """Answers to hashes, and to no file."""
    body = b'{"answer": "need_file", "result": null, "case": "", "message": "", "if_unsent": "policy"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    while connection.request() and "/bridge/v1/hash" in connection.requests[-1][0]:
        connection.answer(head + body)
    connection.socket.recv(1)


def test_files_that_take_too_long_do_not_make_a_living_sidecar_look_dead(
    lonely: WordPress, guard: Sidecar
) -> None:
    with of_little_patience(lonely), scripted(silent_on_files, port=port_of(lonely)) as slow:
        for _ in range(3):
            upload(lonely, CLEAN)
        assert sum("/bridge/v1/scan" in head for head in slow.heads) == 3
    with sidecar_back(lonely, guard):
        assert "3 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


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
    with sidecar_back(lonely, guard):
        upload(lonely, CLEAN)
        assert str(status(lonely)["last_fault"]).startswith("unauthorized")
        write_config(lonely)
        assert "1 allowed" in lonely.wp("upload-guard", "queue", "run").stdout


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()
