"""upload-guard list examine and approve: what the gate says of a version, and letting one pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_lists

if TYPE_CHECKING:
    from upload_guard.lists.gate.gate import GateReport, PutAside

_SHOWN = 20


@click.command()
@click.argument("name")
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option(
    "--all", "everything", is_flag=True, help="Name every entry that is put aside, not the first 20."
)
@click.pass_obj
def examine(app: App, name: str, version: int | None, everything: bool) -> None:
    """Show what VERSION of the list NAME would bring, the newest one if none is given. Nothing changes."""
    report = open_lists(app.settings).examine(name, version)
    print_report(report, len(report.aside) if everything else _SHOWN)


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--because", required=True, help="Why it may pass all the same; kept with the version.")
@click.pass_obj
def approve(app: App, name: str, version: int, because: str) -> None:
    """Let VERSION of the list NAME pass although the gate holds it."""
    open_lists(app.settings).approve(name, version, app.person, because)
    click.echo(
        f"{name} version {version} may pass. It acts after: upload-guard list activate {name} {version}"
    )


def print_report(report: GateReport, shown: int = _SHOWN) -> None:
    """The diff, what is put aside, and the decision."""
    columns = ("type", "category", "before", "now", "added", "removed", "came", "left")
    rows = [
        (row.signal_type, row.category, row.before, row.now, row.added, row.removed, row.came, row.left)
        for row in report.rows
    ]
    print_table(columns, rows)
    if report.aside:
        click.echo(f"{len(report.aside)} of {report.entries} entries are put aside and do not act:")
        print_aside(report.aside[:shown])
    if len(report.aside) > shown:
        click.echo(f"and {len(report.aside) - shown} more: see 'upload-guard list examine --all'")
    click.echo(": ".join((f"The gate: {report.decision}", *report.why)))


def print_aside(aside: Iterable[PutAside]) -> None:
    """What may not act, by number, and why; never the hash."""
    print_table(("entry", "type", "why", "known-good image"), map(_aside_row, aside))


def _aside_row(one: PutAside) -> tuple[object, ...]:
    away = f", {one.distance} bits away" if one.distance else ""
    return one.entry, one.signal_type, one.reason, f"{one.name} ({one.scope}{away})" if one.scope else ""
