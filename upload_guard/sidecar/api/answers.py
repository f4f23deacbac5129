"""Answers as JSON, and what those with the scope `details` are told more of a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from flask import Response
from pydantic import BaseModel, RootModel

from upload_guard.checkers.wire import CheckAnswer
from upload_guard.records import Match, Outcome, SignalType


class MatchAnswer(BaseModel):
    """One entry that a signal of the file came near; `distance` in bits, 0 where it is exact.

    `excused`: it did not count, since the entry is disputed or the benign bank speaks for the file.
    """

    list: str
    version: int
    category: str
    signal_type: SignalType
    distance: int
    excused: bool


class DetailedAnswer(CheckAnswer):
    """The same for a machine of the administrator's own."""

    matches: tuple[MatchAnswer, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        matches = match_answers(outcome.verdict.matches)
        return super().of(outcome).model_copy(update={"matches": matches})


class VerdictAnswer(RootModel[DetailedAnswer | CheckAnswer]):
    """With `matches` for keys that have the scope `details`."""


def match_answers(matches: Iterable[Match]) -> tuple[MatchAnswer, ...]:
    return tuple(
        MatchAnswer(
            list=match.list_name,
            version=match.version,
            category=match.category,
            signal_type=match.signal_type,
            distance=match.distance,
            excused=match.excused,
        )
        for match in matches
    )


def answered(answer: BaseModel, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, mimetype="application/json")
