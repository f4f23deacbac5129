"""Row 10 of table B: the listed picture inside each container is found by its digests and by its look."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from urllib.parse import quote_from_bytes

import pytest
from PIL import Image, ImageOps

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
    pdf,
    pdf_image,
    pdf_page,
    pdf_stream,
    png_rows,
    samples,
    zipped,
)
from tests.imaging.files import png_chunk
from upload_guard.demo.pictures import jpeg
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.formats import ImageFormat

IN_64 = base64.b64encode(LISTED)
DATA_URI = b"data:image/jpeg;base64," + IN_64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">%s</svg>'


def tarred(mode: str = "w", name: str = "holiday/picture.jpg") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for member, data in (("readme.txt", b"hello"), (name, LISTED)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def uuencoded(data: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 picture.jpg\n" + lines + b"`\nend\n"


def quoted(data: bytes) -> bytes:
    """Every byte quoted, in short lines."""
    lines = (data[at : at + 24] for at in range(0, len(data), 24))
    return b"=\r\n".join(b"".join(b"=%02X" % byte for byte in line) for line in lines)


def with_announced_size(bmp: bytes, size: int) -> bytes:
    return bmp[:2] + size.to_bytes(4, "little") + bmp[6:]


def simple_mail(kind: bytes, encoding: bytes, body: bytes) -> bytes:
    head = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n"
    return head % kind + b"Content-Transfer-Encoding: %s\r\n\r\n" % encoding + body


def mail_in_mail() -> bytes:
    head = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + mail() + b"\r\n--b--\r\n"


def with_hidden_member() -> bytes:
    """A member with a local header of its own that no directory names, before the archive."""
    return local_member(b"hidden.jpg", LISTED) + zipped({"a.txt": b"hello"})


def with_two_readings() -> bytes:
    """The directory lists a short text; the local header of the same member covers the picture."""
    whole = zipped({"picture.jpg": LISTED}, zipfile.ZIP_STORED)
    at = whole.index(b"PK\x01\x02")
    return whole[: at + 20] + (5).to_bytes(4, "little") + whole[at + 24 :]


def with_end_record_in_comment() -> bytes:
    whole = zipped({"picture.jpg": LISTED})
    fake = b"PK\x05\x06" + bytes(18)
    return whole[:-2] + len(fake).to_bytes(2, "little") + fake


def pdf_form() -> bytes:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /Deep 6 0 R >> >>"
    return pdf_page(
        pdf_stream(form, b"/Deep Do"), b"/Im0 Do", pdf_image(b"/DeviceRGB", 8, LISTED, b"/Filter /DCTDecode")
    )


def pdf_overwritten() -> bytes:
    """An object that no cross-reference table names."""
    loose = b"9 0 obj\n" + pdf_image(b"/DeviceRGB", 8, LISTED, b"/Filter /DCTDecode") + b"\nendobj\n"
    whole = pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"])
    return whole + loose


DCT = pdf_page(pdf_image(b"/DeviceRGB", 8, LISTED, b"/Filter /DCTDecode"))
UTF_16_SVG = (SVG % (b'<image href="' + DATA_URI + b'"/>')).decode().encode("utf-16")

BMP = converted("BMP", OTHER)

IN_JSON = json.dumps({"picture": IN_64.decode()}).replace("/", "\\/")


TEXTS = {
    "json": IN_JSON.encode(),
    "json in json": json.dumps({"inner": IN_JSON}).encode(),
    "json in zip": zipped({"a.json": IN_JSON.encode()}),
    "html": b'<html><p>Hi</p><img src="data:image/jpeg;base64,' + IN_64 + b'"></html>',
    "table": b"id;picture\n1;" + IN_64 + b"\n",
    "style sheet": b"a { background: url(data:image/jpeg;base64," + IN_64 + b") }",
    "xml": b"<a><b>" + IN_64.replace(b"/", b"&#x000000000002F;") + b"</b></a>",
    "xml with an entity": b'<!DOCTYPE a [<!ENTITY b "' + IN_64 + b'">]><a>&b;</a>',
    "text with a NUL byte": b"\0" + IN_64,
    "UTF-16": IN_64.decode().encode("utf-16"),
    "UTF-16 without a mark": IN_64.decode().encode("utf-16-le"),
    "base64 of bzip2": base64.b64encode(bz2.compress(LISTED)),
    "base64 of bzip2 in a text": b"see " + base64.b64encode(bz2.compress(LISTED)),
    "base64 of xz in a text": b"see " + base64.b64encode(lzma.compress(LISTED)),
    "base64 of tar": base64.b64encode(tarred()),
    "base64 of mail": base64.b64encode(simple_mail(b"image/jpeg", b"base64", base64.encodebytes(LISTED))),
}


def with_chunk(body: bytes) -> bytes:
    data = converted("PNG", OTHER)
    return data[:33] + png_chunk(b"prVt", b"something" + body) + data[33:]


def webp_with_chunk(body: bytes) -> bytes:
    data = converted("WEBP", OTHER) + b"PRVT" + struct.pack("<L", len(body)) + body + bytes(len(body) % 2)
    return data[:4] + struct.pack("<L", len(data) - 8) + data[8:]


def with_box(image_format: str, kind: bytes, body: bytes = LISTED) -> bytes:
    """Behind the others, and still inside the image as its boxes tell."""
    return converted(image_format, OTHER) + struct.pack(">L4s", 8 + len(body), kind) + body


def bmp_with_gap() -> bytes:
    return BMP[:10] + struct.pack("<L", 54 + len(LISTED)) + BMP[14:54] + LISTED + BMP[54:]


def ico_with_gap(body: bytes = LISTED) -> bytes:
    data = converted("ICO", OTHER, sizes=[(64, 48)], bitmap_format="bmp")
    return data[:18] + struct.pack("<L", 22 + len(body)) + body + data[22:]


CODESTREAM = converted("JPEG2000", no_jp2=True)

EXACT = TEXTS | {
    "jpeg in a free box of an avif": with_box("AVIF", b"free"),
    "jpeg in a second mdat box of an avif": with_box("AVIF", b"mdat"),
    "jpeg in a box of a jpeg 2000": with_box("JPEG2000", b"uuid"),
    "jpeg in the gap of a bmp": bmp_with_gap(),
    "jpeg in the gap of an ico": ico_with_gap(),
    "gzip in the gap of an ico": ico_with_gap(gzip.compress(LISTED)),
    "jpeg then jpeg": OTHER + LISTED,
    "jpeg then noise then jpeg": OTHER + bytes(range(256)) * 300 + LISTED,
    "jpeg then jpeg then noise": OTHER + LISTED + b"tail" * 999,
    "jpeg then two jpegs": OTHER + OTHER[:-2] + b"\xff\xd9" + LISTED,
    "jpeg without an end then jpeg": OTHER[:-2] + LISTED,
    "png then jpeg": converted("PNG", OTHER) + LISTED,
    "gif then jpeg": converted("GIF", OTHER) + LISTED,
    "webp then jpeg": converted("WEBP", OTHER) + LISTED,
    "bmp then jpeg": converted("BMP", OTHER) + LISTED,
    "bmp that announces all then jpeg": with_announced_size(BMP, len(BMP + LISTED)) + LISTED,
    "tiff then jpeg": converted("TIFF", OTHER) + LISTED,
    "ico then jpeg": converted("ICO", OTHER) + LISTED,
    "jpeg 2000 then jpeg": converted("JPEG2000", OTHER) + LISTED,
    "avif then jpeg": converted("AVIF", OTHER) + LISTED,
    "jpeg in a chunk of a png": with_chunk(LISTED),
    "jpeg in a chunk of a png before a jpeg": with_chunk(LISTED) + OTHER,
    "jpeg in a chunk of a webp": webp_with_chunk(LISTED),
    "noise before jpeg": b"\x00\x01\x02\x03" * 2000 + LISTED,
    "jpeg then zip": OTHER + zipped({"a.jpg": LISTED}),
    "jpeg then zip then much noise": OTHER + zipped({"a.jpg": LISTED}) + b"\x01" * 80_000,
    "jpeg then pdf": OTHER + DCT,
    "jpeg then gzip": OTHER + gzip.compress(LISTED),
    "jpeg then bytes then gzip": OTHER + bytes(9) + gzip.compress(LISTED),
    "jpeg then bzip2": OTHER + bz2.compress(LISTED),
    "jpeg then bytes then bzip2 of the least level": OTHER + bytes(9) + bz2.compress(LISTED, 1),
    "jpeg then xz": OTHER + lzma.compress(LISTED),
    "png then tar": converted("PNG", OTHER) + tarred(),
    "png then tar gz": converted("PNG", OTHER) + tarred("w:gz"),
    "jpeg without an end then xz": OTHER[:-2] + lzma.compress(LISTED),
    "gzip in a chunk of a png": with_chunk(gzip.compress(LISTED)),
    "zip": zipped({"a.jpg": LISTED}),
    "zip stored": zipped({"a.jpg": LISTED}, zipfile.ZIP_STORED),
    "zip bzip2": zipped({"a.jpg": LISTED}, zipfile.ZIP_BZIP2),
    "zip lzma": zipped({"a.jpg": LISTED}, zipfile.ZIP_LZMA),
    "zip with bytes in front": b"#!/bin/sh\n" * 50 + zipped({"a.jpg": LISTED}),
    "zip with a comment of its kind": with_end_record_in_comment(),
    "zip with a hidden member": with_hidden_member(),
    "zip read in two ways": with_two_readings(),
    "zip without directory": zipped({"a.jpg": LISTED}).split(b"PK\x01\x02")[0],
    "zip in zip": zipped({"b.zip": zipped({"a.jpg": LISTED})}),
    "docx": docx(),
    "zip in zip in docx": zipped({"word/x.bin": zipped({"b.zip": zipped({"a.jpg": LISTED})})}),
    "tar": tarred(),
    "tar with a long name": tarred(name="x" * 300 + ".jpg"),
    "tar gz": tarred("w:gz"),
    "tar xz": tarred("w:xz"),
    "gzip": gzip.compress(LISTED),
    "gzip of two members": gzip.compress(LISTED[:1000]) + gzip.compress(LISTED[1000:]),
    "gzip with a tail": gzip.compress(LISTED) + bytes(500),
    "bzip2": bz2.compress(LISTED),
    "xz": lzma.compress(LISTED),
    "pdf dct": DCT,
    "pdf dct in flate": pdf_page(
        pdf_image(b"/DeviceRGB", 8, zlib.compress(LISTED), b"/Filter [/FlateDecode /DCTDecode]")
    ),
    "pdf dct in ascii85": pdf_page(
        pdf_image(b"/DeviceRGB", 8, base64.a85encode(LISTED) + b"~>", b"/Filter [/ASCII85Decode /DCTDecode]")
    ),
    "pdf dct in a form": pdf_form(),
    "pdf dct on no page": pdf_page(
        pdf_stream(b"", b""), b"", pdf_image(b"/DeviceRGB", 8, LISTED, b"/Filter /DCTDecode")
    ),
    "pdf dct in no table": pdf_overwritten(),
    "pdf dct inline": pdf_page(
        pdf_stream(b"", b""),
        b"q BI /W 400 /H 300 /BPC 8 /CS /RGB /F /DCT ID " + LISTED + b"\nEI Q",
    ),
    "pdf without its table": DCT[: DCT.index(b"xref\n")],
    "pdf attachment": pdf_page(
        pdf_stream(b"/Type /EmbeddedFile /Filter /FlateDecode", zlib.compress(LISTED))
    ),
    "pdf under an empty password": locked_pdf(""),
    "svg": SVG % (b'<image href="' + DATA_URI + b'"/>'),
    "svg by xlink": SVG % (b"<image xlink:href='" + DATA_URI + b"'/>"),
    "svg with a prefix": (SVG % (b'<image href="' + DATA_URI + b'"/>'))
    .replace(b"<svg", b"<s:svg")
    .replace(b"</svg", b"</s:svg"),
    "svg by css": SVG % (b"<style>rect { fill: url(" + DATA_URI + b") }</style>"),
    "svg by css escapes": SVG
    % (b"<style>rect { fill: url(\\64 ata\\3a image/jpeg;base64," + IN_64 + b") }</style>"),
    "svg in percent": SVG % (b'<image href="data:image/jpeg,' + quote_from_bytes(LISTED).encode() + b'"/>'),
    "svg by references": SVG % (b'<image href="&#x64;&#97;ta:image/jpeg;base64&#44;' + IN_64 + b'"/>'),
    "svg with line ends": SVG
    % (b'<image href="data:image/jpeg;base64,\n' + base64.encodebytes(LISTED) + b'"/>'),
    "svg in utf-16": UTF_16_SVG,
    "svg in utf-16 without mark": UTF_16_SVG[2:],
    "svg with mark": b"\xef\xbb\xbf" + SVG % (b'<image href="' + DATA_URI + b'"/>'),
    "svgz": gzip.compress(SVG % (b'<image href="' + DATA_URI + b'"/>')),
    "svg in svg": SVG
    % (
        b'<image href="data:image/svg+xml;base64,'
        + base64.b64encode(SVG % (b'<image href="' + DATA_URI + b'"/>'))
        + b'"/>'
    ),
    "eml": mail(),
    "eml quoted-printable": simple_mail(b"image/jpeg", b"quoted-printable", quoted(LISTED)),
    "eml in eml": mail_in_mail(),
    "eml uuencoded": simple_mail(b"text/plain", b"7bit", b"Hello\n\n" + uuencoded(LISTED)),
    "eml html": simple_mail(b"text/html", b"7bit", b'<img src="' + DATA_URI + b'">'),
    "eml in zip": zipped({"mail.eml": mail()}),
    "zip in eml": mail(zipped({"a.jpg": LISTED})),
    "second mail of a mailbox": b"From a Mon\n" + mail(OTHER) + b"\n\nFrom b Tue\n" + mail(),
    "saved page (mhtml)": b"From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/\n"
    + mail().partition(b"\n")[2],
    "html page": b'<!DOCTYPE html><html><body><img src="' + DATA_URI + b'"></body></html>',
    "html in utf-16 with a comment": (
        b"\xff\xfe"
        + ("<!-- saved --><html><style>a { background: url(" + DATA_URI.decode() + ") }").encode("utf-16-le")
    ),
}


@pytest.mark.parametrize("data", EXACT.values(), ids=EXACT.keys())
def test_row_10_a_file_inside_is_found_by_digest_and_by_look(data: bytes) -> None:
    analysis = analysed(data)
    assert found_exactly(analysis)
    assert found_by_look(analysis)


RGB, GREY = samples("RGB"), samples("L")
NEGATIVE = jpeg(ImageOps.invert(Image.open(io.BytesIO(LISTED)).convert("RGB")))
PALETTE = b"".join(bytes((level, level, level)) for level in range(256))
LOOK = {
    "flate rgb": (b"/DeviceRGB", 8, zlib.compress(RGB), b"/Filter /FlateDecode"),
    "flate grey": (b"/DeviceGray", 8, zlib.compress(GREY), b"/Filter /FlateDecode"),
    "flate cmyk": (b"/DeviceCMYK", 8, zlib.compress(samples("CMYK")), b"/Filter /FlateDecode"),
    "flate inverted": (
        b"/DeviceGray",
        8,
        zlib.compress(bytes(255 - level for level in GREY)),
        b"/Filter /FlateDecode /Decode [1 0]",
    ),
    "jpeg inverted": (
        b"/DeviceRGB",
        8,
        NEGATIVE,
        b"/Filter /DCTDecode /Decode [1 0 1 0 1 0]",
    ),
    "flate separation": (
        b"[/Separation /Black /DeviceGray 6 0 R]",
        8,
        zlib.compress(bytes(255 - level for level in GREY)),
        b"/Filter /FlateDecode",
    ),
    "flate indexed": (
        b"[/Indexed /DeviceRGB 255 <" + PALETTE.hex().encode() + b">]",
        8,
        zlib.compress(GREY),
        b"/Filter /FlateDecode",
    ),
    "flate 4 bits": (
        b"/DeviceGray",
        4,
        zlib.compress(bytes(high & 0xF0 | low >> 4 for high, low in zip(GREY[::2], GREY[1::2], strict=True))),
        b"/Filter /FlateDecode",
    ),
    "flate 16 bits": (
        b"/DeviceGray",
        16,
        zlib.compress(bytes(part for level in GREY for part in (level, 0))),
        b"/Filter /FlateDecode",
    ),
    "flate png rows": (
        b"/DeviceRGB",
        8,
        zlib.compress(png_rows("RGB", 3)),
        b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 3 /Columns 400 >>",
    ),
    "flate png rows of grey": (
        b"/DeviceGray",
        8,
        zlib.compress(png_rows("L", 1)),
        b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 400 >>",
    ),
    "flate named in part": (b"/DeviceRGB", 8, zlib.compress(RGB), b"/Filter /Fl#61teDecode"),
    "flate cut short": (b"/DeviceRGB", 8, zlib.compress(RGB)[:-2000], b"/Filter /FlateDecode"),
    "raw": (b"/DeviceRGB", 8, RGB, b""),
    "hex": (b"/DeviceGray", 8, GREY.hex().encode() + b">", b"/Filter /ASCIIHexDecode"),
}


@pytest.mark.parametrize("image", LOOK.values(), ids=LOOK.keys())
def test_row_10_a_raster_in_a_pdf_is_found_by_its_look(image: tuple[bytes, int, bytes, bytes]) -> None:
    analysis = analysed(pdf_page(pdf_image(*image)))
    assert found_by_look(analysis)
    assert not analysis.unscannable
    assert not analysis.unreadable


def test_row_10_a_raster_written_into_a_page_is_found() -> None:
    content = b"q BI /W 400 /H 300 /BPC 8 /CS /RGB /F /Fl ID " + zlib.compress(RGB) + b"\nEI Q"
    assert found_by_look(analysed(pdf_page(pdf_stream(b"", b""), content)))
    raw = b"q BI /W 400 /H 300 /BPC 8 /CS /G ID " + GREY + b"\nEI Q"
    assert found_by_look(analysed(pdf_page(pdf_stream(b"", b""), raw)))


def test_row_10_a_fax_in_a_pdf_is_found() -> None:
    """Pillow writes 1-bit pictures into PDF as CCITT group 4."""
    dithered = Image.open(io.BytesIO(LISTED)).convert("1")
    out = io.BytesIO()
    dithered.save(out, "PDF")
    assert b"CCITT" in out.getvalue()
    assert found_by_look(analysed(out.getvalue()))


def test_row_10_a_raster_under_a_soft_mask_is_found() -> None:
    image = pdf_image(b"/DeviceRGB", 8, zlib.compress(RGB), b"/Filter /FlateDecode /SMask 6 0 R")
    mask = pdf_image(b"/DeviceGray", 8, zlib.compress(b"\xff" * len(GREY)), b"/Filter /FlateDecode")
    assert found_by_look(analysed(pdf_page(image, b"/Im0 Do", mask)))


def test_a_second_codestream_of_a_jpeg_2000_is_found() -> None:
    assert found_exactly(analysed(with_box("JPEG2000", b"jp2c", CODESTREAM)), CODESTREAM)


@pytest.mark.skipif(not ImageFormat.HEIF.decoded_by, reason="needs the extra [heif]")
def test_a_jpeg_in_a_box_of_a_heic_is_found() -> None:
    assert found_exactly(analysed(with_box("HEIF", b"mdat")))


@pytest.mark.parametrize("magic", [b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c"])
@pytest.mark.parametrize("between", [b"", bytes(70_000)], ids=["at once", "later"])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "AVIF"])
def test_an_archive_that_is_not_opened_is_said_behind_an_image_too(
    image_format: str, between: bytes, magic: bytes
) -> None:
    analysis = analysed(converted(image_format) + between + magic + bytes(range(256)) * 20)
    assert analysis.unreadable == "unsupported_archive"
    assert found_by_look(analysis)


def test_three_bytes_as_of_gzip_are_no_broken_archive() -> None:
    analysis = analysed(OTHER + bytes(9) + b"\x1f\x8b\x08" + b"\xff" * 500)
    assert not analysis.unreadable
    assert not analysis.unscannable


def test_a_gzip_of_many_members_is_read_to_its_end() -> None:
    """Members end in the middle of what is read at once, again and again."""
    picture = converted("BMP")
    members = (gzip.compress(picture[at : at + 50_000], 1) for at in range(0, len(picture), 50_000))
    assert found_exactly(analysed(b"".join(members)), picture)


def test_a_picture_inside_is_named_by_its_path() -> None:
    views = {signal.view for signal in analysed(docx()).signals}
    assert "word/media/image1.png" in views
    assert any(view.startswith("word/media/image1.png, ") for view in views)
    nested = {signal.view for signal in analysed(zipped({"b.zip": zipped({"a.jpg": LISTED})})).signals}
    assert "b.zip > a.jpg" in nested
    assert "page 1, image 1" in {signal.view for signal in analysed(DCT).signals}
    assert "appended" in {signal.view for signal in analysed(OTHER + LISTED).signals}


def test_an_image_alone_is_only_itself() -> None:
    analysis = analysed(LISTED)
    assert found_by_look(analysis)
    assert not found_exactly(analysis)
    assert not analysis.unscannable
    assert not analysis.unreadable


def test_a_page_about_data_uris_is_no_broken_picture() -> None:
    page = b"<!DOCTYPE html><p>Write <code>data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ...</code> here."
    analysis = analysed(page)
    assert not analysis.unscannable
    assert not analysis.unreadable


def test_a_drawn_svg_is_said_to_be_drawn() -> None:
    analysis = analysed(SVG % b"<path d='M0 0h9'/>")
    assert analysis.degraded == ("vector",)
    assert not analysis.unscannable


def test_a_container_that_is_switched_off_is_not_opened() -> None:
    assert not found_exactly(analysed(docx(), containers=frozenset({"pdf"})))


@pytest.mark.parametrize(
    "image_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "JPEG2000", "AVIF"]
)
def test_nothing_is_found_behind_an_image_that_just_ends(image_format: str) -> None:
    analysis = analysed(converted(image_format))
    assert not analysis.unreadable
    assert not analysis.unscannable
    assert not {signal.view for signal in analysis.signals if signal.type.exact}


def test_everything_is_read_only_as_deep_as_the_limit() -> None:
    data = LISTED
    for _ in range(5):
        data = zipped({"x": data})
    assert analysed(data).unreadable == "too_deep"
    assert found_exactly(analysed(data, ScanLimits(max_depth=5)))
