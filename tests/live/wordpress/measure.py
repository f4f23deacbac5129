"""What the bridge costs, each figure beside what it is compared with.

    python -m tests.live.wordpress.measure

Other work on the machine spoils figures; the load is told first.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import requests

from tests.live.wordpress.hosting import PREPEND, Pool, host
from tests.live.wordpress.php import php, quiet
from tests.live.wordpress.sites import WordPress, guarded, wordpress
from tests.serving import key_of, sidecar
from tests.serving import write_config as write_sidecar
from tests.support import activate_listed_picture, picture_bytes
from upload_guard.loading import load_settings

REQUESTS = 400
UPLOADS = 15
# PHP fills $_SERVER when a script first asks for it, which every application does anyway.
TIMED = """<?php
$method = $_SERVER['REQUEST_METHOD'];
$begun = hrtime( true );
require '%s';
echo hrtime( true ) - $begun;
"""


def before_every_script(folder: Path) -> None:
    """Nothing to inspect: the prepend file beside an empty file, both under opcache."""
    root = folder / "root"
    root.mkdir()
    (root / "empty.inc").write_text("<?php\n")
    (root / "index.php").write_text("<?php echo 'alive';")
    files = {"an empty file": root / "empty.inc", "the prepend file": PREPEND}
    for file in files.values():
        (root / f"{file.stem}.php").write_text(TIMED % file)
    for file in root.iterdir():
        # opcache keeps nothing that was written within the last two seconds.
        os.utime(file, (time.time() - 3600,) * 2)
    with host(folder / "host", root, php(), Pool()) as url, quiet(requests.Session()) as session:
        took: dict[str, list[int]] = {name: [] for name in files}
        for _ in range(REQUESTS):
            for name, file in files.items():
                took[name].append(int(session.get(f"{url}/{file.stem}.php", timeout=10).text))
    for name, times in took.items():
        # The first ones of each process compile it.
        middle = statistics.median(times[REQUESTS // 4 :]) / 1000
        print(f"{name:<24} {middle:7.2f} microseconds (best {min(times) / 1000:.2f})")


def uploads(folder: Path) -> None:
    """A clean photo to the REST API: without the plugin, with it, and with the sidecar gone."""
    config = write_sidecar(folder / "sidecar.toml", {"trust": {"probation_hours": 0}}, data_dir="data")
    activate_listed_picture(load_settings(config))
    with sidecar(config) as url, wordpress(folder, php(), guarded(url, key_of(config))) as site:
        site.wp("plugin", "deactivate", "upload-guard")
        _timed("an upload, unguarded", site)
        site.wp("plugin", "activate", "upload-guard")
        _timed("guarded", site)
        hashes_before_the_file(site, folder)
        for megabytes in (1, 40):
            by_hash_and_whole(site, folder / "large.bin", megabytes)
    _timed_after("the sidecar gone", site)


PICTURES = 60
IN_TURN = """
$plugin = new Upload_Guard_Plugin();
$scan   = new ReflectionMethod( $plugin->client, 'scan' );
$scan->setAccessible( true );
$took = array( 'hashes, then the file' => array(), 'the file at once' => array() );
foreach ( %s as $number => $path ) {
    $name  = array_keys( $took )[ $number %% 2 ];
    $way   = $number %% 2 ? $scan : new ReflectionMethod( $plugin->client, 'check' );
    $begun = hrtime( true );
    $said  = $way->invoke( $plugin->client, Upload_Guard_File::read( $path ), array() );
    $took[ $name ][] = ( hrtime( true ) - $begun ) / 1e6;
    if ( 'clean' !== $said->result ) { return $said; }
}
return $took;
"""


def hashes_before_the_file(site: WordPress, folder: Path) -> None:
    """Clean photos that the sidecar has never seen, in turn by both ways."""
    files = [folder / f"{number}.jpg" for number in range(PICTURES)]
    for number, file in enumerate(files):
        file.write_bytes(picture_bytes(2000 + number))
    took = site.eval(IN_TURN % json.dumps(list(map(str, files))))
    assert isinstance(took, dict)
    for name, times in took.items():
        # The first ones open the connection and warm the sidecar.
        print(f"{name:<24} {statistics.median(times[3:]):7.1f} ms (best {min(times):.1f})")


CHECK = """
$water = static function () {
    preg_match( '/VmHWM:\\s+(\\d+)/', file_get_contents( '/proc/self/status' ), $m );
    return (int) $m[1];
};
$warm = new Upload_Guard_Plugin();
$warm->checker->judge( ABSPATH . 'wp-includes/images/spinner.gif', 'test' );
$said = array();
foreach ( array( 'with the file', 'hash only' ) as $name ) {
    $file = Upload_Guard_File::read( '%s' );
    file_put_contents( '/proc/self/clear_refs', '5' );
    $before = $water(); $begun = hrtime( true );
    $warm->client->check( Upload_Guard_File::read( '%s' ), array() );
    $said[ $name ] = array( ( hrtime( true ) - $begun ) / 1e6, $water() - $before );
}
return $said;
"""


def by_hash_and_whole(site: WordPress, file: Path, megabytes: int) -> None:
    """The first check needs the file; of the second, a moment later, the sidecar remembers."""
    file.write_bytes(os.urandom(megabytes << 20))
    said = site.eval(CHECK % (file, file))
    assert isinstance(said, dict)
    for name, (milliseconds, kibibytes) in said.items():
        print(f"{f'{megabytes} MB, {name}':<24} {milliseconds:7.1f} ms, {kibibytes} KiB of memory")


def _timed_after(name: str, site: WordPress) -> None:
    with site.php.serving(site.folder, site.folder.parent / "again.log", int(site.url.rpartition(":")[2])):
        _timed(name, site)


def _timed(name: str, site: WordPress) -> None:
    took = []
    for number in range(UPLOADS):
        files = {"file": ("a.jpg", picture_bytes(1000 + number), "image/jpeg")}
        begun = time.perf_counter()
        answer = site.rest("POST", "/wp/v2/media", files=files)
        took.append(time.perf_counter() - begun)
        assert answer.status_code == 201, answer.text
    print(f"{name:<24} {1000 * statistics.median(took):7.1f} ms")


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        before_every_script(Path(one))
        uploads(Path(two))
