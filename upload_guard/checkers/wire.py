"""What goes over the wire between a sidecar and who asks it, as both sides know it.

Light, as `remote` is: neither numpy, Pillow nor SQLAlchemy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from upload_guard.records import Action, Outcome, Result, Signal, SignalType, Verdict

CHECK_PATH = "/v1/check"
SIGNALS_PATH = "/v1/check/signals"
BATCH_PATH = "/v1/batch"
BATCH_LIMIT = 1000
UPLOADS_PATH = "/v1/uploads"


def _hex(size: int) -> StringConstraints:
    return StringConstraints(pattern=f"^[0-9A-Fa-f]{{{2 * size}}}$")


Md5 = Annotated[str, _hex(SignalType.MD5.size)]
Sha1 = Annotated[str, _hex(SignalType.SHA1.size)]
Sha256 = Annotated[str, _hex(SignalType.SHA256.size)]
Pdq = Annotated[str, _hex(SignalType.PDQ.size)]


class CheckAnswer(BaseModel):
    """The body of a 200 from `POST /v1/check`. Names no list and no distance."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    result: Result
    action: Literal["allow", "monitor", "quarantine", "block"]
    reason: str = Field("", max_length=64)
    case: str = Field("", max_length=64)
    degraded: tuple[str, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        verdict = outcome.verdict
        return cls.model_validate(
            {
                "result": verdict.result,
                "action": verdict.action.label,
                "reason": verdict.reason,
                "case": outcome.case,
                "degraded": verdict.degraded,
            }
        )

    @model_validator(mode="after")
    def _clean_passes(self) -> CheckAnswer:
        if self.result is Result.CLEAN and Action.from_label(self.action).refuses:
            raise ValueError("a clean upload is not refused")
        return self

    def outcome(self) -> Outcome:
        action = Action.from_label(self.action)
        return Outcome(Verdict(self.result, action, self.reason, (), self.degraded), self.case)


class NeedFile(StrEnum):
    """Whether the file is wanted as well, and what for.

    `to_look`: only it tells. `to_keep`: it is refused whatever is in it, and its bytes are to be kept.
    """

    NO = "no"
    TO_LOOK = "to_look"
    TO_KEEP = "to_keep"


def place_path(upload_id: str) -> str:
    """Where it is told that this upload went somewhere."""
    return f"{UPLOADS_PATH}/{upload_id}/place"


class PlaceQuestion(BaseModel):
    """Where an upload went."""

    model_config = ConfigDict(extra="forbid")

    place: str = Field(
        min_length=1,
        max_length=1024,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="A locator such as file:///srv/media/a.jpg, or the site's own name for it.",
    )


class PlaceAnswer(BaseModel):
    """`kept` is false where the server remembers no uploads ([retro] days), or knows this place already."""

    kept: bool


class SignalsQuestion(BaseModel):
    """Hashes of one file, in hex; `size` in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Sha256
    sha1: Sha1 | None = None
    md5: Md5 | None = None
    pdq: Pdq | None = None
    size: Annotated[int, Field(ge=0, le=1 << 62)] | None = None

    def signals(self) -> tuple[Signal, ...]:
        given = {
            SignalType.MD5: self.md5,
            SignalType.SHA1: self.sha1,
            SignalType.SHA256: self.sha256,
            SignalType.PDQ: self.pdq,
        }
        return tuple(Signal(kind, bytes.fromhex(value)) for kind, value in given.items() if value)


class SignalsAnswer(BaseModel):
    """`verdict` is null just where `need_file` is `to_look`: then nothing is known, and that is not clean."""

    model_config = ConfigDict(frozen=True)

    need_file: NeedFile
    verdict: CheckAnswer | None

    @model_validator(mode="after")
    def _hangs_together(self) -> SignalsAnswer:
        refuses = self.verdict is not None and Action.from_label(self.verdict.action).refuses
        if (self.verdict is None) != (self.need_file is NeedFile.TO_LOOK):
            raise ValueError("a verdict where only the file tells, or none where it is not needed")
        if refuses != (self.need_file is NeedFile.TO_KEEP):
            raise ValueError("what is refused is to be kept, and nothing else")
        return self


class BatchQuestion(BaseModel):
    """Hashes of many files at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[SignalsQuestion, ...] = Field(min_length=1, max_length=BATCH_LIMIT)


class BatchAnswer(BaseModel):
    """An answer for each file, in the order of the question."""

    model_config = ConfigDict(frozen=True)

    answers: tuple[SignalsAnswer, ...]
