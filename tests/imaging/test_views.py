"""Every picture that a viewer could show, or Unscannable; nothing in between."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import ImageFormat, sniff
from upload_guard.imaging.pdq import pdq
from upload_guard.imaging.views import views
from upload_guard.records import View

SIZE = (256, 192)
LIMITS = ScanLimits(10_000_000, 40_000_000, 16, 50)
PICTURES = [landscape(seed, SIZE) for seed in range(3)]


def written(image: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def animated(name: str, pictures: list[Image.Image] = PICTURES) -> bytes:
    lossless = {"lossless": True} if name == "WEBP" else {}
    # Copies: Pillow leaves on an image how it was last saved.
    first, *others = (picture.copy() for picture in pictures)
    return written(first, name, save_all=True, append_images=others, **lossless)


def views_of(data: bytes, limits: ScanLimits = LIMITS) -> list[View]:
    image_format = sniff(data)
    assert image_format is not None
    return list(views(io.BytesIO(data), image_format, Budget(limits)))


def reason_of(data: bytes, limits: ScanLimits = LIMITS) -> str:
    with pytest.raises(Unscannable) as caught:
        views_of(data, limits)
    return caught.value.reason


def bits_between(one: Image.Image, other: Image.Image) -> int:
    values = [int.from_bytes(pdq(np.asarray(image.convert("L"))).value, "big") for image in (one, other)]
    return (values[0] ^ values[1]).bit_count()


# All that can be seen -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000"])
def test_a_picture_has_one_grey_view(name: str) -> None:
    (view,) = views_of(written(PICTURES[1], name))
    assert view.name == "frame 0"
    assert (view.image.mode, view.image.size) == ("L", SIZE)
    assert bits_between(view.image, PICTURES[1]) <= 10


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_every_frame_is_a_view_in_its_order(name: str) -> None:
    found = views_of(animated(name))
    assert [view.name for view in found] == ["frame 0", "frame 1", "frame 2"]
    for view, picture in zip(found, PICTURES, strict=True):
        assert bits_between(view.image, picture) <= 10


def test_views_stay_what_they_were_when_the_next_is_read() -> None:
    data = animated("GIF")
    one_by_one = []
    for view in views(io.BytesIO(data), ImageFormat.GIF, Budget(LIMITS)):
        one_by_one.append(view.image.tobytes())  # noqa: PERF401 - at this very moment
    assert one_by_one == [view.image.tobytes() for view in views_of(data)]


def test_every_size_of_an_icon_is_a_view() -> None:
    large, small = PICTURES[0].resize((64, 64)), PICTURES[1].resize((32, 32))
    icon = written(large, "ICO", sizes=[(64, 64), (32, 32)], append_images=[small])
    found = views_of(icon)
    assert min(bits_between(view.image, large) for view in found) <= 10
    assert min(bits_between(view.image, small) for view in found) <= 10


def test_a_large_jpeg_is_decoded_small_and_looks_the_same() -> None:
    large = landscape(1, (640, 480)).resize((2400, 2100))
    (view,) = views_of(jpeg(large))
    assert view.image.width < large.width
    assert bits_between(view.image, large) <= 10


# Colours and depths -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "JPEG"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("LA", "PNG"),
        ("RGBA", "WEBP"),
        ("LAB", "TIFF"),
        ("L", "PNG"),
    ],
)
def test_the_colour_model_does_not_change_what_is_seen(mode: str, name: str) -> None:
    (view,) = views_of(written(PICTURES[0].convert(mode), name))
    assert bits_between(view.image, PICTURES[0]) <= 16


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bits_a_pixel_are_not_clipped(name: str) -> None:
    grey = np.asarray(PICTURES[0].convert("L"))
    (view,) = views_of(written(Image.fromarray(grey.astype(np.uint16) * 257), name))
    assert np.array_equal(np.asarray(view.image), grey)


def deep(kind: str) -> Image.Image:
    grey = np.asarray(PICTURES[0].convert("L"))
    return Image.fromarray(
        {
            "32 bits, all used": (grey.astype(np.int64) * 0x00800000).astype(np.int32),
            "32 bits, 8 used": grey.astype(np.int32),
            "floats from 0 to 1": (grey / 255).astype(np.float32),
        }[kind]
    )


@pytest.mark.parametrize("kind", ["32 bits, all used", "32 bits, 8 used", "floats from 0 to 1"])
def test_a_deeper_picture_is_seen_or_unscannable_but_never_taken_for_flat(kind: str) -> None:
    data = written(deep(kind), "TIFF")
    try:
        (view,) = views_of(data)
    except Unscannable:
        return
    assert bits_between(view.image, PICTURES[0]) <= 16


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_shows_white(name: str) -> None:
    image = PICTURES[0].convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 128, 192))
    options = {"lossless": True, "exact": True} if name == "WEBP" else {}
    view, *_ = views_of(written(image, name, **options))
    assert view.image.getpixel((10, 10)) == 255
    assert view.image.getpixel((200, 100)) == PICTURES[0].convert("L").getpixel((200, 100))


def test_a_transparent_colour_of_a_palette_shows_white() -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([0, 0, 0, 200, 10, 10])
    image.paste(1, (0, 0, 32, 64))
    view, *_ = views_of(written(image, "PNG", transparency=0))
    assert view.image.getpixel((60, 10)) == 255
    assert view.image.getpixel((10, 10)) < 128


def test_a_transparent_colour_without_a_palette_shows_white() -> None:
    image = Image.new("RGB", (64, 64), (1, 2, 3))
    view, *_ = views_of(written(image, "PNG", transparency=(1, 2, 3)))
    assert view.image.getpixel((10, 10)) == 255


# Limits -------------------------------------------------------------------------------------------


def test_too_many_frames_are_not_sampled() -> None:
    data = animated("GIF")
    assert len(views_of(data, ScanLimits(10_000_000, 40_000_000, 3, 50))) == 3
    assert reason_of(data, ScanLimits(10_000_000, 40_000_000, 2, 50)) == "too_many_frames"


def test_too_many_pixels_are_not_decoded() -> None:
    data = written(PICTURES[0], "PNG")
    pixels = SIZE[0] * SIZE[1]
    assert len(views_of(data, ScanLimits(pixels, pixels, 1, 50))) == 1
    assert reason_of(data, ScanLimits(pixels - 1, pixels, 1, 50)) == "too_many_pixels"


def test_a_small_file_that_announces_a_huge_picture_has_too_many_pixels() -> None:
    data = bytearray(written(Image.new("1", (8, 8)), "BMP"))
    data[18:26] = struct.pack("<ii", 30_000, 30_000)
    assert reason_of(bytes(data)) == "too_many_pixels"


def test_one_large_page_is_enough_to_refuse_the_file() -> None:
    pages = [PICTURES[0], landscape(1, (512, 384))]
    assert reason_of(animated("TIFF", pages), ScanLimits(100_000, 40_000_000, 4, 50)) == "too_many_pixels"


def test_the_limits_alone_decide_whatever_is_done_with_warnings() -> None:
    data = bytearray(written(Image.new("1", (8, 8)), "BMP"))
    data[18:26] = struct.pack("<ii", 9_600, 9_600)  # over the count at which Pillow warns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reason_of(bytes(data)) == "too_many_pixels"


# What is broken -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_file_that_stops_midway_is_truncated(name: str, share: float) -> None:
    data = written(PICTURES[0], name)
    assert reason_of(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize("name", ["GIF", "WEBP", "TIFF", "PNG", "AVIF"])
def test_an_animation_that_stops_midway_is_unscannable(name: str, share: float) -> None:
    data = animated(name)
    assert reason_of(data[: int(len(data) * share)]) in {"truncated", "undecodable"}


def test_a_file_that_only_begins_like_a_picture_is_undecodable() -> None:
    assert reason_of(b"\xff\xd8\xff" + b"no picture at all" * 9) == "undecodable"


@pytest.mark.parametrize(
    "head",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"8BPS\0\x01" + bytes(20),
        b"\xff\x0a" + bytes(20),
    ],
    ids=["EPS", "PSD", "JPEG XL"],
)
def test_a_format_that_is_not_decoded_says_so(head: bytes) -> None:
    assert reason_of(head) == "unsupported_format"


def test_a_file_is_only_opened_as_what_it_was_taken_for() -> None:
    with pytest.raises(Unscannable):
        list(views(io.BytesIO(written(PICTURES[0], "PNG")), ImageFormat.JPEG, Budget(LIMITS)))


MAGIC = [b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"GIF89a"]


def only_unscannable(data: bytes) -> None:
    with contextlib.suppress(Unscannable):
        views_of(data)


@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_garbage_behind_a_magic_is_unscannable_at_worst(magic: bytes, garbage: bytes) -> None:
    only_unscannable(magic + garbage)


SMALL = {name: written(PICTURES[0].resize((48, 36)), name) for name in ("JPEG", "PNG", "GIF", "TIFF", "WEBP")}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SMALL)), st.floats(0, 1), st.binary(min_size=1, max_size=8))
def test_a_picture_with_a_damaged_place_is_unscannable_at_worst(
    name: str, place: float, damage: bytes
) -> None:
    data = SMALL[name]
    at = 16 + int((len(data) - 24) * place)
    only_unscannable(data[:at] + damage + data[at + len(damage) :])
