"""A list learns of an upload after it had passed: the plugin has told where it went, and hears of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, guarded, wordpress
from tests.serving import held_port, key_of, sidecar, write_config
from tests.support import (
    LISTED_SEED,
    activate_list,
    activate_listed_picture,
    digests_of,
    eventually,
    picture_bytes,
)
from upload_guard.compose import open_cases, open_decisions, open_placements
from upload_guard.errors import TransportError
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.outbox.messages import Message, MessageKind
from upload_guard.outbox.webhooks import Webhook, WebhookTransport
from upload_guard.quarantine.showing.outcomes import LateOutcomes
from upload_guard.quarantine.states import CaseState
from upload_guard.records import SignalType
from upload_guard.retro.places import UploadPlaces
from upload_guard.signing import Credentials
from upload_guard.storage.database import Database, open_database
from upload_guard.storage.placement_tables import PlaceState
from upload_guard.storage.tables import Case

pytestmark = pytest.mark.live

HOOK = "/?rest_route=/upload-guard/v1/event"


@dataclass(frozen=True)
class Blog:
    """A site that lets the sidecar at its files and hears it, and a sidecar that remembers uploads."""

    site: WordPress
    guard: Sidecar

    @property
    def database(self) -> Database:
        return open_database(self.guard.settings.database_url)

    def upload(self, data: bytes, name: str) -> int:
        return upload(self.site, data, name)

    def cron(self) -> None:
        self.site.wp("cron", "event", "run", "upload_guard_run_queue")

    def places(self, attachment: int) -> set[str]:
        """Of the uploads by which it was checked."""
        known = UploadPlaces(self.database)
        return {place for one in marks(self.site, attachment) for place in known.of("blog", one.split()[1])}

    def files(self, name: str) -> dict[Path, bytes]:
        """All sizes of a picture that are there."""
        found = {}
        for file in self.site.landed():
            # While this looks they are moved, one after another.
            with suppress(FileNotFoundError):
                found[file] = file.read_bytes()
        return {file: data for file, data in found.items() if file.name.startswith(name)}

    def found(self, data: bytes, name: str) -> str:
        """A list of that name learns of this file; the number of its case."""
        md5 = digests_of(data).md5
        activate_list(self.guard.settings, [ListedHash(SignalType.MD5, md5)], name)
        numbers: list[str] = []

        def opened() -> bool:
            with self.database.session() as session:
                mine = (Case.md5 == md5) & (Case.state != CaseState.STORING)
                numbers[:] = session.scalars(select(Case.number).where(mine))
            return bool(numbers)

        assert eventually(opened)
        (number,) = numbers
        return number

    def outcomes(self, case: str) -> set[str]:
        return {told.action for told in LateOutcomes(self.database).on(case)}

    def place_is(self, case: str, state: PlaceState) -> bool:
        return [place.state for place in open_placements(self.guard.settings).of_case(case)] == [state]

    def tell(self, key: Credentials, **body: str) -> None:
        """An event, as the sidecar sends it with a key. Raises `TransportError`."""
        hooks = {"blog": Webhook(self.site.url + HOOK, seconds=60)}
        message = Message(1, secrets.token_hex(16), MessageKind.WEBHOOK, "blog", body, "claim")
        WebhookTransport(hooks, lambda _: key).send(message)


def upload(site: WordPress, data: bytes, name: str) -> int:
    answer = site.rest("POST", "/wp/v2/media", files={"file": (f"{name}.jpg", data, "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def marks(site: WordPress, attachment: int) -> list[str]:
    """What an attachment keeps of its uploads: SHA-256 and id of each."""
    kept = site.eval(f"return Upload_Guard_Marks::of( {attachment} );")
    # PHP writes an empty array as a list.
    return [f"{sha256} {upload}" for upload, sha256 in kept.items()] if isinstance(kept, dict) else []


def untold(site: WordPress) -> int:
    rows = site.database.rows(
        "SELECT option_name FROM wp_options WHERE option_name LIKE 'upload_guard_place_%'"
    )
    return len(list(rows))


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    """The sidecar and the site each know where the other is before it answers."""
    folder = tmp_path_factory.mktemp("later")
    config = write_config(folder / "sidecar.toml", {}, data_dir="data")
    key = key_of(config, "blog")
    with held_port() as port:
        constants = guarded(f"http://127.0.0.1:{port}", key, REMOTE_FILES="1")
        with wordpress(folder, php(), constants) as site, _remembering(site, config, key, port) as guard:
            yield Blog(site, guard)


@contextmanager
def _remembering(site: WordPress, config: Path, key: Credentials, port: int) -> Iterator[Sidecar]:
    """A sidecar that remembers uploads and knows where the site is."""
    sections = {
        "trust": {"probation_hours": 0},
        "retro": {"days": 30},
        "webhooks.blog": {"url": site.url + HOOK},
        "incoming.sites.blog": {"wordpress": site.url},
    }
    write_config(config, sections, data_dir="data")
    settings = load_settings(config)
    activate_listed_picture(settings)
    with sidecar(config, at=port) as url:
        yield Sidecar(url, key, config, settings)


def test_where_uploads_went_is_told_by_cron_for_a_file_that_comes_twice_too(blog: Blog) -> None:
    data = picture_bytes(501)
    attachments = [blog.upload(data, "twice"), blog.upload(data, "twice")]
    assert untold(blog.site) == 2
    assert [blog.places(one) for one in attachments] == [set(), set()]
    blog.cron()
    assert untold(blog.site) == 0
    for one in attachments:
        assert f"wordpress://blog/{one}" in blog.places(one)


def test_a_size_that_a_browser_made_is_an_upload_of_the_same_attachment(blog: Blog) -> None:
    whole, small = picture_bytes(509), picture_bytes(510)
    attachment = blog.upload(whole, "browser")
    file = {"file": ("browser-150x150.jpg", small, "image/jpeg")}
    route = f"/wp/v2/media/{attachment}/sideload"
    answer = blog.site.rest("POST", route, files=file, data={"image_size": "scaled"})
    assert answer.status_code == 200, answer.text
    digests = [mark.split()[0] for mark in marks(blog.site, attachment)]
    assert digests == [digests_of(one).sha256.hex() for one in (whole, small)]


def test_what_a_list_learns_of_is_put_away_and_is_back_once_it_is_released(blog: Blog) -> None:
    data = picture_bytes(502)
    attachment = blog.upload(data, "released")
    before = blog.files("released")
    blog.cron()
    number = blog.found(data, "second")
    assert open_cases(blog.guard.settings).one(number).kept.there
    assert eventually(lambda: blog.place_is(number, PlaceState.NOTED))
    assert eventually(lambda: blog.outcomes(number) == {"hidden"})
    assert (blog.files("released"), blog.site.attachments()[attachment]) == ({}, "private")
    # Only what the sidecar says when it is asked counts.
    blog.tell(blog.guard.key, event="case.changed", case=number, state="released")
    assert blog.files("released") == {}
    open_decisions(blog.guard.settings).release(number, "eve", "harmless")
    assert eventually(lambda: blog.files("released") == before)
    assert eventually(lambda: blog.site.attachments()[attachment] == "inherit")


def test_what_is_confirmed_stays_away_until_it_is_released_after_all(blog: Blog) -> None:
    data = picture_bytes(503)
    blog.upload(data, "confirmed")
    before = blog.files("confirmed")
    blog.cron()
    number = blog.found(data, "third")
    assert eventually(lambda: blog.files("confirmed") == {})
    decisions = open_decisions(blog.guard.settings)
    decisions.confirm(number, "eve", "seen")
    assert eventually(lambda: blog.place_is(number, PlaceState.REMOVED))
    decisions.reopen(number, "eve", "seen again")
    decisions.release(number, "eve", "harmless")
    assert eventually(lambda: blog.place_is(number, PlaceState.RESTORED))
    assert blog.files("confirmed") == before


def test_another_file_in_its_place_is_left_alone_and_an_administrator_told(blog: Blog) -> None:
    data = picture_bytes(504)
    attachment = blog.upload(data, "replaced")
    for file in blog.files("replaced"):
        file.write_bytes(picture_bytes(505))
    number = blog.found(data, "fourth")
    assert eventually(lambda: blog.outcomes(number) == {"gone"})
    assert set(blog.files("replaced").values()) == {picture_bytes(505)}
    assert blog.site.attachments()[attachment] == "inherit"
    with blog.site.browser() as browser:
        assert number in browser.get(f"{blog.site.url}/wp-admin/", timeout=60).text


def test_nobody_else_is_heard(blog: Blog) -> None:
    attachment = blog.upload(picture_bytes(506), "forged")
    (mark,) = marks(blog.site, attachment)
    forged = Credentials(blog.guard.key.key_id, "a guess")
    with pytest.raises(TransportError, match="401"):
        blog.tell(forged, event="upload.found", case="7KQM-2TZP-9XWD", upload=mark.split()[1], result="match")
    assert blog.site.attachments()[attachment] == "inherit"


NOBODY_THERE = """
add_filter( 'pre_http_request', fn( $said, $how, $url ) => strpos( $url, '/v1/uploads/' )
    ? new WP_Error( 'http_request_failed', 'cURL error 28: timed out' ) : $said, 10, 3 );
