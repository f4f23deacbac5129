"""Glimpses hold so little that nothing finer can be had from them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.imaging.files import OTHER, TARGET, several, written
from upload_guard.demo.pictures import landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import sniff
from upload_guard.imaging.glimpses import glimpse_of, image_glimpses
from upload_guard.records import GLIMPSE_SIDE, Analysis, Glimpse, View


def looked_at(data: bytes) -> Analysis:
    image_format = sniff(data)
    assert image_format is not None
    return image_glimpses(io.BytesIO(data), image_format, Budget(ScanLimits()))


def samples_of(glimpse: Glimpse) -> np.ndarray:
    return np.frombuffer(glimpse.samples, np.uint8).reshape(glimpse.height, glimpse.width)


@pytest.mark.parametrize(
    ("size", "samples"),
    [
        ((4000, 3000), (32, 24)),
        ((600, 800), (24, 32)),
        ((256, 256), (32, 32)),
        ((128, 96), (16, 12)),
        ((16, 16), (2, 2)),
        ((7, 7), (1, 1)),
        ((5000, 3), (32, 1)),
    ],
)
def test_a_glimpse_has_few_samples_and_of_a_small_picture_fewer(
    size: tuple[int, int], samples: tuple[int, int]
) -> None:
    glimpse = glimpse_of(View("frame 0", Image.new("L", size, 90)))
    assert (glimpse.width, glimpse.height) == samples
    assert set(glimpse.samples) == {90}


def test_what_is_finer_than_a_sample_is_gone_for_good() -> None:
    """Two pictures that look nothing alike from near give the very same glimpse."""
    plain = np.full((256, 256), 100, np.uint8)
    rows, columns = np.indices(plain.shape)
    checked = np.where((rows + columns) % 2, 0, 200).astype(np.uint8)
    glimpses = [glimpse_of(View("", Image.fromarray(each))) for each in (plain, checked)]
    assert glimpses[0] == glimpses[1]


def test_text_of_12_pixels_cannot_be_read_out_of_a_glimpse() -> None:
    """What of the text is left in the samples: what is brighter or darker there than the means alone say."""
    without = landscape(5, (800, 600)).convert("L")
    with_text = without.copy()
    draw, font = ImageDraw.Draw(with_text), ImageFont.load_default(12)
    for line in range(20):
        draw.text((20, 20 + 28 * line), "the quick brown fox 0123456789 " * 4, fill=255, font=font)
    text = np.asarray(with_text, float) - np.asarray(without, float)
    glimpse = samples_of(glimpse_of(View("", with_text)))
    enlarged = np.asarray(Image.fromarray(glimpse).resize((800, 600), Image.Resampling.BICUBIC), float)
    seen = enlarged - np.asarray(without, float)
    assert share_of_fine(text, text) == pytest.approx(1)
    assert abs(share_of_fine(text, enlarged)) < 0.05
    # Where letters are, some brightness stays; which letters they are does not.
    assert seen.std() > 0


def share_of_fine(text: np.ndarray, other: np.ndarray) -> float:
    """How far the frequencies of letters (periods under 12 pixels) in one follow those in the other."""
    one, two = letters(text), letters(other)
    return float((one * two).sum() / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-9))


def letters(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft2(samples)
    down, across = np.fft.fftfreq(samples.shape[0]), np.fft.rfftfreq(samples.shape[1])
    spectrum[np.hypot(down[:, None], across[None, :]) < 1 / 12] = 0
    return np.fft.irfft2(spectrum, samples.shape)


def test_colour_is_gone() -> None:
    """Red and green of the same luma are the same grey."""
    red, green = (Image.new("RGB", (64, 64), colour) for colour in ((200, 0, 0), (0, 102, 0)))
    assert looked_at(written(red, "PNG")) == looked_at(written(green, "PNG"))


def test_each_frame_has_a_glimpse_under_the_name_that_matches_give_it() -> None:
    found = looked_at(several("GIF", TARGET, OTHER))
    assert [one.view for one in found.glimpses] == ["frame 0", "frame 1"]
    assert found.glimpses[0].samples != found.glimpses[1].samples


def test_of_a_cut_picture_what_shows_is_glimpsed_and_the_rest_said() -> None:
    data = written(TARGET, "JPEG")
    found = looked_at(data[: len(data) // 2])
    assert found.unscannable == "truncated"
    assert len(found.glimpses) == 1


def test_no_glimpse_has_more_samples_than_the_sandbox_may_hand_out() -> None:
    found = looked_at(written(landscape(3, (1500, 1500)), "PNG"))
    assert max(found.glimpses[0].width, found.glimpses[0].height) == GLIMPSE_SIDE
