"""What customers tell a check service, as both sides know it: `POST /v1/outcomes`.

Light, as `checkers.wire` is: neither numpy, Pillow nor SQLAlchemy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from upload_guard.records import Signal, SignalType

OUTCOMES_PATH = "/v1/outcomes"
OUTCOMES_LIMIT = 200
HIT_ID = r"^[0-9a-f]{32}$"


class HitOutcome(StrEnum):
    """What a customer did about something that is listed: `removed` it, has it `quarantined` where nobody
    sees it, `escalated` it to somebody else; or it looked and says `false_positive`, or `not_found`: it was
    gone, or never there."""

    REMOVED = "removed"
    QUARANTINED = "quarantined"
    ESCALATED = "escalated"
    FALSE_POSITIVE = "false_positive"
    NOT_FOUND = "not_found"


class NamedHash(BaseModel):
    """A hash as it was asked for, `value` in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: SignalType
    value: Annotated[str, StringConstraints(pattern="^([0-9A-Fa-f]{2})+$", max_length=64)]

    @model_validator(mode="after")
    def _has_the_size_of_its_type(self) -> Self:
        if len(self.value) != 2 * self.type.size:
            raise ValueError(f"{self.type} has {2 * self.type.size} hexadecimal digits")
        return self

    def signal(self) -> Signal:
        return Signal(self.type, bytes.fromhex(self.value))


class OutcomeTold(BaseModel):
    """What became of one hit, named by the id that its answer had, or by a hash that was asked for.

    `at` is when that was done; without it, now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hit: str | None = Field(default=None, pattern=HIT_ID)
    hash: NamedHash | None = None
    outcome: HitOutcome
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.hit is None) == (self.hash is None):
            raise ValueError("name either a hit or a hash")
        return self


class OutcomesQuestion(BaseModel):
    """Many at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcomes: tuple[OutcomeTold, ...] = Field(min_length=1, max_length=OUTCOMES_LIMIT)


class OutcomesAnswer(BaseModel):
    """For each outcome, in the order of the question, whether a hit of the key's own site goes by that name.

    False says nothing of what is listed, or of anybody else.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    known: tuple[bool, ...]
