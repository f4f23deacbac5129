"""What the benign bank excuses, seen from uploads: one match at a time, and how somebody might abuse it."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support import activate_list, digests_of, listed_hashes, pdq_of, settings_in, upload_of
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import Station, build_station, open_benign
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.pdq import pdq
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.formats import ListedHash
from upload_guard.records import Action, BankScope, Result, SignalType, Source, Upload, Verdict
from upload_guard.settings import Settings

GOOD, BAD = (landscape(seed, (640, 480)) for seed in (11, 12))


@dataclass(frozen=True)
class House:
    """A machine with one picture in its bank."""

    settings: Settings
    station: Station

    def vouch(self, data: bytes, site: str = "") -> None:
        analysis = self.station.sandbox.analyse(upload_of(data).content)
        file = vouched_file("theme/logo.jpg", digests_of(data), analysis.signals, site)
        assert open_benign(self.settings).add(file, "ann")

    def verdict(self, data: bytes, site: str = "test") -> Verdict:
        upload = replace(upload_of(data), source=Source(site, "/upload"))
        return self.station.guard.inspect(upload)


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False}, trust={"probation_hours": 0})
    return House(settings, build_station(settings))


def look_of(image: Image.Image) -> ListedHash:
    return ListedHash(SignalType.PDQ, pdq(np.asarray(image.convert("L"))).value)


def sha256_of(data: bytes) -> ListedHash:
    return ListedHash(SignalType.SHA256, digests_of(data).sha256)


def far_from(value: bytes, bits: int) -> bytes:
    """A hash that differs from `value` in so many bits."""
    return (int.from_bytes(value) ^ ((1 << bits) - 1) << 40).to_bytes(32)


def test_a_known_good_file_is_disputed_and_passes(house: House) -> None:
    data = jpeg(GOOD)
    activate_list(house.settings, [sha256_of(data), ListedHash(SignalType.PDQ, far_from(pdq_of(data), 20))])
    assert house.verdict(data).action is Action.BLOCK
    house.vouch(data)
    fresh = House(house.settings, build_station(house.settings))
    verdict = fresh.verdict(data)
    assert (verdict.result, verdict.action, verdict.reason) == (Result.DISPUTED, Action.MONITOR, "benign")
    assert {match.benign.name for match in verdict.matches if match.benign} == {"theme/logo.jpg"}


def test_a_copy_of_a_known_good_picture_is_excused_by_its_look(house: House) -> None:
    house.vouch(jpeg(GOOD))
    activate_list(house.settings, [ListedHash(SignalType.PDQ, far_from(pdq_of(jpeg(GOOD)), 20))])
    verdict = house.verdict(jpeg(GOOD, 60))
    assert (verdict.result, verdict.action) == (Result.DISPUTED, Action.MONITOR)


def test_an_exact_entry_is_not_excused_by_a_look(house: House) -> None:
    house.vouch(jpeg(GOOD))
    copy = jpeg(GOOD, 60)
    activate_list(house.settings, [sha256_of(copy)])
    verdict = house.verdict(copy)
    assert (verdict.result, verdict.action, verdict.reason) == (Result.MATCH, Action.QUARANTINE, "exact")


def test_an_animation_with_a_benign_and_a_listed_frame_is_held(house: House) -> None:
    house.vouch(jpeg(GOOD))
    out = io.BytesIO()
    GOOD.save(out, "GIF", save_all=True, append_images=[BAD])
    frame = Image.open(io.BytesIO(out.getvalue()))
    frame.seek(1)
    listed = look_of(frame)
    activate_list(house.settings, [listed, ListedHash(SignalType.PDQ, far_from(pdq_of(jpeg(GOOD)), 20))])
    verdict = house.verdict(out.getvalue())
    assert (verdict.result, verdict.action) == (Result.MATCH, Action.QUARANTINE)
    assert verdict.matches[0].view == "frame 1"
    activate_list(house.settings, [listed], "second", origin="other-origin")
    fresh = House(house.settings, build_station(house.settings))
    assert fresh.verdict(out.getvalue()).action is Action.BLOCK


def archive(*files: bytes) -> bytes:
    """A ZIP whose files all have one name, as the format permits."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for data in files:
            with pytest.warns(UserWarning, match="Duplicate") if data != files[0] else open_nothing():
                packed.writestr("logo.jpg", data)
    return out.getvalue()


def open_nothing() -> io.BytesIO:
    return io.BytesIO()


@pytest.mark.parametrize("order", [1, -1], ids=["benign first", "listed first"])
def test_a_listed_file_beside_a_known_good_one_of_the_same_name_blocks(house: House, order: int) -> None:
    good, bad = jpeg(GOOD), jpeg(BAD)
    house.vouch(good)
    activate_list(house.settings, [ListedHash(SignalType.MD5, digests_of(bad).md5)])
    assert house.verdict(archive(*[good, bad][::order])).action is Action.BLOCK


@pytest.mark.parametrize("order", [1, -1], ids=["benign first", "listed first"])
def test_a_listed_look_beside_a_known_good_one_of_the_same_name_is_held(house: House, order: int) -> None:
    good, bad = jpeg(GOOD), jpeg(BAD)
    house.vouch(good)
    activate_list(house.settings, [ListedHash(SignalType.PDQ, pdq_of(bad))])
    assert house.verdict(archive(*[good, bad][::order])).action is Action.QUARANTINE


