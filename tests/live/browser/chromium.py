"""Debian's Chromium, driven by playwright, which brings no browser of its own here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from tests.debian import give_up

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
"""How long a loaded machine may take for what a person would see at once; playwright's own is 5 s."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Where there is none the test is skipped; in CI it fails."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        give_up("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            browser.close()
