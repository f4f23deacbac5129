"""Files that hold other files, written for tests: archives, PDFs, mails. Only drawn pictures go in."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from email.message import EmailMessage

import numpy as np
from PIL import Image
from pypdf import PdfReader, PdfWriter

from tests.support import digests_of, pdq_of
from upload_guard.containers.analyse import ALL, analyse
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.budget import ScanLimits
from upload_guard.records import Analysis, SignalType

# Small ones, since each of them is looked at in all its variants.
LISTED = jpeg(landscape(1, (400, 300)))
OTHER = jpeg(landscape(2, (400, 300)))
REACH = 31


def analysed(data: bytes, limits: ScanLimits | None = None, containers: frozenset[str] = ALL) -> Analysis:
    return analyse(io.BytesIO(data), limits or ScanLimits(), containers)


def found_exactly(analysis: Analysis, picture: bytes = LISTED) -> bool:
    digests = digests_of(picture)
    wanted = {
        (SignalType.MD5, digests.md5),
        (SignalType.SHA1, digests.sha1),
        (SignalType.SHA256, digests.sha256),
    }
    return wanted <= {(signal.type, signal.value) for signal in analysis.signals}


def found_by_look(analysis: Analysis, picture: bytes = LISTED) -> bool:
    wanted = int.from_bytes(pdq_of(picture), "big")
    return any(
        (int.from_bytes(signal.value, "big") ^ wanted).bit_count() <= REACH
        for signal in analysis.signals
        if signal.type is SignalType.PDQ
    )


def converted(image_format: str, picture: bytes = LISTED, **options: object) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(out, image_format, **options)
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def docx(picture: bytes = LISTED) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": b"<w:document/>",
            "word/media/image1.png": picture,
        }
    )


def local_member(name: bytes, data: bytes, flags: int = 0, method: int = 0, size: int | None = None) -> bytes:
    """A local header and stored data, for archives whose directory says otherwise."""
    size = len(data) if size is None else size
    fields = (20, flags, method, 0, 0, zlib.crc32(data), size, size, len(name), 0)
    return b"PK\x03\x04" + struct.pack("<5H3L2H", *fields) + name + data


def mail(picture: bytes = LISTED, encoding: str = "base64") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "A picture"
    message.set_content("See the attachment.")
    message.add_attachment(picture, "image", "jpeg", filename="picture.jpg", cte=encoding)
    return message.as_bytes()


def pdf(objects: list[bytes], tail: bytes = b"") -> bytes:
    """A PDF of `objects`, numbered from 1; the first is the catalogue."""
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out) + tail


def pdf_stream(values: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (values, len(data), data)


def pdf_page(image: bytes, content: bytes = b"q 400 0 0 300 0 0 cm /Im0 Do Q", *more: bytes) -> bytes:
    """One page that shows object 5 as /Im0."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 4 0 R"
            b" /Resources << /XObject << /Im0 5 0 R >> >> >>",
            pdf_stream(b"", content),
            image,
            *more,
        ]
    )


def pdf_image(
    space: bytes, depth: int, data: bytes, more: bytes = b"", size: tuple[int, int] = (400, 300)
) -> bytes:
    values = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s /BitsPerComponent %d %s"
    return pdf_stream(values % (*size, space, depth, more), data)


def samples(mode: str, picture: bytes = LISTED, size: tuple[int, int] = (400, 300)) -> bytes:
    return Image.open(io.BytesIO(picture)).convert("RGB").resize(size).convert(mode).tobytes()


def png_rows(mode: str, colours: int, size: tuple[int, int] = (400, 300)) -> bytes:
    """Samples as PNG filters them: each row by Up, but the first by Sub."""
    rows = np.frombuffer(samples(mode, size=size), np.uint8).reshape(size[1], -1)
    up = np.diff(rows, axis=0, prepend=np.zeros((1, rows.shape[1]), np.uint8)).astype(np.uint8)
    first = rows[0].copy()
    first[colours:] -= rows[0][:-colours]
    return b"\x01" + first.tobytes() + b"".join(b"\x02" + row.tobytes() for row in up[1:])


def locked_pdf(password: str, algorithm: str = "RC4-128") -> bytes:
    writer = PdfWriter(
        PdfReader(io.BytesIO(pdf_page(pdf_image(b"/DeviceRGB", 8, LISTED, b"/Filter /DCTDecode"))))
    )
    writer.encrypt(password, "owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
