"""Every word of the pages is there in Dutch, and says the same things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

import upload_guard.sidecar.review as review
from tests.sidecar.review.conftest import House
from upload_guard.sidecar.review.languages import FOLDER, catalog

PAGES = Path(review.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")

Said = tuple[str, ...]


def said(folder: Path) -> Iterator[tuple[Said, str | None, str]]:
    """Each message in the pages' source (with its plural), its context, and where it stands."""
    found = extract_from_dir(str(folder), METHODS, keywords=KEYWORDS)
    for file, line, message, _, context in found:
        yield (message if isinstance(message, tuple) else (message,)), context, f"{file}:{line}"


def untranslated(folder: Path, words: Catalog) -> list[str]:
    missing = []
    for forms, context, where in said(folder):
        there = words.get(forms[0], context)
        strings = (
            () if there is None else there.string if isinstance(there.string, tuple) else (there.string,)
        )
        if not strings or not all(strings) or there is None or there.fuzzy:
            missing.append(f"{where}: {forms[0]}")
    return missing


def test_every_message_has_a_dutch_one() -> None:
    assert not untranslated(PAGES, catalog("nl"))


def test_one_that_is_missing_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>{{ _('Nobody has said this in Dutch') }}</p>")
    (tmp_path / "page.py").write_text("said = ngettext('%(num)d cat', '%(num)d cats', 2)\n")
    words = Catalog("nl")
    assert len(untranslated(tmp_path, words)) == 2
    words.add("Nobody has said this in Dutch", "Niemand zei dit")
    words.add(("%(num)d cat", "%(num)d cats"), ("%(num)d kat", ""))
    assert untranslated(tmp_path, words) == ["page.py:1: %(num)d cat"]


def disagreeing(words: Catalog) -> list[str]:
    """Messages whose translation has other places to fill in, or a percent sign that is none."""
    said = [(_forms(message.id), _forms(message.string)) for message in words if message.id]
    return [forms[0] for forms, translated in said if not _agree(forms, translated)]


def _agree(said: Said, translated: Said) -> bool:
    wanted = set(PLACEHOLDER.findall(said[-1]))
    odd = any("%" in PLACEHOLDER.sub("", text).replace("%%", "") for text in (*said, *translated))
    return not odd and all(
        # A singular may say "one" in words.
        wanted - {"num"} <= set(PLACEHOLDER.findall(text)) <= wanted
        for text in translated
    )


def _forms(text: str | Said) -> Said:
    return text if isinstance(text, tuple) else (text,)


def test_translations_have_the_same_places_to_fill_in() -> None:
    assert not disagreeing(catalog("nl"))


@pytest.mark.parametrize("dutch", ["Hallo, %(naam)s", "Hallo", "Hallo, %(name)s: 100 %"])
def test_one_that_disagrees_is_noticed(dutch: str) -> None:
    words = Catalog("nl")
    words.add("Hello, %(name)s", dutch)
    assert disagreeing(words)


def test_what_two_pages_say_is_translated_once_or_alike() -> None:
    seen: dict[object, object] = {}
    for file in sorted((FOLDER / "nl").glob("*.po")):
        for message in _messages(file):
            key = (message.id, message.context)
            assert seen.setdefault(key, message.string) == message.string, f"{file.name}: {message.id}"


def test_nothing_is_translated_that_nobody_says() -> None:
    spoken = {(forms[0], context) for forms, context, _ in said(PAGES)}
    idle = [
        message.id
        for message in catalog("nl")
        if message.id
        and ((message.id[0] if isinstance(message.id, tuple) else message.id), message.context) not in spoken
    ]
    assert not idle


def _messages(file: Path):  # type: ignore[no-untyped-def]
    from babel.messages.pofile import read_po

    with file.open("rb") as stream:
        return [message for message in read_po(stream, "nl") if message.id]


# Which language ------------------------------------------------------------------------------------


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)">', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("asked", "got"),
    [("nl-BE,nl;q=0.9,en;q=0.8", "nl"), ("en-GB", "en"), ("de,fr;q=0.5", "en"), ("", "en")],
)
def test_a_browser_is_answered_in_its_language(house: House, asked: str, got: str) -> None:
    page = house.browser().get("/review/log-in", **{"Accept-Language": asked}).text
    assert language_of(page) == got
    assert ("Inloggen" in page) == (got == "nl")


def test_a_choice_is_remembered_over_what_the_browser_says(house: House) -> None:
    browser = house.browser(**{"Accept-Language": "en"})
    answer = browser.post("/review/language", language="nl", next="/review/log-in")
    assert (answer.status_code, answer.location) == (302, "/review/log-in")
    assert language_of(browser.get("/review/log-in").text) == "nl"


def test_a_language_that_is_not_there_is_not_taken(house: House) -> None:
    assert house.browser().post("/review/language", language="xx").status_code == 400
