"""Every page there is, and how each looks to the people who use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.live.browser.furnished import CUSTOMER, NATIONAL, PARTNER, Furnished
from tests.live.browser.people import ADMINISTRATOR, signed_in
from tests.live.browser.styles import wait_for_styles
from tests.live.browser.visiting import DESKTOP, PHONE, Visit, visiting

ARTEFACTS = Path(__file__).parents[3] / "artefacts" / "pages"
"""Where a test run leaves a picture of every page; git does not see it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One way in which pages are shown."""

    name: str
    size: tuple[int, int] = DESKTOP
    dark: bool = False
    locale: str = "en-GB"


LOOKS = (
    Look("light"),
    Look("dark", dark=True),
    Look("phone", size=PHONE),
    # Dutch words are longer, which shows where there is little room.
    Look("dutch-phone", size=PHONE, dark=True, locale="nl-NL"),
)


@dataclass(frozen=True, slots=True)
class Stop:
    """A page, by the name of its picture. `then` brings it into the state that is looked at."""

    name: str
    path: Callable[[Furnished], str]
    then: Callable[[Page], object] = lambda _page: None


def _case(of: Callable[[Furnished], str]) -> Callable[[Furnished], str]:
    return lambda furnished: f"/review/cases/{of(furnished)}"


def _shown_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def _unfolded(page: Page) -> None:
    page.locator("main details").evaluate_all("all => all.forEach(one => { one.open = true; })")


def _examined(page: Page) -> None:
    """The gate is asked of a version that waits, soon after the server has begun."""
    for _ in range(60):
        if page.locator("section[aria-labelledby=gate] .message").count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError("the gate says nothing")


def _revealed(page: Page) -> None:
    page.keyboard.press("v")
    page.locator("#reason-reveal").select_option(index=1)
    page.locator("#offer-reveal button").click()
    # Visible already without its bytes.
    page.locator("img.glimpse").evaluate("img => img.decode()")


STOPS: tuple[Stop, ...] = (
    Stop("start", lambda _: "/review/"),
    Stop("queue", lambda _: "/review/queue"),
    Stop("queue-filtered", lambda _: "/review/queue?state=confirmed"),
    Stop("queue-keys", lambda _: "/review/queue?site=nowhere", _shown_keys),
    Stop("queue-decide", lambda furnished: f"/review/queue/decide?ruling=release&case={furnished.repeated}"),
    Stop("case", _case(lambda furnished: furnished.repeated)),
    Stop("case-glimpse", _case(lambda furnished: furnished.repeated), _revealed),
    Stop("case-alike", _case(lambda furnished: furnished.alike), _unfolded),
    Stop("case-unread", _case(lambda furnished: furnished.unread)),
    Stop("case-released", _case(lambda furnished: furnished.released), _unfolded),
    Stop("case-keys", _case(lambda furnished: furnished.confirmed), _shown_keys),
    Stop("reports", lambda _: "/review/reports"),
    Stop("reports-of-case", lambda furnished: f"/review/reports/of/{furnished.confirmed}"),
    Stop("report", lambda furnished: f"/review/reports/{furnished.report}"),
    Stop("notices", lambda _: "/review/notices"),
    Stop("notice", lambda furnished: f"/review/notices/{furnished.notice}"),
    Stop("lists", lambda _: "/review/lists"),
    Stop("list", lambda _: f"/review/lists/{PARTNER}"),
    Stop("list-lowered", lambda _: f"/review/lists/{NATIONAL}"),
    Stop("list-version", lambda _: f"/review/lists/{PARTNER}/2", _examined),
    Stop("statistics", lambda _: "/review/statistics"),
    Stop("customers", lambda _: "/review/customers"),
    Stop("customer", lambda _: f"/review/customers/{CUSTOMER}"),
    Stop("persons", lambda _: "/review/persons"),
    Stop("me", lambda _: "/review/me"),
)


@contextmanager
def touring(browser: Browser, url: str, look: Look, person: str = ADMINISTRATOR) -> Iterator[Visit]:
    """A window in that look, in which somebody is logged in."""
    with visiting(browser, url, look.size, look.dark, look.locale) as visit:
        signed_in(visit, person)
        yield visit


def picture(page: Page, name: str, look: Look) -> Path:
    """Keep what the whole page looks like."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    file = ARTEFACTS / f"{name}-{look.name}.png"
    wait_for_styles(page)
    page.screenshot(path=file, full_page=True)
    return file
