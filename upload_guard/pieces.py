"""Uploads in pieces, on routes that allow them: passed on unseen, or put together and checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upload_guard.digests import digest_stream
from upload_guard.intake.assembly import Assembly
from upload_guard.intake.pieces import Piece
from upload_guard.intake.rules import Pieces
from upload_guard.policy import passed_unchecked
from upload_guard.records import Outcome, Result, Upload, strongest
from upload_guard.routing import Route
from upload_guard.spans import FileContent

log = logging.getLogger(__name__)

_UNSEEN = "piecewise"


@dataclass(frozen=True, slots=True)
class PieceChecker:
    """Judges a request that brings a piece."""

    assembly: Assembly

    def check(self, uploads: Sequence[Upload], piece: Piece, route: Route, sender: str) -> Outcome | None:
        """The outcome for this request. A refused upload is forgotten here and kept by the guard.

        Where nobody says which piece is the last (tus), what has come so far is checked each time, and only
        a match refuses it: an unfinished image is always truncated.
        """
        if route.rule.pieces is Pieces.PASS:
            log.warning("PASSED UNSEEN: a piece of an upload to %s", uploads[0].source.route)
            return Outcome(passed_unchecked(_UNSEEN))
        largest = max(uploads, key=lambda upload: upload.digests.size)
        key = "\0".join([largest.source.site, largest.source.route, sender, piece.upload])
        path = self.assembly.add(key, piece.offset, largest.content)
        if not piece.last and piece.index is not None:
            return Outcome(passed_unchecked(_UNSEEN))
        return self._check_whole(path, largest, piece, route)

    def _check_whole(self, path: Path, upload: Upload, piece: Piece, route: Route) -> Outcome | None:
        with path.open("rb") as stream:
            whole = replace(upload, content=FileContent(path), digests=digest_stream(stream))
        if not piece.last and route.guard.inspect(whole).result not in {Result.MATCH, Result.NEAR}:
            return Outcome(passed_unchecked(_UNSEEN))
        outcome = strongest(route.guard.check([whole]))
        if piece.last or (outcome and outcome.verdict.action.refuses):
            path.unlink(missing_ok=True)
        return outcome
