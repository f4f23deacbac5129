"""The incident of 2021 from the administrator's side: a rollback and a decision release 300 uploads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live.browser.people import ADMINISTRATOR, add_people, signed_in
from tests.live.browser.stock_images import LIST, UPLOADS, Incident, incident_in
from tests.live.browser.tour import LOOKS, picture
from tests.live.browser.visiting import visiting
from tests.support import picture_bytes
from upload_guard.compose import open_cases
from upload_guard.quarantine.states import CaseState

pytestmark = pytest.mark.live

# The rollback ends when every case is judged again, for which every file is opened.
PATIENCE = 240_000
LISTED_RIGHTLY = ("holiday.jpg", picture_bytes(1))


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Incident]:
    with incident_in(tmp_path_factory.mktemp("incident")) as begun:
        add_people(begun.settings)
        yield begun


@dataclass(slots=True)
class Hand:
    """Counts what somebody does by mouse, and how long it takes them and what they wait for."""

    began: float = field(default_factory=time.monotonic)
    clicks: int = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def choose(self, field: Locator, option: int) -> None:
        """Two clicks: the field, and what it offers."""
        field.select_option(index=option)
        self.clicks += 2

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def test_one_rollback_and_one_decision_release_all_of_them(
    incident: Incident, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Counter(incident.upload_all()) == {403: UPLOADS}
    assert incident.upload(*LISTED_RIGHTLY) == 403
    assert _states(incident) == {CaseState.OPEN: UPLOADS + 1}
    with visiting(browser, incident.url) as visit:
        page = signed_in(visit, ADMINISTRATOR)
        hand = Hand()
        _roll_back(page, hand)
        undone = hand.seconds
        _release_all(page, hand)
    with capsys.disabled():
        print(
            f"\n{UPLOADS} uploads that a bad list held: released with {hand.clicks} clicks in "
            f"{hand.seconds:.0f} s, of which the rollback took {undone:.0f} s"
        )
    assert hand.clicks <= 12
    assert _states(incident) == {CaseState.RELEASED: UPLOADS, CaseState.OPEN: 1}
    assert Counter(incident.upload_all()) == {200: UPLOADS}
    assert incident.upload(*LISTED_RIGHTLY) == 403


def _roll_back(page: Page, hand: Hand) -> None:
    hand.click(page.get_by_role("link", name="Lists"))
    hand.click(page.get_by_role("link", name=LIST, exact=True))
    hand.click(page.get_by_role("link", name="go back to version 1"))
    hand.click(page.get_by_role("button", name="Go back to version 1"))
    expect(page.locator("#state")).to_contain_text("Version 1 acts now", timeout=PATIENCE)
    expect(page.locator("#state")).to_contain_text(f"{UPLOADS} cases are proposed for release now.")
    picture(page, "incident-rollback", LOOKS[0])


def _release_all(page: Page, hand: Hand) -> None:
    hand.click(page.get_by_role("link", name="proposed for release"))
    release = page.get_by_role("button", name="Release all of them")
    expect(release).to_be_visible()
    picture(page, "incident-queue", LOOKS[0])
    hand.click(release)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Decide on {UPLOADS} cases")
    picture(page, "incident-decide", LOOKS[0])
    form = page.locator("#decide-release")
    hand.choose(form.get_by_label("Reason"), 2)
    hand.click(form.get_by_role("button", name="Release"))
    expect(page.get_by_text(f"{UPLOADS} cases are decided.")).to_be_visible(timeout=PATIENCE)


def _states(incident: Incident) -> Counter[CaseState]:
    return Counter(case.state for case in open_cases(incident.settings).newest(2 * UPLOADS))
