"""Whether a plug-in works where it has to: behind the walls of the sandbox, as the settings declare it."""

from __future__ import annotations

import io
import tempfile
from contextlib import closing

from upload_guard.errors import CheckFailed
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.plugin import Declared, SignalPlugin
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, Signal, SignalType
from upload_guard.sandbox.pool import Sandbox, SandboxLimits
from upload_guard.spans import OpenContent
from upload_guard.testing.conformance import NotConformant, demand
from upload_guard.testing.pictures import drawing, odd_pictures, png

_LIMITS = SandboxLimits(workers=1, memory=512 << 20, cpu_seconds=20, wall_seconds=60, queue_seconds=60)
_SCAN = ScanLimits(colours=True)


def check_in_sandbox(declared: Declared, plugin: SignalPlugin) -> None:
    """Demands that a worker finds what `plugin`, made of `declared` here, finds; else `NotConformant`.

    And that strangers' oddest pictures do not end the worker. Starts processes, for some seconds.
    """
    kind = declared.type
    with closing(Sandbox(_LIMITS, _SCAN, plugins=(declared,))) as sandbox:
        for seed in range(2):
            data = png(drawing(seed))
            there = _asked(sandbox, data)
            here = image_signals(io.BytesIO(data), ImageFormat.PNG, Budget(_SCAN), (plugin,))
            demand(not there.unscannable, f"{kind} fails in the sandbox: {', '.join(there.degraded)}")
            demand(bool(_of(there, kind)), f"{kind} has no hash in the sandbox")
            demand(_of(there, kind) == _of(here, kind), f"{kind} is another hash in the sandbox than here")
        for name, image in odd_pictures():
            reason = _asked(sandbox, png(image)).unscannable
            demand(not reason, f"{kind} in the sandbox fails at {name}: {reason}")
        demand(not sandbox.status().killed, f"{kind} ends workers: {sandbox.status().fault}")


def _asked(sandbox: Sandbox, data: bytes) -> Analysis:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            return sandbox.analyse(OpenContent(file, 0, len(data)))
        except CheckFailed as fault:
            raise NotConformant(f"the sandbox does not start with it: {fault}") from fault


def _of(analysis: Analysis, kind: SignalType) -> list[Signal]:
    return [signal for signal in analysis.signals if signal.type is kind]
