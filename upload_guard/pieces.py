"""Uploads in pieces, on routes that allow them: passed on unseen, or put together and checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from upload_guard.digests import digest_stream
from upload_guard.errors import AmbiguousRequest, PiecewiseUpload
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.assembly import Assembled, Assembly
from upload_guard.intake.pieces import Piece
from upload_guard.intake.rules import Pieces
from upload_guard.policy import passed_unchecked
from upload_guard.records import Outcome, Result, Upload, strongest
from upload_guard.routing import Route

log = logging.getLogger(__name__)

_UNSEEN = "piecewise"
_LIKE_A_LISTED_ONE = {Result.MATCH, Result.NEAR}
_LOOKED_AT_EACH_TIME = 64 << 20
"""An unfinished image of up to so many bytes is checked after each piece: part of it shows already."""


@dataclass(frozen=True, slots=True)
class PieceChecker:
    """Judges a request that brings a piece."""

    assembly: Assembly

    def check(
        self, uploads: Sequence[Upload], files: Sequence[Upload], piece: Piece, route: Route
    ) -> Outcome | None:
        """The outcome for a request whose `files`, among all its `uploads`, are to be one piece.

        What has come is checked as it is, by itself and with the pieces before it, and only a match refuses
        it then: an unfinished image is always truncated. The whole is judged like any other upload.
        Raises a `RequestError` for a piece that cannot be placed.
        """
        if route.rule.pieces is Pieces.PASS:
            log.warning("PASSED UNSEEN: a piece of an upload to %s", files[0].source.route if files else "-")
            return Outcome(passed_unchecked(_UNSEEN))
        part = _only(files, piece)
        others = strongest(route.guard.check([upload for upload in uploads if upload is not part]))
        if others is not None and others.verdict.action.refuses:
            return others
        alone = _refused_if_listed(part, route)
        if alone is not None:
            return alone
        with self.assembly.add(_key(part, piece), piece, part.content, part.digests.size) as so_far:
            return _judged(so_far, part, route)


def _only(files: Sequence[Upload], piece: Piece) -> Upload:
    if not piece.has_place:
        raise PiecewiseUpload("a piece that nobody but the application could place")
    if len(files) != 1:
        raise AmbiguousRequest("a piece is to be the only file of its request")
    if piece.length not in (None, files[0].digests.size):
        raise AmbiguousRequest("a piece has another length than its range")
    return files[0]


def _key(part: Upload, piece: Piece) -> str:
    """What the pieces of one upload have in common, as coarse as any application might see it.

    Who sends them is left out: pieces of two senders under one name would be one file to many applications.
    """
    name = part.file_name if piece.by_range else ""
    return "\0".join([part.source.site, part.source.route, piece.upload, name])


def _judged(so_far: Assembled, part: Upload, route: Route) -> Outcome | None:
    if not (so_far.complete or _may_be_used_already(so_far)):
        return Outcome(passed_unchecked(_UNSEEN))
    with so_far.content.open() as stream:
        whole = replace(part, content=so_far.content, digests=digest_stream(stream))
    outcome = strongest(route.guard.check([whole])) if so_far.complete else _refused_if_listed(whole, route)
    if so_far.complete or outcome is not None:
        so_far.forget()
    return outcome or Outcome(passed_unchecked(_UNSEEN))


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
