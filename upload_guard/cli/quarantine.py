"""upload-guard quarantine: what is held and why."""

from __future__ import annotations

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_cases


@click.group()
def quarantine() -> None:
    """See what has been refused, and why."""


@quarantine.command("list")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many cases.")
@click.pass_obj
def list_cases(app: App, count: int) -> None:
    """List the newest cases: what was refused, why, and where its bytes lie."""
    cases = open_cases(app.settings).newest(count)
    if not cases:
        click.echo("The quarantine is empty.")
        return
    columns = ("case", "time (UTC)", "site", "route", "result", "action", "size", "why", "bytes")
    print_table(
        columns,
        [
            (
                case.number,
                f"{case.created_at:%Y-%m-%d %H:%M:%S}",
                case.site,
                case.route,
                case.result,
                case.action,
                case.size,
                case.why,
                case.file,
            )
            for case in cases
        ],
    )
