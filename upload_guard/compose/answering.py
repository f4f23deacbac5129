"""What a station needs more to answer questions by hashes alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upload_guard.compose.station import Station
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.by_signals import SignalChecker


def with_signal_checker(station: Station, settings: Settings) -> tuple[Station, SignalChecker]:
    """The station, which from now on remembers what each site has sent in, and who answers by that."""
    from upload_guard.checkers.by_signals import SignalChecker
    from upload_guard.checkers.sightings import Sightings

    sightings = Sightings(settings.cache.entries, settings.cache.seconds)
    guard = replace(station.guard, observers=(*station.guard.observers, sightings))
    checker = SignalChecker(station.checker, guard.policy, sightings, guard.patience)
    return replace(station, guard=guard), checker
