"""Table B, rows 15 and 16: what is not listed is not found, on pictures that people really have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.debian import pictures_of
from tests.support import activate_list, settings_in
from upload_guard.compose import Station, build_station
from upload_guard.digests import digest_of
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.imaging.signals import image_signals
from upload_guard.lists.formats import ListedHash
from upload_guard.records import Action, Result, SignalType, Upload, Verdict
from upload_guard.spans import FileContent

pytestmark = pytest.mark.live

# Photographs; stamps (cut-out photographs and drawings); icons.
LISTED = "mate-backgrounds"
CLEAN = ("tuxpaint-stamps-default", "gnome-icon-theme", "tango-icon-theme")
SAMPLE = 700
WORKERS = 2


def hashes_of(file: Path) -> Iterator[ListedHash]:
    with file.open("rb") as stream:
        image_format = sniff(stream.read(HEAD))
        if image_format is None:
            return
        stream.seek(0)
        for signal in image_signals(stream, image_format, Budget(ScanLimits())).signals:
            if signal.type is SignalType.PDQ and not signal.variant:
                yield ListedHash(SignalType.PDQ, signal.value)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    settings = settings_in(tmp_path_factory.mktemp("clean"))
    listed = [one for file in pictures_of(LISTED) for one in hashes_of(file)]
    assert len(listed) > 20
    activate_list(settings, listed, name="photographs")
    built = build_station(settings)
    yield built
    built.sandbox.close()


def verdict_on(station: Station, file: Path) -> Verdict:
    with file.open("rb") as stream:
        return station.guard.inspect(Upload(FileContent(file), digest_of(stream)))


@pytest.mark.parametrize("package", CLEAN)
def test_row_15_clean_pictures_are_not_found_and_hardly_ever_held(station: Station, package: str) -> None:
    files = pictures_of(package)
    chosen = files[:: max(1, len(files) // SAMPLE)]
    assert len(chosen) > 300
    with ThreadPoolExecutor(WORKERS) as pool:
        verdicts = list(pool.map(lambda file: verdict_on(station, file), chosen))
    found = Counter((verdict.result.value, verdict.reason) for verdict in verdicts)
    print(package, len(chosen), dict(found))
    matched = [verdict for verdict in verdicts if verdict.result is Result.MATCH]
    held = [verdict for verdict in verdicts if verdict.action.refuses]
    assert matched == []
    assert len(held) <= len(chosen) / 1000


def test_row_15_the_listed_ones_themselves_would_be_found(station: Station) -> None:
    files = [file for file in pictures_of(LISTED)[::5] if any(hashes_of(file))]
    assert len(files) > 3
    assert {verdict_on(station, file).result for file in files} == {Result.MATCH}


def logo(letter: str) -> Image.Image:
    """A simple logo: rings, a triangle and a letter, as companies have them by the thousand."""
    image = Image.new("L", (512, 512), 255)
    draw = ImageDraw.Draw(image)
    for inset in range(20, 260, 40):
        draw.ellipse([inset, inset, 512 - inset, 512 - inset], outline=0, width=16)
    draw.polygon([(256, 60), (420, 400), (92, 400)], fill=0)
    draw.rectangle([180, 250, 330, 360], fill=255)
    draw.text((200, 250), letter, fill=0, font_size=110)
    return image


def test_row_16_logos_that_collide_are_held_at_most_and_never_blocked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    listed, other = tmp_path / "listed.png", tmp_path / "other.png"
    logo("B").save(listed)
    logo("E").save(other)
    activate_list(settings, list(hashes_of(listed)))
    built = build_station(settings)
    verdict = verdict_on(built, other)
    built.sandbox.close()
    assert 18 <= verdict.matches[0].distance <= 26
    assert (verdict.result, verdict.reason) == (Result.MATCH, "perceptual")
    assert verdict.action is Action.QUARANTINE
