"""Views in colour, for plug-ins that look at it: what PDQ sees does not change by that."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from upload_guard.demo.pictures import landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import sniff
from upload_guard.imaging.views import views
from upload_guard.records import View

# The longer side is more than twice what the hashes need, so that pictures are reduced.
PICTURE = landscape(1, (2000, 1600))


def saved(image: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def views_of(data: bytes, *, colours: bool) -> Iterator[View]:
    image_format = sniff(data)
    assert image_format is not None
    return views(io.BytesIO(data), image_format, Budget(ScanLimits(colours=colours)))


def away(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size, in levels."""
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


def half(image: Image.Image) -> Image.Image:
    return image.reduce(2)


def without_adobe(data: bytes) -> bytes:
    """The JPEG without the segment that tells its colours: then the names of its components do."""
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4]) :]


CLEAR = PICTURE.copy()
CLEAR.putalpha(Image.linear_gradient("L").resize(CLEAR.size))
KEYED = PICTURE.quantize(64)

FILES = {
    "JPEG": saved(PICTURE, "JPEG", quality=92),
    "JPEG in grey": saved(PICTURE.convert("L"), "JPEG"),
    "JPEG stored as RGB": saved(PICTURE, "JPEG", keep_rgb=True),
    "JPEG stored as RGB by name": without_adobe(saved(PICTURE, "JPEG", keep_rgb=True)),
    "JPEG in CMYK": saved(PICTURE.convert("CMYK"), "JPEG"),
    "PNG": saved(PICTURE, "PNG", compress_level=1),
    "PNG with alpha": saved(CLEAR, "PNG", compress_level=1),
    "PNG with a palette": saved(KEYED, "PNG", compress_level=1),
    "PNG with a clear colour": saved(KEYED, "PNG", transparency=3, compress_level=1),
    "PNG of 16 bits": saved(Image.fromarray(np.asarray(PICTURE.convert("L"), np.uint16) * 257), "PNG"),
    "WebP": saved(PICTURE, "WEBP", method=0),
    "GIF": saved(PICTURE, "GIF"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_grey_is_the_same_with_and_without_colours(name: str) -> None:
    without, having = (list(views_of(FILES[name], colours=colours)) for colours in (False, True))
    assert [view.name for view in having] == [view.name for view in without]
    assert all(view.colours is None for view in without)
    if "stored as RGB" in name:
        # libjpeg makes luma of it with other roundings than Pillow.
        assert all(away(a.image, b.image) < 1 for a, b in zip(having, without, strict=True))
    else:
        assert [view.image.tobytes() for view in having] == [view.image.tobytes() for view in without]


@pytest.mark.parametrize("name", FILES)
def test_colours_are_the_view_in_rgb_and_no_larger(name: str) -> None:
    for view in views_of(FILES[name], colours=True):
        assert view.colours is not None
        assert (view.colours.mode, view.colours.size) == ("RGB", view.image.size)
        assert away(view.colours.convert("L"), view.image) < 2


@pytest.mark.parametrize("name", ["JPEG", "JPEG stored as RGB", "JPEG stored as RGB by name", "PNG", "WebP"])
def test_colours_are_those_of_the_picture(name: str) -> None:
    (view,) = views_of(FILES[name], colours=True)
    assert view.colours is not None
    assert away(view.colours, half(PICTURE)) < 4


def test_each_look_of_a_transparent_picture_has_its_own_colours() -> None:
    found = {view.name: view.colours for view in views_of(FILES["PNG with alpha"], colours=True)}
    page = {name: Image.new("RGBA", CLEAR.size, name) for name in ("white", "black")}
    wanted = {
        "frame 0": Image.alpha_composite(page["white"], CLEAR).convert("RGB"),
        "frame 0 on black": Image.alpha_composite(page["black"], CLEAR).convert("RGB"),
        "frame 0 without alpha": PICTURE,
        "frame 0 alpha": CLEAR.getchannel("A").convert("RGB"),
    }
    assert found.keys() == wanted.keys()
    for name, colours in found.items():
        assert colours is not None
        assert away(colours, half(wanted[name])) < 1, name


def test_two_frames_that_differ_in_colour_alone_are_two_views() -> None:
    """In grey they are one picture, which a plug-in would tell apart."""
    grey = PICTURE.convert("L").resize((320, 256)).point(lambda level: 40 + level // 2)
    # 55 more of red weigh in luma as 28 less of green do.
    plain = Image.merge("RGB", (grey, grey, grey))
    red, green = grey.point(lambda level: level + 55), grey.point(lambda level: level - 28)
    tinted = Image.merge("RGB", (red, green, grey))
    assert plain.convert("L").tobytes() == tinted.convert("L").tobytes()
    data = saved(plain, "PNG", save_all=True, append_images=[tinted])
    counts = [len(list(views_of(data, colours=colours))) for colours in (False, True)]
    assert counts == [1, 2]


def test_the_thumbnail_in_a_photo_comes_in_colour() -> None:
    exif = Image.Exif()
    small = saved(landscape(2, (160, 128)), "JPEG")
    block = exif.tobytes() + small
    data = saved(PICTURE, "JPEG", exif=block)
    found = {view.name: view.colours for view in views_of(data, colours=True)}
    assert set(found) == {"frame 0", "thumbnail"}
    colours = found["thumbnail"]
    assert colours is not None
    assert away(colours, landscape(2, (160, 128))) < 6
