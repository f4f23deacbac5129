"""What a signal type of an ONNX model costs beside PDQ: `make bench ARGS=onnx`.

Two models, both drawn from a seed: the tiny one of the tests, and a net of the size that such models have on
telephones. Nobody's own model is here; its user measures it by the first lines alone.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.bench.measure import Run, costs
from tests.onnx_model import SIDE, files_in, upright
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.builtin import COARSE, PDQ
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.onnx import OnnxHash
from upload_guard.imaging.plugin import SignalPlugin
from upload_guard.imaging.signals import image_signals
from upload_guard.imaging.views import views

_SIZE = (4000, 3000)
# Channels after each halving of the side, as in small nets for telephones.
_CHANNELS = (16, 24, 48, 96, 128)


def net_bytes() -> tuple[bytes, int]:
    """A net of depthwise and pointwise convolutions, and how many multiplications one picture takes."""
    rng = np.random.default_rng(3)
    nodes: list[Any] = []
    tensors: list[Any] = []
    work, side, before, flow = 0, SIDE, 3, "image"

    def layer(name: str, shape: tuple[int, ...], **attributes: object) -> None:
        nonlocal flow, work
        scale = np.sqrt(2 / np.prod(shape[1:]))
        tensors.append(
            numpy_helper.from_array((rng.standard_normal(shape) * scale).astype(np.float32), f"{name}.w")
        )
        nodes.append(helper.make_node("Conv", [flow, f"{name}.w"], [name], **attributes))
        nodes.append(helper.make_node("Relu", [name], [f"{name}.r"]))
        flow = f"{name}.r"
        work += int(np.prod(shape)) * side * side

    for step, channels in enumerate(_CHANNELS):
        side = (side + 1) // 2
        if step == 0:
            layer("stem", (channels, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
        else:
            layer(f"down{step}", (before, 1, 3, 3), group=before, strides=[2, 2], pads=[1, 1, 1, 1])
            layer(f"wide{step}", (channels * 4, before, 1, 1))
            layer(f"deep{step}", (channels * 4, 1, 3, 3), group=channels * 4, pads=[1, 1, 1, 1])
            layer(f"thin{step}", (channels, channels * 4, 1, 1))
        before = channels
    nodes += [
        helper.make_node("GlobalAveragePool", [flow], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["numbers"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, _CHANNELS[-1]])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    return model.SerializeToString(), work


def plugins(folder: Path) -> dict[str, SignalPlugin]:
    files = files_in(folder)
    tiny = files.declared()
    net, work = net_bytes()
    (folder / "net.onnx").write_bytes(net)
    pinned = {"model": str(folder / "net.onnx"), "model_sha256": hashlib.sha256(net).hexdigest()}
    large = replace(tiny, options={**tiny.options, **pinned})
    named = f"a net of {work / 1e6:.0f} million multiplications"
    return {
        "PDQ, both forms, eight positions": PDQ,
        "pHash": COARSE[0],
        "dHash": COARSE[1],
        "the tests' tiny model, upright": OnnxHash(upright(tiny)),
        "the tests' tiny model, eight positions": OnnxHash(tiny),
        f"{named}, upright": OnnxHash(upright(large)),
        f"{named}, eight positions": OnnxHash(large),
    }


def whole(data: bytes, *own: SignalPlugin) -> Run:
    limits = ScanLimits(colours=bool(own))
    return lambda: image_signals(io.BytesIO(data), ImageFormat.JPEG, Budget(limits), own)


def main() -> None:
    data = jpeg(landscape(1, _SIZE))

    def read(colours: bool) -> Run:
        limits = ScanLimits(colours=colours)
        return lambda: list(views(io.BytesIO(data), ImageFormat.JPEG, Budget(limits)))

    with tempfile.TemporaryDirectory() as folder:
        own = plugins(Path(folder))
        limits = ScanLimits(colours=True)
        (view,) = views(io.BytesIO(data), ImageFormat.JPEG, Budget(limits))
        runs: dict[str, Run] = {
            name: (lambda plugin=plugin: list(plugin.hashes(view))) for name, plugin in own.items()
        }
        runs["its view decoded in grey, as without plug-ins"] = read(colours=False)
        runs["its view decoded in colour"] = read(colours=True)
        *_, eight = own.values()
        runs["all signals of the file, by the built-in types"] = whole(data)
        runs["all signals of the file, and the net's in eight positions"] = whole(data, eight)
        found = costs(*runs.values())
    print(f"\nA drawn JPEG of {_SIZE[0]} x {_SIZE[1]}: processor ms a view, and against PDQ")
    pdq = found[0].cpu
    for name, cost in zip(runs, found, strict=True):
        print(f"  {name:66} {cost.cpu:8.2f} {cost.cpu / pdq:7.1f}")


if __name__ == "__main__":
    main()
