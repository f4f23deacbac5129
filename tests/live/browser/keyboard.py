"""Somebody who has no mouse."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

_FAR = 60


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(_FAR):
        page.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{_FAR} times Tab do not lead to {target}")


def focused(page: Page) -> str:
    """The id of what has the focus."""
    return str(page.evaluate("() => document.activeElement.id"))
