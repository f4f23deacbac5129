"""POST /v1/check: one file in, its verdict out. Names list and distance only to a key with that scope."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from flask import Blueprint, Response, request
from pydantic import BaseModel

from upload_guard.checkers.remote import CHECK_PATH, CheckAnswer
from upload_guard.compose import Station
from upload_guard.errors import WrongPartCount
from upload_guard.guard import Guard
from upload_guard.intake.receive import received
from upload_guard.intake.rules import IntakeRule
from upload_guard.intake.types import is_form
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Match, Outcome, SignalType, Source, Upload
from upload_guard.sidecar.auth import caller, requires

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


class MatchAnswer(BaseModel):
    """One entry that a signal of the file came near; `distance` in bits, 0 where it is exact."""

    list: str
    version: int
    category: str
    signal_type: SignalType
    distance: int


class DetailedAnswer(CheckAnswer):
    """The same for a machine of the administrator's own."""

    matches: tuple[MatchAnswer, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        matches = tuple(map(_match, outcome.verdict.matches))
        return super().of(outcome).model_copy(update={"matches": matches})


def check_routes(station: Station, rule: IntakeRule) -> Blueprint:
    routes = Blueprint("check", __name__)

    @routes.post(CHECK_PATH)
    @requires(Scope.CHECK)
    def check() -> Response:
        """The file is the raw body or the only file of a form; `route` says where it came in, and
        the key of which site.

        `guessed=1`: it was found in a text by its first bytes, and may be none. `upload_id`: 32 hex
        digits, the same in all attempts to have one upload checked, which then end in one case.
        """
        source = Source(caller().site, request.args.get("route", ""), request.args.get("uploader", "")[:64])
        with received(_with_a_file(request.environ), rule, source) as body:
            upload = replace(
                _only(body.uploads),
                guessed=request.args.get("guessed") == "1",
                upload_id=_upload_id(request.args.get("upload_id", "")),
            )
            outcome = _outcome(station.guard, upload, dry_run=request.args.get("dry_run") == "1")
        kind = DetailedAnswer if Scope.DETAILS in caller().scopes else CheckAnswer
        return Response(kind.of(outcome).model_dump_json(), mimetype="application/json")

    return routes


def _upload_id(said: str) -> str:
    """Whoever asks gives one where they may ask again; else this attempt is the only one."""
    return said if _UPLOAD_ID.fullmatch(said) else secrets.token_hex(16)


def _match(match: Match) -> MatchAnswer:
    return MatchAnswer(
        list=match.list_name,
        version=match.version,
        category=match.category,
        signal_type=match.signal_type,
        distance=match.distance,
    )


def _outcome(guard: Guard, upload: Upload, *, dry_run: bool) -> Outcome:
    return Outcome(guard.inspect(upload)) if dry_run else guard.check([upload])[0]


def _with_a_file(environ: Mapping[str, Any]) -> Mapping[str, Any]:
    """A raw body is a file here, whatever its type: who asks has told fields from files."""
    if is_form(environ.get("CONTENT_TYPE") or ""):
        return environ
    return {**environ, "CONTENT_TYPE": "application/octet-stream"}


def _only(uploads: tuple[Upload, ...]) -> Upload:
    if len(uploads) != 1:
        raise WrongPartCount(f"{len(uploads)} files in one request")
    return uploads[0]
