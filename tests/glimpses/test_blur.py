"""What leaves the server: grey, blurred, small, and nothing beside the samples."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from upload_guard.demo.pictures import landscape
from upload_guard.glimpses.blur import LAST_STEP, SIDE, blurred
from upload_guard.imaging.glimpses import glimpse_of
from upload_guard.records import GLIMPSE_SIDE, Glimpse, View

STEPS = range(1, LAST_STEP + 1)


def glimpse(seed: int = 1, size: tuple[int, int] = (800, 600)) -> Glimpse:
    return glimpse_of(View("frame 0", landscape(seed, size).convert("L")))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def fine_detail(data: bytes) -> float:
    """How much of the picture's contrast has a period under 12 of its pixels."""
    samples = np.asarray(opened(data), float)
    # Without a window, the jump from one edge to the other would be taken for detail.
    window = np.outer(*map(np.hanning, samples.shape))
    spectrum = np.abs(np.fft.rfft2((samples - samples.mean()) * window)) ** 2
    down, across = np.fft.fftfreq(samples.shape[0]), np.fft.rfftfreq(samples.shape[1])
    fine = np.hypot(down[:, None], across[None, :]) > 1 / 12
    return float(spectrum[fine].sum() / spectrum.sum())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("size", [(800, 600), (600, 800), (3000, 40), (16, 16), (1, 1)])
def test_it_is_grey_and_at_most_96_pixels(step: int, size: tuple[int, int]) -> None:
    shown = opened(blurred(glimpse_of(View("", Image.new("L", size, 7))), step))
    assert shown.format == "PNG"
    assert shown.mode == "L"
    assert max(shown.size) == SIDE


@pytest.mark.parametrize("step", STEPS)
def test_nothing_but_the_samples_is_in_the_file(step: int) -> None:
    data, kinds, at = blurred(glimpse(), step), [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kinds.append(data[at + 4 : at + 8])
        at += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
    assert not opened(data).info


def test_each_step_shows_more_than_the_one_before() -> None:
    detail = [fine_detail(blurred(glimpse(), step)) for step in STEPS]
    assert detail == sorted(detail)
    assert len(set(detail)) == len(detail)


def test_even_the_last_step_is_blurred() -> None:
    """Beside the same picture that is only made as small."""
    small = io.BytesIO()
    landscape(1, (800, 600)).convert("L").resize((96, 72)).save(small, "PNG")
    assert fine_detail(blurred(glimpse(), LAST_STEP)) < fine_detail(small.getvalue()) / 2


@pytest.mark.parametrize(("step", "samples"), [(1, 8), (2, 16), (3, 32)])
def test_a_client_that_undoes_the_blur_finds_no_more_than_the_samples_of_the_step(
    step: int, samples: int
) -> None:
    """Whatever differs only within the cells of a step gives the very same file."""
    cell = GLIMPSE_SIDE // samples
    one = np.arange(GLIMPSE_SIDE**2).reshape(GLIMPSE_SIDE, GLIMPSE_SIDE) % 200
    means = one.reshape(samples, cell, samples, cell).mean(axis=(1, 3)).round()
    flat = means.repeat(cell, axis=0).repeat(cell, axis=1)
    rows, columns = np.indices(flat.shape)
    # The mean of each cell stays, to the last grey.
    wavy = flat + np.where((rows + columns) % 2, 20, -20) * (cell > 1)
    pictures = {
        blurred(Glimpse("", GLIMPSE_SIDE, (each + 20).astype(np.uint8).tobytes()), step)
        for each in (flat, wavy)
    }
    assert len(pictures) == 1
