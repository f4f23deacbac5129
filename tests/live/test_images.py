"""Table B end to end: what is inside an upload is found through a real site, by itself and by a sidecar."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

from tests.serving import Site
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes
from upload_guard.demo.pictures import landscape

pytestmark = pytest.mark.live

T = picture_bytes(LISTED_SEED)
T_IMAGE = landscape(LISTED_SEED, (800, 600))
OTHER = landscape(OTHER_SEED, (800, 600))


def saved(image: Image.Image, name: str, **options: object) -> bytes:
    # Copies: Pillow leaves the settings of one encoder on a picture, where the next one trips over them.
    more = [frame.copy() for frame in options.pop("append_images", [])]  # type: ignore[attr-defined]
    out = io.BytesIO()
    image.copy().save(out, name, **options, **({"append_images": more} if more else {}))
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def in_alpha() -> bytes:
    image = OTHER.convert("RGBA")
    image.putalpha(T_IMAGE.convert("L"))
    return saved(image, "PNG")


def under_alpha() -> bytes:
    image = T_IMAGE.convert("RGBA")
    image.putalpha(0)
    return saved(image, "PNG")


def heic() -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return saved(T_IMAGE, "HEIF", quality=80)


HELD: dict[str, Callable[[], bytes]] = {
    "second frame of a GIF": lambda: saved(OTHER, "GIF", save_all=True, append_images=[T_IMAGE]),
    "second frame of a WebP": lambda: saved(OTHER, "WEBP", save_all=True, append_images=[T_IMAGE]),
    "second page of a TIFF": lambda: saved(OTHER, "TIFF", save_all=True, append_images=[T_IMAGE]),
    "mirrored": lambda: saved(T_IMAGE.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG"),
    "turned": lambda: saved(T_IMAGE.transpose(Image.Transpose.ROTATE_90), "PNG"),
    "in the alpha channel": in_alpha,
    "under alpha 0": under_alpha,
    "CMYK": lambda: saved(T_IMAGE.convert("CMYK"), "JPEG"),
    "palette": lambda: saved(T_IMAGE.quantize(64), "PNG"),
    "AVIF": lambda: saved(T_IMAGE, "AVIF"),
    "HEIC": heic,
    "JPEG 2000": lambda: saved(T_IMAGE, "JPEG2000"),
    "a progressive JPEG cut at 30 %": lambda: cut(saved(T_IMAGE, "JPEG", progressive=True, quality=85), 0.3),
    "PDF": lambda: saved(T_IMAGE, "PDF"),
}
BLOCKED: dict[str, Callable[[], bytes]] = {
    "JPEG behind a JPEG": lambda: saved(OTHER, "JPEG") + T,
    "ZIP": lambda: zipped(a__jpg=T),
    "ZIP in ZIP behind a JPEG": lambda: saved(OTHER, "JPEG") + zipped(b__zip=zipped(a__jpg=T)),
}


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def case_of(site: Site, data: bytes) -> tuple[str, str]:
    response = site.post(files={"file": ("upload.bin", data)})
    assert response.status_code == 403, response.text
    case = next(case for case in site.cases() if case.number == response.json()["case"])
    return case.result, case.action


@pytest.mark.parametrize("make", HELD.values(), ids=HELD.keys())
def test_a_view_of_the_listed_picture_is_held(site: Site, make: Callable[[], bytes]) -> None:
    assert case_of(site, make()) == ("match", "quarantine")


@pytest.mark.parametrize("make", BLOCKED.values(), ids=BLOCKED.keys())
def test_the_listed_file_inside_another_is_blocked(site: Site, make: Callable[[], bytes]) -> None:
    assert case_of(site, make()) == ("match", "block")


def test_a_format_that_is_not_decoded_is_held_as_unscannable(site: Site) -> None:
    assert case_of(site, saved(OTHER, "EPS")) == ("unscannable", "quarantine")


def test_a_clean_archive_passes(site: Site) -> None:
    answer = site.post(files={"file": ("a.zip", zipped(a__jpg=saved(OTHER, "JPEG"), b__txt=b"text"))}).json()
    assert answer["result"] == "clean"


def test_an_encrypted_archive_passes_and_says_that_it_was_not_read(site: Site) -> None:
    answer = site.post(files={"file": ("a.zip", marked_encrypted(zipped(a__jpg=T)))}).json()
    assert (answer["result"], answer["action"], answer["reason"]) == ("unscannable", "monitor", "encrypted")


def marked_encrypted(archive: bytes) -> bytes:
    """The same archive with the encryption bit set in both headers of its first member."""
    data = bytearray(archive)
    data[6] |= 1
    data[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)
