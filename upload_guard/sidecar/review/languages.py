"""Every word of all pages in English and Dutch. English is the message id; the Dutch is read from .po files.

They are read at start, so there is no step that compiles them. In a message a percent sign is written twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, request
from flask_babel import Babel, Domain, get_locale
from jinja2 import StrictUndefined

from upload_guard.sidecar import public

FOLDER = Path(__file__).parent / "translations"
FOLDERS = (FOLDER, Path(public.__file__).parent / "translations")
LANGUAGES = {"en": "English", "nl": "Nederlands"}
# In an address, for pages that keep nothing in the browser.
NAMED = "language"
COOKIE = "upload_guard_language"
_A_YEAR = 365 * 24 * 3600


def speak(app: Flask, default: str) -> None:
    """Have the templates of `app` speak the reader's language; `default` where the browser names none."""
    babel = Babel()
    babel.init_app(app, default_locale="en", locale_selector=_chosen(default))
    babel.domain_instance = _Words()
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals.update(language=lambda: str(get_locale()), languages=LANGUAGES)


def catalog(language: str, folder: Path = FOLDER) -> Catalog:
    """All that its files hold, one for each page, as one."""
    whole = Catalog(language)
    for file in sorted((folder / language).glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, language):
                if message.id:
                    whole[message.id] = message
    return whole


def keep_language(response: Response, language: str, *, secure: bool) -> None:
    """Have the browser remember a choice, which nobody needs to be logged in for."""
    response.set_cookie(
        COOKIE, language, max_age=_A_YEAR, secure=secure, httponly=True, samesite="Lax", path="/review"
    )


class _Words(Domain):  # type: ignore[misc]
    """Translations that are read once, out of files that need no compiling."""

    def __init__(self) -> None:
        super().__init__()
        self._read = {language: _translations(language) for language in LANGUAGES}

    def get_translations(self) -> NullTranslations:
        return self._read.get(str(get_locale()), NullTranslations())


@cache
def _translations(language: str) -> NullTranslations:
    whole = Catalog(language)
    for folder in FOLDERS:
        for message in catalog(language, folder):
            if message.id:
                whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


def _chosen(default: str) -> Callable[[], str]:
    def language() -> str:
        for chosen in (request.args.get(NAMED, ""), request.cookies.get(COOKIE, "")):
            if chosen in LANGUAGES:
                return chosen
        # By primary tag and in the order of wishes, as answers.language_of: Werkzeug's own match would give
        # nl-BE, en;q=0.5 English.
        tags = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
        return next((tag for tag in tags if tag in LANGUAGES), default)

    return language
