"""From PHP to the sidecar: little memory for large files, hashes before them, and signatures that hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import Php, php
from tests.live.wordpress.sites import WordPress, guarded, write_config
from tests.misbehaving import passing_on, scripted
from tests.sidecar.test_tls import write_certificate
from tests.support import LISTED_SEED, picture_bytes
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live

LARGE = 40 << 20
# High water of the process, cURL's memory too, which PHP does not count.
WATER = r"""
$water = static function () {
    preg_match( '/VmHWM:\s+(\d+)/', file_get_contents( '/proc/self/status' ), $m );
    return (int) $m[1];
};
"""
CHECK = """
$p = new Upload_Guard_Plugin();
$p->checker->judge( '%(small)s', 'test' );
file_put_contents( '/proc/self/clear_refs', '5' );
$before = $water(); $begun = hrtime( true );
$verdict = $p->checker->judge( '%(large)s', 'test' );
return array( $verdict->kind, $verdict->fault, $water() - $before, ( hrtime( true ) - $begun ) / 1e6 );
"""


def ways() -> dict[str, Php]:
    return {"cURL": php(), "bare socket": replace(php(), without=frozenset({"curl"}))}


@pytest.mark.parametrize("way", ["cURL", "bare socket"])
def test_a_large_file_costs_less_than_two_mebibytes(way: str, site: WordPress, tmp_path: Path) -> None:
    small, large = tmp_path / "small.jpg", tmp_path / "large.bin"
    small.write_bytes(picture_bytes(21))
    large.write_bytes(way.encode() * (LARGE // len(way)))
    over = replace(site, php=ways()[way])
    said = over.eval(WATER + CHECK % {"small": small, "large": large})
    assert isinstance(said, list)
    assert said[:2] == ["allowed", ""]
    print(f"\n{way}: 40 MB adds {said[2]} KiB and {said[3]:.0f} ms")
    assert said[2] < 2048


def judged(site: WordPress, file: Path, key: Credentials, url: str, **more: str) -> list[str]:
    """Kind and fault of a file's verdict, asking there."""
    write_config(site.with_constants(**guarded(url, key, **more)))
    try:
        said = site.eval(
            "$p = new Upload_Guard_Plugin();"
            f"$v = $p->client->check( Upload_Guard_File::read( '{file}' ), array() );"
            "return array( $v->kind, $v->fault );"
        )
    finally:
        write_config(site)
    assert isinstance(said, list)
    return said


def unseen(file: Path, seed: int) -> Path:
    """A picture that no other test has sent."""
    file.write_bytes(picture_bytes(seed))
    return file


@pytest.mark.parametrize(("way", "connections"), [("cURL", 1), ("bare socket", 2)])
def test_hashes_go_first_and_then_the_file_over_the_same_connection(
    way: str, connections: int, either: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    file = unseen(tmp_path / "clean.jpg", 700 + connections + 10 * either.version.startswith("6"))
    over = replace(either, php=ways()[way])
    asked, sent = guard.asked(), guard.sent()
    with scripted(passing_on(guard.url)) as between:
        assert judged(over, file, guard.key, between.url) == ["allowed", ""]
        assert len(between.connections) == connections
        assert (guard.asked() - asked, guard.sent() - sent) == (1, 1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody else vouches for, and its key."""
    return write_certificate(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("way", ["cURL", "bare socket"])
def test_a_sidecar_of_ones_own_authority_is_asked_under_tls(
    way: str, either: WordPress, guard: Sidecar, tmp_path: Path, authority: tuple[Path, Path]
) -> None:
    file = unseen(tmp_path / "listed.jpg", LISTED_SEED)
    over = replace(either, php=ways()[way])
    with scripted(passing_on(guard.url), certificate=authority) as between:
        assert between.url.startswith("https://")
        said = judged(over, file, guard.key, between.url, AUTHORITY=str(authority[0]))
    assert said == ["refused", ""]


@pytest.mark.parametrize("way", ["cURL", "bare socket"])
@pytest.mark.parametrize("wrong", ["unknown", "expired", "another name"])
def test_a_wrong_certificate_is_could_not_check_and_nothing_is_sent(
    wrong: str, way: str, site: WordPress, guard: Sidecar, tmp_path: Path, authority: tuple[Path, Path]
) -> None:
    file = unseen(tmp_path / "listed.jpg", LISTED_SEED)
    over = replace(site, php=ways()[way])
    certificate = authority
    if wrong == "expired":
        certificate = write_certificate(tmp_path, timedelta(days=-1))
    more = {} if wrong == "unknown" else {"AUTHORITY": str(certificate[0])}
    with scripted(passing_on(guard.url), certificate=certificate) as between:
        named = between.url.replace("127.0.0.1", "localhost") if wrong == "another name" else between.url
        said = judged(over, file, guard.key, named, **more)
        assert between.heads == []
    assert said == ["unknown", "unreachable"]


SIGN = """
$a = new Upload_Guard_Access( 'https://guard.example.org/prefix', 'key', 'secret' );
return array( $a->target( '/bridge/v1/scan', array( 'route' => 'wordpress/x y', 'uploader' => '' ) ),
    $a->authorization( 'POST', '/x', hash( 'sha256', '' ) ) );
"""


def test_what_is_signed_is_what_stands_in_the_request_line(site: WordPress) -> None:
    said = site.eval(SIGN)
    assert isinstance(said, list)
    assert said[0] == "/prefix/bridge/v1/scan?route=wordpress%2Fx%20y"
    assert said[1].startswith("UploadGuard-HMAC-SHA256 key:")


@pytest.mark.parametrize("way", ["cURL", "bare socket"])
def test_a_listed_file_is_refused_over_both_ways(way: str, site: WordPress, tmp_path: Path) -> None:
    file = tmp_path / "listed.jpg"
    file.write_bytes(picture_bytes(LISTED_SEED))
    over = replace(site, php=ways()[way])
    kind = over.eval(f"$p = new Upload_Guard_Plugin(); return $p->checker->judge( '{file}', 'test' )->kind;")
    assert kind == "refused"
