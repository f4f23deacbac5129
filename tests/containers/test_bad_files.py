"""Rows 11 and 14 of table B: what is locked, broken, endless or hostile costs little and is always said."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import os
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.containers.writing import (
    LISTED,
    OTHER,
    analysed,
    converted,
    docx,
    found_by_look,
    found_exactly,
    local_member,
    locked_pdf,
    mail,
    pdf_image,
    pdf_page,
    zipped,
)
from upload_guard.containers.analyse import analyse
from upload_guard.containers.base import Inner, Remark
from upload_guard.containers.text import Text
from upload_guard.imaging.budget import Budget, ScanLimits


def with_flag(archive: bytes, flag: int, name: bytes) -> bytes:
    """`flag` set in both headers of one member."""
    out = bytearray(archive)
    for magic, at_flag, at_name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = out.find(magic)
        while at >= 0:
            if out[at + at_name : at + at_name + len(name)] == name:
                out[at + at_flag] |= flag
            at = out.find(magic, at + 4)
    return bytes(out)


def test_row_11_an_encrypted_member_is_unreadable_and_the_others_are_read() -> None:
    archive = with_flag(zipped({"locked.jpg": OTHER, "open.jpg": LISTED}), 1, b"locked.jpg")
    analysis = analysed(archive)
    assert analysis.unreadable == "encrypted"
    assert not analysis.unscannable
    assert found_exactly(analysis)
    assert found_by_look(analysis)
    assert not found_exactly(analysis, OTHER)


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_row_11_an_encrypted_pdf_is_unreadable(algorithm: str) -> None:
    analysis = analysed(locked_pdf("secret", algorithm))
    assert analysis.unreadable == "encrypted"
    assert not analysis.unscannable


@pytest.mark.parametrize("magic", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"])
def test_row_11_an_archive_that_is_not_opened_is_said(magic: bytes) -> None:
    assert analysed(magic + bytes(100)).unreadable == "unsupported_archive"


def test_row_11_an_unknown_compression_is_unreadable() -> None:
    archive = zipped({"a.jpg": LISTED}, zipfile.ZIP_STORED)
    at = archive.index(b"PK\x01\x02")
    assert (
        analysed(archive[: at + 10] + b"\x62\x00" + archive[at + 12 :]).unreadable
        == "unsupported_compression"
    )


BROKEN = {
    "zip cut": (zipped({"a.jpg": LISTED, "b.jpg": OTHER})[:-200], "unreadable"),
    "zip of a cut member": (local_member(b"a.jpg", LISTED)[:-500], "unreadable"),
    "gzip cut": (gzip.compress(LISTED)[:-50], "unreadable"),
    "pdf that is none": (b"%PDF-1.7\n" + b"nothing " * 99, "unreadable"),
    "image of nonsense in a zip": (zipped({"a.jpg": b"\xff\xd8\xff\xe0" + b"nonsense" * 99}), "unscannable"),
    "svg with entities": (
        b'<!DOCTYPE svg [<!ENTITY a "data:">]><svg xmlns="http://www.w3.org/2000/svg"/>',
        "unscannable",
    ),
}


@pytest.mark.parametrize(("data", "kind"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_said(data: bytes, kind: str) -> None:
    analysis = analysed(data)
    assert getattr(analysis, kind)
    assert not getattr(analysis, {"unreadable": "unscannable", "unscannable": "unreadable"}[kind])


def test_namespaces_that_illustrator_declares_are_no_reason_to_hold_a_drawing() -> None:
    drawing = (
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd" ['
        b'<!ENTITY ns_svg "http://www.w3.org/2000/svg">]><svg xmlns="&ns_svg;"><path/></svg>'
    )
    analysis = analysed(drawing)
    assert not analysis.unscannable
    assert analysis.degraded == ("vector",)


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
ZEROS = bytes(64 << 20)


def overlapping(count: int) -> bytes:
    """Many names for the same packed zeros (the idea of D. Fifield, "A better zip bomb", WOOT 2019)."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = machine.compress(ZEROS[: 15 << 20]) + machine.flush()
    body = (
        b"PK\x03\x04" + struct.pack("<5H3L2H", 20, 0, 8, 0, 0, 0, len(packed), 15 << 20, 1, 0) + b"x" + packed
    )
    entry = b"PK\x01\x02" + struct.pack(
        "<6H3L5H2L", 20, 20, 0, 8, 0, 0, 0, len(packed), 15 << 20, 1, 0, 0, 0, 0, 0, 0
    )
    directory = b"".join(entry + b"x" for _ in range(count))
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def quine_like() -> bytes:
    """Zeros in a ZIP in a ZIP, many times over at each level."""
    inner = zipped({f"{n}": ZEROS[: 8 << 20] for n in range(10)})
    middle = zipped({f"{n}.zip": inner + bytes([n]) for n in range(10)})
    return zipped({f"{n}.zip": middle + bytes([n]) for n in range(10)})


def huge_raster() -> bytes:
    return pdf_page(
        pdf_image(b"/DeviceRGB", 8, zlib.compress(ZEROS), b"/Filter /FlateDecode", (60_000, 60_000))
    )


