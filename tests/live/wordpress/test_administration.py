"""What an administrator sees: settings, the test, Site Health, notices, privacy text, command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.live.wordpress.conftest import VERSIONS, Sidecar, of_version
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress
from tests.support import LISTED_SEED, picture_bytes
from upload_guard.doctor.steps import State
from upload_guard.doctor.wordpress import WordPress as Asked
from upload_guard.doctor.wordpress import wordpress_steps

pytestmark = pytest.mark.live

PAGE = "/wp-admin/options-general.php?page=upload-guard"


@pytest.fixture(scope="module", params=VERSIONS)
def bare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """A site whose plugin was just activated: nothing is set up."""
    with of_version(request.param)(tmp_path_factory.mktemp("bare"), php()) as running:
        yield running


@pytest.fixture(scope="module")
def browser(bare: WordPress) -> Iterator[requests.Session]:
    """The administrator, who stays logged in."""
    with bare.browser() as session:
        yield session


def page(site: WordPress, browser: requests.Session, address: str = PAGE) -> str:
    return browser.get(site.url + address, timeout=60).text


def nonce(text: str, action: str = "") -> str:
    """The nonce of the form that has this action, else of the first one."""
    part = text[text.index(f'value="{action}"') :] if action else text
    found = re.search(r'name="_wpnonce" value="(\w+)"', part)
    assert found, text[:2000]
    return found[1]


def save(site: WordPress, browser: requests.Session, **fields: str) -> str:
    form = {f"upload_guard_settings[{name}]": value for name, value in fields.items()}
    form |= {"option_page": "upload-guard", "action": "update", "_wpnonce": nonce(page(site, browser))}
    form["_wp_http_referer"] = PAGE
    return browser.post(f"{site.url}/wp-admin/options.php", data=form, timeout=60).text


def press(site: WordPress, browser: requests.Session, action: str) -> str:
    form = {"action": action, "_wpnonce": nonce(page(site, browser), action)}
    return browser.post(f"{site.url}/wp-admin/admin-post.php", data=form, timeout=60).text


def test_a_site_without_a_sidecar_is_told_so_until_it_is_dismissed(
    bare: WordPress, browser: requests.Session
) -> None:
    text = page(bare, browser, "/wp-admin/index.php")
    assert "Upload Guard has no sidecar yet: no upload is checked." in text
    found = re.search(r'href="([^"]*upload_guard_dismiss[^"]*)"', text)
    assert found
    browser.get(found[1].replace("&#038;", "&").replace("&amp;", "&"), timeout=60)
    assert "no sidecar yet" not in page(bare, browser, "/wp-admin/index.php")


def test_uploads_pass_meanwhile(bare: WordPress) -> None:
    answer = bare.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", picture_bytes(5), "image/jpeg")})
    assert answer.status_code == 201
    bare.eval("return wp_insert_attachment( array( 'post_title' => 'x' ), 'is-not-there.jpg' );")
    # There is nobody who could check them later: that is for a scan.
    assert bare.wp("upload-guard", "queue").stdout == ""


def test_settings_are_saved_tested_and_the_secret_is_never_shown(
    bare: WordPress, browser: requests.Session, guard: Sidecar
) -> None:
    text = save(bare, browser, url=guard.url + "/", key_id=guard.key.key_id, secret=guard.key.secret)
    assert f'value="{guard.url}"' in text
    assert guard.key.secret not in text
    assert "A secret is kept." in text
    assert "has active lists, and refuses the test picture" in press(bare, browser, "upload_guard_test")
    save(bare, browser, secret="", on_failure="closed")
    assert "refuses the test picture" in press(bare, browser, "upload_guard_test")
    assert bare.eval("return ( new Upload_Guard_Options() )->fails_closed();") is True
    save(bare, browser, on_failure="open")


def test_the_secret_is_in_no_cache_of_all_options(bare: WordPress, browser: requests.Session) -> None:
    kept = "return array_key_exists( 'upload_guard_settings', wp_load_alloptions() );"
    assert bare.eval(kept) is False
    # As a form of WordPress's own would have created it.
    bare.database.rows("UPDATE wp_options SET autoload = 'yes' WHERE option_name = 'upload_guard_settings'")
    assert bare.eval(kept) is True
    page(bare, browser)
    assert bare.eval(kept) is False


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://a", "https://a@b.example", "https://a/?b=c"]
)
def test_an_address_that_is_none_is_not_kept(
    address: str, bare: WordPress, browser: requests.Session, guard: Sidecar
) -> None:
    assert "The address must" in save(bare, browser, url=address)
    assert f'value="{guard.url}"' in page(bare, browser)


def test_another_secret_is_told_in_words(bare: WordPress, browser: requests.Session, guard: Sidecar) -> None:
    save(bare, browser, secret="wrong")  # noqa: S106 - that is the point
    assert "does not know this key, or the secret is another one" in press(bare, browser, "upload_guard_test")
    save(bare, browser, secret=guard.key.secret)


def test_nothing_is_done_without_a_nonce_or_by_somebody_else(
    bare: WordPress, browser: requests.Session
) -> None:
    for action in ("upload_guard_test", "upload_guard_start_scan", "upload_guard_dismiss"):
        answer = browser.post(f"{bare.url}/wp-admin/admin-post.php", data={"action": action}, timeout=60)
        assert answer.status_code == 403
    bare.wp("user", "create", "ed", "ed@example.org", "--role=editor", "--user_pass=another-long-one")
    with requests.Session() as editor:
        editor.trust_env = False
        editor.get(f"{bare.url}/wp-login.php", timeout=60)
        editor.post(f"{bare.url}/wp-login.php", data={"log": "ed", "pwd": "another-long-one"}, timeout=60)
        assert editor.get(bare.url + PAGE, timeout=60).status_code == 403
        assert "Upload Guard" not in editor.get(f"{bare.url}/wp-admin/index.php", timeout=60).text


def test_site_health_is_good_where_all_is_well(bare: WordPress) -> None:
    said = bare.rest("GET", "/upload-guard/v1/health").json()
    assert (said["status"], said["label"]) == ("good", "Uploads are checked")


def test_site_health_is_red_where_the_sidecar_is_gone(
    bare: WordPress, browser: requests.Session, guard: Sidecar
) -> None:
    save(bare, browser, url="http://127.0.0.1:9")
    said = bare.rest("GET", "/upload-guard/v1/health").json()
    save(bare, browser, url=guard.url)
    assert (said["status"], said["label"]) == ("critical", "Not all uploads are checked")
    assert "cannot be reached" in said["description"]


def test_site_health_is_for_administrators(bare: WordPress) -> None:
    with requests.Session() as nobody:
        nobody.trust_env = False
        answer = nobody.get(f"{bare.url}/?rest_route=/upload-guard/v1/health", timeout=60)
    assert answer.status_code == 401


def test_the_privacy_text_names_the_uploader_only_where_it_is_sent(
    bare: WordPress, browser: requests.Session
) -> None:
    assert "are sent to a service that this site has chosen" in privacy(bare, browser)
    assert "stands for your account" not in privacy(bare, browser)
    save(bare, browser, send_uploader="1")
    assert "stands for your account" in privacy(bare, browser)
    save(bare, browser, send_uploader="")


def privacy(site: WordPress, browser: requests.Session) -> str:
    return page(site, browser, "/wp-admin/options-privacy.php?tab=policyguide")


def test_the_scan_button_leaves_it_to_cron(
    bare: WordPress, browser: requests.Session, tmp_path: Path
) -> None:
    assert "No scan has been made" in page(bare, browser)
    assert "The scan has begun" in press(bare, browser, "upload_guard_start_scan")
    bare.wp("cron", "event", "run", "upload_guard_run_scan")
    assert "2 of 2 looked at; 0 in quarantine; 0 reported; 1 not checked." in page(bare, browser)


def test_the_command_line_sends_the_canary(bare: WordPress) -> None:
    assert "refuses the test picture" in bare.wp("upload-guard", "test").stdout


def test_doctor_finds_the_site_guarded(bare: WordPress) -> None:
    name, password = bare.login
    headers = {"Authorization": requests.auth._basic_auth_str(name, password)}
    steps = list(wordpress_steps(Asked(bare.url, headers), picture_too=True))
    assert [step.said.state for step in steps] == [State.OK, State.OK], steps


def test_an_uploader_is_named_by_a_digest_and_only_where_it_is_switched_on(
    bare: WordPress, browser: requests.Session, guard: Sidecar
) -> None:
    listed = {"file": ("a.jpg", picture_bytes(LISTED_SEED), "image/jpeg")}
    code = "wp_set_current_user( 1 ); $p = new Upload_Guard_Plugin();"
    code += "$m = new ReflectionMethod( $p->checker, 'about' );"
    code += "$m->setAccessible( true ); return $m->invoke( $p->checker, 'upload' );"
    assert bare.eval(code) == {"route": "wordpress/upload"}
    save(bare, browser, send_uploader="1")
    said = bare.eval(code)
    assert isinstance(said, dict)
    assert re.fullmatch("[0-9a-f]{64}", said["uploader"])
    assert bare.rest("POST", "/wp/v2/media", files=listed).status_code == 422
