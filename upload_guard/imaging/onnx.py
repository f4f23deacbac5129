"""A perceptual hash by an ONNX model and a projection matrix, in the manner of NeuralHash.

Source: A. Ygvar, AppleNeuralHash2ONNX (2021), as to what goes in and what comes out: the picture squashed to
a square, RGB from -1 to 1, channels first; the model's vector, multiplied by the matrix; one bit a row, set
where the product is not negative. Model and matrix are the user's; none comes with this package.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.lib.format
import numpy.typing as npt
import onnxruntime
from PIL import Image

from upload_guard.errors import ConfigError
from upload_guard.imaging.dihedral import POSITIONS
from upload_guard.imaging.plugin import Declared, Hashed, Option
from upload_guard.records import View

Floats = npt.NDArray[np.float32]

# NeuralHash's own picture is 360 x 360, its matrix begins behind 128 bytes.
_SIDE = 360
_T = TypeVar("_T", str, int, bool)


class OnnxHash:
    """Options: `model`, `model_sha256`, `matrix`, `matrix_sha256`; `matrix_offset` in bytes, where the matrix
    is no .npy file; `side` in pixels; `turned`: whether all eight positions are hashed, in eight runs.

    Both files are read once, here, and never again.
    """

    colours = True

    def __init__(self, declared: Declared) -> None:
        """Raises `ConfigError`."""
        self.type, self.limit = declared.type, declared.limit
        options = _Options(declared)
        model = options.file("model")
        matrix = options.file("matrix")
        offset = options.get("matrix_offset", 0)
        self._side = options.get("side", _SIDE)
        self._turned = options.get("turned", True)
        options.end()
        if not 16 <= self._side <= 2048:
            raise options.fault("side is no number of pixels from 16 to 2048")
        self._session = _session(model, options)
        self._input = self._session.get_inputs()[0].name
        self._matrix = _matrix(matrix, offset, declared.type.size * 8, self._length(options), options)

    def hashes(self, view: View) -> Iterator[Hashed]:
        """Of each position whose bits are its own. Raises `ValueError` for an answer that is no number."""
        pixels = _pixels(view.colours or view.image.convert("RGB"), self._side)
        for name, turned in _positions(pixels) if self._turned else (("", pixels),):
            product = self._matrix @ self._vector(turned)
            if not np.isfinite(product).all():
                raise ValueError("the model's answer is no number")
            yield Hashed(np.packbits(product >= 0).tobytes(), name)

    def _vector(self, pixels: Floats) -> Floats:
        """What the model makes of RGB (side, side, 3)."""
        channels_first = np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]
        found: Floats = self._session.run(None, {self._input: channels_first})[0]
        return found.astype(np.float32).ravel()

    def _length(self, options: _Options) -> int:
        try:
            return len(self._vector(np.zeros((self._side, self._side, 3), np.float32)))
        except Exception as error:  # noqa: BLE001 - onnxruntime has no error class of its own to name
            raise options.fault(f"the model takes no {self._side} x {self._side} picture: {error}") from None


def _pixels(image: Image.Image, side: int) -> Floats:
    small = image.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(small, np.float32) / np.float32(127.5) - np.float32(1)


def _positions(pixels: Floats) -> Iterator[tuple[str, Floats]]:
    """The square picture as `dihedral.POSITIONS` put it: mirrored or not, then turned counter-clockwise."""
    for position in POSITIONS:
        turned = pixels[:, ::-1] if "mirrored" in position.name else pixels
        quarters = int(position.name.rpartition(" ")[2]) // 90 if "turned" in position.name else 0
        yield position.name, np.rot90(turned, quarters)


def _session(model: bytes, options: _Options) -> Any:
    own = onnxruntime.SessionOptions()
    # A worker forks from where this is made, and no thread comes along.
    own.intra_op_num_threads = own.inter_op_num_threads = 1
    own.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # An arena would take memory by powers of two, and the worker's is bounded.
    own.enable_cpu_mem_arena = False
    own.log_severity_level = 4
    # Weights in files of their own are not pinned; else those in the working folder would be taken.
    own.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        session = onnxruntime.InferenceSession(model, own, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - as above
        raise options.fault(f"the model cannot be loaded: {error}") from None
    if len(session.get_inputs()) != 1:
        raise options.fault(f"the model has {len(session.get_inputs())} inputs, not one picture")
    return session


def _matrix(data: bytes, offset: int, rows: int, columns: int, options: _Options) -> Floats:
    """`rows` x `columns` of 32-bit numbers: .npy, or as they are behind `offset` bytes."""
    try:
        if data.startswith(numpy.lib.format.MAGIC_PREFIX):
            found = np.load(io.BytesIO(data), allow_pickle=False)
        else:
            found = np.frombuffer(data, "<f4", offset=offset).reshape(rows, -1)
    except ValueError as error:
        raise options.fault(f"the matrix cannot be read: {error}") from None
    if found.shape != (rows, columns):
        raise options.fault(f"the matrix is {found.shape}, not bits by the model's numbers {(rows, columns)}")
    if not np.isfinite(found).all():
        raise options.fault("the matrix holds what is no number")
    return np.ascontiguousarray(found, np.float32)


class _Options:
    """A plug-in's options, each taken once."""

    def __init__(self, declared: Declared) -> None:
        self._type = declared.type
        self._left: dict[str, Option] = dict(declared.options)

    def fault(self, said: str) -> ConfigError:
        return ConfigError(f"{self._type}: {said}")

    def get(self, name: str, default: _T) -> _T:
        value = self._left.pop(name, default)
        if type(value) is not type(default):
            raise self.fault(f"options.{name} is no {type(default).__name__}")
        return value

    def file(self, name: str) -> bytes:
        """What is in the file, which has to be the very one that is pinned."""
        path, pinned = Path(self.get(name, "")), self.get(f"{name}_sha256", "")
        if not path.is_absolute():
            raise self.fault(f"options.{name} is no absolute path")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise self.fault(f"{path}: cannot be read: {error.strerror}") from None
        digest = hashlib.sha256(data).hexdigest()
        if digest != pinned.lower():
            said = pinned or "nothing"
            raise self.fault(f"{path}: its SHA-256 is {digest}; options.{name}_sha256 says {said}")
        return data

    def end(self) -> None:
        if self._left:
            raise self.fault(f"options.{min(self._left)} is not known")
