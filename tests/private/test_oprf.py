"""RFC 9497 on ristretto255-SHA512: its published vectors (appendix A.1), and what must hold for any input."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upload_guard.errors import BadElement
from upload_guard.private import group
from upload_guard.private.oprf import KeyPair, Mode, Oprf

SEED, INFO = bytes([0xA3]) * 32, b"test key"
ZERO, FIVES = b"\0", b"\x5a" * 17
BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
SECOND = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
OPRF, VOPRF = Oprf(Mode.OPRF), Oprf(Mode.VOPRF)


@dataclass(frozen=True)
class Vector:
    """One of appendix A.1.1 or A.1.2; all but `inputs` in hex."""

    inputs: tuple[bytes, ...]
    blinds: tuple[str, ...]
    blinded: tuple[str, ...]
    evaluated: tuple[str, ...]
    outputs: tuple[str, ...]
    proof: str = ""
    drawn: str = ""


PLAIN = (
    Vector(
        (ZERO,),
        (BLIND,),
        ("609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",),
        ("7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",),
        (
            "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3"
            "ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6",
        ),
    ),
    Vector(
        (FIVES,),
        (BLIND,),
        ("da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",),
        ("b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",),
        (
            "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4"
            "f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73",
        ),
    ),
)
ZERO_OUTPUT = (
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
    "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
)
FIVES_OUTPUT = (
    "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
    "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
)
VERIFIABLE = (
    Vector(
        (ZERO,),
        (BLIND,),
        ("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",),
        ("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",),
        (ZERO_OUTPUT,),
        "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
        "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
        SECOND,
    ),
    Vector(
        (FIVES,),
        (BLIND,),
        ("cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",),
        ("60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",),
        (FIVES_OUTPUT,),
        "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
        "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
        SECOND,
    ),
    Vector(
        (ZERO, FIVES),
        (BLIND, SECOND),
        (
            "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
            "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
        ),
        (
            "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
            "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
        ),
        (ZERO_OUTPUT, FIVES_OUTPUT),
        "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
        "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
        "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c",
    ),
)
PAIR_OF = {
    Mode.OPRF: "5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e",
    Mode.VOPRF: "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909",
}
CASES = [(OPRF, vector) for vector in PLAIN] + [(VOPRF, vector) for vector in VERIFIABLE]
every_vector = pytest.mark.parametrize(
    ("oprf", "vector"), CASES, ids=["oprf 1", "oprf 2", "voprf 1", "voprf 2", "voprf of two"]
)


def pair_of(oprf: Oprf) -> KeyPair:
    return oprf.key_pair(SEED, INFO)


@pytest.mark.parametrize("mode", list(Mode), ids=[mode.name for mode in Mode])
def test_the_key_of_the_rfc_comes_of_its_seed(mode: Mode) -> None:
    assert pair_of(Oprf(mode)).secret.hex() == PAIR_OF[mode]


def test_the_public_key_of_the_rfc_comes_of_its_seed() -> None:
    assert pair_of(VOPRF).public.hex() == "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"


@every_vector
def test_the_vectors_of_the_rfc_hold(oprf: Oprf, vector: Vector) -> None:
    pair = pair_of(oprf)
    blinded = [
        oprf.blind(one, lambda blind=blind: bytes.fromhex(blind))  # type: ignore[misc]
        for one, blind in zip(vector.inputs, vector.blinds, strict=True)
    ]
    assert tuple(one.element.hex() for one in blinded) == vector.blinded
    evaluated = oprf.evaluate_blinded(pair, [one.element for one in blinded])
    assert tuple(one.hex() for one in evaluated) == vector.evaluated
    outputs = [oprf.finalize(one, other) for one, other in zip(blinded, evaluated, strict=True)]
    assert tuple(one.hex() for one in outputs) == vector.outputs
    assert [oprf.evaluate(pair.secret, one) for one in vector.inputs] == outputs


@pytest.mark.parametrize("vector", VERIFIABLE, ids=["1", "2", "of two"])
def test_the_proofs_of_the_rfc_hold(vector: Vector) -> None:
    blinded = [bytes.fromhex(one) for one in vector.blinded]
    evaluated = [bytes.fromhex(one) for one in vector.evaluated]
    proof = VOPRF.prove(pair_of(VOPRF), blinded, evaluated, lambda: bytes.fromhex(vector.drawn))
    assert proof.hex() == vector.proof
    VOPRF.verify(pair_of(VOPRF).public, blinded, evaluated, proof)


# RFC 9380, K.3: expand_message_xmd(SHA-512).
@pytest.mark.parametrize(
    ("message", "length", "expected"),
    [
        (b"", 0x20, "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"),
        (b"abc", 0x20, "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc"),
    ],
    ids=["nothing", "abc"],
)
def test_messages_are_expanded_as_rfc_9380_has_it(message: bytes, length: int, expected: str) -> None:
    tag = b"QUUX-V01-CS02-with-expander-SHA512-256"
    assert group.expanded(message, tag, length).hex() == expected


def test_a_long_expansion_is_made_of_chained_blocks() -> None:
    tag = b"QUUX-V01-CS02-with-expander-SHA512-256"
    assert group.expanded(b"", tag, 0x80).hex() == (
        "41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921"
        "b052b62eaed99b46f72f2ef4cc96bfaf254ebbbec091e1a3b9e4fb5e5b619d2e"
        "0c5414800a1d882b62bb5cd1778f098b8eb6cb399d5d9d18f5d5842cf5d13d7e"
        "b00a7cff859b605da678b318bd0e65ebff70bec88c753b159a805d2c89c55961"
    )


@settings(max_examples=60, deadline=None)
@given(
    inputs=st.lists(st.binary(max_size=64), min_size=1, max_size=4), seed=st.binary(min_size=32, max_size=32)
)
def test_what_a_client_gets_is_what_the_server_would_compute(inputs: list[bytes], seed: bytes) -> None:
    pair = VOPRF.key_pair(seed, b"")
    blinded = [VOPRF.blind(one) for one in inputs]
    sent = [one.element for one in blinded]
    evaluated = VOPRF.evaluate_blinded(pair, sent)
    VOPRF.verify(pair.public, sent, evaluated, VOPRF.prove(pair, sent, evaluated))
    for one, other in zip(blinded, evaluated, strict=True):
        assert VOPRF.finalize(one, other) == VOPRF.evaluate(pair.secret, one.input)


@settings(max_examples=30, deadline=None)
@given(input_=st.binary(max_size=64))
def test_the_same_input_is_sent_as_something_else_each_time(input_: bytes) -> None:
    assert VOPRF.blind(input_).element != VOPRF.blind(input_).element


def test_an_evaluation_under_another_key_is_no_miss_but_a_fault() -> None:
    ours, other = VOPRF.key_pair(SEED, b"ours"), VOPRF.key_pair(SEED, b"other")
    sent = [VOPRF.blind(b"x").element]
    evaluated = VOPRF.evaluate_blinded(other, sent)
    proof = VOPRF.prove(other, sent, evaluated)
    with pytest.raises(BadElement, match="not made under the key"):
        VOPRF.verify(ours.public, sent, evaluated, proof)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 511))
def test_a_proof_with_any_bit_turned_proves_nothing(at: int) -> None:
    pair = pair_of(VOPRF)
    sent = [VOPRF.blind(b"x").element, VOPRF.blind(b"y").element]
    evaluated = VOPRF.evaluate_blinded(pair, sent)
    turned = int.from_bytes(VOPRF.prove(pair, sent, evaluated), "little") ^ (1 << at)
    with pytest.raises(BadElement):
        VOPRF.verify(pair.public, sent, evaluated, turned.to_bytes(64, "little"))


def test_a_proof_of_two_evaluations_does_not_hold_for_them_in_another_order() -> None:
    pair = pair_of(VOPRF)
    sent = [VOPRF.blind(b"x").element, VOPRF.blind(b"y").element]
    evaluated = VOPRF.evaluate_blinded(pair, sent)
    proof = VOPRF.prove(pair, sent, evaluated)
    with pytest.raises(BadElement):
        VOPRF.verify(pair.public, sent, evaluated[::-1], proof)


# From RFC 9496, A.3: not in their one form, negative, or no square.
BAD = {
    "the identity": "00" * 32,
    "not below the prime": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "the highest bit set": "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "negative": "0100000000000000000000000000000000000000000000000000000000000000",
    "no square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "too short": "00" * 31,
    "too long": "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d7600",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_element_is_neither_evaluated_nor_finalized_nor_a_public_key(data: str) -> None:
    pair, bad = pair_of(VOPRF), bytes.fromhex(data)
    good = VOPRF.blind(b"x")
    evaluated = VOPRF.evaluate_blinded(pair, [good.element])
    proof = VOPRF.prove(pair, [good.element], evaluated)
    for act in (
        lambda: VOPRF.evaluate_blinded(pair, [good.element, bad]),
        lambda: VOPRF.finalize(good, bad),
        lambda: VOPRF.verify(bad, [good.element], evaluated, proof),
        lambda: VOPRF.verify(pair.public, [good.element], [bad], proof),
    ):
        with pytest.raises(BadElement):
            act()


def test_a_proof_whose_scalars_are_not_reduced_is_refused() -> None:
    pair = pair_of(VOPRF)
    sent = [VOPRF.blind(b"x").element]
    evaluated = VOPRF.evaluate_blinded(pair, sent)
    proof = VOPRF.prove(pair, sent, evaluated)
    more = int.from_bytes(proof[:32], "little") + group.ORDER
    with pytest.raises(BadElement, match="no scalar"):
        VOPRF.verify(pair.public, sent, evaluated, more.to_bytes(32, "little") + proof[32:])


def test_the_copy_of_libsodium_that_is_unpacked_at_each_start_does_not_stay(tmp_path: Path) -> None:
    code = "from upload_guard.private import group; print(len(group.random_scalar()))"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == "32", ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_secrets_do_not_show() -> None:
    pair, blinded = pair_of(VOPRF), VOPRF.blind(b"the digest")
    assert repr(pair.secret) not in repr(pair)
    assert repr(blinded.blind) not in repr(blinded)
    assert "the digest" not in repr(blinded)
