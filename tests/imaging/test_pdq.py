"""Our PDQ, judged by the `pdqhash` package, which binds the C++ filter, and by the C++ hasher of files."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.cpp_hasher import cpp_hasher
from upload_guard.demo.pictures import landscape
from upload_guard.imaging.pdq import PdqHash, pdq, squashed

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
    (1152, 864),
    (2000, 1500),
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


# Wide, narrow, just over the bound, as a reduced photo is, larger than any reduced one.
LARGE = [(513, 512), (512, 513), (513, 20), (700, 300), (33, 1000), (800, 600), (1536, 1024), (2100, 1500)]


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_squashed_form_has_the_hash_of_the_cpp_hasher_bit_for_bit(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    luma, file = drawn(2, size), tmp_path / "picture.pgm"
    Image.fromarray(luma).save(file)
    run = subprocess.run([cpp_hasher(), file], check=True, capture_output=True, text=True)
    digits, quality, _ = run.stdout.split(",")
    small = squashed(luma)
    assert small is not None
    # It prints words without their leading zeros.
    assert (int.from_bytes(pdq(small).value, "big"), pdq(small).quality) == (int(digits, 16), int(quality))


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_squashed_form_is_the_filter_over_nearest_samples(judge: Any, size: tuple[int, int]) -> None:
    luma = drawn(1, size)
    height, width = luma.shape
    rows = [row * height // 512 for row in range(512)]
    columns = [column * width // 512 for column in range(512)]
    small = squashed(luma)
    assert small is not None
    assert pdq(small) == by_reference(judge, np.ascontiguousarray(luma[rows][:, columns]))


@pytest.mark.parametrize("size", [(512, 512), (512, 5), (256, 192)], ids=str)
def test_a_picture_of_no_side_over_512_has_one_form(size: tuple[int, int]) -> None:
    assert squashed(drawn(1, size)) is None


def test_the_two_forms_of_a_detailed_picture_differ() -> None:
    luma = np.asarray(landscape(1, (2100, 1500)).convert("L"))
    small = squashed(luma)
    assert small is not None
    assert 0 < bits_between(pdq(luma).value, pdq(small).value) <= 32
