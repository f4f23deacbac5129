"""From a stranger's notice to the answer, in a browser: form, case, a person's decision, removal, letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.browser.axe import violations
from tests.live.browser.people import REVIEWER, add_people, signed_in
from tests.live.browser.tour import LOOKS, picture
from tests.live.browser.visiting import visiting
from tests.mailing.post import PostBox, post_office
from tests.serving import sidecar, write_config
from tests.support import activate_listed_picture, eventually, picture_bytes
from upload_guard.compose import notices_in, open_database_of
from upload_guard.loading import load_settings
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.settings import Settings

pytestmark = pytest.mark.live

MEDIA = "https://blog.example.org/media/"


@dataclass(frozen=True, slots=True)
class Told:
    """A sidecar that anybody can tell of files in `media`, and the mail it sends."""

    url: str
    settings: Settings
    media: Path
    box: PostBox

    def address(self, number: str) -> AddressState:
        return notices_in(self.settings, open_database_of(self.settings)).find(number).addresses[0].state


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    media = folder / "media"
    media.mkdir()
    (media / "a.jpg").write_bytes(picture_bytes(2))
    box = PostBox()
    with post_office(box) as post:
        mail: dict[str, object] = {
            "server": post.host,
            "port": post.port,
            "security": "none",
            "sender": "desk@guard.example",
        }
        sections: dict[str, dict[str, object]] = {
            "review": {"totp": "optional"},
            "mail": mail,
            "incoming": {"form": True},
            "incoming.sites.blog.paths": {f'"{MEDIA}"': str(media)},
        }
        config = write_config(folder / "config.toml", sections, data_dir="data")
        settings = load_settings(config)
        activate_listed_picture(settings)
        add_people(settings)
        with sidecar(config) as url:
            yield Told(url, settings, media, box)


def test_from_a_notice_to_the_answer(told: Told, browser: Browser) -> None:
    with visiting(browser, told.url) as visit:
        number = _tell(visit.open("/public/notice"))
    assert eventually(lambda: told.address(number) is AddressState.CASE)
    with visiting(browser, told.url) as visit:
        page = signed_in(visit, REVIEWER, f"/review/notices/{number}")
        assert violations(page) == []
        picture(page, "notice", LOOKS[0])
        page.get_by_role("link", name=re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")).click()
        expect(page.get_by_text("a notice told of it", exact=False).first).to_be_visible()
        _confirm(page)
        assert eventually(lambda: told.address(number) is AddressState.REMOVED)
        assert not (told.media / "a.jpg").exists()
        page = visit.open(f"/review/notices/{number}")
        expect(page.get_by_text("dealt with").first).to_be_visible()
    assert eventually(lambda: len(told.box.mails) == 2)
    receipt, answer = (mail.get_content() for mail in told.box.mails)
    assert number in receipt
    assert "1. the file was taken away" in answer
    notice = notices_in(told.settings, open_database_of(told.settings)).find(number).notice
    assert notice.state is NoticeState.CLOSED
    assert not notice.is_late(notice.closed_at or notice.deadline)


def _tell(page: Page) -> str:
    """Fill in the form; the number of the notice."""
    assert violations(page) == []
    picture(page, "notice-form", LOOKS[0])
    page.get_by_label("The address of the file").fill(MEDIA + "a.jpg")
    page.get_by_label("Why should it not be there?").fill("this is a crime")
    page.get_by_label("Your name").fill("A. Teller")
    page.get_by_label("Your e-mail address").fill("teller@example.org")
    page.get_by_label("What I say is right and complete, as far as I know.").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your notice has arrived")
    return page.locator("strong").inner_text()


def _confirm(page: Page) -> None:
    page.locator("summary", has_text="Confirm").click()
    form = page.locator("form[data-act=confirm]")
    form.get_by_label("Reason").select_option(index=1)
    form.get_by_role("button", name="Confirm").click()
    expect(page.locator(".message.done strong")).to_have_text("confirmed", ignore_case=True)
