"""The plugin's words: taken out and compiled by wp-cli's own i18n commands."""

from __future__ import annotations

import re
from pathlib import Path

from tests.live.wordpress.php import php
from tests.live.wordpress.releases import wp_cli
from tests.live.wordpress.sites import BRIDGE


def make_pot(file: Path) -> None:
    headers = '{"POT-Creation-Date": "", "Report-Msgid-Bugs-To": "", "X-Generator": ""}'
    options = ("--slug=upload-guard", "--domain=upload-guard", f"--headers={headers}", "--skip-audit")
    php(error_reporting="0").run(wp_cli(), "--allow-root", "i18n", "make-pot", BRIDGE, file, *options)


def make_mo(translation: Path, folder: Path) -> None:
    php(error_reporting="0").run(wp_cli(), "--allow-root", "i18n", "make-mo", translation, folder)


def messages(file: Path) -> dict[str, list[str]]:
    """Each msgid (with its plural) of a .po or .pot file, and its translations."""
    found = {}
    for block in file.read_text(encoding="utf-8").split("\n\n"):
        joined = re.sub(r'"\n"', "", block)
        key = re.search(r'^msgid "(.*)"$', joined, re.MULTILINE)
        plural = re.search(r'^msgid_plural "(.*)"$', joined, re.MULTILINE)
        if key and key[1]:
            name = key[1] + (f"|{plural[1]}" if plural else "")
            found[name] = re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', joined, re.MULTILINE)
    return found
