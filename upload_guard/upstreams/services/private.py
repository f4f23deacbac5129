"""Asks another upload_guard about digests that it does not learn: OPRF by RFC 9497, then a bucket of many.

Only whole digests can be asked about so, and no PDQ: it is near others, and what is blinded is near nothing.
docs/private-checks.md tells what the service can still find out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from upload_guard.errors import BadElement, EpochOver
from upload_guard.private.marks import OBLIVIOUS, RECORD_BYTES, Mark, input_of
from upload_guard.private.wire import (
    BUCKETS_PATH,
    EVALUATE_PATH,
    MOST_BUCKETS,
    BucketsAnswer,
    EvaluateAnswer,
    EvaluateQuestion,
    ObliviousOffer,
    Offer,
)
from upload_guard.records import EXACT_TYPES, Signal, SignalType
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.private_door import NOT_OFFERED, PrivateDoor
from upload_guard.upstreams.services.service import Question, Told


@dataclass(frozen=True, slots=True)
class ObliviousService:
    """A `CheckService`. Each further type of digest that is asked about tells the service more."""

    door: PrivateDoor

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return EXACT_TYPES

    @property
    def takes_files(self) -> bool:
        return False

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`. Takes two requests for up to 32 digests, and now and then one more."""
        return self.door.asked(question, self._told, seconds)

    def _told(self, digests: tuple[Signal, ...], offer: Offer, deadline: Deadline) -> Told:
        asked = tuple(one for one in digests if one.type in offer.oblivious.signal_types)
        portions = [asked[at : at + MOST_BUCKETS] for at in range(0, len(asked), MOST_BUCKETS)]
        told = [self._portion(portion, offer, deadline) for portion in portions]
        return Told(tuple(hit for one in told for hit in one.hits)) if told else NOT_OFFERED

    def _portion(self, signals: Sequence[Signal], offer: Offer, deadline: Deadline) -> Told:
        marks = self._marks(signals, offer, deadline)
        numbers = [mark.number(offer.oblivious.bits) for mark in marks]
        buckets = self._buckets(sorted(set(numbers)), offer, deadline)
        found = (
            (signal, mark.label_in(buckets[number]))
            for signal, mark, number in zip(signals, marks, numbers, strict=True)
        )
        return Told(
            tuple(
                hit
                for signal, label in found
                if label is not None
                for hit in self.door.hits(signal, offer.labels, label)
            )
        )

    def _marks(self, signals: Sequence[Signal], offer: Offer, deadline: Deadline) -> list[Mark]:
        blinded = [OBLIVIOUS.blind(input_of(one.type, one.value)) for one in signals]
        sent = [one.element for one in blinded]
        question = EvaluateQuestion(epoch=offer.epoch, elements=tuple(one.hex() for one in sent))
        answer = self.door.post(EVALUATE_PATH, question, EvaluateAnswer, deadline)
        _refuse_another(answer.epoch, offer)
        evaluated = [bytes.fromhex(one) for one in answer.elements]
        try:
            public = bytes.fromhex(offer.oblivious.public_key)
            OBLIVIOUS.verify(public, sent, evaluated, bytes.fromhex(answer.proof))
            outputs = [OBLIVIOUS.finalize(*pair) for pair in zip(blinded, evaluated, strict=True)]
        except BadElement as error:
            raise self.door.garbled(f"evaluations that cannot be used: {error}") from None
        return [Mark.of(output) for output in outputs]

    def _buckets(self, numbers: Sequence[int], offer: Offer, deadline: Deadline) -> dict[int, bytes]:
        # In the order of their numbers, which says nothing of what is looked for in which.
        target = f"{BUCKETS_PATH}/{offer.epoch}?numbers={','.join(map(str, numbers))}"
        answer = self.door.get(target, BucketsAnswer, deadline)
        _refuse_another(answer.epoch, offer)
        try:
            buckets = [base64.b64decode(one, validate=True) for one in answer.buckets]
        except binascii.Error:
            raise self.door.garbled("buckets that are not base64") from None
        if len(buckets) != len(numbers) or any(len(one) != _length(offer.oblivious) for one in buckets):
            raise self.door.garbled("other buckets than it offered")
        return dict(zip(numbers, buckets, strict=True))


def _length(offer: ObliviousOffer) -> int:
    return offer.size * RECORD_BYTES


def _refuse_another(epoch: str, offer: Offer) -> None:
    if epoch != offer.epoch:
        raise EpochOver(f"asked about epoch {offer.epoch} and answered about {epoch}")