$plugin = new Upload_Guard_Plugin(); $rows = new Upload_Guard_Rows( Upload_Guard_Places::PREFIX );
"""


def test_a_sidecar_that_does_not_hear_it_harms_no_upload_and_is_not_told_for_ever(blog: Blog) -> None:
    blog.cron()
    attachment = blog.upload(picture_bytes(507), "unheard")
    tried = "$plugin->places->run(); return array_column( $rows->all(), 'tries' );"
    assert blog.site.eval(NOBODY_THERE + tried) == [1]
    # The next try is later, and the last one ends it.
    assert blog.site.eval(NOBODY_THERE + tried) == [1]
    last = """foreach ( $rows->all() as $name => $row ) {
        $rows->put( $name, array( 'tries' => Upload_Guard_Places::TRIES - 1, 'next' => 0 ) + $row ); }"""
    assert blog.site.eval(NOBODY_THERE + last + tried) == []
    assert blog.site.attachments()[attachment] == "inherit"


CASES = """
$states = array();
add_filter( 'pre_http_request', function ( $said, $how, $url ) use ( &$states ) {
    $state = $states[ basename( $url ) ] ?? 'open';
    return array( 'headers' => array( 'content-type' => 'application/json' ), 'cookies' => array(),
        'response' => array( 'code' => 200 ), 'body' => json_encode( compact( 'state' ) ) ); }, 10, 3 );
