"""When a page looks as it is meant to."""

from __future__ import annotations

from playwright.sync_api import Page

_LOADED = "() => document.readyState === 'complete'"
_UNSTYLED = """() => {
  const lacks = (sheet) => !sheet
    || [...sheet.cssRules].some((rule) => rule instanceof CSSImportRule && lacks(rule.styleSheet));
  const links = [...document.querySelectorAll('link[rel=stylesheet]')];
  return links.filter((one) => lacks(one.sheet)).map((one) => one.href);
}"""


def wait_for_styles(page: Page) -> None:
    """Whoever was led here by a click finds elements, and finds them visible, before the styles have come.

    A style sheet is there before those that it imports; the load of the page waits for all of them.
    """
    page.wait_for_function(_LOADED)
    unstyled = page.evaluate(_UNSTYLED)
    assert not unstyled, f"{page.url} came without {unstyled}"
