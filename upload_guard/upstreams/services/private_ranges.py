"""Asks another upload_guard for all digests that begin as ours does: of lists whose digests may be given out.

The service learns those first digits, as it does with the ranges of Have I Been Pwned's passwords. Only whole
digests can be asked about so, and no PDQ.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from upload_guard.errors import EpochOver
from upload_guard.private.wire import RANGE_PATH, Offer, RangeAnswer, RangeOffer
from upload_guard.records import EXACT_TYPES, Signal, SignalType
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.private_door import NOT_OFFERED, PrivateDoor
from upload_guard.upstreams.services.service import Hit, Question, Told, one_by_one


@dataclass(frozen=True, slots=True)
class RangeService:
    """A `CheckService`."""

    door: PrivateDoor

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return EXACT_TYPES

    @property
    def takes_files(self) -> bool:
        return False

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`. Takes a request for each digest, and now and then one more."""
        return self.door.asked(question, self._told, seconds)

    def _told(self, digests: tuple[Signal, ...], offer: Offer, deadline: Deadline) -> Told:
        offered = {one.signal_type: one for one in offer.ranges}
        asked = tuple(one for one in digests if one.type in offered)

        def hits(one: Signal) -> Told:
            return Told(self._hits(one, offered[one.type], offer, deadline))

        return one_by_one(asked, hits) if asked else NOT_OFFERED

    def _hits(self, signal: Signal, its: RangeOffer, offer: Offer, deadline: Deadline) -> tuple[Hit, ...]:
        digits = signal.value.hex()
        prefix, rest = digits[: its.digits], digits[its.digits :]
        target = f"{RANGE_PATH}/{signal.type.value}/{prefix}"
        answer = self.door.get(target, RangeAnswer, deadline)
        if answer.epoch != offer.epoch:
            raise EpochOver(f"asked about epoch {offer.epoch} and answered about {answer.epoch}")
        records = [one.partition(":") for one in answer.records]
        told = answer.signal_type, answer.prefix, len(records)
        if told != (signal.type, prefix, its.size) or any(len(one) != len(rest) for one, _, _ in records):
            raise self.door.garbled("another range than it offered")
        found = [number for one, _, number in records if hmac.compare_digest(one, rest)]
        return tuple(hit for one in found for hit in self.door.hits(signal, offer.labels, int(one, 16)))
