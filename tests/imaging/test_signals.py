"""The perceptual signals of whole files."""

from __future__ import annotations

import io

import imagehash
import numpy as np
import pytest
from PIL import Image

from tests.support import pdq_of, recompressed
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import sniff
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, SignalType

LIMITS = ScanLimits(10_000_000, 40_000_000, 16, 50)
SIZE = (256, 192)


def signals_of(data: bytes, limits: ScanLimits = LIMITS) -> Analysis:
    image_format = sniff(data)
    assert image_format is not None
    return image_signals(io.BytesIO(data), image_format, Budget(limits))


def saved(image: Image.Image, name: str, *more: Image.Image) -> bytes:
    out = io.BytesIO()
    image.copy().save(out, name, save_all=bool(more), append_images=[one.copy() for one in more])
    return out.getvalue()


def picture(seed: int) -> bytes:
    return saved(landscape(seed, SIZE), "PNG")


def distance(one: bytes, other: bytes, kind: SignalType = SignalType.PDQ) -> int:
    values = []
    for data in (one, other):
        signal, *_ = [signal for signal in signals_of(data).signals if signal.type is kind]
        values.append(int.from_bytes(signal.value, "big"))
    return (values[0] ^ values[1]).bit_count()


FLAT = Image.new("RGB", SIZE, (120, 130, 140))


def test_a_picture_gives_a_pdq_with_its_quality_and_a_phash() -> None:
    data = picture(1)
    found = signals_of(data)
    first, second, *_ = found.signals
    assert (first.type, first.value, first.view) == (SignalType.PDQ, pdq_of(data), "frame 0")
    assert first.quality is not None
    assert 50 <= first.quality <= 100
    assert (second.type, second.view, second.quality) == (SignalType.PHASH, "frame 0", None)
    assert found.degraded == ()


@pytest.mark.parametrize("kind", [SignalType.PDQ, SignalType.PHASH])
def test_a_signal_is_as_long_as_its_type_says(kind: SignalType) -> None:
    assert {len(one.value) for one in signals_of(picture(1)).signals if one.type is kind} == {kind.size}


def test_the_phash_reads_as_imagehash_writes_it() -> None:
    image = landscape(1, SIZE).convert("L")
    (phash,) = [one for one in signals_of(saved(image, "PNG")).signals if one.type is SignalType.PHASH]
    assert phash.value.hex() == str(imagehash.phash(image))


def test_a_flat_picture_gives_no_signal_and_says_so() -> None:
    assert signals_of(saved(FLAT, "PNG")) == Analysis(degraded=("frame 0: low quality",))


def test_the_least_quality_is_a_limit() -> None:
    data = saved(FLAT, "PNG")
    found = signals_of(data, ScanLimits(10_000_000, 40_000_000, 16, 0))
    assert {signal.type for signal in found.signals} == {SignalType.PDQ, SignalType.PHASH}
    assert found.degraded == ()


def test_only_the_flat_frame_is_passed_over() -> None:
    found = signals_of(saved(landscape(1, SIZE), "TIFF", FLAT, landscape(2, SIZE)))
    assert {signal.view for signal in found.signals} == {"frame 0", "frame 2"}
    assert found.degraded == ("frame 1: low quality",)


def test_a_broken_last_frame_is_said_and_the_frames_before_it_still_count() -> None:
    data = saved(landscape(1, SIZE), "GIF", landscape(2, SIZE))
    found = signals_of(data[: int(len(data) * 0.9)])
    assert found.unscannable == "truncated"
    assert {signal.view for signal in found.signals} == {"frame 0", "frame 1"}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("quality", [30, 60])
def test_a_recompressed_picture_stays_within_31_bits(seed: int, quality: int) -> None:
    data = jpeg(landscape(seed, SIZE))
    assert distance(data, recompressed(data, (180, 135), quality)) <= 31


def test_a_recompressed_picture_stays_within_8_bits_of_phash() -> None:
    data = jpeg(landscape(1, SIZE))
    assert distance(data, recompressed(data, (180, 135)), SignalType.PHASH) <= 8


@pytest.mark.parametrize("seed", range(1, 8))
def test_different_pictures_do_not(seed: int) -> None:
    assert distance(picture(0), picture(seed)) > 31


def test_a_picture_in_noise_is_another_one_to_pdq() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)
    assert distance(picture(1), saved(Image.fromarray(noise), "PNG")) > 31
