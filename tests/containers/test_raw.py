"""Raw files of cameras: what the search for beginnings finds in them."""

from __future__ import annotations

import random
import struct

import pytest
from PIL import Image

from tests.containers.writing import LISTED, OTHER, analysed, found_by_look, found_exactly
from tests.imaging.files import Page, page_of, tiff

SENSOR = random.Random(1).randbytes(200_000)
MAGIC = {
    "ORF": b"IIRO\x08\0\0\0",
    "RW2": b"IIU\0\x18\0\0\0",
    "RAF": b"FUJIFILMCCD-RAW 0201",
    "X3F": b"FOVb\x01\0\x03\0",
    "MRW": b"\0MRM\0\0\x01\0",
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
    "CRW": b"II\x1a\0\0\0HEAPCCDR",
}


@pytest.mark.parametrize("magic", MAGIC.values(), ids=MAGIC.keys())
def test_a_preview_is_found_anywhere_in_a_raw_file(magic: bytes) -> None:
    analysis = analysed(magic + SENSOR + LISTED + SENSOR)
    assert found_exactly(analysis)
    assert found_by_look(analysis)
    assert not analysis.unscannable
    assert not analysis.unreadable
    assert "raw sensor data not decoded" in analysis.degraded


@pytest.mark.parametrize("magic", MAGIC.values(), ids=MAGIC.keys())
def test_a_raw_file_without_a_preview_is_held(magic: bytes) -> None:
    assert analysed(magic + SENSOR).unscannable == "unsupported_format"


def test_a_preview_in_a_raw_file_like_tiff_is_found_by_its_digest_too() -> None:
    vendor = page_of(Image.new("L", (400, 300)), SENSOR, compression=34713, photometric=32803)
    analysis = analysed(tiff(vendor, Page(named=LISTED)))
    assert found_exactly(analysis)
    assert not analysis.unscannable
    assert not analysis.unreadable


def lossless_tile() -> bytes:
    """As DNG keeps a sensor's numbers: a JPEG that no viewer shows."""
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC3, 11, 14, 256, 256, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00" + b"\x55" * 99 + b"\xff\xd9"


def test_the_tiles_of_a_raw_file_are_no_pictures_to_look_for() -> None:
    """A hundred megapixels have some two thousand of them."""
    sensor = page_of(Image.new("L", (400, 300)), lossless_tile() * 2000, compression=7, photometric=32803)
    analysis = analysed(tiff(sensor, Page(named=OTHER)))
    assert not analysis.unscannable
    assert not analysis.unreadable
