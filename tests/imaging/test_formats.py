"""What a file is, by its first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from upload_guard.demo.pictures import landscape
from upload_guard.imaging.formats import HEAD, ImageFormat, sniff

WRITTEN = {
    "JPEG": ImageFormat.JPEG,
    "MPO": ImageFormat.JPEG,
    "PNG": ImageFormat.PNG,
    "GIF": ImageFormat.GIF,
    "WEBP": ImageFormat.WEBP,
    "AVIF": ImageFormat.AVIF,
    "TIFF": ImageFormat.TIFF,
    "BMP": ImageFormat.BMP,
    "ICO": ImageFormat.ICO,
    "JPEG2000": ImageFormat.JPEG2000,
    "EPS": ImageFormat.EPS,
}


def written(name: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    landscape(1, (64, 48)).convert(mode).save(out, name, **options)
    return out.getvalue()


@pytest.mark.parametrize(("name", "expected"), WRITTEN.items(), ids=WRITTEN.keys())
def test_a_picture_is_known_by_its_first_bytes(name: str, expected: ImageFormat) -> None:
    data = written(name)
    assert sniff(data[:HEAD]) is expected
    assert sniff(data) is expected


@pytest.mark.parametrize(
    ("name", "mode", "options", "expected"),
    [
        ("TIFF", "RGB", {"big_tiff": True}, ImageFormat.TIFF),
        ("TIFF", "I;16B", {}, ImageFormat.TIFF),
        ("JPEG2000", "RGB", {"no_jp2": True}, ImageFormat.JPEG2000),
        ("WEBP", "RGBA", {"lossless": True}, ImageFormat.WEBP),
        ("BMP", "1", {}, ImageFormat.BMP),
        ("JPEG", "CMYK", {}, ImageFormat.JPEG),
    ],
    ids=["BigTIFF", "big-endian TIFF", "bare code stream", "lossless", "one bit", "CMYK"],
)
def test_variants_of_a_format_are_known(
    name: str, mode: str, options: dict[str, object], expected: ImageFormat
) -> None:
    assert sniff(written(name, mode, **options)[:HEAD]) is expected


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = major + bytes(4) + b"".join(compatible)
    return (len(body) + 8).to_bytes(4, "big") + b"ftyp" + body + b"\0\0\0\x08free"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"heic", b"mif1", b"heic"), ImageFormat.HEIF),
        (ftyp(b"mif1", b"heic"), ImageFormat.HEIF),
        (ftyp(b"mif1", b"miaf", b"avif"), ImageFormat.AVIF),
        (ftyp(b"avis", b"avif"), ImageFormat.AVIF),
        (ftyp(b"isom", b"mp41"), None),
        (ftyp(b"isom") + b"heic", None),
        (b"\xff\x0a" + bytes(20), ImageFormat.JPEGXL),
        (b"\0\0\0\x0cJXL \r\n\x87\n", ImageFormat.JPEGXL),
        (b"8BPS\0\x01", ImageFormat.PSD),
        (b"\xc5\xd0\xd3\xc6" + bytes(20), ImageFormat.EPS),
        (b"GIF87a" + bytes(8), ImageFormat.GIF),
    ],
    ids=[
        "HEIC",
        "HEIC by its compatible brand",
        "AVIF by its compatible brand",
        "AVIF sequence",
        "film",
        "brand behind the box",
        "JPEG XL",
        "JPEG XL in a box",
        "PSD",
        "EPS with a preview",
        "old GIF",
    ],
)
def test_formats_are_known_by_their_magic(head: bytes, expected: ImageFormat | None) -> None:
    assert sniff(head) is expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"B",
        b"BM",
        b"BMW is a maker of cars, and this is no picture of one. It is a text that begins so.",
        b"BM\0\0\0\0\0\0\0\0",
        b"GIF",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"%PDF-1.7",
        b"\xff\xd8",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x03\x04",
        b"\0\0\2\0" + bytes(8) + b"\x90\1\x2c\1\x18\0" + bytes(200),  # TGA
        b"\0\0\2\0\1\0" + bytes(200),
    ],
    ids=repr,
)
def test_what_is_no_picture_is_taken_for_none(head: bytes) -> None:
    assert sniff(head) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=HEAD))
def test_text_that_begins_with_bm_is_no_picture(text: str) -> None:
    assert sniff(b"BM" + text.encode()) is None


@given(st.binary(max_size=2 * HEAD))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    assert sniff(head) in {None, *ImageFormat}


@pytest.mark.parametrize("image_format", ImageFormat, ids=str)
def test_the_named_plug_ins_exist(image_format: ImageFormat) -> None:
    Image.init()
    assert set(image_format.decoded_by) <= set(Image.OPEN)


def test_what_could_start_a_program_is_never_decoded() -> None:
    assert ImageFormat.EPS.decoded_by == ()


def test_a_bmp_with_its_reserved_bytes_set_is_still_a_bmp() -> None:
    data = bytearray(written("BMP"))
    data[6] = 1
    assert sniff(bytes(data)) is ImageFormat.BMP


@pytest.mark.parametrize("fillers", [0, 12, 900])
def test_a_brand_counts_wherever_it_stands_in_the_list(fillers: int) -> None:
    brands = b"mp42" + bytes(4) + b"fill" * fillers + b"avif"
    box = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert sniff(box) is ImageFormat.AVIF


def test_a_list_of_brands_that_goes_on_out_of_sight_is_held_and_not_missed() -> None:
    box = (100_000).to_bytes(4, "big") + b"ftyp" + b"mp42" + bytes(4) + b"fill" * 2000
    assert sniff(box) is ImageFormat.HEIF


def test_a_plain_video_is_no_image() -> None:
    assert sniff((24).to_bytes(4, "big") + b"ftypisom" + bytes(4) + b"isommp42" + bytes(99)) is None
