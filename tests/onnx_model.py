"""A tiny model and matrix in the manner of NeuralHash, built here: nobody's weights, drawn from a seed.

The model averages the picture over 8 x 8 cells, takes each colour's mean away, and makes 128 numbers of what
is left; the matrix makes 96 bits of those. It is stable under re-encoding and tells drawings apart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from upload_guard.imaging.plugin import Declared, Option
from upload_guard.records import SignalType

TYPE = SignalType("neuralhash-96")
LIMIT = 12
SIDE = 360
_CELLS, _NUMBERS = 8, 128


def model_bytes(side: int = SIDE, seed: int = 1, answer: str = "hash") -> bytes:
    """`answer` "nothing" makes every number 0/0."""
    weights = np.random.default_rng(seed).standard_normal((3 * _CELLS**2, _NUMBERS)).astype(np.float32)
    cell = side // _CELLS
    nodes = [
        helper.make_node(
            "AveragePool", ["image"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("ReduceMean", ["cells", "axes"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["cells", "mean"], ["centred"]),
        helper.make_node("Flatten", ["centred"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["numbers"]),
    ]
    tensors = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
    ]
    if answer == "nothing":
        nodes.append(helper.make_node("Div", ["zero", "zero"], ["nan"]))
        nodes.append(helper.make_node("Add", ["numbers", "nan"], ["answer"]))
        tensors.append(numpy_helper.from_array(np.zeros(1, np.float32), "zero"))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [
            helper.make_tensor_value_info(
                "answer" if answer == "nothing" else "numbers", TensorProto.FLOAT, [1, _NUMBERS]
            )
        ],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    found: bytes = model.SerializeToString()
    return found


def matrix(seed: int = 2) -> Any:
    """96 x 128."""
    return np.random.default_rng(seed).standard_normal((TYPE.size * 8, _NUMBERS)).astype(np.float32)


@dataclass(frozen=True)
class Files:
    """A model and a matrix on disk, pinned."""

    folder: Path

    def declared(self, **options: Option) -> Declared:
        """What the settings would say of them; `options` are put in place of the right ones."""
        right: dict[str, Option] = {"side": SIDE}
        for name, file in (("model", "model.onnx"), ("matrix", "seed.dat")):
            path = self.folder / file
            right |= {name: str(path), f"{name}_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        right["matrix_offset"] = 128
        return Declared(TYPE, LIMIT, "onnx", right | options)

    def write(self, name: str, data: bytes) -> Declared:
        """With another model ("model.onnx") or matrix ("seed.dat"), pinned as it is now."""
        (self.folder / name).write_bytes(data)
        return self.declared()


def files_in(folder: Path, **model: Any) -> Files:
    """A matrix behind a header of 128 bytes, as NeuralHash's is."""
    (folder / "model.onnx").write_bytes(model_bytes(**model))
    (folder / "seed.dat").write_bytes(bytes(128) + matrix().tobytes())
    return Files(folder)


def upright(declared: Declared) -> Declared:
    return replace(declared, options={**declared.options, "turned": False})
