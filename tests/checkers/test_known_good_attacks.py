"""Listed pictures dressed up as known-good ones: what a viewer sees of the listed picture is still held.

Everybody can have the images of the shipped bank, and draw around, over and between them. Each picture here
has one look that the bank knows and another that is listed.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.checkers.test_known_good import House, distance, look_of
from tests.support import activate_list, settings_in
from upload_guard.compose import build_station
from upload_guard.demo.pictures import landscape
from upload_guard.imaging.borders import trimmed
from upload_guard.imaging.pdq import pdq, squashed
from upload_guard.lists.bank.bank import REACH
from upload_guard.records import Action, Result

LIMIT = 31


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False}, trust={"probation_hours": 0})
    return House(settings, build_station(settings))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def apart(one: Image.Image, two: Image.Image) -> int:
    return distance(look_of(one).value, look_of(two).value)


def crops(image: Image.Image) -> list[Image.Image]:
    return [Image.fromarray(crop) for crop in trimmed(np.asarray(image))]


def grey(seed: int, size: tuple[int, int]) -> Image.Image:
    return landscape(seed, size).convert("L")


def assert_held(house: House, image: Image.Image, good: Image.Image, listed: Image.Image) -> None:
    """With `good` in the bank and `listed` on a list."""
    house.vouch(png(good))
    activate_list(house.settings, [look_of(listed)])
    verdict = house.verdict(png(image))
    assert (verdict.result, verdict.action) == (Result.MATCH, Action.QUARANTINE)
    assert house.verdict(png(good)).action is Action.ALLOW


@pytest.mark.parametrize(("listed", "good"), [(3, 4), (6, 7), (10, 11)])
def test_a_known_good_picture_woven_into_a_listed_one(house: House, listed: int, good: int) -> None:
    """One pixel in nine is of the known-good picture: those that the second form of PDQ looks at."""
    side = 1500
    seen, woven = grey(listed, (side, side)), grey(good, (side, side))
    samples = np.arange(512) * side // 512
    pixels = np.asarray(seen).copy()
    pixels[np.ix_(samples, samples)] = np.asarray(woven)[np.ix_(samples, samples)]
    second = squashed(pixels)
    assert second is not None
    assert distance(pdq(second).value, look_of(woven).value) <= REACH
    image = Image.fromarray(pixels)
    assert apart(image, seen) <= LIMIT
    assert_held(house, image, woven, seen)


def poster(inside: Image.Image, size: int) -> Image.Image:
    """Sheets upon sheets, plain and off the middle of the one below, with a small picture on the top one."""
    image = Image.new("L", (900, 900), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 60, 700, 880), fill=20)
    draw.rectangle((200, 400, 620, 860), fill=200)
    image.paste(inside.resize((size, size)), (300, 600))
    return image


@pytest.mark.parametrize("size", [40, 48])
@pytest.mark.parametrize("seed", [12, 5])
def test_a_listed_picture_within_the_borders_of_a_known_good_one(house: House, seed: int, size: int) -> None:
    """The whole is known, and so is what is left within the outermost border; the innermost is not."""
    listed = grey(seed, (640, 480))
    blank = Image.new("L", (8, 8), int(np.asarray(listed).mean()))
    good, image = poster(blank, size), poster(listed, size)
    first, *_, innermost = crops(image)
    assert apart(image, good) <= REACH
    assert apart(first, crops(good)[0]) <= REACH
    assert apart(innermost, listed) <= LIMIT
    assert_held(house, image, good, listed)


@pytest.mark.parametrize("seed", [1, 4, 11])
def test_a_known_good_picture_within_a_listed_one_that_is_faint(house: House, seed: int) -> None:
    """So faint that the listed picture is taken for a border, and what is left within it is known."""
    tiles = np.random.default_rng(seed).random((24, 24))
    listed, faint = (
        Image.fromarray((128 + (tiles - 0.5) * range_).round().astype(np.uint8)).resize(
            (720, 720), Image.Resampling.NEAREST
        )
        for range_ in (250, 23)
    )
    good = grey(2, (640, 480)).resize((60, 60))
    faint.paste(good, (330, 330))
    (inside,) = crops(faint)
    assert apart(inside, good) <= REACH
    assert apart(faint, listed) <= LIMIT
    assert_held(house, faint, good, listed)