def test_a_picture_crafted_near_a_known_good_one_stays_held_beyond_eight_bits(house: House) -> None:
    """Blended step by step from the listed picture into the known-good one."""
    house.vouch(jpeg(GOOD))
    activate_list(house.settings, [ListedHash(SignalType.PDQ, pdq_of(jpeg(BAD)))])
    good, bad = pdq_of(jpeg(GOOD)), pdq_of(jpeg(BAD))
    seen = set()
    for share in np.linspace(0, 1, 21):
        data = jpeg(Image.blend(BAD, GOOD, float(share)), 95)
        to_good, to_bad = (distance(pdq_of(data), value) for value in (good, bad))
        verdict = house.verdict(data)
        if to_bad <= 31:
            assert to_good > 8, "two unlike pictures have no neighbourhood in common"
            assert verdict.action is Action.QUARANTINE
        seen.add(verdict.action)
    assert seen == {Action.QUARANTINE, Action.ALLOW}


def distance(one: bytes, two: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


@pytest.mark.parametrize(("bits", "action"), [(8, Action.MONITOR), (9, Action.QUARANTINE)])
def test_the_bank_reaches_eight_bits_and_no_farther(house: House, bits: int, action: Action) -> None:
    # Small enough that both forms of PDQ are one.
    data = jpeg(GOOD.resize((480, 360)))
    file = vouched_file("logo", digests_of(b"another file"), ())
    near = replace(file, looks=((SignalType.PDQ, far_from(pdq_of(data), bits)),))
    open_benign(house.settings).add(near, "ann")
    activate_list(house.settings, [ListedHash(SignalType.PDQ, far_from(pdq_of(data), 20))])
    assert house.verdict(data).action is action


def test_a_sites_own_file_counts_there_and_nowhere_else(house: House) -> None:
    data = jpeg(GOOD)
    activate_list(house.settings, listed_hashes(data))
    house.vouch(data, site="blog")
    verdict = house.verdict(data, "blog")
    assert verdict.action is Action.MONITOR
    assert {match.benign.scope for match in verdict.matches if match.benign} == {BankScope.SITE}
    assert house.verdict(data, "shop").action is Action.BLOCK
    assert house.verdict(data, "blog").action is Action.MONITOR
    assert house.verdict(jpeg(GOOD, 60), "blog").action is Action.QUARANTINE


def test_a_change_of_the_bank_is_noticed_though_the_answer_was_kept(house: House) -> None:
    data = jpeg(GOOD)
    activate_list(house.settings, listed_hashes(data))
    checker = house.station.checker
    assert isinstance(checker, LocalChecker)
    before = checker.check(upload_of(data), math.inf)
    house.vouch(data)
    later = replace(checker, bank=open_benign(house.settings).load).check(upload_of(data), math.inf)
    assert not any(match.excused for match in before.matches)
    assert all(match.excused for match in later.matches)


def logo(text: str) -> Image.Image:
    """A ring with a stroke in it: a few strong shapes on white, as simple logos are."""
    image = Image.new("L", (512, 512), 255)
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 60, 452, 452), outline=0, width=50)
    draw.text((256, 256), text, fill=0, anchor="mm", font=ImageFont.load_default(170))
    return image


def test_row_b16_simple_logos_collide_and_one_likeness_never_blocks(house: House) -> None:
    """Two logos that people tell apart at once, near to PDQ at its best quality."""
    names = [first + second for first in "ACEFHKOS" for second in "BDGPRTUX"]
    hashes = {name: pdq(np.asarray(logo(name))) for name in names}
    pairs = {
        (one, two): distance(hashes[one].value, hashes[two].value)
        for one in names
        for two in names
        if one < two and min(hashes[one].quality, hashes[two].quality) == 100
    }
    colliding = {pair: apart for pair, apart in pairs.items() if 18 <= apart <= 26}
    assert colliding
    listed, uploaded = min(colliding, key=lambda pair: colliding[pair])
    out = io.BytesIO()
    logo(uploaded).save(out, "PNG")
    activate_list(house.settings, [ListedHash(SignalType.PDQ, hashes[listed].value)])
    activate_list(house.settings, [ListedHash(SignalType.PDQ, hashes[listed].value)], "same-origin")
    verdict = house.verdict(out.getvalue())
    assert (verdict.result, verdict.action, verdict.reason) == (
        Result.MATCH,
        Action.QUARANTINE,
        "perceptual",
    )


def test_block_takes_two_origins_that_name_the_same_view(house: House) -> None:
    data = jpeg(GOOD)
    activate_list(house.settings, [ListedHash(SignalType.PDQ, pdq_of(data))])
    assert house.verdict(data).action is Action.QUARANTINE
    activate_list(house.settings, [ListedHash(SignalType.PDQ, pdq_of(data))], "second", origin="second")
    fresh = House(house.settings, build_station(house.settings))
    assert (fresh.verdict(data).action, fresh.verdict(data).reason) == (Action.BLOCK, "corroborated")


def test_uploads_have_no_say_in_what_is_known_to_be_good() -> None:
    assert "benign" not in Upload.__dataclass_fields__