$plugin = new Upload_Guard_Plugin();
$late   = new Upload_Guard_Late_Match( $plugin->client, $plugin->quarantine );
"""


def test_what_two_cases_hold_comes_back_with_the_last_of_them(blog: Blog) -> None:
    attachment = blog.upload(picture_bytes(512), "both")
    before = blog.files("both")
    (mark,) = marks(blog.site, attachment)
    acts = f"""foreach ( array( 'AAAA', 'BBBB' ) as $case ) {{
            $late->put_away( '{mark.split()[1]}', $case, 'match', true );
        }}
        $there = fn() => is_file( get_attached_file( {attachment} ) );
        $seen  = array( $there() );
        foreach ( array( 'AAAA', 'BBBB' ) as $case ) {{
            $late->put_back( $case, true );
            $states[ $case ] = 'released';
            $late->put_back( $case, true );
            $seen[] = $there();
        }}
        return $seen;"""
    assert blog.site.eval(CASES + acts) == [False, False, True]
    assert (blog.files("both"), blog.site.attachments()[attachment]) == (before, "inherit")


def test_a_release_that_was_heard_before_its_match_gives_it_back_once_the_sidecar_says_so(blog: Blog) -> None:
    attachment = blog.upload(picture_bytes(513), "before")
    before = blog.files("before")
    (mark,) = marks(blog.site, attachment)
    acts = f"""$seen = array();
        foreach ( array( '', 'released' ) as $states['CCCC'] ) {{
            $became = $late->put_away( '{mark.split()[1]}', 'CCCC', 'match', false );
            $seen[] = array( $became, is_file( get_attached_file( {attachment} ) ) );
        }}
        return $seen;"""
    assert blog.site.eval(CASES + acts) == [["later", False], ["settled", True]]
    assert (blog.files("before"), blog.site.attachments()[attachment]) == (before, "inherit")


def test_a_copy_of_what_a_browser_made_is_an_upload_of_its_attachment_too(blog: Blog) -> None:
    small = picture_bytes(514)
    attachments = [blog.upload(picture_bytes(seed), f"copied{seed}") for seed in (515, 516)]
    for one in attachments:
        file = {"file": ("small-150x150.jpg", small, "image/jpeg")}
        route = f"/wp/v2/media/{one}/sideload"
        answer = blog.site.rest("POST", route, files=file, data={"image_size": "scaled"})
        assert answer.status_code == 200, answer.text
    # Whether it was sent twice or known by its hashes.
    digests = [marks(blog.site, one)[-1].split()[0] for one in attachments]
    assert digests == 2 * [digests_of(small).sha256.hex()]


EVENTS = """
require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
WP_Upgrader::release_lock( Upload_Guard_Events::LOCK );
$rows = new Upload_Guard_Rows( Upload_Guard_Events::PREFIX );
$add  = fn( $case, $outcome, $at ) => $rows->put(
    Upload_Guard_Events::PREFIX . $case,
    compact( 'case', 'outcome', 'at' ) + array( 'event' => 'case.changed', 'tries' => 0, 'next' => time() ) );
