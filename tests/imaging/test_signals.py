"""The perceptual signals of whole files."""

from __future__ import annotations

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.support import pdq_of, recompressed
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import ImageFormat, sniff
from upload_guard.imaging.pdq import pdq, squashed
from upload_guard.imaging.signals import image_signals
from upload_guard.imaging.views import views
from upload_guard.records import Analysis, SignalType

PERCEPTUAL = [kind for kind in SignalType if not kind.exact]
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


def test_a_picture_gives_a_pdq_with_its_quality_a_phash_and_a_dhash() -> None:
    data = picture(1)
    found = signals_of(data)
    first, second, third, *_ = found.signals
    assert (first.type, first.value, first.view) == (SignalType.PDQ, pdq_of(data), "frame 0")
    assert first.quality is not None
    assert 50 <= first.quality <= 100
    assert (second.type, second.view, second.quality) == (SignalType.PHASH, "frame 0", None)
    assert (third.type, third.view, third.quality) == (SignalType.DHASH, "frame 0", None)
    assert found.degraded == ()


@pytest.mark.parametrize("kind", PERCEPTUAL)
def test_a_signal_is_as_long_as_its_type_says(kind: SignalType) -> None:
    assert {len(one.value) for one in signals_of(picture(1)).signals if one.type is kind} == {kind.size}


COARSE = {SignalType.PHASH: imagehash.phash, SignalType.DHASH: imagehash.dhash}


def coarse(data: bytes, kind: SignalType) -> bytes:
    (found,) = [one.value for one in signals_of(data).signals if one.type is kind]
    return found


@pytest.mark.parametrize("kind", COARSE)
def test_a_coarse_hash_reads_as_imagehash_writes_it(kind: SignalType) -> None:
    image = landscape(1, SIZE).convert("L")
    assert coarse(saved(image, "PNG"), kind).hex() == str(COARSE[kind](image))


@pytest.mark.parametrize("kind", COARSE)
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_coarse_hash_of_a_large_picture_is_within_two_bits_of_the_full_one(
    kind: SignalType, seed: int
) -> None:
    image = landscape(seed, (2000, 1500)).convert("L")
    full = int(str(COARSE[kind](image)), 16)
    assert (int.from_bytes(coarse(saved(image, "PNG"), kind), "big") ^ full).bit_count() <= 2


def pdq_values(data: bytes) -> dict[str, bytes]:
    return {one.variant: one.value for one in signals_of(data).signals if one.type is SignalType.PDQ}


def test_a_picture_over_512_pixels_has_both_forms_of_pdq_in_all_eight_positions() -> None:
    image = landscape(1, (900, 600)).convert("L")
    found = pdq_values(saved(image, "PNG"))
    small = squashed(np.asarray(image))
    assert small is not None
    assert found["squashed"] == pdq(small).value
    assert found[""] == pdq(np.asarray(image)).value
    assert len([name for name in found if name.startswith("squashed")]) == 8
    assert len([name for name in found if not name.startswith(("squashed", "trimmed"))]) == 8


def test_a_picture_of_512_pixels_has_one_form() -> None:
    found = pdq_values(saved(landscape(1, (512, 400)), "PNG"))
    assert len(found) >= 8
    assert not [name for name in found if "squashed" in name]


@pytest.mark.parametrize("seed", range(3))
def test_a_large_jpeg_stays_within_ten_bits_of_both_full_forms(seed: int) -> None:
    # The published bound between implementations; a JPEG is decoded to a quarter of its pixels here.
    data = jpeg(landscape(seed, (2000, 1600)))
    luma = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    small = squashed(luma)
    assert small is not None
    found = pdq_values(data)
    for form, samples in (("", luma), ("squashed", small)):
        assert (
            int.from_bytes(found[form], "big") ^ int.from_bytes(pdq(samples).value, "big")
        ).bit_count() <= 10


def test_a_border_is_trimmed_for_both_forms() -> None:
    image = ImageOps.expand(landscape(1, (800, 600)).convert("L"), 100, 0)
    assert {"trimmed", "trimmed, squashed", "trimmed, squashed, turned 90"} <= pdq_values(
        saved(image, "PNG")
    ).keys()


def test_a_flat_picture_gives_no_signal_and_says_so() -> None:
    assert signals_of(saved(FLAT, "PNG")) == Analysis(degraded=("frame 0: low quality",))


def test_the_least_quality_is_a_limit() -> None:
    data = saved(FLAT, "PNG")
    found = signals_of(data, ScanLimits(10_000_000, 40_000_000, 16, 0))
    assert {signal.type for signal in found.signals} == set(PERCEPTUAL)
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


@pytest.mark.parametrize("seed", range(3))
def test_a_large_jpeg_2000_is_read_at_half_its_size_and_stays_within_ten_bits(seed: int) -> None:
    image = landscape(seed, (2000, 1600)).convert("L")
    data = saved(image, "JPEG2000")
    (view,) = views(io.BytesIO(data), ImageFormat.JPEG2000, Budget(LIMITS))
    assert view.image.size == (1000, 800)
    found = int.from_bytes(pdq_values(data)[""], "big")
    assert (found ^ int.from_bytes(pdq(np.asarray(image)).value, "big")).bit_count() <= 10


def test_a_jpeg_2000_without_smaller_sizes_is_read_whole() -> None:
    image = landscape(1, (2000, 1600)).convert("L")
    out = io.BytesIO()
    image.save(out, "JPEG2000", num_resolutions=1)
    assert pdq_values(out.getvalue())[""] == pdq(np.asarray(image.reduce(2))).value


def test_a_jpeg_2000_cut_short_is_not_read_at_a_smaller_size_instead() -> None:
    data = saved(landscape(1, (2000, 1600)).convert("L"), "JPEG2000")
    assert signals_of(data[: len(data) // 20]).unscannable
