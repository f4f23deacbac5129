"""PDF: the images in it, on a page or not, attached files, and what lies loose between objects.

Source: ISO 32000-2, 7.5 (file structure), 7.6 (encryption), 7.11.4 (embedded files), 8.9 (images). pypdf
reads the objects. Every image is a stream, and every stream stands in the cross-reference table: going
through that finds the images of form XObjects, patterns, Type 3 fonts and annotations alike, and those on
no page.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError
from pypdf.generic import IndirectObject, StreamObject

from upload_guard.containers.appended import carved
from upload_guard.containers.base import Found, Inner, locked, read_whole
from upload_guard.containers.ends import end_of_image
from upload_guard.containers.pdf_filters import IMAGE_FILES, Decoded, decoded, entry, plain
from upload_guard.containers.pdf_inline import inline_images
from upload_guard.containers.pdf_rasters import Shape, as_file, inverted, negative, picture, shape, unmasked
from upload_guard.errors import Unreadable, Unscannable, UploadGuardError
from upload_guard.imaging.budget import Budget

_OBJECTS = 200_000
_PAGES = 2_000
_CONTENT = 32 << 20
# It warns of every oddity in a stranger's file, which is no news.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


class Pdf:
    name = "pdf"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return b"%PDF-" in head[:1024]

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:
        fault: UploadGuardError | None = None
        try:
            yield from _in_objects(io.BytesIO(read_whole(stream)), budget)
        except (Unreadable, Unscannable) as error:
            fault = error
        except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            fault = Unreadable("damaged", type(error).__name__)
        # Objects that no table names any more, or a file whose table is broken.
        yield from carved(stream, 1, budget, "loose")
        if fault:
            raise fault


def _in_objects(file: BinaryIO, budget: Budget) -> Iterator[Found]:
    reader = PdfReader(file, strict=False)
    if reader.is_encrypted:
        _unlock(reader)
    pages = _pages(reader)
    numbers = [(number, generation) for generation, table in reader.xref.items() for number in table]
    if len(numbers) > _OBJECTS:
        raise Unreadable("too_many_objects")
    for number, generation in sorted(numbers):
        stream = _object(reader, number, generation)
        if isinstance(stream, StreamObject):
            yield from _in_stream(stream, pages.get(number, f"object {number}"), budget)


def _unlock(reader: PdfReader) -> None:
    """With the empty password, as every viewer tries it first."""
    try:
        opened = reader.decrypt("")
    except (DependencyError, NotImplementedError) as error:
        raise Unreadable("encrypted", str(error)) from error
    if not opened:
        raise Unreadable("encrypted")


def _object(reader: PdfReader, number: int, generation: int) -> Any:
    try:
        return reader.get_object(IndirectObject(number, generation, reader))
    except DependencyError as error:
        raise Unreadable("encrypted", str(error)) from error
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - one broken object of many; what was in it is searched for raw
        return None


def _in_stream(stream: StreamObject, name: str, budget: Budget) -> Iterator[Found]:
    values: Any = stream
    kind, subtype = entry(values, "/Type"), entry(values, "/Subtype")
    data = stream._data
    if subtype == "/Image":
        yield from _images(values, data, name, budget)
    elif kind == "/EmbeddedFile":
        yield Inner(f"{name}, attachment", chunks=_attached(values, data, budget))
    elif kind not in _NO_CONTENT and subtype not in _FONTS and "/Length1" not in values:
        yield from _inline(values, data, name, budget)


_NO_CONTENT = {"/XRef", "/ObjStm", "/Metadata"}
_FONTS = {"/Type1C", "/CIDFontType0C", "/OpenType"}


def _attached(values: Any, data: bytes, budget: Budget) -> Iterator[bytes]:
    yield decoded(values, data, budget, _ANY_SIZE).data


_ANY_SIZE = 1 << 28


def _inline(values: Any, data: bytes, name: str, budget: Budget) -> Iterator[Found]:
    try:
        content = decoded(values, data, budget, _CONTENT)
    except Unreadable as fault:
        if fault.reason.startswith("too_many"):
            raise
        return
    for number, image in enumerate(inline_images(content.data), 1):
        yield from _images(image.values, image.data, f"{name}, inline image {number}", budget)


def _images(values: Any, data: bytes, name: str, budget: Budget) -> Iterator[Inner]:
    """The embedded image file where it is one, else the picture that the dictionary makes of the samples."""
    try:
        form = shape(values, budget)
        raw = decoded(values, data, budget, max(form.size, form.width * form.height * 8))
        if raw.codec in IMAGE_FILES:
            yield Inner(name, stream=io.BytesIO(_trimmed(raw.data)))
            if not inverted(values, form.depth):
                return
            name = f"{name}, inverted"
            raw = Decoded(negative(raw.data, form), "tiff")
        file = raw.data if raw.codec else _raster(values, raw, form, budget)
    except (Unreadable, Unscannable) as fault:
        yield Inner(name, chunks=locked(fault))
        return
    except (ValueError, TypeError, OSError, PyPdfError, ArithmeticError, LookupError) as error:
        yield Inner(name, chunks=locked(Unscannable("undecodable", type(error).__name__)))
        return
    yield Inner(name, stream=io.BytesIO(file), exact=False)


def _raster(values: Any, raw: Decoded, form: Shape, budget: Budget) -> bytes:
    image = picture(values, raw.data, form)
    mask = entry(values, "/SMask")
    alpha = None
    if isinstance(mask, StreamObject):
        mask_form = shape(mask, budget)
        mask_raw = decoded(mask, mask._data, budget, mask_form.size)
        alpha = None if mask_raw.codec else unmasked(mask, mask_raw.data, budget)
    return as_file(image, alpha)


def _trimmed(data: bytes) -> bytes:
    """Without the line end that writers put before `endstream`: the digest is that of the image file."""
    end = end_of_image(io.BytesIO(data))
    return data[:end] if end and not data[end:].strip() else data


def _pages(reader: PdfReader) -> dict[int, str]:
    """Which picture each object is: "page 2, image 1". Only for the eye; an odd page tree costs the names."""
    names: dict[int, str] = {}
    try:
        for number, page in enumerate(reader.pages, 1):
            if number > _PAGES:
                break
            own = page.indirect_reference
            if own is not None:
                names.setdefault(own.idnum, f"page {number}")
            _name_images(entry(page, "/Resources"), f"page {number}", names, 0)
            contents = page.get("/Contents")
            for part in contents if isinstance(contents, list) else [contents]:
                if isinstance(part, IndirectObject):
                    names.setdefault(part.idnum, f"page {number}")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as said
        return names
    return names


def _name_images(resources: Any, page: str, names: dict[int, str], depth: int) -> None:
    objects = entry(resources, "/XObject")
    if not isinstance(objects, dict) or depth > 4:
        return
    for reference in objects.values():
        target = plain(reference)
        if not isinstance(reference, IndirectObject) or reference.idnum in names:
            continue
        if entry(target, "/Subtype") == "/Image":
            count = 1 + sum(name.startswith(f"{page}, image ") for name in names.values())
            names[reference.idnum] = f"{page}, image {count}"
        else:
            names[reference.idnum] = page
            _name_images(entry(target, "/Resources"), page, names, depth + 1)
