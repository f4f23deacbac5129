"""upload-guard list breaker: entries that suddenly matched so much that they were lowered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upload_guard.cli.aftermath import judge_cases_again
from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_database_of

if TYPE_CHECKING:
    from upload_guard.lists.breaker.trips import Trip

_because = click.option("--because", required=True, help="The reason, kept with the decision.")


@click.group()
def breaker() -> None:
    """See and decide about entries that the flood breaker lowered to quarantine."""


@breaker.command()
@click.pass_obj
def show(app: App) -> None:
    """Show every entry that was ever lowered, the newest first."""
    from upload_guard.lists.breaker.trips import trips

    found = trips(open_database_of(app.settings))
    if not found:
        click.echo("The flood breaker has lowered no entry.")
        return
    columns = ("number", "time (UTC)", "list", "entry", "matched", "sources", "state", "by", "because")
    print_table(columns, map(_row, found))


@breaker.command()
@click.argument("number", type=click.IntRange(min=1))
@_because
@click.pass_obj
def confirm(app: App, number: int, because: str) -> None:
    """Entry NUMBER is doubtful, and stays lowered until its list is put right."""
    from upload_guard.lists.breaker import trips

    trips.confirm(open_database_of(app.settings), number, app.person, because)
    click.echo(f"Entry {number} stays lowered: it does at most quarantine.")


@breaker.command()
@click.argument("number", type=click.IntRange(min=1))
@_because
@click.pass_obj
def lift(app: App, number: int, because: str) -> None:
    """Entry NUMBER is right, and acts again as its list says."""
    from upload_guard.lists.breaker import trips

    trips.lift(open_database_of(app.settings), number, app.person, because)
    click.echo(f"Entry {number} acts again as its list says, within a second.")
    judge_cases_again(app)


def _row(trip: Trip) -> tuple[object, ...]:
    return (
        trip.number,
        f"{trip.tripped_at:%Y-%m-%d %H:%M}",
        trip.list_name,
        f"{trip.signal_type} {trip.value.hex()[:8]}...",
        f"{trip.flood.matched} of {trip.flood.uploads}",
        trip.flood.sources,
        trip.state,
        trip.decided_by or "-",
        trip.because or "-",
    )
