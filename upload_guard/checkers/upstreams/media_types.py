"""What a service is told that a file is: as its first bytes say, never its sender."""

from __future__ import annotations

from upload_guard.imaging.formats import HEAD, ImageFormat, sniff
from upload_guard.records import Upload

UNKNOWN = "application/octet-stream"
_REGISTERED = {
    ImageFormat.ICO: "image/vnd.microsoft.icon",
    ImageFormat.JPEG2000: "image/jp2",
    ImageFormat.JPEGXL: "image/jxl",
    ImageFormat.PSD: "image/vnd.adobe.photoshop",
    ImageFormat.EPS: "application/postscript",
}


def media_type_of(upload: Upload) -> str:
    """A name from IANA's registry; `UNKNOWN` for whatever is no picture."""
    with upload.content.open() as stream:
        found = sniff(stream.read(HEAD))
    return _REGISTERED.get(found, f"image/{found.value}") if found else UNKNOWN
