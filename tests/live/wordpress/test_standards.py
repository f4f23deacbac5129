"""The plugin as a folder: its syntax on each PHP, WordPress's coding standards, its words, what it ships."""

from __future__ import annotations

import gettext
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.debian import give_up, programs_of
from tests.live.wordpress.languages import make_pot, messages
from tests.live.wordpress.php import php
from tests.live.wordpress.releases import coding_standards, other_php
from tests.live.wordpress.sites import BRIDGE
from upload_guard.answers import LANGUAGES, sentences
from upload_guard.canary import CANARY_SHA256, canary_png

pytestmark = pytest.mark.live

FILES = sorted(BRIDGE.rglob("*.php"))
LANGUAGE_FILES = BRIDGE / "languages"


def test_every_file_parses_and_its_classes_run_on_the_oldest_and_newest_php() -> None:
    if shutil.which("node") is None:
        give_up("there is no Node.js to run other versions of PHP")
    script = Path(__file__).with_name("other_php.mjs")
    done = subprocess.run(
        ["node", script, other_php(), BRIDGE, "7.4", "8.5"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [one["php"][:3] for one in said] == ["7.4", "8.5"], done.stdout + done.stderr
    for one in said:
        assert one["parsed"] == len(FILES)
        assert (one["sha256"], one["answer"]) == (CANARY_SHA256.hex(), "x")


def sniffed(folder: Path) -> tuple[int, str]:
    sniffer = programs_of("php-codesniffer").root
    done = php(error_reporting="0").run(
        *("-d", f"include_path={sniffer}/usr/share/php", sniffer / "usr/bin/phpcs"),
        *("--runtime-set", "installed_paths", coding_standards()),
        *(f"--standard={BRIDGE / 'phpcs.xml.dist'}", "-s", "--report=emacs", folder),
        code=None,
    )
    return done.returncode, done.stdout.strip()


def test_it_keeps_to_wordpress_coding_standards() -> None:
    assert sniffed(BRIDGE) == (0, "")


def test_the_sniffer_would_have_seen_a_fault(tmp_path: Path) -> None:
    doc = "/**\n * X.\n *\n * @package X\n */\n"
    body = "function foo() {\n\techo esc_html__( 'a', 'other' );\n}\n"
    (tmp_path / "bad.php").write_text(f"<?php\n{doc}\n{doc}{body}")
    code, said = sniffed(tmp_path)
    assert code != 0
    assert "PrefixAllGlobals" in said
    assert "TextDomainMismatch" in said


def test_no_address_of_this_machine_is_written_into_it() -> None:
    """As the plugin directory's own check has it: the address is the administrator's to give."""
    assert [file for file in FILES if re.search(r"localhost|127\.0\.0\.1", file.read_text())] == []


def test_every_file_says_that_it_is_ours_and_stops_outside_of_wordpress() -> None:
    for file in FILES:
        text = file.read_text()
        assert "@package Upload_Guard" in text, file
        assert text.startswith("<?php\n"), file
    for name in ("upload-guard.php", "uninstall.php"):
        assert re.search(
            r"defined\( '(ABSPATH|WP_UNINSTALL_PLUGIN)' \) \|\| exit;", (BRIDGE / name).read_text()
        )


def test_versions_agree() -> None:
    plugin, readme = (BRIDGE / "upload-guard.php").read_text(), (BRIDGE / "readme.txt").read_text()
    (header,) = re.findall(r"\* Version:\s+(\S+)", plugin)
    assert re.findall(r"'UPLOAD_GUARD_VERSION', '([^']+)'", plugin) == [header]
    assert re.findall(r"Stable tag: (\S+)", readme) == [header]
    for name in ("Requires at least", "Requires PHP"):
        assert re.findall(rf"{name}:\s+(\S+)", plugin) == re.findall(rf"{name}:\s+(\S+)", readme)
    assert "= External service =" in readme
    assert "GNU GENERAL PUBLIC LICENSE" in (BRIDGE / "LICENSE").read_text()


def test_its_test_picture_is_the_canary() -> None:
    assert (BRIDGE / "includes" / "canary.png").read_bytes() == canary_png()


def test_a_host_answers_in_the_words_of_every_other_door() -> None:
    text = (BRIDGE / "includes" / "class-upload-guard-host.php").read_text()
    for language in LANGUAGES:
        said = sentences(language)
        assert f"'{language}' => array( '{said.refused}', '{said.case_label}', '{said.unavailable}' )" in text


def test_every_word_of_it_is_in_the_template_and_in_dutch(tmp_path: Path) -> None:
    make_pot(tmp_path / "now.pot")
    now = messages(tmp_path / "now.pot")
    assert set(messages(LANGUAGE_FILES / "upload-guard.pot")) == set(now)
    dutch = messages(LANGUAGE_FILES / "upload-guard-nl_NL.po")
    assert set(dutch) == set(now)
    assert [key for key, said in dutch.items() if not all(said)] == []
    holes = re.compile(r"%(?:\d\$)?[sd]")
    for key, said in dutch.items():
        for one in said:
            assert sorted(holes.findall(one)) == sorted(holes.findall(key.partition("|")[0])), key


def test_the_compiled_translation_is_that_of_the_text() -> None:
    with (LANGUAGE_FILES / "upload-guard-nl_NL.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for key, said in messages(LANGUAGE_FILES / "upload-guard-nl_NL.po").items():
        one, _, many = key.replace('\\"', '"').partition("|")
        found = (
            [compiled.ngettext(one, many, 1), compiled.ngettext(one, many, 2)]
            if many
            else [compiled.gettext(one)]
        )
        assert found == [text.replace('\\"', '"') for text in said]
