"""Where files begin in the middle of other bytes: all of them, in order, whatever surrounds them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import picture_bytes
from upload_guard.containers.search import BEGINNINGS, HIDDEN, Needles, beginnings

PICTURE = picture_bytes(1)
STEP = 1 << 20


def by_looking_everywhere(data: bytes, needles: Needles) -> list[int]:
    return [at for at in range(len(data)) if any(data.startswith(needle, at) for needle in needles.starts)]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=9),
            st.sampled_from(sorted(HIDDEN.starts)),
            st.sampled_from(sorted(HIDDEN.starts)).map(lambda needle: needle[:3]),
        ),
        max_size=20,
    ).map(b"".join)
)
def test_the_sift_lets_every_needle_through(data: bytes) -> None:
    spots = HIDDEN.candidates(data)
    assert spots == sorted(spots)
    assert [spot for spot in spots if any(HIDDEN.at(data, spot))] == by_looking_everywhere(data, HIDDEN)


@pytest.mark.parametrize("at", [0, 1, STEP - 1, STEP, STEP - 3, STEP + 1, 2 * STEP - 8])
def test_a_picture_is_found_wherever_it_begins(at: int) -> None:
    data = b"x" * at + PICTURE
    assert at in list(beginnings(io.BytesIO(data), 0, len(data), BEGINNINGS))
