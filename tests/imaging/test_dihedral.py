"""Eight hashes from one transform, judged by the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.imaging.files import bits_between
from upload_guard.demo.pictures import landscape
from upload_guard.imaging.dihedral import dihedral
from upload_guard.imaging.pdq import pdq

pdqhash: Any = pytest.importorskip("pdqhash")


def drawn(seed: int, size: tuple[int, int]) -> Any:
    return np.asarray(landscape(seed, (256, 192)).resize(size).convert("L"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [(64, 64), (100, 37), (256, 192), (517, 389)], ids=str)
def test_all_eight_are_those_of_the_reference_bit_for_bit(seed: int, size: tuple[int, int]) -> None:
    luma = drawn(seed, size)
    hashes, quality = pdqhash.compute_dihedral(np.stack([luma] * 3, axis=-1))
    ours = dihedral(luma)
    assert [one.value for _, one in ours] == [np.packbits(one).tobytes() for one in hashes]
    assert {one.quality for _, one in ours} == {quality}


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_the_names_say_what_was_done(turns: int, mirror: bool) -> None:
    luma = drawn(3, (512, 512))
    put = np.rot90(np.fliplr(luma) if mirror else luma, turns)
    words = ["mirrored"] * mirror + [f"turned {90 * turns}"] * bool(turns)
    found = dict(dihedral(luma))[", ".join(words)]
    assert bits_between(found.value, pdq(np.ascontiguousarray(put)).value) <= 31


def test_the_plain_one_comes_first() -> None:
    luma = drawn(1, (256, 192))
    assert dihedral(luma)[0] == ("", pdq(luma))


def test_too_small_a_picture_has_one_hash_without_quality() -> None:
    assert [one.quality for _, one in dihedral(np.zeros((4, 4), np.uint8))] == [0]
