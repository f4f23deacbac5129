"""Glimpses of whatever the checker reads, under the names that it gives to views."""

from __future__ import annotations

import io

import pytest

from tests.containers.writing import (
    LISTED,
    analysed,
    converted,
    docx,
    mail,
    pdf_image,
    pdf_page,
    samples,
    zipped,
)
from upload_guard.containers.glimpses import glimpses
from upload_guard.imaging.budget import ScanLimits
from upload_guard.records import Analysis

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO", "JPEG2000", "HEIF")


def looked_into(data: bytes) -> Analysis:
    return glimpses(io.BytesIO(data), ScanLimits())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_that_is_checked_has_a_glimpse(name: str) -> None:
    if name == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    found = looked_into(converted(name))
    assert found.glimpses
    assert not found.unscannable


def test_a_picture_inside_files_is_named_as_a_match_names_it() -> None:
    data = zipped({"a.txt": b"words", "inner.zip": zipped({"b.jpg": LISTED})})
    views = {signal.view for signal in analysed(data).signals if not signal.type.exact}
    assert {one.view for one in looked_into(data).glimpses} == views


PDF = pdf_page(pdf_image(b"/DeviceRGB", 8, samples("RGB")))


@pytest.mark.parametrize("data", [docx(), mail(), PDF], ids=["docx", "mail", "pdf"])
def test_documents_and_mails_are_looked_into(data: bytes) -> None:
    assert looked_into(data).glimpses


def test_a_file_without_a_picture_has_no_glimpse_and_no_fault() -> None:
    assert looked_into(b"just words") == Analysis()


def test_what_cannot_be_opened_says_so_beside_what_can() -> None:
    found = looked_into(zipped({"a.jpg": LISTED, "b.7z": b"7z\xbc\xaf\x27\x1c" + bytes(40)}))
    assert found.unreadable == "unsupported_archive"
    assert len(found.glimpses) == 1


def test_a_format_that_is_not_decoded_says_so() -> None:
    assert looked_into(b"8BPS\x00\x01" + bytes(100)).unscannable == "unsupported_format"


def test_nothing_but_glimpses_leaves_the_sandbox() -> None:
    assert not looked_into(LISTED).signals
