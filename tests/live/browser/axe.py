"""Asks axe-core (MPL 2.0, Deque Systems), in the browser, what of a page keeps people out."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests import npm
from tests.live.browser.styles import wait_for_styles

AXE = npm.Package("axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745")
# preload would fetch the page's files once more. The size of targets (WCAG 2.2) is looked at on demand only.
_RUN = """() => axe.run(document, {
  preload: false, resultTypes: ['violations'], rules: {'target-size': {enabled: true}}
})"""


def violations(page: Page) -> list[str]:
    """What axe finds of the page as it stands, by all of its rules, a sentence each."""
    wait_for_styles(page)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate((npm.unpacked(AXE) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(_RUN)["violations"]
    return [_sentence(one, node) for one in found for node in one["nodes"]]


def _sentence(violation: dict[str, Any], node: dict[str, Any]) -> str:
    where = " ".join(map(str, node["target"]))
    summary = " ".join(str(node["failureSummary"]).split())
    return f"{violation['id']}: {violation['help']} at {where} ({summary})"