"""
NONE = "foreach ( $rows->all() as $name => $row ) { $rows->remove( $name, $row ); }"


def test_what_was_done_is_forgotten_before_what_an_administrator_has_to_see(blog: Blog) -> None:
    acts = """foreach ( array( 3, 10, 40 ) as $days ) {
            foreach ( array( 'settled', 'gone' ) as $outcome ) {
                $add( $outcome . $days, $outcome, time() - $days * DAY_IN_SECONDS ); } }
        $plugin->events->run();
        return array_column( $rows->all(), 'case' );"""
    assert blog.site.eval(CASES + EVENTS + NONE + acts) == ["settled3", "gone3", "gone10"]


def test_an_event_that_ends_php_does_not_end_each_run(blog: Blog) -> None:
    dies = """foreach ( array( 'AAAA', 'BBBB' ) as $case ) { $add( $case, 'later', time() ); }
        add_filter( 'pre_http_request', function ( $said, $how, $url ) {
            if ( 'AAAA' === basename( $url ) ) { exit( 0 ); }
            return $said; }, 1, 3 );
        $plugin->events->run();"""
    blog.site.wp("eval", CASES + EVENTS + NONE + dies)
    again = "$plugin->events->run(); return array_column( $rows->all(), 'outcome', 'case' );"
    assert blog.site.eval(CASES + EVENTS + again) == {"AAAA": "later", "BBBB": "settled"}


WAITS = """
$told = array();
add_filter( 'pre_http_request', function ( $said, $how ) use ( &$told ) {
    $told[] = json_decode( (string) $how['body'], true )['outcome'] ?? ''; return $said; }, 11, 2 );
$name = Upload_Guard_Events::PREFIX . 'awaited';
$begun = array( 'event' => 'upload.found', 'upload' => '%s', 'case' => 'WWWW', 'result' => 'match',
    'at' => time(), 'tries' => 0, 'next' => time(), 'outcome' => 'later' );
$run = function () use ( $plugin, $rows, $name, &$told ) {
    $told = array(); $plugin->events->run();
    return array( $rows->find( $name )['outcome'], array_values( array_filter( $told ) ) ); };
"""


def test_a_match_waits_for_the_attachment_that_its_upload_is_to_become(blog: Blog) -> None:
    upload_id, data = "f" * 32, picture_bytes(519)
    attachment = blog.upload(data, "awaited")
    acts = f"""$rows->put( $name, $begun ); $seen = array( $run() );
        $late = array( 'at' => time() - Upload_Guard_Events::AWAITED_FOR, 'next' => time() );
        $rows->put( $name, $late + $rows->find( $name ) ); $seen[] = $run();
        $passed = Upload_Guard_Verdict::allowed( 'clean', '{upload_id}', '{digests_of(data).sha256.hex()}' );
        $plugin->places->note( {attachment}, $passed );
        $seen[] = array( $rows->find( $name )['outcome'], is_file( get_attached_file( {attachment} ) ) );
        return $seen;"""
    seen = blog.site.eval(CASES + EVENTS + NONE + WAITS % upload_id + acts)
    # An administrator is told at the end; and what comes later still is put away at the end of its request.
    assert seen == [["later", []], ["unknown", ["failed"]], ["later", True]]
    assert blog.files("awaited") == {}
    kept = blog.site.eval(f"{EVENTS} return array_column( $rows->all(), 'outcome', 'case' );")
    assert kept == {"WWWW": "settled"}


def test_an_attachment_that_another_request_makes_is_of_the_upload_that_came_before(blog: Blog) -> None:
    """The sidecar answers to the hashes of what it has just seen, and names no upload then."""
    file = blog.site.folder.parent / "background.jpg"
    file.write_bytes(picture_bytes(526))
    landed = blog.site.eval(
        f"""require_once ABSPATH . 'wp-admin/includes/admin.php';
        $taken = array( 'name' => 'background.jpg', 'tmp_name' => '{file}', 'error' => 0, 'size' => 1 );
        return wp_handle_sideload( $taken, array( 'test_form' => false ) )['file'];"""
    )
    made = blog.site.eval(
        f"""$before = Upload_Guard_Marks::newest( hash_file( 'sha256', '{landed}' ) );
        $id = wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg' ), '{landed}' );
        return array( $before, Upload_Guard_Marks::of( $id ) );"""
    )
    assert isinstance(made, list)
    assert made[1] == {made[0]: digests_of(picture_bytes(526)).sha256.hex()}


def test_what_is_refused_as_an_attachment_is_held_for_the_upload_that_had_passed_too(blog: Blog) -> None:
    upload_id, listed = "e" * 32, picture_bytes(LISTED_SEED)
    file = blog.site.uploads / "both-ways.jpg"
    file.write_bytes(listed)
    acts = f"""$rows->put( $name, $begun );
        Upload_Guard_Marks::remember( '{digests_of(listed).sha256.hex()}', '{upload_id}' );
        return wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg' ), '{file}' );"""
    plugin = "$plugin = new Upload_Guard_Plugin();"
    attachment = blog.site.eval(plugin + EVENTS + NONE + WAITS % upload_id + acts)
    cases = f"""{plugin} foreach ( $plugin->quarantine->records() as $one ) {{
        if ( {attachment} === (int) $one['attachment'] ) {{
            return Upload_Guard_Quarantine::cases_of( $one ); }} }}"""
    held = blog.site.eval(cases)
    assert isinstance(held, list)
    assert len(held) == 2
    assert held[1] == "WWWW"
    assert not file.exists()


