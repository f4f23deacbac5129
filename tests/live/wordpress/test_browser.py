"""What a person sees in Chromium: the media grid, the page for new media, the block editor of WordPress 7.1.

At localhost, where WordPress 7.1 makes all sizes of a picture in the browser and sends each by itself.
Pictures of the pages are left in artefacts/pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live.browser.chromium import PATIENCE_MS, chromium
from tests.live.browser.slowness import slowed
from tests.live.browser.tour import ARTEFACTS
from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.sites import PASSWORD, WordPress
from tests.support import LISTED_SEED, picture_bytes
from upload_guard.demo.pictures import landscape

pytestmark = pytest.mark.live

REFUSED = re.compile(r"This upload cannot be accepted\. Case number: \S{14}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: WordPress, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An administrator's window. Nothing beyond the site is asked."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    context.route(lambda url: not url.startswith((site.url, "blob:", "data:")), lambda route: route.abort())
    window = slowed(context.new_page())
    window.goto(f"{site.url}/wp-login.php", wait_until="domcontentloaded")
    # 200 ms after it has come, the page puts the focus there, whatever is being typed elsewhere.
    expect(window.locator("#user_login")).to_be_focused()
    window.fill("#user_login", "admin")
    window.fill("#user_pass", PASSWORD)
    window.click("#wp-submit")
    window.wait_for_url("**/wp-admin/**", wait_until="domcontentloaded")
    yield window
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    window.screenshot(path=ARTEFACTS / f"wordpress-{request.node.name.removeprefix('test_')}.png")
    context.close()


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "listed.jpg"
    file.write_bytes(picture_bytes(LISTED_SEED))
    return file


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A clean photo that WordPress makes every size of."""
    file, out = tmp_path / "large.jpg", BytesIO()
    landscape(33, (2800, 2000)).convert("RGB").save(out, "JPEG", quality=85)
    file.write_bytes(out.getvalue())
    return file


def test_the_media_grid_shows_the_sentence_and_the_case(page: Page, site: WordPress, listed: Path) -> None:
    before = site.state()
    page.goto(f"{site.url}/wp-admin/upload.php?mode=grid", wait_until="domcontentloaded")
    page.wait_for_selector(".moxie-shim input[type=file]", state="attached")
    page.locator(".moxie-shim input[type=file]").first.set_input_files(listed)
    expect(page.locator(".upload-error").first).to_contain_text(REFUSED)
    assert site.state() == before


def test_the_page_for_new_media_shows_them_as_well(page: Page, site: WordPress, listed: Path) -> None:
    before = site.state()
    page.goto(f"{site.url}/wp-admin/media-new.php", wait_until="domcontentloaded")
    page.wait_for_selector(".moxie-shim input[type=file]", state="attached")
    page.locator(".moxie-shim input[type=file]").first.set_input_files(listed)
    expect(page.locator("#media-items")).to_contain_text(REFUSED)
    assert site.state() == before


def image_block(page: Page, site: WordPress) -> None:
    """A new post with an empty image block."""
    page.goto(f"{site.url}/wp-admin/post-new.php", wait_until="domcontentloaded")
    page.wait_for_function("window.wp && wp.data && wp.data.select( 'core/editor' )?.getCurrentPostId()")
    # The post is known before the editor is drawn, which begins with the post's own blocks and no others.
    _drawn(page, "textbox", "Add title").wait_for()
    page.evaluate(
        """() => {
            wp.data.dispatch( 'core/preferences' ).set( 'core/edit-post', 'welcomeGuide', false );
            wp.data.dispatch( 'core/block-editor' ).insertBlock( wp.blocks.createBlock( 'core/image' ) );
        }"""
    )


def _drawn(page: Page, role: Literal["button", "textbox"], name: str) -> Locator:
    """Within the canvas, which is a frame of its own where all blocks bear it."""
    canvas = page.frame_locator("iframe[name=editor-canvas]")
    return canvas.get_by_role(role, name=name).or_(page.get_by_role(role, name=name)).first


def choose(page: Page, file: Path) -> None:
    """By the block's own button."""
    upload = _drawn(page, "button", "Upload")
    with page.expect_file_chooser() as chooser:
        upload.click()
    chooser.value.set_files(file)


def test_the_block_editor_shows_them_in_a_notice(page: Page, site: WordPress, listed: Path) -> None:
    before = site.state()[0]
    image_block(page, site)
    choose(page, listed)
    expect(page.locator("body")).to_contain_text(REFUSED)
    assert site.landed() == before


def test_each_size_that_the_browser_makes_is_checked(
    page: Page, site: WordPress, guard: Sidecar, large: Path
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    image_block(page, site)
    asked = guard.asked()
    with page.expect_response(lambda answer: "finalize" in answer.url):
        choose(page, large)
    sizes = [url for url in sent if "sideload" in url]
    assert len(sizes) >= 5, sent
    assert guard.asked() - asked >= len(sizes) + 1
