"""Asks a check service about the canary, a harmless drawn picture: whether it lets us in and answers."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from upload_guard.canary import CANARY_FILE, CANARY_SHA256, canary_png
from upload_guard.checkers.upstreams.upstream import Upstream
from upload_guard.digests import exact_signals
from upload_guard.errors import UpstreamError
from upload_guard.imaging.pdq import pdq
from upload_guard.records import Signal, SignalType
from upload_guard.spans import FileContent
from upload_guard.upstreams.services.service import Question, Told


@dataclass(frozen=True, slots=True)
class Tried:
    """`told` is None where `fault` says why nothing came."""

    seconds: float
    told: Told | None = None
    fault: str = ""

    @property
    def answered(self) -> bool:
        return self.told is not None and not self.told.unhashable

    @property
    def words(self) -> str:
        """For people."""
        if self.told is None:
            return f"gave no answer: {self.fault}"
        if self.told.unhashable:
            return f"could not tell: {self.told.unhashable}"
        known = f"knows it ({len(self.told.hits)} hits)" if self.told.hits else "does not know it"
        return f"answered in {self.seconds * 1000:.0f} ms: {known}"


def try_out(upstream: Upstream) -> Tried:
    """One question as its settings let it be put: by hashes, by the file where it is sent nothing else."""
    begun = time.monotonic()
    try:
        told = upstream.service.ask(_question(upstream), upstream.timeout)
    except UpstreamError as fault:
        return Tried(time.monotonic() - begun, fault=str(fault))
    return Tried(time.monotonic() - begun, told)


def _question(upstream: Upstream) -> Question:
    png = canary_png()
    if not upstream.sends:
        return Question((), FileContent(CANARY_FILE), len(png), "image/png")
    exact = [kind for kind in (SignalType.MD5, SignalType.SHA1) if kind in upstream.sends]
    signals = [*exact_signals(io.BytesIO(png), exact)]
    if SignalType.SHA256 in upstream.sends:
        signals.append(Signal(SignalType.SHA256, CANARY_SHA256))
    if SignalType.PDQ in upstream.sends:
        with Image.open(io.BytesIO(png)) as picture:
            look = pdq(np.asarray(picture.convert("L")))
        signals.append(Signal(SignalType.PDQ, look.value, quality=look.quality))
    return Question(tuple(signals))
