"""Every page in every look: nobody is kept out, nothing hangs over the edge, and a picture of it is kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.live.browser.axe import violations
from tests.live.browser.furnished import Furnished
from tests.live.browser.tour import LOOKS, STOPS, Look, picture, touring
from tests.live.browser.visiting import visiting

pytestmark = pytest.mark.live

# Of whatever can be used, what is beyond the edge of the window. What scrolls by itself can be reached.
_BEYOND = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(one => one.checkVisibility() && !one.matches('.skip') && !one.closest('.scroll'))
  .filter(one => { const box = one.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth; })
  .map(one => one.outerHTML)"""


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_is_for_everybody(browser: Browser, url: str, furnished: Furnished, look: Look) -> None:
    wrong = []
    with touring(browser, url, look) as visit:
        for stop in STOPS:
            page = visit.open(stop.path(furnished))
            stop.then(page)
            picture(page, stop.name, look)
            wrong += [f"{stop.name}: {one}" for one in faults(page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_so_is_the_door(browser: Browser, url: str, look: Look) -> None:
    with visiting(browser, url, look.size, look.dark, look.locale) as visit:
        page = visit.open("/review/log-in")
        picture(page, "log-in", look)
        assert faults(page) == []
        assert page.locator("html").get_attribute("lang") == look.locale[:2]


def faults(page: Page) -> list[str]:
    """What is wrong with how a page shows itself."""
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    wide = [f"it scrolls sideways: {width[0]} of {width[1]}"] if width[0] > width[1] else []
    beyond = [f"beyond the edge: {one}" for one in page.evaluate(_BEYOND)]
    return [*violations(page), *wide, *beyond]
