"""Our PDQ, judged by the `pdqhash` package, which binds the C++ reference."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from upload_guard.demo.pictures import landscape
from upload_guard.imaging.pdq import PdqHash, pdq

Luma = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def judge() -> Any:
    try:
        return importlib.import_module("pdqhash")
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("pdqhash is missing, and in CI something must judge our PDQ")
        pytest.skip("pdqhash is not installed: pip install 'upload-guard[judge]', which needs a C++ compiler")


def drawn(seed: int, size: tuple[int, int]) -> Luma:
    return np.array(landscape(seed, (256, 192)).resize(size).convert("L"))


def by_reference(judge: Any, luma: Luma) -> PdqHash:
    bits, quality = judge.compute(np.stack([luma] * 3, axis=-1))
    return PdqHash(np.packbits(bits).tobytes(), quality)


def bits_between(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


SIZES = [
    (5, 5),
    (6, 7),
    (5, 31),
    (13, 9),
    (15, 17),
    (31, 29),
    (63, 65),
    (64, 64),
    (100, 37),
    (127, 129),
    (128, 128),
    (33, 1000),
    (1000, 33),
    (256, 192),
    (517, 389),
    (800, 600),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_a_drawn_picture_has_the_reference_hash_bit_for_bit(
    judge: Any, size: tuple[int, int], seed: int
) -> None:
    luma = drawn(seed, size)
    assert pdq(luma) == by_reference(judge, luma)


@pytest.mark.parametrize("size", [(5, 6), (64, 64), (131, 97), (300, 200)], ids=str)
def test_noise_has_the_reference_hash_bit_for_bit(judge: Any, size: tuple[int, int]) -> None:
    luma = np.random.default_rng(5).integers(0, 256, size, dtype=np.uint8)
    assert pdq(luma) == by_reference(judge, luma)


@pytest.mark.parametrize("size", [(16, 16), (16, 64), (245, 16)], ids=str)
def test_a_side_of_sixteen_pixels_leaves_few_bits_to_rounding(judge: Any, size: tuple[int, int]) -> None:
    # Sixteen samples have nothing at the sixteenth frequency: those bits compare rounding errors.
    luma = drawn(1, size)
    assert bits_between(pdq(luma).value, by_reference(judge, luma).value) <= 31
    assert pdq(luma).quality == by_reference(judge, luma).quality


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 4), (4, 9), (3, 200), (200, 3)], ids=str)
def test_a_side_below_five_pixels_has_no_quality_as_in_the_reference(
    judge: Any, size: tuple[int, int]
) -> None:
    luma = np.random.default_rng(5).integers(0, 256, size, dtype=np.uint8)
    assert by_reference(judge, luma).quality == 0
    assert pdq(luma).quality == 0


def test_a_hash_has_thirty_two_bytes_of_which_about_half_the_bits_are_set() -> None:
    value = pdq(drawn(1, (256, 192))).value
    assert len(value) == 32
    assert bits_between(value, bytes(32)) == 128


def test_a_flat_picture_has_no_quality() -> None:
    assert pdq(np.full((100, 100), 128, np.uint8)).quality == 0


def test_a_faint_picture_has_less_quality_than_a_strong_one() -> None:
    strong = drawn(1, (256, 192))
    assert pdq(strong // 16 + 100).quality < 50 <= pdq(strong).quality


def test_different_pictures_have_distant_hashes() -> None:
    hashes = [pdq(drawn(seed, (256, 192))).value for seed in range(6)]
    distances = [bits_between(one, other) for at, one in enumerate(hashes) for other in hashes[at + 1 :]]
    assert min(distances) > 60


def test_brighter_is_the_same_picture() -> None:
    luma = drawn(1, (256, 192)) // 2
    assert bits_between(pdq(luma).value, pdq(luma + 40).value) <= 4
