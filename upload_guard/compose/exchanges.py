"""Lists that come from an exchange: which there are, whose time has come, which are stale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from upload_guard.compose.stores import exchange_states
from upload_guard.list_settings import ExchangeSettings
from upload_guard.settings import Settings


def exchanges_of(settings: Settings) -> Mapping[str, ExchangeSettings]:
    """The exchanges that settings name, by list."""
    return {name: own.exchange for name, own in sorted(settings.lists.items()) if own.exchange}


def due_lists(settings: Settings, pause: timedelta = timedelta(0)) -> tuple[str, ...]:
    """Those to be fetched now; none that was tried less than `pause` ago. Raises `StorageFailed`."""
    exchanges = exchanges_of(settings)
    if not exchanges:
        return ()
    states, now = exchange_states(settings), datetime.now(UTC)
    return tuple(
        name
        for name, own in exchanges.items()
        if name not in states
        or (states[name].due(timedelta(hours=own.every_hours), now) and now - states[name].tried_at >= pause)
    )


def stale_lists(settings: Settings) -> tuple[str, ...]:
    """Those not known to be up to date for too long. Raises `StorageFailed`."""
    exchanges = exchanges_of(settings)
    if not exchanges:
        return ()
    states, now = exchange_states(settings), datetime.now(UTC)
    return tuple(
        name
        for name, own in exchanges.items()
        if name in states and states[name].stale(timedelta(hours=own.stale_hours), now)
    )
