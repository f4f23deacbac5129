"""MediaWiki's own $wgAntivirus, over clamdscan: what it makes of each verdict."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.debian import Unpacked, programs_of
from tests.doors.running import Doors
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

pytestmark = pytest.mark.live

PACKAGES = ("mediawiki", "php-cli", "php-xml", "php-mbstring", "php-intl", "php-sqlite3")
# In this order, since some need others.
EXTENSIONS = (
    "tokenizer ctype dom iconv fileinfo mbstring intl pdo pdo_sqlite sqlite3 xml simplexml xmlreader posix"
)

OTHER = picture_bytes(OTHER_SEED)


@dataclass(frozen=True, slots=True)
class Wiki:
    """An installed wiki without any web server."""

    unpacked: Unpacked
    settings: Path

    def php(self, script: str, *arguments: str, given: str = "") -> str:
        root = self.unpacked.root
        (program,), (modules,) = root.glob("usr/bin/php[0-9]*"), root.glob("usr/lib/php/20*")
        options = [f"-dextension_dir={modules}", *(f"-dextension={name}" for name in EXTENSIONS.split())]
        done = subprocess.run(
            [program, "-n", *options, root / "usr/share/mediawiki/maintenance" / script, *arguments],
            env=self.unpacked.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def detect_virus(self, file: Path) -> object:
        """False: no virus. A text: what the uploader is told. Source: UploadBase::detectVirus."""
        code = f"echo '>>>' . json_encode( UploadBase::detectVirus( {json.dumps(str(file))} ) ) . '<<<';"
        said = self.php("eval.php", "--conf", str(self.settings), given=code + "\n")
        return json.loads(said.partition(">>>")[2].partition("<<<")[0])


@pytest.fixture(scope="module")
def wiki(doors: Doors, tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    folder = tmp_path_factory.mktemp("wiki")
    made = Wiki(programs_of(*PACKAGES), folder / "LocalSettings.php")
    database = ("--dbtype", "sqlite", "--dbpath", str(folder))
    address = ("--server", "http://127.0.0.1", "--scriptpath", "", "--pass", "a-long-enough-one")
    made.php("install.php", *database, *address, "--confpath", str(folder), "Wiki", "Admin")
    clamav = programs_of("clamdscan")
    conf = folder / "clamd.conf"
    conf.write_text(f"LocalSocket {doors.clamd}\n")
    libraries = clamav.environment["LD_LIBRARY_PATH"]
    scanner = f"env LD_LIBRARY_PATH={libraries} {clamav.program('usr/bin/clamdscan')}"
    with made.settings.open("a", encoding="utf-8") as settings:
        settings.write(
            f"""
$wgAntivirus = 'clamav';
$wgAntivirusSetup['clamav']['command'] = '{scanner} --config-file={conf} --stream --no-summary ';
"""
        )
    return made


def test_mediawiki_takes_an_ordinary_photo(wiki: Wiki, tmp_path: Path) -> None:
    (tmp_path / "other.jpg").write_bytes(OTHER)
    assert wiki.detect_virus(tmp_path / "other.jpg") is False


def test_mediawiki_refuses_a_listed_picture_and_tells_its_case(
    wiki: Wiki, doors: Doors, tmp_path: Path
) -> None:
    (tmp_path / "listed.jpg").write_bytes(picture_bytes(LISTED_SEED))
    told = wiki.detect_virus(tmp_path / "listed.jpg")
    assert isinstance(told, str)
    case = told.strip().removeprefix("UploadGuard.Refused.").removesuffix(" FOUND")
    assert case in {case.number for case in doors.cases()}


def test_mediawiki_takes_what_could_not_be_read_for_a_failed_scan(wiki: Wiki, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(OTHER[: len(OTHER) // 2])
    told = wiki.detect_virus(tmp_path / "broken.jpg")
    assert isinstance(told, str)
    assert "scan failed" in told