# Packed when one is wanted: every process that collects tests reads this.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip of zeros": (lambda: zipped({"zeros": ZEROS}), "unreadable"),
    "zip of many zeros": (lambda: zipped({f"{n}": ZEROS[: 20 << 20] for n in range(20)}), "unreadable"),
    "zips in zips": (quine_like, "unreadable"),
    "gzip of zeros": (lambda: gzip.compress(ZEROS * 2), "unreadable"),
    "bzip2 of zeros": (lambda: bz2.compress(ZEROS), "unreadable"),
    "zeros in docx": (
        lambda: zipped({"word/document.xml": ZEROS, "word/media/image1.png": OTHER}),
        "unreadable",
    ),
    "huge raster in pdf": (huge_raster, "unscannable"),
    "svg of a billion laughs": (
        lambda: b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "ha">' + LAUGHS + b"]><svg>&l9;</svg>",
        "unscannable",
    ),
    "svgz of zeros": (lambda: gzip.compress(b"<svg>" + b" " * (100 << 20) + b"</svg>"), "unreadable"),
}


@pytest.mark.parametrize(("packed", "kind"), BOMBS.values(), ids=BOMBS.keys())
def test_row_14_a_bomb_is_said_in_about_a_second(packed: Callable[[], bytes], kind: str) -> None:
    """Measured in processor time, so that a busy machine does not fail it.

    A file has 20 seconds; the longest of these takes 1.5 on an idle machine, on slower processors more.
    """
    data = packed()
    start = time.process_time()
    assert getattr(analysed(data), kind)
    assert time.process_time() - start < 6


def test_row_14_overlapping_members_are_unpacked_once() -> None:
    start = time.process_time()
    assert len(analysed(overlapping(500)).signals) == 3
    assert time.process_time() - start < 2


def test_row_14_the_memory_of_a_bomb_is_bounded() -> None:
    data = zipped({f"{n}": ZEROS for n in range(10)})
    tracemalloc.start()
    try:
        assert analysed(data).unreadable
        assert tracemalloc.get_traced_memory()[1] < 128 << 20
    finally:
        tracemalloc.stop()


def test_row_14_what_came_before_a_bomb_stands() -> None:
    analysis = analysed(zipped({"a.jpg": LISTED, "zeros": ZEROS}))
    assert analysis.unreadable == "bomb"
    assert found_exactly(analysis)


def test_row_14_nesting_does_not_multiply_the_budget() -> None:
    pictures = {f"{n}.jpg": LISTED + bytes([n]) for n in range(10)}
    archives = {f"{n}.zip": zipped(pictures | {"n": bytes([n])}) for n in range(30)}
    analysis = analysed(zipped(archives), ScanLimits(max_files=40))
    assert analysis.unreadable == "too_many_files"
    assert len({signal.view for signal in analysis.signals if signal.type.exact}) <= 40


def test_row_14_pixels_are_shared_by_all_pictures_inside() -> None:
    pictures = zipped({f"{n}.jpg": LISTED + bytes([n]) for n in range(5)})
    assert analysed(pictures, ScanLimits(max_total_pixels=400 * 300 * 3)).unscannable == "too_many_pixels"


class Sparse(io.RawIOBase):
    """Two gigabytes of nothing much, counting what is read of it."""

    def __init__(self, head: bytes) -> None:
        self.at, self.read_bytes, self.head, self.length = 0, 0, head, 2 << 30

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.length}[whence] + offset
        return self.at

    def read(self, count: int = -1) -> bytes:
        assert count >= 0, "reads everything"
        count = max(0, min(count, self.length - self.at))
        data = self.head[self.at : self.at + count].ljust(count, b"\x07")
        self.at += count
        self.read_bytes += count
        return data


@pytest.mark.parametrize(
    "head", [b"just text, line by line\n" * 9999, b"\x00\x01\x02binary", b"\x00\x00\x00\x18ftypisom"]
)
def test_a_large_file_that_holds_nothing_costs_next_to_nothing(head: bytes) -> None:
    stream: BinaryIO = Sparse(head)  # type: ignore[assignment]
    analysis = analyse(stream, ScanLimits())
    assert not analysis.unreadable
    assert stream.read_bytes < 1 << 20  # type: ignore[attr-defined]


SEEDS = [
    docx(OTHER),
    mail(OTHER),
    gzip.compress(OTHER),
    OTHER + converted("PNG", OTHER),
    pdf_page(pdf_image(b"/DeviceRGB", 8, OTHER, b"/Filter /DCTDecode")),
    pdf_page(pdf_image(b"/DeviceGray", 4, zlib.compress(bytes(60_000)), b"/Filter /FlateDecode")),
    b'<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/png;base64,AAAA"/></svg>',
    converted("GIF", OTHER),
    zipped({"a.zip": zipped({"b": b"text"})}, zipfile.ZIP_LZMA),
]
TINY = ScanLimits(max_pixels=1, max_total_pixels=1)
"""Pictures are not decoded here: imaging has its own fuzzing, and it would take all the time."""


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=8),
    st.floats(0, 1),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_files_never_raise(seed: bytes, changes: list[tuple[float, bytes]], cut: float) -> None:
    data = bytearray(seed)
    for place, change in changes:
        at = int(place * len(data))
        data[at : at + len(change)] = change
    whole = analysed(bytes(data), TINY)
    part = analysed(bytes(data[: int(cut * len(data))]), TINY)
    assert isinstance(whole.signals, tuple)
    assert isinstance(part.signals, tuple)


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_at_all_never_raise(data: bytes) -> None:
    for head in (
        b"",
        b"PK\x03\x04",
        b"%PDF-1.4\n",
        b"<svg>",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"From: a\nTo: b\n",
    ):
        analysed(head + data, TINY)


def test_only_so_much_text_of_one_upload_is_searched_and_that_is_said() -> None:
    text, budget = b'"' + base64.b64encode(LISTED) + b'"', Budget(ScanLimits())
    assert [type(found) for found in Text().files(io.BytesIO(text), budget)] == [Inner]
    while budget.may_search(1 << 20):
        pass
    (found,) = Text().files(io.BytesIO(text), budget)
    assert isinstance(found, Remark)
