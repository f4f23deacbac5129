"""A hash by an ONNX model and a matrix: against the published recipe, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from tests.onnx_model import LIMIT, SIDE, TYPE, Files, files_in, matrix, model_bytes, upright
from upload_guard.demo.pictures import landscape
from upload_guard.errors import ConfigError
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.onnx import OnnxHash
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, SignalType, View
from upload_guard.testing import view_of

PICTURE = landscape(1, (800, 600))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


def plain(plugin: OnnxHash, image: Image.Image = PICTURE) -> bytes:
    return next(iter(plugin.hashes(view_of(image)))).value


def by_the_recipe(folder: Path, image: Image.Image) -> bytes:
    """As nnhash.py of AppleNeuralHash2ONNX computes it, in the order of its steps."""
    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())
    seed = np.frombuffer((folder / "seed.dat").read_bytes()[128:], np.float32).reshape(96, 128)
    pixels = np.array(image.convert("RGB").resize((SIDE, SIDE))).astype(np.float32) / 255 * 2 - 1
    inputs = {session.get_inputs()[0].name: pixels.transpose(2, 0, 1).reshape(1, 3, SIDE, SIDE)}
    product = seed.dot(session.run(None, inputs)[0].flatten())
    bits = "".join("1" if each >= 0 else "0" for each in product)
    return bytes.fromhex(f"{int(bits, 2):024x}")


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_is_that_of_the_published_recipe(files: Files, seed: int) -> None:
    image = landscape(seed, (700, 500))
    assert plain(OnnxHash(files.declared()), image) == by_the_recipe(files.folder, image)


def test_it_says_what_the_settings_declared(files: Files) -> None:
    plugin = OnnxHash(files.declared())
    assert (plugin.type, plugin.limit, plugin.colours) == (TYPE, LIMIT, True)


def test_a_turned_picture_has_the_hash_of_the_upright_one_among_its_eight(files: Files) -> None:
    plugin = OnnxHash(files.declared())
    upright_hash = plain(plugin)
    for method in Image.Transpose:
        turned = {one.value for one in plugin.hashes(view_of(PICTURE.transpose(method)))}
        away = min((int.from_bytes(one) ^ int.from_bytes(upright_hash)).bit_count() for one in turned)
        assert away <= LIMIT


def test_upright_alone_takes_one_run(files: Files) -> None:
    assert [one.variant for one in OnnxHash(upright(files.declared())).hashes(view_of(PICTURE))] == [""]


def test_colours_count_where_the_grey_is_the_same(files: Files) -> None:
    plugin = OnnxHash(files.declared())
    swapped = Image.merge("RGB", PICTURE.split()[::-1])
    grey = PICTURE.convert("L")
    values = {
        next(iter(plugin.hashes(View("frame 0", grey, colours)))).value for colours in (PICTURE, swapped)
    }
    assert len(values) == 2


def test_a_view_without_colours_is_hashed_in_grey(files: Files) -> None:
    plugin, grey = OnnxHash(files.declared()), PICTURE.convert("L")
    found = next(iter(plugin.hashes(View("frame 0", grey))))
    assert found.value == plain(plugin, grey)


def test_npy_and_bare_numbers_are_one_matrix(files: Files) -> None:
    bare = plain(OnnxHash(files.declared()))
    out = io.BytesIO()
    np.save(out, matrix())
    assert plain(OnnxHash(files.write("seed.dat", out.getvalue()))) == bare


# What is refused ----------------------------------------------------------------------------------

WRONG = {
    "another model": ({"model_sha256": "0" * 64}, "model_sha256 says 000"),
    "a model that is not pinned": ({"model_sha256": ""}, "model_sha256 says nothing"),
    "another matrix": ({"matrix_sha256": "0" * 64}, "matrix_sha256 says 000"),
    "a relative path": ({"model": "model.onnx"}, "options.model is no absolute path"),
    "no path": ({"matrix": ""}, "options.matrix is no absolute path"),
    "a file that is not there": ({"model": "/nowhere/model.onnx"}, "cannot be read"),
    "a matrix from its middle": ({"matrix_offset": 0}, "the matrix"),
    "a matrix from beyond its end": ({"matrix_offset": 1 << 30}, "the matrix cannot be read"),
    "a side the model does not take": ({"side": 128}, "the model takes no 128 x 128 picture"),
    "a side beyond reason": ({"side": 1 << 20}, "from 16 to 2048"),
    "a truth value for a number": ({"side": True}, "options.side is no int"),
    "a word for a truth value": ({"turned": "yes"}, "options.turned is no bool"),
    "an option of nobody": ({"modle": "x"}, "options.modle is not known"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_options_are_refused_in_words(files: Files, wrong: str) -> None:
    options, said = WRONG[wrong]
    with pytest.raises(ConfigError, match=f"neuralhash-96: .*{said}"):
        OnnxHash(files.declared(**options))  # type: ignore[arg-type]


def test_a_matrix_of_other_bits_than_the_type_is_refused(files: Files) -> None:
    with pytest.raises(ConfigError, match="the matrix"):
        OnnxHash(files.write("seed.dat", bytes(128) + matrix()[:95].tobytes()))


def test_a_pickled_matrix_is_not_opened(files: Files) -> None:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ConfigError, match="the matrix cannot be read"):
        OnnxHash(files.write("seed.dat", out.getvalue()))


def test_a_matrix_that_holds_no_numbers_is_refused(files: Files) -> None:
    spoilt = matrix()
    spoilt[3, 4] = np.nan
    with pytest.raises(ConfigError, match="holds what is no number"):
        OnnxHash(files.write("seed.dat", bytes(128) + spoilt.tobytes()))


def test_what_is_no_model_is_refused(files: Files) -> None:
    with pytest.raises(ConfigError, match="the model cannot be loaded"):
        OnnxHash(files.write("model.onnx", b"no model"))


def test_weights_beside_the_model_are_not_taken_as_nothing_pins_them(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load_from_string(model_bytes())
    out = files.folder / "model.onnx"
    onnx.save_model(model, str(out), save_as_external_data=True, location="weights.bin")
    monkeypatch.chdir(files.folder)
    with pytest.raises(ConfigError, match="the model cannot be loaded"):
        OnnxHash(files.declared())


# An answer that is none ---------------------------------------------------------------------------


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def signals_of(plugin: OnnxHash) -> Analysis:
    file, budget = io.BytesIO(png(PICTURE)), Budget(ScanLimits(colours=True))
    return image_signals(file, ImageFormat.PNG, budget, (plugin,))


def test_where_the_model_fails_the_picture_is_unscannable_and_the_other_signals_stand(files: Files) -> None:
    """Not knowing is never clean."""
    good = OnnxHash(files.declared())
    failing = OnnxHash(files.write("model.onnx", model_bytes(answer="nothing")))
    whole, found = signals_of(good), signals_of(failing)
    assert found.unscannable == "plugin_failed"
    assert found.degraded == ("frame 0: neuralhash-96 failed (ValueError)",)
    assert set(found.signals) == {signal for signal in whole.signals if not signal.type.plugged}
    assert SignalType.PDQ in {signal.type for signal in found.signals}
