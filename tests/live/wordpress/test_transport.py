"""From PHP to the sidecar: little memory for large files, hashes before them, and signatures that hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import Php, php
from tests.live.wordpress.sites import WordPress
from tests.support import LISTED_SEED, picture_bytes

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


def test_a_large_file_is_asked_about_by_its_hashes_first(
    site: WordPress, guard: Sidecar, tmp_path: Path
) -> None:
    file = tmp_path / "listed.jpg"
    # A JPEG with much behind its end is another file; nothing is known of its hashes.
    file.write_bytes(picture_bytes(LISTED_SEED) + bytes(2 << 20))
    asked = guard.asked()
    site.eval(f"$p = new Upload_Guard_Plugin(); return $p->checker->judge( '{file}', 'test' )->kind;")
    assert guard.asked() - asked == 2


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
