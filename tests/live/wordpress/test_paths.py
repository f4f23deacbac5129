"""Every way into WordPress's uploads: a listed picture leaves no file and no row, a clean one is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.doors import DOORS
from tests.live.wordpress.sites import WordPress
from tests.support import LISTED_SEED, OTHER_SEED, jpeg, landscape, picture_bytes

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
REFUSED = re.compile(r"This upload cannot be accepted\. Case number: ([0-9A-Z]{4}(-[0-9A-Z]{4}){2})")


def case_in(told: str) -> str:
    found = REFUSED.search(told)
    assert found, told
    return found[1]


def skip_what_is_new(door: str, site: WordPress) -> None:
    if door == "REST, url" and site.version.startswith("6."):
        pytest.skip("new in WordPress 7.1")


@pytest.mark.parametrize("door", DOORS)
def test_a_listed_picture_leaves_nothing_and_the_person_is_told_its_case(
    door: str, either: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    skip_what_is_new(door, either)
    before, asked = either.state(), guard.asked()
    case = case_in(DOORS[door](either, LISTED, tmp_path))
    assert case in guard.cases()
    assert either.state() == before
    assert guard.asked() - asked == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_clean_picture_is_taken_for_one_call(
    door: str, either: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    skip_what_is_new(door, either)
    files, asked = either.landed(), guard.asked()
    assert DOORS[door](either, CLEAN, tmp_path) == ""
    landed = either.landed() - files
    assert CLEAN in {file.read_bytes() for file in landed}
    assert guard.asked() - asked == 1


def test_of_two_files_in_one_request_only_the_listed_one_is_refused(either: WordPress) -> None:
    # WordPress remembers an error of the upload folder for the rest of the request.
    with either.browser() as browser:
        files = {"file": ("a.jpg", LISTED, "image/jpeg"), "second": ("b.jpg", CLEAN, "image/jpeg")}
        said = browser.post(
            f"{either.url}/wp-admin/admin-ajax.php?action=two", files=files, timeout=60
        ).json()
    case_in(said[0]["error"])
    assert Path(said[1]["file"]).read_bytes() == CLEAN


def test_a_file_that_a_refused_one_was_to_replace_stays(either: WordPress, tmp_path: Path) -> None:
    listed = tmp_path / "listed.jpg"
    listed.write_bytes(LISTED)
    there = either.uploads / "there.jpg"
    there.write_bytes(CLEAN)
    told = either.eval(
        f"""require_once ABSPATH . 'wp-admin/includes/admin.php';
        $tmp = wp_tempnam( 'a' ); copy( '{listed}', $tmp );
        add_filter( 'upload_dir', fn( $dir ) => array( 'path' => '{either.uploads}' ) + $dir );
        $file = array( 'name' => 'there.jpg', 'tmp_name' => $tmp, 'error' => 0, 'size' => filesize( $tmp ) );
        $same = fn() => 'there.jpg';
        $how = array( 'action' => 'odd', 'test_form' => false, 'test_type' => false,
            'unique_filename_callback' => $same );
        return wp_handle_sideload( $file, $how )['error'];"""
    )
    case_in(str(told))
    assert there.read_bytes() == CLEAN
    there.unlink()


def test_what_other_code_put_there_goes_into_quarantine(either: WordPress, guard: Sidecar) -> None:
    file = either.uploads / "by-ftp.jpg"
    file.write_bytes(LISTED)
    post = "array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'ftp' )"
    number = either.eval(f"return wp_insert_attachment( {post}, '{file}' );")
    assert isinstance(number, int)
    assert either.attachments()[number] == "private"
    assert not file.exists()
    record = either.wp("upload-guard", "held").stdout.split()
    assert record[record.index("attachment") + 1] == str(number)
    either.wp("upload-guard", "restore", record[0])
    assert file.read_bytes() == LISTED
    assert either.attachments()[number] == "inherit"
    either.wp("post", "delete", str(number), "--force")


def test_smaller_formats_that_plugins_made_go_with_their_picture_and_what_is_an_attachment_stays(
    either: WordPress,
) -> None:
    made = {"one.jpg", "one.jpg.webp", "one.avif"}
    others = {"one.webp", "one-scaled.avif", "one.jpg.png"}
    for name in made | others:
        (either.uploads / name).write_bytes(CLEAN)
    post = "array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'formats' )"
    put_away = f"""$at = fn( $name ) => wp_insert_attachment( {post}, '{either.uploads}/' . $name );
        $ids = array( $at( 'one.jpg' ), $at( 'one.webp' ) );
        $verdict = Upload_Guard_Verdict::refused( 'match', 'CCCC', '' );
        $ids[] = ( new Upload_Guard_Plugin() )->quarantine->hold_attachment( $ids[0], $verdict, 'later' );
        return $ids;"""
    ids = list(either.eval(put_away))  # type: ignore[call-overload]
    assert {file.name for file in either.uploads.glob("one*")} == others
    either.wp("upload-guard", "restore", ids[2])
    assert {file.name for file in either.uploads.glob("one*")} == made | others
    either.wp("post", "delete", *map(str, ids[:2]), "--force")
    for file in either.uploads.glob("one*"):
        file.unlink()
    either.eval(f"{FORGET} return 1;")


# Other tests put listed files back: those are left from then on.
FORGET = "delete_option( Upload_Guard_Quarantine::RESTORED );"
INSERT = "wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'x' )"
CHANGES = {
    "replaced in its place": f"$id = {INSERT}, $clean ); copy( $listed, $clean ); "
    "update_attached_file( $id, $clean );",
    "made before its file": f"$id = {INSERT} ); update_attached_file( $id, $listed );",
    "another file by its post": f"$id = {INSERT}, $clean ); "
    "wp_insert_attachment( array( 'ID' => $id ), $listed );",
    "another file by hand": f"$id = {INSERT}, $clean ); "
    "update_post_meta( $id, '_wp_attached_file', wp_basename( $listed ) );",
    "its file comes later": f"$id = {INSERT}, dirname( $clean ) . '/comes-later.jpg' );",
}


@pytest.fixture
def changed(either: WordPress, tmp_path: Path) -> Iterator[dict[str, int]]:
    """The attachments that got a listed file in each of those ways, all in one request."""
    (tmp_path / "clean.jpg").write_bytes(CLEAN)
    (tmp_path / "listed.jpg").write_bytes(LISTED)
    acts = [
        f"""$clean = '{either.uploads}/clean{number}.jpg'; copy( '{tmp_path}/clean.jpg', $clean );
        $listed = '{either.uploads}/listed{number}.jpg'; copy( '{tmp_path}/listed.jpg', $listed );
        {change} $made[] = $id;"""
        for number, change in enumerate(CHANGES.values())
    ]
    made = either.eval(f"{FORGET} $made = array(); {''.join(acts)} return $made;")
    assert isinstance(made, list)
    yield dict(zip(CHANGES, made, strict=True))
    for pattern in ("clean*.jpg", "listed*.jpg", "comes-later*"):
        for file in either.uploads.glob(pattern):
            file.unlink()
    either.eval(
        f"""{FORGET} array_map( 'wp_delete_post', {json.dumps(made)}, {json.dumps([True] * len(made))} );
        foreach ( ( new Upload_Guard_Plugin() )->quarantine->records() as $one ) {{
            delete_option( Upload_Guard_Quarantine::PREFIX . $one['id'] ); }} return 1;"""
    )


def test_a_file_that_an_attachment_gets_later_is_checked(either: WordPress, changed: dict[str, int]) -> None:
    """As plugins do that replace media, and code that makes the attachment before its file."""
    statuses = either.attachments()
    later = changed.pop("its file comes later")
    assert {way: statuses[number] for way, number in changed.items()} == dict.fromkeys(changed, "private")
    # What is not there yet is not forgotten.
    assert statuses[later] == "inherit"
    (either.uploads / "comes-later.jpg").write_bytes(LISTED)
    assert "1 into quarantine" in either.wp("upload-guard", "queue", "run").stdout
    assert either.attachments()[later] == "private"
    held = either.wp("upload-guard", "held").stdout.splitlines()
    (record,) = (line.split()[0] for line in held if f"attachment {later} " in line)
    # What a person has put back is left, whatever WordPress does with it then.
    either.wp("upload-guard", "restore", record)
    either.eval(f"update_attached_file( {later}, get_attached_file( {later} ) ); return 1;")
    assert (either.uploads / "comes-later.jpg").read_bytes() == LISTED


def test_filters_that_other_code_applies_with_less_than_wordpress_gives_end_no_request(
    site: WordPress,
) -> None:
    odd = """return array( apply_filters( 'update_attached_file', 'a' ),
        apply_filters( 'update_attached_file', 'a', new stdClass() ),
        apply_filters( 'big_image_size_threshold', 5 ),
        apply_filters( 'big_image_size_threshold', 5, null, '/a.jpg', array( 1 ) ) );"""
    assert site.eval(odd) == ["a", "a", 5, 5]


def test_what_wordpress_makes_of_a_large_picture_is_not_asked_about(
    either: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    files, asked = either.landed(), guard.asked()
    assert DOORS["REST, multipart"](either, jpeg(landscape(77, (2600, 1200))), tmp_path) == ""
    assert any(file.stem.endswith("-scaled") for file in either.landed() - files)
    assert guard.asked() - asked == 1


OLD_MARK = "add_post_meta( 71, '_upload_guard_upload', str_repeat( 'a', 64 ) . ' ' . str_repeat( '1', 32 ) );"


def test_marks_of_an_older_version_are_found_before_and_after_they_get_an_index(either: WordPress) -> None:
    looks = """$seen[] = array( Upload_Guard_Marks::attachments_of( str_repeat( '1', 32 ) ),
        Upload_Guard_Marks::attachments_of( str_repeat( '2', 32 ) ),
        array_keys( Upload_Guard_Marks::of( 71 ) ) );"""
    acts = f"""{OLD_MARK} Upload_Guard_Marks::add( 71, str_repeat( '2', 32 ), str_repeat( 'b', 64 ) );
        $seen = array(); {looks} Upload_Guard_Marks::renew(); {looks}
        $seen[] = get_post_meta( 71, '_upload_guard_upload' );
        foreach ( range( 1, Upload_Guard_Marks::MOST ) as $number ) {{
            Upload_Guard_Marks::add( 71, md5( (string) $number ), str_repeat( 'c', 64 ) ); }}
        $seen[] = count( Upload_Guard_Marks::of( 71 ) );
        $seen[] = Upload_Guard_Marks::attachments_of( str_repeat( '1', 32 ) );
        foreach ( array_keys( get_post_meta( 71 ) ) as $key ) {{ delete_post_meta( 71, $key ); }}
        return $seen;"""
    one, two = {"71": "a" * 64}, {"71": "b" * 64}
    found = [one, two, ["1" * 32, "2" * 32]]
    # No more than so many are kept, the newest.
    assert either.eval(acts) == [found, found, [], 20, []]


def test_a_size_that_the_browser_made_is_checked_as_well(site: WordPress) -> None:
    """New in 7.1, and there under TLS or at localhost only."""
    answer = site.rest(
        "POST",
        "/wp/v2/media",
        files={"file": ("whole.jpg", CLEAN, "image/jpeg")},
        params={"generate_sub_sizes": "false"},
    )
    number = answer.json()["id"]
    for size in ("full", "scaled", "thumbnail"):
        before = site.state()
        answer = site.rest(
            "POST",
            f"/wp/v2/media/{number}/sideload",
            files={"file": ("whole-150x150.jpg", LISTED, "image/jpeg")},
            data={"image_size": size},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "upload_guard_blocked"), answer.text
        assert site.state() == before


def test_what_a_browser_sent_is_put_away_with_its_picture_and_no_more_of_it_is_taken(site: WordPress) -> None:
    """Known as a size or not yet, and as a HEIC file that it made the picture of."""
    answer = site.rest(
        "POST",
        "/wp/v2/media",
        files={"file": ("sent.jpg", picture_bytes(78), "image/jpeg")},
        params={"generate_sub_sizes": "false"},
    )
    number = answer.json()["id"]

    def send(size: str, name: str) -> int:
        file = {"file": (name, jpeg(landscape(79, (150, 150))), "image/jpeg")}
        route = f"/wp/v2/media/{number}/sideload"
        return site.rest("POST", route, files=file, data={"image_size": size}).status_code

    assert send("thumbnail", "sent-150x150.jpg") == 200
    source = next(site.uploads.rglob("sent.jpg")).with_name("sent.heic")
    source.write_bytes(picture_bytes(80))
    site.eval(
        f"""$known = (array) wp_get_attachment_metadata( {number} );
        wp_update_attachment_metadata( {number}, array( 'source_image' => 'sent.heic' ) + $known );
        $verdict = Upload_Guard_Verdict::refused( 'match', 'CCCC', '' );
        return ( new Upload_Guard_Plugin() )->quarantine->hold_attachment( {number}, $verdict, 'later' );"""
    )
    assert list(site.uploads.rglob("sent*")) == []
    assert send("medium", "sent-300x225.jpg") == 422
    # Whoever may not change it learns nothing of it.
    status = site.eval(
        f"""$_SERVER['HTTPS'] = 'on';
        wp_set_current_user( wp_create_user( 'author', 'x', 'author@example.org' ) );
        wp_get_current_user()->set_role( 'author' );
        $asked = new WP_REST_Request( 'POST', '/wp/v2/media/{number}/sideload' );
        $asked->set_param( 'image_size', 'medium' );
        return rest_do_request( $asked )->get_status();"""
    )
    assert status == 403
    assert list(site.uploads.rglob("sent*")) == []


def test_where_no_upload_is_remembered_nothing_is_kept_and_nothing_more_is_asked(
    site: WordPress, guard: Sidecar
) -> None:
    answer = site.rest("POST", "/wp/v2/media", files={"file": ("b.jpg", CLEAN, "image/jpeg")})
    number = answer.json()["id"]
    left = "SELECT option_name FROM wp_options WHERE option_name LIKE 'upload_guard_place_%'"
    kept = f"SELECT meta_key FROM wp_postmeta WHERE post_id = {number} AND meta_key LIKE '%upload_guard%'"  # noqa: S608
    assert [*site.database.rows(left), *site.database.rows(kept)] == []
    site.wp("cron", "event", "run", "upload_guard_refresh")
    assert "/v1/uploads" not in guard.config.with_suffix(".sidecar.log").read_text()


def test_wordpress_had_nothing_to_complain_of(either: WordPress) -> None:
    """Of us; runs last in this module."""
    log = either.debug_log.read_text() if either.debug_log.exists() else ""
    assert [line for line in log.splitlines() if "upload-guard" in line or "upload_guard" in line] == []
