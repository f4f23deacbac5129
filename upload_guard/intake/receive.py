"""One request: its uploads, and an environ from which the application can read the body again.

body -> spool -> parts -> files, and files carried in texts -> uploads
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from upload_guard.digests import Sha256Digester
from upload_guard.errors import AmbiguousRequest, PiecewiseUpload, UnsupportedEncoding
from upload_guard.intake.body import Spool, read_body
from upload_guard.intake.collector import Collector
from upload_guard.intake.forms import Form, spool_form
from upload_guard.intake.inflate import inflated, is_compressed
from upload_guard.intake.net import refuse_hidden_images, refuse_other_readings
from upload_guard.intake.pieces import Piece, piece_in_fields, piece_in_headers
from upload_guard.intake.rules import Forward, IntakeRule, Pieces
from upload_guard.intake.types import check_type, is_form, plain_boundary
from upload_guard.records import Source, Upload
from upload_guard.stages import Stage, timed


@dataclass(frozen=True, slots=True)
class Received:
    """A body taken in whole. Good until `close`, which the owner calls when the application is done.

    `files` are those of the `uploads` that were sent as files. `piece` says which part of a larger upload
    this is, if it is one. `over_limit`: it is longer than what is checked.
    """

    uploads: tuple[Upload, ...]
    files: tuple[Upload, ...]
    piece: Piece | None
    spool: Spool
    content_type: str
    opened: ExitStack
    over_limit: bool = False

    @property
    def worth_checking(self) -> tuple[Upload, ...]:
        """All but an empty raw body, as HTTP/2 gives one with every GET: nobody uploaded that."""
        return tuple(upload for upload in self.uploads if upload.digest.size or upload.file_name)

    def replay_into(self, environ: dict[str, Any]) -> None:
        """Put the body back, with a length instead of a coding, so that nobody decodes it twice."""
        environ["wsgi.input"] = self.spool.slice(0, self.spool.size).open()
        environ["CONTENT_LENGTH"] = str(self.spool.size)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated", None)
        if self.content_type:
            environ["CONTENT_TYPE"] = self.content_type

    def close(self) -> None:
        self.opened.close()


def receive(environ: Mapping[str, Any], rule: IntakeRule, source: Source) -> Received:
    """Take in the body of a request; the caller closes what it gets.

    Raises a `RequestError` for what cannot be inspected, `StorageFailed` if the spool takes no more; then
    nothing is left behind.
    """
    with timed(Stage.INTAKE), ExitStack() as opened:
        return _Intake(environ, rule, source, opened).take_in()


@contextmanager
def received(environ: Mapping[str, Any], rule: IntakeRule, source: Source) -> Iterator[Received]:
    """`receive` for a door that is done with the body when it has its answer."""
    with closing(receive(environ, rule, source)) as request:
        yield request


@dataclass(frozen=True, slots=True)
class _Intake:
    environ: Mapping[str, Any]
    rule: IntakeRule
    source: Source
    opened: ExitStack

    def take_in(self) -> Received:
        told = self._allowed(piece_in_headers(self.environ))
        content_type = self.environ.get("CONTENT_TYPE") or ""
        check_type(content_type)
        compressed = self._is_compressed()
        if compressed and is_form(content_type):
            # It goes on as it came, and no framework inflates it: a form hidden in the header of the
            # compressed data would be read by all of them.
            raise UnsupportedEncoding("a compressed form")
        original = self.rule.forward is Forward.ORIGINAL and is_form(content_type)
        forwarded = self._spool()
        inspected = self._spool() if compressed or original else forwarded
        collector = Collector(self.rule, self.source, self._spool)

        limits = self.rule.limits
        most = sys.maxsize if self.rule.takes_over_limit else limits.max_body
        chunks = read_body(self.environ, most, limits.body_timeout)
        if inspected is not forwarded:
            chunks = _copied(chunks, forwarded)
        if compressed:
            chunks = inflated(chunks, limits.max_inflated)
        form = self._inspect(chunks, content_type, inspected, collector)
        if form and original and not compressed:
            refuse_other_readings(forwarded, plain_boundary(content_type), len(form.parts))
            checked = {upload.content for upload in collector.uploads}
            refuse_hidden_images(forwarded, [part.content for part in form.parts if part.content in checked])
        filled_in = self._allowed(piece_in_fields(collector.fields, self.environ))
        if told and filled_in:
            raise AmbiguousRequest("a piece told both by headers and by fields")
        return Received(
            uploads=tuple(collector.uploads),
            files=tuple(collector.files),
            piece=told or filled_in,
            spool=forwarded,
            content_type=form.content_type if form and inspected is forwarded else "",
            opened=self.opened.pop_all(),
            over_limit=forwarded.size > limits.max_body,
        )

    def _inspect(
        self, chunks: Iterable[bytes], content_type: str, spool: Spool, collector: Collector
    ) -> Form | None:
        if is_form(content_type):
            form = spool_form(chunks, content_type, spool, self.rule.limits.form)
            for part in form.parts:
                check_type(part.media_type)
                collector.add_part(part)
            return form
        digester = Sha256Digester()
        for chunk in chunks:
            spool.write(chunk)
            digester.update(chunk)
        collector.add_body(spool.slice(0, spool.size), digester.finish(), content_type)
        return None

    def _is_compressed(self) -> bool:
        encoding = self.environ.get("HTTP_CONTENT_ENCODING", "")
        return "compressed" in self.rule.carriers and is_compressed(encoding)

    def _spool(self) -> Spool:
        return self.opened.enter_context(closing(Spool(self.rule.limits.spool_dir)))

    def _allowed(self, piece: Piece | None) -> Piece | None:
        if piece is not None and self.rule.pieces is Pieces.REFUSE:
            raise PiecewiseUpload(f"a piece of a larger upload to {self.source.route!r}")
        return piece


def _copied(chunks: Iterable[bytes], spool: Spool) -> Iterator[bytes]:
    for chunk in chunks:
        spool.write(chunk)
        yield chunk
