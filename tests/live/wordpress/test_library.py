"""What was uploaded before the plugin: a scan that goes on where it stopped, and puts away reversibly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import VERSIONS, Sidecar, of_version
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, guarded, write_config
from tests.support import LISTED_SEED, picture_bytes

pytestmark = pytest.mark.live

LISTED = picture_bytes(LISTED_SEED)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module", params=VERSIONS)
def library(
    request: pytest.FixtureRequest, guard: Sidecar, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WordPress]:
    """A site with seven pictures in all sizes, the fourth of them listed; one more lies in a theme."""
    folder = tmp_path_factory.mktemp("library")
    files = {number: folder / f"{number}.jpg" for number in range(10, 17)}
    for number, file in files.items():
        file.write_bytes(LISTED if number == 13 else picture_bytes(number))
    constants = guarded(guard.url, guard.key)
    with of_version(request.param)(folder, php(), constants, plugin=False) as running:
        running.wp("media", "import", *files.values())
        theme = running.folder / "wp-content" / "themes" / "listed.jpg"
        theme.write_bytes(LISTED)
        title = "array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'theme' )"
        running.eval(f"return wp_insert_attachment( {title}, '{theme}' );")
        running.add_plugin()
        yield running


def everything(site: WordPress) -> dict[Path, tuple[bytes, int, int]]:
    """Content, rights and time of each upload."""
    return {
        file: (file.read_bytes(), file.stat().st_mode, int(file.stat().st_mtime)) for file in site.landed()
    }


def posts(site: WordPress) -> str:
    return site.wp("post", "list", "--post_type=attachment", "--post_status=any", "--format=json",
                   "--fields=ID,post_status,post_date,post_modified,post_parent,guid").stdout  # fmt: skip


def test_a_dry_run_moves_nothing(library: WordPress) -> None:
    before = everything(library), posts(library)
    said = library.wp("upload-guard", "scan", "--dry-run").stdout
    assert "8 of 8 looked at, 0 into quarantine, 2 reported, 0 not checked" in said
    assert (everything(library), posts(library)) == before


def test_a_scan_goes_on_where_it_stopped(library: WordPress) -> None:
    write_config(library.with_constants(URL=NOWHERE))
    stopped = library.wp("upload-guard", "scan", code=1)
    assert "0 of 8 looked at" in stopped.stderr
    write_config(library)
    library.wp("transient", "delete", "--all", "--network")
    part = library.eval(
        "$p = new Upload_Guard_Plugin(); $s = $p->scanner->run( 3 ); return array( $s['seen'], $s['state'] );"
    )
    assert part == [3, "running"]
    state = json.loads(library.wp("upload-guard", "status", "--format=json").stdout)
    assert state["scan"] == "running, 3 of 8"


def test_the_rest_is_put_away_reported_and_given_back_as_it_was(library: WordPress) -> None:
    before = everything(library), posts(library)
    theme = library.folder / "wp-content" / "themes" / "listed.jpg"
    said = library.wp("upload-guard", "scan").stdout
    assert "8 of 8 looked at, 1 into quarantine, 1 reported" in said
    assert "not_an_upload  case" in said
    assert str(theme) in said
    assert theme.read_bytes() == LISTED
    left = everything(library)
    assert not any(name.name.startswith("13") for name in left)
    assert len(left) < len(before[0])
    identifier = library.wp("upload-guard", "held").stdout.split()[0]
    library.wp("upload-guard", "restore", identifier)
    assert (everything(library), posts(library)) == before


def test_what_a_person_put_back_is_reported_and_left(library: WordPress) -> None:
    said = library.wp("upload-guard", "scan", "--anew").stdout
    assert "0 into quarantine, 2 reported" in said
    assert "restored_by_hand" in said


def test_cron_goes_through_it_as_well(library: WordPress) -> None:
    library.wp("upload-guard", "scan", "--anew", "--background")
    library.wp("cron", "event", "run", "upload_guard_run_scan")
    state = json.loads(library.wp("upload-guard", "status", "--format=json").stdout)
    assert state["scan"] == "done, 8 of 8"


@pytest.fixture
def put_away(library: WordPress, tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """A listed picture in a quarantine that the administrator chose: its id, where it was, where it is."""
    folder = tmp_path / "chosen"
    write_config(library.with_constants(QUARANTINE_DIR=str(folder)))
    file = library.uploads / "ftp.jpg"
    file.write_bytes(LISTED)
    post = "array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'ftp' )"
    number = library.eval(f"return wp_insert_attachment( {post}, '{file}' );")
    (stored,) = folder.rglob("0.held")
    yield stored.parent.name, file, stored
    write_config(library)
    library.wp("post", "delete", str(number), "--force")
    file.unlink(missing_ok=True)


Away = tuple[str, Path, Path]


def test_the_quarantine_can_lie_where_no_server_looks(library: WordPress, put_away: Away) -> None:
    identifier, file, stored = put_away
    assert (stored.read_bytes(), stored.stat().st_mode & 0o777, file.exists()) == (LISTED, 0o600, False)
    record = json.loads(stored.with_name("record.json").read_text())
    assert (record["id"], record["files"][0]["path"]) == (identifier, str(file))


def test_it_is_given_back_after_another_folder_was_chosen(library: WordPress, put_away: Away) -> None:
    identifier, file, _ = put_away
    write_config(library)
    library.wp("upload-guard", "restore", identifier)
    assert file.read_bytes() == LISTED


def test_an_attachment_whose_file_is_elsewhere_was_not_checked(library: WordPress) -> None:
    post = "array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'offloaded' )"
    number = library.eval(f"return wp_insert_attachment( {post}, 'offloaded.jpg' );")
    said = library.wp("upload-guard", "scan", "--anew", "--dry-run").stdout
    library.wp("post", "delete", str(number), "--force")
    assert "1 not checked" in said


def test_nothing_is_given_back_over_another_file(library: WordPress, put_away: Away) -> None:
    identifier, file, stored = put_away
    file.write_bytes(b"something new")
    done = library.wp("upload-guard", "restore", identifier, code=1)
    assert "is there already" in done.stderr
    assert (file.read_bytes(), stored.read_bytes()) == (b"something new", LISTED)


def test_nothing_is_given_back_that_was_changed(library: WordPress, put_away: Away) -> None:
    identifier, file, stored = put_away
    stored.write_bytes(b"changed")
    done = library.wp("upload-guard", "restore", identifier, code=1)
    assert "was changed in the quarantine" in done.stderr
    assert not file.exists()


def test_nothing_is_given_back_that_is_not_there(library: WordPress) -> None:
    for identifier in ("0123456789ab", "../../etc"):
        missing = library.wp("upload-guard", "restore", identifier, code=1)
        assert "Nothing with that ID is in quarantine" in missing.stderr
