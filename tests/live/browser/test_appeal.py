"""A decision to its end in a real browser: an uploader appeals, another person takes the decision back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.live.browser.axe import violations
from tests.live.browser.people import REVIEWER, add_people, signed_in
from tests.live.browser.visiting import PHONE, visiting
from tests.serving import sidecar, write_config
from tests.statements.houses import House, house_over, sections
from tests.support import read
from upload_guard.compose import open_cases
from upload_guard.loading import load_settings

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Served:
    house: House
    url: str

    def link(self) -> str:
        """Of a case that another reviewer has confirmed just now."""
        number = self.house.confirmed(person="rob")
        return f"/public/appeals/{number}/{self.house.secret(number)}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("appeal")
    own = sections() | {"trust": {"probation_hours": 0}}
    config = write_config(folder / "sidecar.toml", own, data_dir="data")
    house = house_over(load_settings(config))
    add_people(house.settings)
    with sidecar(config) as url:
        yield Served(house, url)


def test_appealed_against_looked_at_by_another_person_and_released(browser: Browser, served: Served) -> None:
    path = served.link()
    number = path.split("/")[-2]
    with visiting(browser, served.url, javascript=False) as uploader:
        page = uploader.open(path)
        page.get_by_label("Why is the decision wrong?").fill("It is my cat.\nReally.")
        page.get_by_role("button", name="Appeal").click()
        expect(page.get_by_text("Your appeal has arrived")).to_be_visible()
        assert page.context.cookies() == []
        with visiting(browser, served.url) as reviewer:
            desk = signed_in(reviewer, REVIEWER, "/review/queue")
            desk.get_by_role("link", name="Show the appeals").click()
            desk.get_by_role("link", name=number, exact=True).click()
            expect(desk.locator("blockquote")).to_contain_text("It is my cat.")
            assert violations(desk) == []
            desk.get_by_text("Take the decision back", exact=True).first.click()
            act = desk.locator('form[data-act="grant-appeal"]')
            act.get_by_label("What the appellant is told").fill("You were right.")
            act.get_by_label("Reason", exact=True).select_option(index=1)
            act.get_by_role("button").click()
            expect(desk.locator("h1 .state")).to_have_text("released", ignore_case=True)
        page.reload()
        expect(page.get_by_text("The decision was taken back.")).to_be_visible()
        expect(page.get_by_text("You were right.")).to_be_visible()
    data = read(open_cases(served.house.settings).one(number).content)
    assert not served.house.upload(data).case, "the file passes now"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_for_everybody_on_a_phone_in_either_language(
    browser: Browser, served: Served, dark: bool
) -> None:
    path = served.link()
    with visiting(browser, served.url, size=PHONE, dark=dark) as uploader:
        page = uploader.open(path)
        assert violations(page) == []
        page.get_by_role("link", name="Nederlands").click()
        expect(page.get_by_label("Waarom is de beslissing onjuist?")).to_be_visible()
        assert violations(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
        page.get_by_role("button", name="Bezwaar maken").click()
        page.get_by_label("Waarom is de beslissing onjuist?").fill("Het is mijn kat.")
        page.get_by_role("button", name="Bezwaar maken").click()
        expect(page.get_by_text("Uw bezwaar is aangekomen")).to_be_visible()
