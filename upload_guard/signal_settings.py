"""Options of signal types that plug-ins compute."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from upload_guard.records import WORD_BITS, SignalType
from upload_guard.sections import Section

Option = str | int | float | bool


class SignalSettings(Section):
    """One signal type: what computes it, how many bits it has, and how far a likeness reaches.

    `options` are the plug-in's own; they are judged by it, where files are decoded.
    """

    plugin: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "onnx"
    bits: int = Field(ge=64, le=512, multiple_of=WORD_BITS)
    limit: int = Field(ge=0, le=128)
    options: dict[str, Option] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tells_pictures_apart(self) -> Self:
        # Of two hashes that have nothing to do with each other half of the bits differ.
        if self.limit > self.bits // 4:
            raise ValueError(f"a table with a limit of at most a quarter of its bits ({self.bits // 4})")
        return self


def signal_type_of(name: str, settings: SignalSettings) -> SignalType:
    """What lists call it, as `neuralhash-96`."""
    return SignalType(f"{name}-{settings.bits}")
