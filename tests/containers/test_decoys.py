"""Beginnings of images that are none, by the thousand: cheap to pass over, and no place to hide behind."""

from __future__ import annotations

import gzip
import time

import pytest

from tests.containers.writing import LISTED, OTHER, analysed, converted, found_by_look, found_exactly

SIZE = 12 << 20
HEAD = b"\xff\xd8\xff\xe0\x00\x02"
FRAME = b"\xff\xc0\x00\x0b\x08%b\x01\x01\x11\x00"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
DECOYS = {
    "beginnings": b"\xff\xd8\xff\xe0",
    "segments": HEAD,
    "segments in segments": b"\xff\xe1\x00\x04\xff\xd8",
    "scans without a frame": HEAD + b"\xff\xda\x00\x02",
    "frames of 16 megapixels": HEAD + FRAME % b"\x10\x00\x10\x00" + SCAN,
    "frames of 64 pixels": HEAD + FRAME % b"\x00\x08\x00\x08" + SCAN,
    "whole heads": OTHER[: OTHER.index(b"\xff\xda") + 40],
    "deep frames": HEAD + (FRAME % b"\x00\x08\x00\x08").replace(b"\x0b\x08", b"\x0b\x0c") + SCAN,
    "beginnings of PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR",
    "beginnings of TIFF": b"II*\x00\x08\x00\x00\x00\x00\x00",
    "beginnings of gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "gzip of nothing": gzip.compress(b""),
    "beginnings of RAR": b"Rar!\x1a\x07\x00",
    "beginnings of BMP": b"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00",
}


@pytest.mark.parametrize("head", [b"", OTHER], ids=["alone", "behind an image"])
@pytest.mark.parametrize("decoy", DECOYS.values(), ids=DECOYS.keys())
def test_a_file_of_decoys_is_held_long_before_its_time_is_up(decoy: bytes, head: bytes) -> None:
    """Of 20 seconds of processor time; a file of scans without frames took 90."""
    data = head + decoy * (SIZE // len(decoy)) + LISTED
    start = time.process_time()
    analysis = analysed(data)
    assert time.process_time() - start < 8
    assert analysis.unscannable or analysis.unreadable or found_exactly(analysis)
    assert analysis.unscannable or found_exactly(analysis) or not data.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("picture", [LISTED, converted("PNG")], ids=["JPEG", "PNG"])
@pytest.mark.parametrize("decoy", DECOYS.values(), ids=DECOYS.keys())
def test_a_picture_behind_decoys_is_found(decoy: bytes, picture: bytes) -> None:
    analysis = analysed(OTHER + decoy * 200 + picture)
    assert found_exactly(analysis, picture)
    assert found_by_look(analysis)


def test_a_picture_in_front_of_decoys_is_found() -> None:
    analysis = analysed(LISTED + DECOYS["whole heads"] * 2_000)
    assert found_by_look(analysis)


def test_a_picture_without_an_end_is_found_before_another() -> None:
    analysis = analysed(converted("PNG", OTHER) + LISTED[:-2] + OTHER)
    assert found_by_look(analysis)
    assert found_by_look(analysis, OTHER)
