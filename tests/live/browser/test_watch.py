"""The watch over the other tests here sees what it is there for."""

from __future__ import annotations

from playwright.sync_api import Browser, Route, expect

from tests.live.browser.axe import violations
from tests.live.browser.watch import Watch

ORIGIN = "http://127.0.0.1:9"
POLICY = {"Content-Security-Policy": "script-src 'self'"}
BAD = """<!doctype html><html><body style="color: #ccc; background: #ddd"><p>pale</p>
<img src="http://127.0.0.1:8/pixel.png"><script src="/broken.js"></script>
<script>inline()</script></body></html>"""
STYLED = """<!doctype html><html lang="en"><head><title>Page</title>
<link rel="stylesheet" href="/own.css"></head><body><main><h1>Page</h1><p>pale</p></main></body></html>"""


def test_it_sees_strays_errors_refusals_and_what_breaks_the_policy(browser: Browser) -> None:
    context = browser.new_context()
    watch = Watch(ORIGIN, context)
    watch.begin()
    context.route("**/*.png", lambda route: route.fulfill(status=200, body=""))
    context.route("**/*.js", lambda route: route.fulfill(body="missing()", content_type="text/javascript"))
    context.route(
        f"{ORIGIN}/", lambda route: route.fulfill(body=BAD, content_type="text/html", headers=POLICY)
    )
    context.route(f"{ORIGIN}/no", lambda route: route.fulfill(status=403, body="no"))
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    page.goto(f"{ORIGIN}/no")
    assert watch.strays == ["asked for http://127.0.0.1:8/pixel.png"]
    assert [error for error in watch.errors if "missing is not defined" in error]
    assert [error for error in watch.errors if "Content Security Policy" in error]
    assert watch.refused() == [403]
    assert watch.refused() == []
    context.close()


def test_axe_names_what_is_wrong_and_where(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(BAD)
    found = " ".join(violations(page))
    assert "html-has-lang" in found
    assert "color-contrast" in found
    assert "image-alt" in found
    page.close()


def test_axe_looks_once_what_the_styles_bring_in_has_come_as_well(browser: Browser) -> None:
    page = browser.new_page()

    def late(route: Route) -> None:
        page.wait_for_timeout(1000)
        route.fulfill(body="p { color: #ccc; background: #ddd; }", content_type="text/css")

    page.route(f"{ORIGIN}/late.css", late)
    page.route(
        f"{ORIGIN}/own.css", lambda route: route.fulfill(body='@import "late.css";', content_type="text/css")
    )
    page.route(f"{ORIGIN}/", lambda route: route.fulfill(body=STYLED, content_type="text/html"))
    page.goto(f"{ORIGIN}/", wait_until="commit")
    expect(page.get_by_text("pale")).to_be_visible()
    assert [one for one in violations(page) if one.startswith("color-contrast")]
    page.close()
