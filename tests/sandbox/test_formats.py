"""Every format decodes behind the walls, with the same result as without them."""

from __future__ import annotations

import io
import os
import platform
import resource
from pathlib import Path

import pytest

from tests.sandbox.conftest import SCAN, descendants, open_sandbox
from tests.sandbox.tasks import analyse
from tests.support import BytesContent
from upload_guard.demo.pictures import landscape
from upload_guard.sandbox.pool import Sandbox

pytestmark = pytest.mark.live

FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    "JPEG": ("RGB", {}),
    "JPEG progressive": ("RGB", {"progressive": True}),
    "JPEG CMYK": ("CMYK", {}),
    "PNG": ("RGB", {}),
    "PNG with alpha": ("RGBA", {}),
    "PNG 16 bit": ("I;16", {}),
    "GIF": ("P", {}),
    "WEBP": ("RGB", {}),
    "WEBP lossless": ("RGBA", {"lossless": True}),
    "AVIF": ("RGB", {}),
    "TIFF": ("RGB", {}),
    "TIFF LZW": ("RGB", {"compression": "tiff_lzw"}),
    "TIFF JPEG": ("RGB", {"compression": "jpeg"}),
    "TIFF Deflate": ("LAB", {"compression": "tiff_adobe_deflate"}),
    "TIFF group 4": ("1", {"compression": "group4"}),
    "BMP": ("RGB", {}),
    "ICO": ("RGBA", {"sizes": [(64, 64), (256, 256)]}),
    "JPEG2000": ("RGB", {}),
    "HEIF": ("RGB", {}),
}


def drawn(name: str) -> bytes:
    mode, options = FORMATS[name]
    if name == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    picture = landscape(3, (640, 480))
    if mode == "LAB":
        from PIL import ImageCms

        picture = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    elif mode == "I;16":
        picture = picture.convert("I").point(lambda value: value * 256).convert("I;16")
    else:
        picture = picture.convert(mode)
    file = io.BytesIO()
    picture.save(file, name.split()[0], **options)
    return file.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_gives_the_same_in_and_out_of_the_sandbox(sandbox: Sandbox, name: str) -> None:
    data = drawn(name)
    inside = sandbox.analyse(BytesContent(data))
    assert inside == analyse(io.BytesIO(data), SCAN)
    assert inside.signals
    assert not inside.unscannable


def test_frames_and_second_pictures_come_through(sandbox: Sandbox) -> None:
    file = io.BytesIO()
    frames = [landscape(seed, (200, 150)) for seed in range(3)]
    frames[0].save(file, "AVIF", save_all=True, append_images=frames[1:])
    inside = sandbox.analyse(BytesContent(file.getvalue()))
    assert len({signal.view for signal in inside.signals}) == 3


def test_a_cut_or_broken_file_is_told_as_out_of_the_sandbox(sandbox: Sandbox) -> None:
    data = drawn("JPEG")
    for broken in (data[:2000], data[:300] + b"\0" * 500, b"\x89PNG\r\n\x1a\n" + b"x" * 100):
        assert sandbox.analyse(BytesContent(broken)) == analyse(io.BytesIO(broken), SCAN)


def test_a_colour_profile_does_not_need_a_file(sandbox: Sandbox) -> None:
    from PIL import ImageCms

    file = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    landscape(4, (300, 200)).save(file, "JPEG", icc_profile=profile)
    assert sandbox.analyse(BytesContent(file.getvalue())).signals


def minor_faults(pid: int) -> int:
    """Pages that the kernel had to hand out; proc(5), stat."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[7])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_a_worker_keeps_the_memory_of_one_picture_for_the_next() -> None:
    out = io.BytesIO()
    landscape(1, (2000, 1600)).save(out, "WEBP")
    with open_sandbox("upload_guard.containers.analyse:analyse", workers=1) as sandbox:
        for _ in range(2):
            assert sandbox.analyse(BytesContent(out.getvalue())).signals
        pids = descendants(os.getpid())
        before = sum(map(minor_faults, pids))
        sandbox.analyse(BytesContent(out.getvalue()))
        taken = (sum(map(minor_faults, pids)) - before) * resource.getpagesize()
    # The picture alone is 12.8 MB in the decoder's canvas and as much in Pillow's image.
    assert taken < 8 << 20
