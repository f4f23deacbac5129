"""TIFF and the raw files of cameras: every page and preview is looked at, and honest ones are not held."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.imaging.files import (
    OTHER,
    TARGET,
    Page,
    analysed,
    hits,
    jpeg_with_scans,
    page_of,
    places,
    tiff,
    written,
)
from upload_guard.demo.pictures import jpeg
from upload_guard.imaging.budget import ScanLimits

CFA, LINEAR_RAW = 32803, 34892
NIKON, SONY, PENTAX = 34713, 32767, 65535
SENSOR = bytes(range(256)) * 40
NOT_DECODED = "raw sensor data not decoded"


def sensor(compression: int, photometric: int = CFA) -> Page:
    """What no decoder here knows."""
    return page_of(OTHER, SENSOR, compression=compression, photometric=photometric)


def lossless_jpeg() -> bytes:
    """The head of 14-bit lossless JPEG, as Canon writes it, and noise for its scan."""
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC3, 11, 14, 240, 320, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00"
    return (
        b"\xff\xd8" + b"\xff\xc4\x00\x14\x00" + b"\x01" + bytes(15) + b"\x00" + frame + scan + b"\x55" * 500
    )


THUMBNAIL = page_of(TARGET.resize((160, 120)))
PREVIEW = Page(named=jpeg(TARGET))
CAMERAS = {
    "NEF": (replace(THUMBNAIL, subs=(PREVIEW, sensor(NIKON))),),
    "ARW": (replace(PREVIEW, tags={0x103: 6}, subs=(sensor(SONY),)), Page({0x103: 6}, named=jpeg(TARGET))),
    "PEF": (sensor(PENTAX), Page(named=jpeg(TARGET.resize((160, 120)))), PREVIEW),
    "CR2": (
        page_of(TARGET, jpeg(TARGET), compression=6, photometric=6, samples=3),
        Page(named=jpeg(TARGET.resize((160, 120)))),
        page_of(TARGET.resize((160, 120))),
        Page({0x100: 320, 0x101: 240, 0x103: 6}, lossless_jpeg()),
    ),
    "DNG": (
        replace(
            THUMBNAIL,
            subs=(sensor(7), page_of(TARGET, jpeg(TARGET), compression=7, photometric=6, samples=3)),
        ),
    ),
    "DNG of a telephone": (replace(sensor(NIKON), subs=(THUMBNAIL,)),),
    "ProRAW": (replace(sensor(52546, LINEAR_RAW), subs=(PREVIEW,)),),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pages", CAMERAS.values(), ids=CAMERAS.keys())
def test_a_raw_file_is_judged_by_its_pictures_and_says_what_was_not_decoded(
    pages: tuple[Page, ...], order: str
) -> None:
    data = tiff(*pages, order=order)
    assert hits(data)
    assert analysed(data).unscannable == ""
    assert NOT_DECODED in " ".join(analysed(data).degraded)


@pytest.mark.parametrize("compression", [NIKON, SONY, PENTAX])
@pytest.mark.parametrize("preview", [None, THUMBNAIL], ids=["no preview", "a preview of 16 pixels"])
def test_a_raw_file_of_which_nothing_could_be_decoded_is_held(compression: int, preview: Page | None) -> None:
    more = () if preview is None else (page_of(OTHER.resize((16, 16))),)
    assert analysed(tiff(sensor(compression), *more)).unscannable == "unsupported_format"


HIDING_PLACES = {
    "sub-directory": (replace(page_of(OTHER), subs=(page_of(OTHER.rotate(9)), page_of(TARGET))),),
    "sub-directory of a second page": (page_of(OTHER), replace(page_of(OTHER), subs=(page_of(TARGET),))),
    "sub-directory of a sub-directory": (
        replace(page_of(OTHER), subs=(replace(page_of(OTHER), subs=(page_of(TARGET),)),)),
    ),
    "JPEG of a sub-directory": (replace(page_of(OTHER), subs=(PREVIEW,)),),
    "JPEG strip under the old number": (
        page_of(TARGET, jpeg(TARGET), compression=6, photometric=6, samples=3),
    ),
    "page that also names a thumbnail": (
        page_of(OTHER),
        replace(page_of(TARGET), named=jpeg(OTHER.resize((160, 120)))),
    ),
    "page that says to be a sensor's": (page_of(TARGET, photometric=CFA),),
    "second page that says to be a sensor's": (page_of(OTHER), page_of(TARGET, photometric=CFA)),
    "colours that say to be a sensor's": (
        page_of(TARGET, TARGET.tobytes(), photometric=LINEAR_RAW, samples=3),
    ),
    "mask": (page_of(TARGET, photometric=52527),),
    "deep page that says to be a sensor's": (
        page_of(TARGET, (np.asarray(TARGET.convert("L"), "<u2") * 256).tobytes(), photometric=CFA, bits=16),
    ),
}


@pytest.mark.parametrize("pages", HIDING_PLACES.values(), ids=HIDING_PLACES.keys())
def test_a_page_is_found_wherever_it_hides_and_whatever_it_says_to_be(pages: tuple[Page, ...]) -> None:
    assert hits(tiff(*pages))
    assert analysed(tiff(*pages)).unscannable == ""


def test_a_lossy_dng_is_decoded() -> None:
    strip = jpeg(TARGET)
    data = tiff(page_of(TARGET, strip, compression=34892, photometric=LINEAR_RAW, samples=3))
    assert "frame 0" in places(data)


@pytest.mark.parametrize("values", [(NIKON, 1), (1, NIKON), (NIKON, 1, NIKON)], ids=str)
def test_a_label_that_is_given_twice_excuses_nothing(values: tuple[int, ...]) -> None:
    """Readers disagree on which of them counts: for some it is a picture."""
    data = bytearray(tiff(page_of(OTHER), page_of(TARGET, compression=values[0])))
    for unneeded, value in zip((0x115, 0x116), values[1:], strict=False):
        at = data.rindex(struct.pack("<HHI", unneeded, 4, 1))
        data[at : at + 12] = struct.pack("<HHII", 0x103, 4, 1, value)
    assert hits(bytes(data)) or analysed(bytes(data)).unscannable


def test_a_page_that_is_broken_and_nobodys_raw_data_is_held() -> None:
    assert analysed(tiff(page_of(OTHER), page_of(TARGET, b"x" * 100, compression=5))).unscannable
    broken = page_of(TARGET, b"x" * 100, compression=5)
    assert analysed(tiff(replace(page_of(OTHER), subs=(broken,)))).unscannable


def test_a_pointer_that_leads_nowhere_is_no_reason_to_hold() -> None:
    """Editors copy the tag of a raw file into the TIFF that they make of it, without what it points to."""
    page = page_of(TARGET)
    for nowhere in (0, 7, 1 << 30):
        data = tiff(replace(page, tags=page.tags | {0x14A: nowhere}))
        assert hits(data)
        assert analysed(data).unscannable == ""


@pytest.mark.parametrize("count", [4_000, 4_100])
def test_a_sub_directory_behind_thousands_of_tags_is_read_or_the_file_is_held(count: int) -> None:
    page = replace(page_of(OTHER), subs=(page_of(TARGET),))
    data = tiff(replace(page, tags=dict.fromkeys(range(1000, 1000 + count), 0) | page.tags))
    assert hits(data) == (count < 4_096)
    assert analysed(data).unscannable == ("" if count < 4_096 else "too_many_tags")


def test_a_pointer_to_what_says_to_be_a_huge_directory_is_no_reason_to_hold() -> None:
    """Where the samples stand, as in a file whose editor copied the tag along."""
    page = page_of(TARGET.resize((512, 384)))
    data = tiff(replace(page, tags=page.tags | {0x14A: 8}))
    assert int.from_bytes(data[8:10], "little") > 4_096
    assert analysed(data).unscannable == ""


def test_sub_directories_that_lead_round_are_read_once() -> None:
    data = tiff(
        replace(page_of(OTHER), subs=(replace(page_of(TARGET), tags=page_of(TARGET).tags | {0x14A: 8}),))
    )
    at = data.index(struct.pack("<HHII", 0x14A, 4, 1, 8))
    (first,) = struct.unpack_from("<I", data, 4)
    data = data[: at + 8] + struct.pack("<I", first) + data[at + 12 :]
    assert hits(data)
    assert analysed(data).unscannable == ""


def test_directories_of_all_kinds_are_counted() -> None:
    subs = tuple(page_of(OTHER.resize((32, 32))) for _ in range(20))
    data = tiff(replace(page_of(OTHER), subs=subs))
    assert analysed(data).unscannable == ""
    assert analysed(data, ScanLimits(max_frames=20)).unscannable == "too_many_frames"


def test_pixels_of_sub_directories_are_counted() -> None:
    large = page_of(Image.new("L", (2000, 2000)))
    data = tiff(replace(page_of(OTHER), subs=(large,)))
    assert analysed(data, ScanLimits(max_pixels=1_000_000)).unscannable == "too_many_pixels"


def test_scans_of_a_preview_are_counted() -> None:
    data = tiff(replace(page_of(OTHER), subs=(Page(named=jpeg_with_scans(1000, TARGET.resize((16, 16)))),)))
    assert analysed(data).unscannable == "too_many_scans"


def test_a_chain_that_goes_on_beyond_the_end_is_held_and_what_is_there_is_read() -> None:
    data = tiff(page_of(TARGET))
    data = data[:-4] + struct.pack("<I", 1 << 24)
    assert hits(data)
    assert analysed(data).unscannable == "truncated"


def test_a_big_tiff_and_a_plain_one_look_the_same() -> None:
    assert hits(written(TARGET, "TIFF", big_tiff=True))
    assert analysed(written(TARGET, "TIFF", big_tiff=True)).unscannable == ""
