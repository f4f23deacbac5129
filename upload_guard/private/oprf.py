"""An oblivious pseudorandom function by RFC 9497, suite ristretto255-SHA512: `Oprf` as mode OPRF, or VOPRF.

The client blinds its input, the server multiplies by its key without learning anything of it, the client
takes the blind away and hashes. In mode VOPRF the server proves that it used the key of its public key: an
evaluation under another key would look like "not listed".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce

from upload_guard.errors import BadElement
from upload_guard.private import group

OUTPUT_BYTES = 64
PROOF_BYTES = 2 * group.SCALAR_BYTES
_SUITE = b"ristretto255-SHA512"


class Mode(IntEnum):
    """Of RFC 9497, 3.1; POPRF has no use here."""

    OPRF = 0
    VOPRF = 1


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Of a server: a scalar and the element that goes with it."""

    secret: bytes = field(repr=False)
    public: bytes


@dataclass(frozen=True, slots=True)
class Blinded:
    """What a client keeps of one input (`blind` is secret) and what it sends of it."""

    input: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    element: bytes


@dataclass(frozen=True, slots=True)
class Oprf:
    """The functions of one mode. What comes from outside raises `BadElement` where it is not of the group."""

    mode: Mode

    @property
    def _context(self) -> bytes:
        return b"OPRFV1-" + bytes([self.mode]) + b"-" + _SUITE

    def key_pair(self, seed: bytes, info: bytes) -> KeyPair:
        """RFC 9497, 3.2.1, DeriveKeyPair: of 32 secret bytes and whatever the key is for."""
        said = seed + _framed(info)
        for counter in range(256):
            secret = group.hash_to_scalar(said + bytes([counter]), b"DeriveKeyPair" + self._context)
            if any(secret):
                return KeyPair(secret, group.base_times(secret))
        raise BadElement("no key could be derived")

    def blind(self, input_: bytes, draw: Callable[[], bytes] = group.random_scalar) -> Blinded:
        """The client's first step. `draw` gives a scalar that is used once."""
        blind = draw()
        return Blinded(input_, blind, group.times(blind, self._hashed(input_)))

    def evaluate_blinded(self, pair: KeyPair, elements: Sequence[bytes]) -> tuple[bytes, ...]:
        """The server's step, on elements that strangers have sent."""
        return tuple(group.times(pair.secret, group.element(one)) for one in elements)

    def finalize(self, blinded: Blinded, evaluated: bytes) -> bytes:
        """The client's last step: the function's output, 64 bytes."""
        unblinded = group.times(group.invert(blinded.blind), group.element(evaluated))
        return _output(blinded.input, unblinded)

    def evaluate(self, secret: bytes, input_: bytes) -> bytes:
        """The same output for whoever has both key and input."""
        return _output(input_, group.times(secret, self._hashed(input_)))

    def prove(
        self,
        pair: KeyPair,
        blinded: Sequence[bytes],
        evaluated: Sequence[bytes],
        draw: Callable[[], bytes] = group.random_scalar,
    ) -> bytes:
        """RFC 9497, 2.2.1: that the secret of `pair` made `evaluated`. 64 bytes for any number of them."""
        weights = self._weights(pair.public, blinded, evaluated)
        many = _sum(weights, blinded)
        product = group.times(pair.secret, many)
        number = draw()
        challenge = self._challenge(
            pair.public, many, product, group.base_times(number), group.times(number, many)
        )
        return challenge + group.minus_product(number, challenge, pair.secret)

    def verify(
        self, public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
    ) -> None:
        """RFC 9497, 2.2.2. Raises `BadElement` for anything but a proof."""
        if len(blinded) != len(evaluated) or len(proof) != PROOF_BYTES:
            raise BadElement("the proof is not one of as many evaluations as were asked for")
        challenge, rest = (
            group.scalar(proof[: group.SCALAR_BYTES]),
            group.scalar(proof[group.SCALAR_BYTES :]),
        )
        weights = self._weights(group.element(public), blinded, evaluated)
        many, product = _sum(weights, blinded), _sum(weights, [group.element(one) for one in evaluated])
        said = self._challenge(
            public,
            many,
            product,
            group.add(group.base_times(rest), group.times(challenge, public)),
            group.add(group.times(rest, many), group.times(challenge, product)),
        )
        if not hmac.compare_digest(said, challenge):
            raise BadElement("these evaluations were not made under the key that was named")

    def _hashed(self, input_: bytes) -> bytes:
        return group.element(group.hash_to_element(input_, b"HashToGroup-" + self._context))

    def _weights(
        self, public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]
    ) -> tuple[bytes, ...]:
        """Scalars that nobody could know before all elements were chosen."""
        seed = hashlib.sha512(_framed(public) + _framed(b"Seed-" + self._context)).digest()
        tag = b"HashToScalar-" + self._context
        return tuple(
            group.hash_to_scalar(
                _framed(seed) + number.to_bytes(2, "big") + _framed(one) + _framed(other) + b"Composite", tag
            )
            for number, (one, other) in enumerate(zip(blinded, evaluated, strict=True))
        )

    def _challenge(self, *elements: bytes) -> bytes:
        transcript = b"".join(map(_framed, elements)) + b"Challenge"
        return group.hash_to_scalar(transcript, b"HashToScalar-" + self._context)


def _sum(weights: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    return reduce(group.add, map(group.times, weights, elements))


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _output(input_: bytes, element: bytes) -> bytes:
    return hashlib.sha512(_framed(input_) + _framed(element) + b"Finalize").digest()
