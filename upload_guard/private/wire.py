"""What goes over the wire in private checks, as both sides know it; docs/private-checks.md shows it.

Light: neither numpy nor SQLAlchemy, nor libsodium.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from upload_guard.records import SignalType

OFFER_PATH = "/v1/private"
EVALUATE_PATH = f"{OFFER_PATH}/evaluate"
BUCKETS_PATH = f"{OFFER_PATH}/buckets"
RANGE_PATH = f"{OFFER_PATH}/range"
MOST_ELEMENTS = 100
MOST_BUCKETS = 32
MOST_BITS = 32

Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
Label = tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...]


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ObliviousOffer(_Said):
    """How to ask without telling: 2 to the power of `bits` buckets of `size` records each."""

    public_key: Hex32
    bits: int = Field(ge=0, le=MOST_BITS)
    size: int = Field(ge=1)
    signal_types: tuple[SignalType, ...]


class RangeOffer(_Said):
    """How to ask by the first `digits` hexadecimal digits: each range has `size` records."""

    signal_type: SignalType
    digits: int = Field(ge=1, le=8)
    size: int = Field(ge=1)


class Offer(_Said):
    """What may be asked privately now. `labels` are the categories that a record's number stands for."""

    epoch: Epoch
    built_at: datetime
    oblivious: ObliviousOffer
    ranges: tuple[RangeOffer, ...]
    labels: tuple[Label, ...]
    evaluations_left: int = Field(ge=0, description="Of this key, today (UTC).")


class EvaluateQuestion(BaseModel):
    """Blinded elements (RFC 9497, VOPRF), each in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: Epoch
    elements: tuple[Hex32, ...] = Field(min_length=1, max_length=MOST_ELEMENTS)


class EvaluateAnswer(_Said):
    """The same elements evaluated, in their order, and the proof of it."""

    epoch: Epoch
    elements: tuple[Hex32, ...]
    proof: Hex64


class BucketsAnswer(_Said):
    """The buckets asked for, in their order: records of 18 bytes one after another, in base64."""

    epoch: Epoch
    buckets: tuple[str, ...]


class RangeAnswer(_Said):
    """A whole range. A record is the rest of a digest, a colon, and its label's number, both in hex."""

    epoch: Epoch
    signal_type: SignalType
    prefix: str
    records: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,63}:[0-9a-f]{4}$")], ...]
