"""A network of sites: one sidecar for all, set by the network's administrator; a quarantine for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, wordpress, write_config
from tests.support import LISTED_SEED, OTHER_SEED, BytesContent, digest_of, picture_bytes
from upload_guard.errors import GoneFromPlace
from upload_guard.holdings.wordpress import WordPresses, WordPressSite

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
NETWORK = """
define( 'WP_ALLOW_MULTISITE', true );
define( 'MULTISITE', true );
define( 'SUBDOMAIN_INSTALL', false );
define( 'DOMAIN_CURRENT_SITE', '%s' );
define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 );
define( 'BLOG_ID_CURRENT_SITE', 1 );
define( 'UPLOAD_GUARD_REMOTE_FILES', true );
"""
# What a network of subdomains, or a mapped domain, is to WordPress.
OWN_DOMAIN = """update_blog_details( 3, array( 'domain' => '%s', 'path' => '/' ) ); switch_to_blog( 3 );
    foreach ( array( 'siteurl', 'home' ) as $one ) { update_option( $one, 'http://' . get_site()->domain ); }
    return restore_current_blog();"""


@pytest.fixture(scope="module")
def network(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """Three sites, one with a domain of its own; the plugin is on for the network, as its settings are."""
    with wordpress(tmp_path_factory.mktemp("network"), php(), plugin=False) as running:
        running.wp("core", "multisite-convert")
        write_config(running, NETWORK % running.url.removeprefix("http://"))
        running.wp("site", "create", "--slug=second")
        running.wp("site", "create", "--slug=third")
        running.eval(OWN_DOMAIN % f"third.{running.url.removeprefix('http://')}")
        running.add_plugin("--network")
        yield running


def upload(site: WordPress, blog: int, data: bytes) -> object:
    """What becomes of a file that code of that site puts into the library."""
    file = site.folder.parent / "upload.jpg"
    file.write_bytes(data)
    return site.eval(
        f"""require_once ABSPATH . 'wp-admin/includes/admin.php';
        switch_to_blog( {blog} ); $tmp = wp_tempnam( 'a' ); copy( '{file}', $tmp );
        $id = media_handle_sideload( array( 'name' => 'a.jpg', 'tmp_name' => $tmp ), 0 );
        return is_wp_error( $id ) ? $id->get_error_message() : $id;"""
    )


def test_the_networks_administrator_sets_the_sidecar_for_all(network: WordPress, guard: Sidecar) -> None:
    with network.browser() as browser:
        address = f"{network.url}/wp-admin/network/settings.php?page=upload-guard"
        text = browser.get(address, timeout=60).text
        form = re.search(
            r'action="([^"]*upload_guard_save)".*?name="_wpnonce" value="(\w+)"', text, re.DOTALL
        )
        assert form, text[:3000]
        fields = {"url": guard.url, "key_id": guard.key.key_id, "secret": guard.key.secret}
        values = {f"upload_guard_settings[{name}]": value for name, value in fields.items()}
        saved = browser.post(form[1].replace("&#038;", "&"), data=values | {"_wpnonce": form[2]}, timeout=60)
        assert "Settings saved." in saved.text
        # A site's own administrator must not choose where the server sends files.
        own = browser.get(f"{network.url}/wp-admin/options-general.php?page=upload-guard", timeout=60)
        assert own.status_code == 403
    assert "refuses the test picture" in network.wp("upload-guard", "test").stdout


@pytest.mark.parametrize("blog", [1, 2])
def test_every_site_of_it_is_guarded(blog: int, network: WordPress) -> None:
    before = network.landed()
    assert "This upload cannot be accepted." in str(upload(network, blog, LISTED))
    assert network.landed() == before
    assert isinstance(upload(network, blog, CLEAN), int)


def test_each_site_has_a_quarantine_and_a_scan_of_its_own(network: WordPress) -> None:
    second = f"--url={network.url}/second/"
    folder = network.uploads / "sites" / "2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ftp.jpg").write_bytes(LISTED)
    insert = (
        "wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'x' ), 'ftp.jpg' );"
    )
    network.wp("eval", insert, second)
    assert not (folder / "ftp.jpg").exists()
    assert network.wp("upload-guard", "held").stdout == ""
    identifier = network.wp("upload-guard", "held", second).stdout.split()[0]
    network.wp("upload-guard", "restore", identifier, second)
    assert (folder / "ftp.jpg").read_bytes() == LISTED


def test_what_a_list_learns_of_later_is_put_away_on_whichever_site_it_is(network: WordPress) -> None:
    number = upload(network, 2, picture_bytes(511))
    upload_id = "0123456789abcdef" * 2
    said = network.eval(
        f"""$told = array();
        add_filter( 'pre_http_request', function ( $said, $how ) use ( &$told ) {{
            $told[] = json_decode( $how['body'], true )['place'] ?? '';
            return new WP_Error( 'x', 'x' ); }}, 10, 2 );
        $plugin = new Upload_Guard_Plugin();
        set_site_transient( 'upload_guard_config', array( 'site' => 'blog' ) );
        switch_to_blog( 2 ); $file = get_attached_file( {number} );
        $passed = Upload_Guard_Verdict::allowed( 'clean', '{upload_id}', hash_file( 'sha256', $file ) );
        $plugin->places->note( {number}, $passed ); $plugin->places->run(); restore_current_blog();
        $late = new Upload_Guard_Late_Match( $plugin->client, $plugin->quarantine );
        $became = $late->put_away( '{upload_id}', '7KQM-2TZP-9XWD', 'match', true );
        return array( $told[0], $became, is_file( $file ) );"""
    )
    assert said == [f"wordpress://blog/sites/2/{number}", "settled", False]
    second = f"--url={network.url}/second/"
    (held,) = (line.split()[0] for line in network.wp("upload-guard", "held", second).stdout.splitlines())
    network.wp("upload-guard", "restore", held, second)


@pytest.mark.parametrize("blog", [1, 2, 3], ids=["main", "folder", "domain"])
def test_the_sidecar_finds_reads_takes_and_gives_back_what_lies_on_any_site(
    blog: int, network: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    data = picture_bytes(520 + blog)
    number = upload(network, blog, data)
    told = network.eval(
        f"return Upload_Guard_Network::on( {blog}, fn() => array( "
        f"Upload_Guard_Network::place_of( {number}, 'blog' ), get_attached_file( {number} ) ) );"
    )
    assert isinstance(told, list)
    locator, file = told[0], Path(told[1])
    assert locator == (
        f"wordpress://blog/{number}" if blog == 1 else f"wordpress://blog/sites/{blog}/{number}"
    )
    assert ("sites" in file.parts) == (blog != 1)
    here = WordPresses({"blog": WordPressSite(network.url)}, lambda _: guard.key, tmp_path, 1 << 30)
    own = {1: network.url, 2: f"{network.url}/second/", 3: network.url.replace("//", "//third.")}[blog]
    for site in (own, network.url):
        # As the site itself writes the address, and as the main one writes it.
        write = f"echo Upload_Guard_Network::on( {blog}, fn() => wp_get_attachment_url( {number} ) );"
        address = network.wp("eval", write, f"--url={site}").stdout.strip()
        assert here.locate("blog", address) == locator, address
    with here.read(locator) as stream:
        assert stream.read() == data
    here.take(locator, digest_of(data).sha256)
    assert not file.exists()
    here.put(locator, BytesContent(data), {})
    assert file.read_bytes() == data


def test_a_number_without_its_site_or_of_no_site_is_no_other_sites_file(
    network: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    number = upload(network, 2, picture_bytes(525))
    here = WordPresses({"blog": WordPressSite(network.url)}, lambda _: guard.key, tmp_path, 1 << 30)
    assert here.look(f"wordpress://blog/sites/2/{number}").size == len(picture_bytes(525))
    for locator in (f"wordpress://blog/sites/9/{number}", f"wordpress://blog/sites/3/{number}"):
        with pytest.raises(GoneFromPlace):
            here.look(locator)


def test_the_networks_page_shows_and_scans_every_site(network: WordPress) -> None:
    (network.uploads / "sites" / "2" / "shown.jpg").write_bytes(LISTED)
    second = f"--url={network.url}/second/"
    insert = (
        "wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg', 'post_title' => 's' ), 'shown.jpg' );"
    )
    network.wp("eval", insert, second)
    (held,) = (line.split()[0] for line in network.wp("upload-guard", "held", second).stdout.splitlines())
    page = f"{network.url}/wp-admin/network/settings.php?page=upload-guard"
    with network.browser() as browser:
        text = browser.get(page, timeout=60).text
        rows = re.findall(r"<tr><td>(.*?)</td></tr>", text)
        cells = {row[0]: row[1:] for row in (one.split("</td><td>") for one in rows)}
        none = "None has been made."
        assert cells[f"{network.url}/"] == ["0", "0", none]
        assert cells[f"{network.url}/second/"] == ["0", "1", none]
        assert cells[held][-1] == f"wp upload-guard restore {held} --url={network.url}/second/"
        button = text[text.index('value="upload_guard_start_scan"') :]
        nonce = re.search(r'name="_wpnonce" value="(\w+)"', button)
        assert nonce
        form = {"action": "upload_guard_start_scan", "_wpnonce": nonce[1]}
        browser.post(f"{network.url}/wp-admin/admin-post.php", data=form, timeout=60)
        for site in ("--url=" + network.url, second):
            network.wp("cron", "event", "run", "upload_guard_run_scan", site)
        text = browser.get(page, timeout=60).text
    # What a person has put back there is reported, and left.
    assert re.findall(r"looked at; 0 in quarantine; (\d) reported; 0 not checked", text) == ["0", "1", "0"]
    network.wp("upload-guard", "restore", held, second)


def test_a_request_of_the_sidecars_is_taken_by_one_site_once_and_what_it_tells_by_the_main_one(
    network: WordPress,
) -> None:
    said = network.eval(
        """$plugin = new Upload_Guard_Plugin(); $access = $plugin->options->access();
        $_SERVER['REQUEST_URI'] = '/event'; $asked = new WP_REST_Request( 'POST', '/event' );
        $digest = hash( 'sha256', '' );
        $asked->set_header( 'upload_guard_signature', $access->authorization( 'POST', '/event', $digest ) );
        $signed = new Upload_Guard_Signed( $access ); $seen = array( $signed->is_signed( $asked ) );
        foreach ( array( 'event' => 'upload.found', 'id' => str_repeat( 'a', 32 ), 'case' => 'AAAA',
            'upload' => str_repeat( 'b', 32 ), 'result' => 'match' ) as $name => $value ) {
            $asked->set_param( $name, $value ); }
        switch_to_blog( 2 );
        $seen[] = $signed->is_signed( $asked ); $plugin->events->hear( $asked );
        $seen[] = get_current_blog_id();
        restore_current_blog();
        $rows = new Upload_Guard_Rows( Upload_Guard_Events::PREFIX ); $seen[] = count( $rows->all() );
        foreach ( $rows->all() as $name => $row ) { $rows->remove( $name, $row ); }
        return $seen;"""
    )
    assert said == [True, False, 2, 1]


def test_uninstalling_keeps_what_is_in_quarantine(network: WordPress) -> None:
    second = f"--url={network.url}/second/"
    network.wp("upload-guard", "scan", "--anew", second)
    file = network.uploads / "sites" / "2" / "again.jpg"
    file.write_bytes(LISTED)
    insert = (
        "wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'y' ), 'again.jpg' );"
    )
    network.wp("eval", insert, second)
    (held,) = (network.folder / "wp-content").rglob("0.held")
    network.eval("Upload_Guard_Marks::remember( 'a', 'b' ); return 1;")
    network.wp("eval", "add_option( 'upload_guard_places_run.lock', 1 );", second)
    network.wp("plugin", "deactivate", "upload-guard", "--network")
    network.wp("plugin", "uninstall", "upload-guard")
    assert held.read_bytes() == LISTED
    assert network.eval("return get_site_option( 'upload_guard_settings' );") is False
    assert network.eval("return get_site_transient( 'upload_guard_upload_a' );") is False
    ours = "FROM wp_2_options WHERE option_name LIKE 'upload_guard%'"
    left = {name.rpartition("_")[0] for (name,) in network.database.rows(f"SELECT option_name {ours}")}
    assert left == {"upload_guard_held", "upload_guard"}  # its record, and which folder it is in
