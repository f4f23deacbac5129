"""One request: its uploads, and an environ from which the application can read the body again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upload_guard.digests import Digester
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.body import Spool, read_body
from upload_guard.intake.forms import FormLimits, Part, is_form, spool_form
from upload_guard.records import Content, Source, Upload


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bounds on one request, and where its body is spooled. Sizes in bytes."""

    spool_dir: Path
    max_body: int
    form: FormLimits


@dataclass(frozen=True, slots=True)
class Received:
    """A body taken in whole. Good until `close`, which the owner calls when the application is done."""

    uploads: tuple[Upload, ...]
    spool: Spool
    content_type: str | None

    def replay_into(self, environ: dict[str, Any]) -> None:
        """Put the body back, with a length instead of a coding, so that nobody decodes it twice."""
        environ["wsgi.input"] = self.spool.slice(0, self.spool.size).open()
        environ["CONTENT_LENGTH"] = str(self.spool.size)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated", None)
        if self.content_type is not None:
            environ["CONTENT_TYPE"] = self.content_type

    def close(self) -> None:
        self.spool.close()


def receive(environ: Mapping[str, Any], limits: IntakeLimits, source: Source) -> Received:
    """Take in the body of a request; the caller closes what it gets.

    Raises a `RequestError` for what cannot be inspected, `StorageFailed` if the spool takes no more; then
    nothing is left behind.
    """
    spool = Spool(limits.spool_dir)
    try:
        return _spool_into(spool, environ, limits, source)
    except BaseException:
        spool.close()
        raise


@contextmanager
def received(environ: Mapping[str, Any], limits: IntakeLimits, source: Source) -> Iterator[Received]:
    """`receive` for a door that is done with the body when it has its answer."""
    request = receive(environ, limits, source)
    try:
        yield request
    finally:
        request.close()


def _spool_into(spool: Spool, environ: Mapping[str, Any], limits: IntakeLimits, source: Source) -> Received:
    chunks = read_body(environ, limits.max_body)
    content_type = environ.get("CONTENT_TYPE") or ""
    if is_form(content_type):
        form = spool_form(chunks, content_type, spool, limits.form)
        uploads = tuple(_upload(part, source) for part in form.parts if _to_be_checked(part))
        return Received(uploads, spool, form.content_type)
    digester = Digester()
    for chunk in chunks:
        spool.write(chunk)
        digester.update(chunk)
    whole = Upload(spool.slice(0, spool.size), digester.finish(), "", content_type, source)
    is_file = content_type.partition(";")[0].strip().lower() not in _CARRIES_FIELDS
    return Received((whole,) if is_file or _is_image(whole.content) else (), spool, None)


# What fills in a form is nobody's file: it may be a password, and has no business in a sidecar or a list.
_CARRIES_FIELDS = {"application/x-www-form-urlencoded", "application/json"}


def _is_image(content: Content) -> bool:
    with content.open() as reader:
        return sniff(reader.read(HEAD)) is not None


def _to_be_checked(part: Part) -> bool:
    """Files, and whatever is an image under any name; text fields are not."""
    if not part.is_file:
        return _is_image(part.content)
    # Browsers send an empty part without a file name where no file was chosen.
    return bool(part.file_name or part.digests.size)


def _upload(part: Part, source: Source) -> Upload:
    return Upload(part.content, part.digests, part.file_name, part.media_type, source)
