"""One file for every PHP site of a host, under nginx and php-fpm."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.live.wordpress import doors
from tests.live.wordpress.conftest import ODD_DOORS, Sidecar
from tests.live.wordpress.hosting import Pool, guarded_pool, host
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, wordpress
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
NOWHERE = "http://127.0.0.1:9"
Hosting = Callable[[Pool], AbstractContextManager[str]]


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    """A folder with one old script in it."""
    root = tmp_path / "customer"
    (root / "stored").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("plain-script.php"), root / "index.php")
    return root


@pytest.fixture
def hosting(customer: Path, tmp_path: Path) -> Hosting:
    def hosted(pool: Pool) -> AbstractContextManager[str]:
        return host(tmp_path / "host", customer, php(), pool)

    return hosted


def post(url: str, **options: object) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, timeout=60, **options)  # type: ignore[arg-type]


def stored(customer: Path) -> list[bytes]:
    return [file.read_bytes() for file in (customer / "stored").iterdir()]


def test_a_plain_script_gets_what_is_clean_as_it_was(
    hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    with hosting(guarded_pool(guard.url, guard.key)) as url:
        said = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")}).json()
    assert said["files"]["a"]["error"] == 0
    assert stored(customer) == [CLEAN]


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "image/jpeg"), ("notes.txt", "text/plain")])
def test_what_is_listed_is_taken_out_of_the_request(
    name: str, kind: str, hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    files = [
        ("a", (name, LISTED, kind)),
        ("b[x][]", (name, LISTED, kind)),
        ("b[x][]", ("c.jpg", CLEAN, "image/jpeg")),
    ]
    asked = guard.asked()
    with hosting(guarded_pool(guard.url, guard.key)) as url:
        said = post(url, files=files).json()["files"]
    assert said["a"]["error"] == 8
    assert said["b"]["error"] == {"x": [8, 0]}
    assert stored(customer) == [CLEAN]
    assert guard.asked() - asked == 2


def test_a_pool_may_refuse_the_whole_request(hosting: Hosting, guard: Sidecar, customer: Path) -> None:
    with hosting(guarded_pool(guard.url, guard.key, MODE="reject")) as url:
        answer = post(url, files={"a": ("a.jpg", LISTED, "image/jpeg")}, headers={"Accept-Language": "nl"})
        as_json = post(
            url, files={"a": ("a.jpg", LISTED, "image/jpeg")}, headers={"Accept": "application/json"}
        )
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/plain")
    sentence, case = answer.text.splitlines()
    assert sentence == "Deze upload kan niet worden aanvaard."
    assert case.removeprefix("Zaaknummer: ") in guard.cases()
    assert as_json.json()["code"] == "upload_guard_blocked"
    assert stored(customer) == []


def test_a_body_that_is_a_file_is_refused(hosting: Hosting, guard: Sidecar, customer: Path) -> None:
    with hosting(guarded_pool(guard.url, guard.key)) as url:
        assert post(url, data=LISTED, headers={"Content-Type": "image/jpeg"}).status_code == 422
        assert post(url, data=CLEAN, headers={"Content-Type": "image/jpeg"}).status_code == 200
    assert stored(customer) == [CLEAN]


def test_the_customers_own_prepend_file_still_runs(hosting: Hosting, guard: Sidecar, customer: Path) -> None:
    own = customer / "own.php"
    own.write_text("<?php define( 'OWN_PREPEND', true );")
    with hosting(guarded_pool(guard.url, guard.key, CHAIN=str(own))) as url:
        assert post(url).json()["own"] is True


@pytest.mark.parametrize("named", ["$SET_NOWHERE", "/srv/not/there.php"], ids=["no name", "no file"])
def test_a_prepend_file_that_is_not_there_ends_no_request(
    named: str, hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    with hosting(guarded_pool(guard.url, guard.key, CHAIN=named)) as url:
        said = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")}).json()
    assert (said["own"], said["files"]["a"]["error"]) == (False, 0)
    assert stored(customer) == [CLEAN]


BROKEN = {
    "nobody there": {},
    "no sockets": {"disable_functions": "stream_socket_client"},
    "no environment": {"disable_functions": "getenv"},
    "no random bytes": {"disable_functions": "random_bytes"},
    "no log": {"disable_functions": "error_log,stream_socket_client"},
    "no telling of uploads": {"disable_functions": "is_uploaded_file"},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_host_that_is_set_up_badly_shows_no_white_page(
    kind: str, hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    pool = guarded_pool(NOWHERE if kind == "nobody there" else guard.url, guard.key)
    with hosting(replace(pool, values={**pool.values, **BROKEN[kind]})) as url:
        answer = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")})
    assert answer.json()["files"]["a"]["error"] == 0
    assert stored(customer) == [CLEAN]


def test_a_pool_may_refuse_what_nobody_checked(hosting: Hosting, guard: Sidecar, customer: Path) -> None:
    with hosting(guarded_pool(NOWHERE, guard.key, MODE="reject", ON_FAILURE="Closed")) as url:
        answer = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert stored(customer) == []


def test_a_pool_that_fails_closed_does_so_where_its_settings_cannot_be_read(
    hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    pool = guarded_pool(guard.url, guard.key, ON_FAILURE="closed")
    with hosting(replace(pool, values={**pool.values, "disable_functions": "getenv"})) as url:
        said = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")}).json()
        raw = post(url, data=CLEAN, headers={"Content-Type": "image/jpeg"})
    assert (said["files"]["a"]["error"], raw.status_code) == (8, 503)
    assert stored(customer) == []


def test_what_fails_in_our_own_code_is_refused_by_a_pool_that_fails_closed(
    hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    pool = guarded_pool(guard.url, guard.key, ON_FAILURE="Closed")
    with hosting(replace(pool, values={**pool.values, "disable_functions": "is_uploaded_file"})) as url:
        answer = post(url, files={"a": ("a.jpg", CLEAN, "image/jpeg")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert stored(customer) == []


def test_a_request_cannot_change_the_settings(hosting: Hosting, guard: Sidecar, customer: Path) -> None:
    # PHP shows headers as HTTP_..., but getenv() also reads what the web server passes on.
    headers = {"UPLOAD_GUARD_URL": NOWHERE, "Upload-Guard-Url": NOWHERE}
    with hosting(guarded_pool(guard.url, guard.key, MODE="reject")) as url:
        answer = post(
            f"{url}/?UPLOAD_GUARD_URL=x", files={"a": ("a.jpg", LISTED, "image/jpeg")}, headers=headers
        )
    assert answer.status_code == 422


@pytest.fixture(scope="module")
def hosted_wordpress(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """A customer's WordPress with nothing of ours in its folder."""
    folder = tmp_path_factory.mktemp("hosted")
    with wordpress(folder, php(), plugin=False) as own:
        (own.folder / "wp-content/mu-plugins").mkdir()
        shutil.copy(ODD_DOORS, own.folder / "wp-content/mu-plugins")
        with _address(own, folder, guarded_pool(guard.url, guard.key)) as served:
            yield served


