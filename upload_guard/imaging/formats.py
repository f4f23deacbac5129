"""What a file is, by its first bytes. Never by name or declared type; imports nothing heavy.

Sources: the formats' own specifications; Pillow's plug-in names, which `decoded_by` gives.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec

HEAD = 4096
"""How many first bytes `sniff` looks at."""


class ImageFormat(StrEnum):
    """Formats that a viewer would show as a picture."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    HEIF = "heif"
    TIFF = "tiff"
    BMP = "bmp"
    ICO = "ico"
    JPEG2000 = "jpeg2000"
    JPEGXL = "jpegxl"
    PSD = "psd"
    EPS = "eps"

    @property
    def decoded_by(self) -> tuple[str, ...]:
        """The Pillow plug-ins that may open it; empty for formats this installation does not decode."""
        return _PILLOW.get(self, ())


# MPO is opened by the JPEG plug-in, which then hands over; naming it would be a KeyError.
# EPS would start Ghostscript on a stranger's program: never.
_PILLOW: dict[ImageFormat, tuple[str, ...]] = {
    ImageFormat.JPEG: ("JPEG",),
    ImageFormat.PNG: ("PNG",),
    ImageFormat.GIF: ("GIF",),
    ImageFormat.WEBP: ("WEBP",),
    ImageFormat.AVIF: ("AVIF",),
    ImageFormat.TIFF: ("TIFF",),
    ImageFormat.BMP: ("BMP",),
    ImageFormat.ICO: ("ICO",),
    ImageFormat.JPEG2000: ("JPEG2000",),
}
# The extra [heif]. Looked for and not imported: doors that only sniff stay light.
if find_spec("pillow_heif"):
    _PILLOW[ImageFormat.HEIF] = ("HEIF",)

_MAGIC: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\x00", ImageFormat.TIFF),
    (b"MM\x00*", ImageFormat.TIFF),
    (b"II+\x00", ImageFormat.TIFF),
    (b"MM\x00+", ImageFormat.TIFF),
    (b"\x00\x00\x01\x00", ImageFormat.ICO),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", ImageFormat.JPEG2000),
    (b"\xff\x4f\xff\x51", ImageFormat.JPEG2000),
    (b"\xff\x0a", ImageFormat.JPEGXL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", ImageFormat.JPEGXL),
    (b"8BPS\x00", ImageFormat.PSD),
    (b"%!PS-Adobe", ImageFormat.EPS),
    (b"\xc5\xd0\xd3\xc6", ImageFormat.EPS),
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


def sniff(head: bytes) -> ImageFormat | None:
    """The image format that `head` (the first `HEAD` bytes or more) begins, or None."""
    for magic, image_format in _MAGIC:
        if head.startswith(magic):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if head[:2] == b"BM" and head[14:18] in _BMP_HEADERS:
        return ImageFormat.BMP
    return ImageFormat.ICO if _is_cursor(head) else None


# Olympus, Panasonic, Fujifilm, Sigma, Minolta, Canon's before and after CR2.
_RAW_MAGIC = (
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\x00",
    b"FUJIFILMCCD-RAW",
    b"FOVb",
    b"\x00MRM",
    b"II\x1a\x00\x00\x00HEAPCCDR",
)


def is_raw(head: bytes) -> bool:
    """Whether it begins a camera's raw file that is not made like TIFF: no decoder here, only previews."""
    return head.startswith(_RAW_MAGIC) or head[4:12] == b"ftypcrx "


def _is_cursor(head: bytes) -> bool:
    """ICO under another number. TGA begins with the same bytes, so the directory has to make sense.

    Browsers show a cursor only if all pictures are behind the directory.
    """
    count = int.from_bytes(head[4:6], "little")
    if not head.startswith(CURSOR) or not count:
        return False
    behind = 6 + 16 * count
    shown = min(behind, len(head) - 3)
    offsets = [int.from_bytes(head[at : at + 4], "little") for at in range(18, shown, 16)]
    return bool(offsets) and min(offsets) >= behind


CURSOR = b"\x00\x00\x02\x00"
# "BM" alone begins much innocent text: ask for a known header size as well.
_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _by_brands(head: bytes) -> ImageFormat | None:
    """ISO BMFF (ISO/IEC 14496-12, 4.2 and 4.3): the major brand and the compatible ones."""
    size, start = int.from_bytes(head[:4], "big"), 8
    if size == 1:
        size, start = int.from_bytes(head[8:16], "big"), 16
    end = len(head) if size == 0 else min(size, len(head))
    brands = {head[at : at + 4] for at in range(start, end - 3, 4) if at != start + 4}
    if brands & {b"avif", b"avis"}:
        return ImageFormat.AVIF
    # A box that goes on beyond what is looked at may name any brand: better held than missed.
    return ImageFormat.HEIF if brands & _HEIF_BRANDS or size > len(head) else None
