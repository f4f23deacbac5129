"""What the output of the oblivious function says of a digest: its bucket, and how its record looks there.

    record: 16 bytes that name it | the number of its label (2, big-endian), masked by 2 bytes of the output

Whoever does not have the output, which takes the digest and an evaluation, can tell a record neither from
padding nor from a record of any other label.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Self

from upload_guard.private.oprf import Mode, Oprf
from upload_guard.records import SignalType

OBLIVIOUS = Oprf(Mode.VOPRF)
NAME_BYTES = 16
LABEL_BYTES = 2
RECORD_BYTES = NAME_BYTES + LABEL_BYTES
_NUMBER_BYTES = 4
MARK_BYTES = _NUMBER_BYTES + RECORD_BYTES


def input_of(kind: SignalType, value: bytes) -> bytes:
    """What the function is asked about; a digest of one kind never stands for one of another."""
    return kind.value.encode() + b"\0" + value


def number_in(head: bytes, bits: int) -> int:
    """The first `bits`, at most 32, as a number."""
    return int.from_bytes(head[:_NUMBER_BYTES], "big") >> (8 * _NUMBER_BYTES - bits)


@dataclass(frozen=True, slots=True)
class Mark:
    """The first bytes of an output."""

    data: bytes = field(repr=False)

    @classmethod
    def of(cls, output: bytes) -> Self:
        return cls(output[:MARK_BYTES])

    def number(self, bits: int) -> int:
        """The bucket it would be in, among 2 to the power of `bits`."""
        return number_in(self.data, bits)

    def record(self, label: int) -> bytes:
        return self._name + self._masked(label.to_bytes(LABEL_BYTES, "big"))

    def label_in(self, bucket: bytes) -> int | None:
        """The label's number where its record is in the bucket; takes the same time wherever that stands."""
        found = None
        for at in range(0, len(bucket), RECORD_BYTES):
            if hmac.compare_digest(bucket[at : at + NAME_BYTES], self._name):
                found = self._masked(bucket[at + NAME_BYTES : at + RECORD_BYTES])
        return None if found is None else int.from_bytes(found, "big")

    @property
    def _name(self) -> bytes:
        return self.data[_NUMBER_BYTES : _NUMBER_BYTES + NAME_BYTES]

    def _masked(self, label: bytes) -> bytes:
        return bytes(a ^ b for a, b in zip(label, self.data[_NUMBER_BYTES + NAME_BYTES :], strict=True))