@contextmanager
def _address(site: WordPress, folder: Path, pool: Pool) -> Iterator[WordPress]:
    with host(folder / "host", site.folder, site.php, pool) as url:
        site.wp("option", "update", "home", url)
        site.wp("option", "update", "siteurl", url)
        yield replace(site, url=url)


HOSTED = {
    name: door
    for name, door in doors.DOORS.items()
    # These run by wp-cli, which is no request of php-fpm's.
    if name not in {"media_sideload_image", "wp media import", "WXR importer"}
}


@pytest.mark.parametrize("door", HOSTED)
def test_every_path_of_wordpress_is_closed_with_nothing_in_the_customers_folder(
    door: str, hosted_wordpress: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    before, asked = hosted_wordpress.state(), guard.asked()
    told = HOSTED[door](hosted_wordpress, LISTED, tmp_path)
    found = re.search(r"This upload cannot be accepted\. Case number: (\S{14})", told)
    # Plugins that read $_FILES themselves see PHP's own error, and tell it in their own words.
    assert (found and found[1] in guard.cases()) or told == "PHP took no file"
    assert hosted_wordpress.state() == before
    assert guard.asked() - asked == 1


@pytest.mark.parametrize("door", HOSTED)
def test_a_clean_picture_is_taken_there(
    door: str, hosted_wordpress: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    files, asked = hosted_wordpress.landed(), guard.asked()
    assert HOSTED[door](hosted_wordpress, CLEAN, tmp_path) == ""
    assert CLEAN in {file.read_bytes() for file in hosted_wordpress.landed() - files}
    assert guard.asked() - asked == 1


def test_the_bridges_folder_is_all_that_a_pool_must_reach(
    hosting: Hosting, guard: Sidecar, customer: Path
) -> None:
    """Where open_basedir leaves it out, PHP fails before any line of ours: `php-check` tells beforehand."""
    pool = guarded_pool(guard.url, guard.key)
    spool = customer / "spool"
    spool.mkdir()
    values = {**pool.values, "upload_tmp_dir": str(spool)}
    with hosting(replace(pool, values={**values, "open_basedir": str(customer)})) as url:
        assert post(url).status_code == 500
    bridge = Path(pool.values["auto_prepend_file"]).parents[1]
    with hosting(replace(pool, values={**values, "open_basedir": f"{customer}:{bridge}"})) as url:
        said = post(url, files={"a": ("a.jpg", LISTED, "image/jpeg")}).json()
    assert said["files"]["a"]["error"] == 8


def test_what_nobody_could_check_waits_in_wordpress_own_queue(
    hosted_wordpress: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    home, pool = hosted_wordpress.url, guarded_pool(NOWHERE, guard.key)
    with _address(hosted_wordpress, tmp_path, pool) as alone:
        assert doors.rest_multipart(alone, CLEAN, tmp_path) == ""
    for option in ("home", "siteurl"):
        hosted_wordpress.wp("option", "update", option, home)
    like = "SELECT option_name FROM wp_options WHERE option_name LIKE 'upload_guard_queue_%'"
    assert len(hosted_wordpress.database.rows(like)) == 1