def test_what_was_deleted_while_it_was_away_does_not_come_back(blog: Blog) -> None:
    attachment = blog.upload(picture_bytes(517), "deleted")
    (mark,) = marks(blog.site, attachment)
    acts = f"""$late->put_away( '{mark.split()[1]}', 'DDDD', 'match', false );
        wp_delete_attachment( {attachment}, true );
        $states['DDDD'] = 'released';
        $became = $late->put_back( 'DDDD', false );
        return array( $became, count( array_filter( $plugin->quarantine->records(),
            fn( $one ) => 'DDDD' === $one['case'] ) ) );"""
    assert blog.site.eval(CASES + acts) == ["settled", 1]
    assert blog.files("deleted") == {}


def test_a_file_that_is_not_here_is_not_said_to_be_gone_and_is_put_away_once_it_is_back(blog: Blog) -> None:
    """Only a service may keep it, or a disk that is not mounted."""
    attachment = blog.upload(picture_bytes(518), "offloaded")
    before = blog.files("offloaded")
    (mark,) = marks(blog.site, attachment)
    for file in before:
        file.rename(file.with_name(f"away-{file.name}"))
    back = "".join(f"rename( '{file.with_name(f'away-{file.name}')}', '{file}' );" for file in before)
    acts = f"""$rows->put( $name, $begun ); $seen = array( $run(), count( $plugin->events->unsettled() ) );
        {back} $rows->put( $name, array( 'next' => time() ) + $rows->find( $name ) );
        $seen[] = $run(); $seen[] = count( $plugin->events->unsettled() );
        return $seen;"""
    seen = blog.site.eval(CASES + EVENTS + NONE + WAITS % mark.split()[1] + acts)
    assert seen == [["elsewhere", ["failed"]], 1, ["settled", ["hidden"]], 0]
    assert blog.files("offloaded") == {}


def test_one_run_reads_no_more_places_than_fit_in_its_memory(blog: Blog) -> None:
    acts = """$rows = new Upload_Guard_Rows( Upload_Guard_Places::PREFIX );
        foreach ( $rows->all() as $name => $row ) { $rows->remove( $name, $row ); }
        $GLOBALS['wpdb']->query( 'START TRANSACTION' );
        foreach ( range( 1, Upload_Guard_Places::AT_ONCE + 2 ) as $number ) {
            $rows->put( Upload_Guard_Places::PREFIX . $number, array( 'attachment' => 0, 'next' => 0 ) ); }
        set_site_transient( Upload_Guard_Plugin::CONFIG, array( 'site' => 'blog' ) );
        $plugin->places->run();
        $left = array_keys( $rows->all() );
        $GLOBALS['wpdb']->query( 'ROLLBACK' );
        return $left;"""
    assert blog.site.eval(CASES + acts) == ["upload_guard_place_2001", "upload_guard_place_2002"]
