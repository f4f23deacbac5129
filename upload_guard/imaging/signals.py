"""The perceptual signals of a view, by each signal type that there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from upload_guard.errors import Unscannable
from upload_guard.imaging.borders import trimmed
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.builtin import COARSE, PDQ, averaged, both
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.plugin import Hashed, SignalPlugin, hashes_of
from upload_guard.imaging.views import views
from upload_guard.records import Analysis, Signal, SignalType, View

PLUGIN_FAILED = "plugin_failed"
"""A reason of its own: bytes that only look like an image are no failure of a plug-in, and are forgiven."""
# PDQ asks for 16 frequencies each way. Below two samples a frequency the upper ones hold rounding noise, and
# what is smaller (favicons, tracking pixels) tells nobody apart.
LEAST_SIDE = 32
_MOST_NOTES = 20


def image_signals(
    stream: BinaryIO, image_format: ImageFormat, budget: Budget, plugins: Sequence[SignalPlugin] = ()
) -> Analysis:
    """Perceptual signals of every view in each of its variants, or of all that still shows of a broken file.

    A view that is too small, or below the least quality (50 of 100 by PDQ's own practice), gives none: flat
    pictures look alike. Each hash comes once, under the first name it was found by.
    """
    notes: list[str] = []
    found = _Found(plugins, budget.limits.min_quality, notes)
    reason = ""
    budget.start_image()
    try:
        for view in views(stream, image_format, budget, notes):
            found.look(view)
    except Unscannable as fault:
        reason = fault.reason
    signals = tuple(found.signals.values())
    return Analysis(signals, unscannable=found.fault or reason, degraded=_capped(notes))


class _Found:
    """What is found in one image, view by view. `fault` is a reason where a plug-in failed."""

    def __init__(self, plugins: Sequence[SignalPlugin], min_quality: int, notes: list[str]) -> None:
        self.signals: dict[tuple[SignalType, bytes], Signal] = {}
        self.fault = ""
        self._plugins = plugins
        self._min_quality = min_quality
        self._notes = notes

    def look(self, view: View) -> None:
        if min(view.image.size) < LEAST_SIDE:
            self._notes.append(f"{view.name}: too small")
            return
        luma = np.asarray(view.image)
        signals = [*self._good(PDQ.of_luma(luma), view, "")]
        telling = bool(signals)
        if telling:
            signals[1:1] = coarse_signals(view)
        for inner in trimmed(luma):
            if min(inner.shape) >= LEAST_SIDE:
                signals += self._good(PDQ.of_luma(inner), view, "trimmed")
        if not signals:
            self._notes.append(f"{view.name}: low quality")
        self._add(signals)
        if telling:
            self._plugged(view)

    def _good(self, hashes: Iterable[Hashed], view: View, change: str) -> Iterator[Signal]:
        for one in hashes:
            if one.quality is None or one.quality >= self._min_quality:
                yield Signal(SignalType.PDQ, one.value, view.name, one.quality, both(change, one.variant))

    def _plugged(self, view: View) -> None:
        for plugin in self._plugins:
            try:
                self._add(_signals(plugin, view))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - what it would say is not known; the others' signals stand
                self._notes.append(f"{view.name}: {plugin.type} failed ({type(error).__name__})")
                self.fault = PLUGIN_FAILED

    def _add(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self.signals.setdefault((signal.type, signal.value), signal)


def coarse_signals(view: View) -> Iterator[Signal]:
    """pHash and dHash, of a picture that is averaged once for both."""
    small = View(view.name, averaged(view.image))
    for one in COARSE:
        yield from _signals(one, small)


def _signals(plugin: SignalPlugin, view: View) -> Iterator[Signal]:
    for one in hashes_of(plugin, view):
        yield Signal(plugin.type, one.value, view.name, one.quality, one.variant)


def _capped(notes: Iterable[str]) -> tuple[str, ...]:
    """Few enough to be read: an icon file alone could have hundreds."""
    unique = tuple(dict.fromkeys(notes))
    more = len(unique) - _MOST_NOTES
    return (*unique[:_MOST_NOTES], f"and {more} more") if more > 0 else unique
