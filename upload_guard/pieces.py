"""Uploads in pieces, on routes that allow them: passed on unseen, or put together and checked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import unquote, urljoin, urlsplit

from upload_guard.digests import digest_of
from upload_guard.errors import AmbiguousRequest, PiecewiseUpload
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.assembly import Assembled, Assembly
from upload_guard.intake.pieces import Piece
from upload_guard.intake.rules import Pieces
from upload_guard.policy import passed_unchecked
from upload_guard.records import Outcome, Result, Source, Upload, strongest
from upload_guard.routing import Route

log = logging.getLogger(__name__)

_UNSEEN = "piecewise"
_LIKE_A_LISTED_ONE = {Result.MATCH, Result.NEAR}
_LOOKED_AT_EACH_TIME = 64 << 20
"""An unfinished image of up to so many bytes is checked after each piece: part of it shows already."""

Headers = Sequence[tuple[str, str]]


def _nothing(_headers: Headers) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome for a piece, and what is to be done when the application has taken it, by its headers."""

    outcome: Outcome | None
    accepted: Callable[[Headers], None] = _nothing


@dataclass(frozen=True, slots=True)
class PieceRequest:
    """A request whose `files`, among all its `uploads`, are to be one `piece`.

    The paths of the application, such as that of `source`, count from `mount` (SCRIPT_NAME).
    """

    piece: Piece
    uploads: Sequence[Upload]
    files: Sequence[Upload]
    source: Source
    mount: str = ""


@dataclass(frozen=True, slots=True)
class PieceChecker:
    """Judges a request that brings a piece."""

    assembly: Assembly

    def check(self, request: PieceRequest, route: Route, opened: ExitStack) -> Taken:
        """What has come is checked as it is, by itself and with the pieces before it.

        Only a match refuses it then: an unfinished image is always truncated. The whole is judged like any
        other upload. What is `opened` for that stays so until the application has answered.
        Raises a `RequestError` for a piece that cannot be placed.
        """
        piece, source = request.piece, request.source
        if route.rule.pieces is Pieces.PASS:
            log.warning("PASSED UNSEEN: a piece of an upload to %s", source.route)
            return Taken(Outcome(passed_unchecked(_UNSEEN)))
        if piece.creates and not request.uploads:
            return Taken(None, lambda headers: self._expect(request, headers))
        part = _only(request.files, piece)
        beside = [upload for upload in request.uploads if upload is not part]
        others = strongest(route.guard.check(beside))
        if others is not None and others.verdict.action.refuses:
            return Taken(others)
        alone = _refused_if_listed(part, route)
        if alone is not None:
            return Taken(alone)
        key = _key(source, piece.upload, part.file_name if piece.by_range else "")
        so_far = opened.enter_context(self.assembly.add(key, piece, part.content, part.digest.size))
        return Taken(_judged(so_far, part, route), lambda _headers: so_far.keep())

    def _expect(self, request: PieceRequest, headers: Headers) -> None:
        """tus: the answer names the address to which the upload of this length will come."""
        location = next((value for name, value in headers if name.lower() == "location"), "")
        total = request.piece.total
        if location and total is not None:
            here = request.mount + request.source.route
            path = unquote(urlsplit(urljoin(here, location)).path, "latin-1").removeprefix(request.mount)
            self.assembly.expect(_key(replace(request.source, route=path), path, ""), total)


def _only(files: Sequence[Upload], piece: Piece) -> Upload:
    if not piece.has_place:
        raise PiecewiseUpload("a piece that nobody but the application could place")
    if len(files) != 1:
        raise AmbiguousRequest("a piece is to be the only file of its request")
    if piece.length not in (None, files[0].digest.size):
        raise AmbiguousRequest("a piece has another length than its range")
    return files[0]


def _key(source: Source, upload: str, file_name: str) -> str:
    """What the pieces of one upload have in common.

    Who sends them is left out: pieces of two senders under one name would be one file to many applications.
    """
    return "\0".join([source.site, source.route, upload, file_name])


def _judged(so_far: Assembled, part: Upload, route: Route) -> Outcome | None:
    if not (so_far.complete or _may_be_used_already(so_far)):
        return Outcome(passed_unchecked(_UNSEEN))
    with so_far.content.open() as stream:
        whole = replace(part, content=so_far.content, digest=digest_of(stream))
    if so_far.complete:
        return strongest(route.guard.check([whole]))
    return _refused_if_listed(whole, route) or Outcome(passed_unchecked(_UNSEEN))


def _may_be_used_already(so_far: Assembled) -> bool:
    if not so_far.end_is_known:
        return True
    with so_far.content.open() as stream:
        return so_far.content.size <= _LOOKED_AT_EACH_TIME and sniff(stream.read(HEAD)) is not None


def _refused_if_listed(upload: Upload, route: Route) -> Outcome | None:
    """The outcome, with the upload kept, if it is like a listed one and refused for that; else nothing."""
    verdict = route.guard.inspect(upload)
    if verdict.result not in _LIKE_A_LISTED_ONE or not verdict.action.refuses:
        return None
    return strongest(route.guard.check([upload]))
