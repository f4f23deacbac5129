"""Somebody before the pages: a browser's window with a clean profile, and what may not happen in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.live.browser.chromium import PATIENCE_MS
from tests.live.browser.slowness import slowed
from tests.live.browser.watch import Watch

DESKTOP = (1280, 900)
PHONE = (360, 740)


@dataclass(frozen=True, slots=True)
class Visit:
    """One window on the sidecar at `url`."""

    url: str
    page: Page
    watch: Watch

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    locale: str = "en-GB",
    javascript: bool = True,
) -> Iterator[Visit]:
    """A window of its own. Until it closes, nothing may come from elsewhere or go wrong."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale=locale,
        java_script_enabled=javascript,
        # What moves is a matter of taste, and makes pictures of pages differ.
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(url, context)
    watch.begin()
    try:
        yield Visit(url, slowed(context.new_page()), watch)
    except BaseException as fault:
        # A page that came without its styles fails by something else first.
        fault.add_note("\n".join(["The browser says:", *watch.complaints()]))
        raise
    finally:
        context.close()
    assert not watch.complaints(), "\n".join(watch.complaints())
