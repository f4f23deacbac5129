"""The pictures in docs/ are those that the script makes, and each is shown."""

from __future__ import annotations

import re

from tests.screenshots import PICTURES, SHOWN


def test_the_docs_show_every_picture_and_no_other() -> None:
    pages = "".join(page.read_text() for page in PICTURES.parent.glob("*.md"))
    made = {f"{stop}-{look}.png" for look, stops in SHOWN.items() for stop in stops}
    assert {file.name for file in PICTURES.iterdir()} == made
    assert set(re.findall(r"pictures/([\w-]+\.png)", pages)) == made


def test_they_stay_small() -> None:
    assert sum(file.stat().st_size for file in PICTURES.iterdir()) < 600_000
