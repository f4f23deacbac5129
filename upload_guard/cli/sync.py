"""upload-guard sync: fetch lists from their exchanges, and show how that goes."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table, shown_progress
from upload_guard.compose import build_sync, due_lists, exchange_states, exchanges_of, stale_lists
from upload_guard.errors import ConfigError, UploadGuardError
from upload_guard.list_settings import ExchangeSettings

if TYPE_CHECKING:
    from upload_guard.lists.sync.rows import ExchangeState

log = logging.getLogger(__name__)

_LONGEST_CHECKPOINT = 60


@click.group()
def sync() -> None:
    """Fetch lists from where their settings say, [lists.NAME.exchange]."""


@sync.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def run(app: App, names: tuple[str, ...]) -> None:
    """Fetch the lists NAMES now; without any, those whose time has come (every_hours), as a timer does.

    What is new acts once it has passed the gate. Exit code 1 if any list could not be brought up to date.
    """
    exchanges = exchanges_of(app.settings)
    for name in names:
        if name not in exchanges:
            raise ConfigError(f"list {name!r} has no exchange: write one into [lists.{name}.exchange]")
    failed = 0
    for name in names or due_lists(app.settings):
        try:
            _run(app, name)
        except UploadGuardError as fault:
            failed += 1
            click.echo(f"{name}: {fault}", err=True)
    stale = stale_lists(app.settings)
    for name in stale:
        log.warning(
            "ALARM: list %r is stale: nobody knows what its exchange has added or withdrawn since", name
        )
    sys.exit(1 if failed or stale else 0)


@sync.command()
@click.pass_obj
def status(app: App) -> None:
    """Show how old each fetched list is. Exit code 1 if any is stale or its last run failed."""
    exchanges, now = exchanges_of(app.settings), datetime.now(UTC)
    if not exchanges:
        click.echo("No list has an exchange: see docs/exchanges.md.")
        return
    states = exchange_states(app.settings)
    print_table(
        ("list", "age", "last tried", "state", "version", "checkpoint", "fault"),
        [_row(name, states.get(name), own, now) for name, own in sorted(exchanges.items())],
    )
    failed = any(name not in states or states[name].fault for name in exchanges)
    sys.exit(1 if failed or stale_lists(app.settings) else 0)


def _run(app: App, name: str) -> None:
    with shown_progress() as progress:
        report = build_sync(app.settings, name, app.person).run(progress)
    version = report.version
    if not report.is_new:
        click.echo(f"{name}: nothing new; it is version {version.number} ({version.entries} entries)")
    else:
        click.echo(
            f"{name}: version {version.number}, {version.entries} entries; pages fetched: {report.pages}"
        )
    if report.waits:
        click.echo(
            f"It waits: {report.waits}. It acts after: upload-guard list activate {name} {version.number}"
        )


def _row(name: str, state: ExchangeState | None, own: ExchangeSettings, now: datetime) -> tuple[object, ...]:
    if state is None:
        return name, "never", "never", "-", "-", "-", "was never run: upload-guard sync run"
    stale = " (stale)" if state.stale(timedelta(hours=own.stale_hours), now) else ""
    return (
        name,
        f"{_hours(state.age(now)) if state.succeeded_at else 'never'}{stale}",
        f"{state.tried_at:%Y-%m-%d %H:%M}",
        state.stage,
        state.version or "-",
        state.checkpoint[:_LONGEST_CHECKPOINT] or "-",
        state.fault or "-",
    )


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60:02} min"
