"""upload-guard scans: what earlier scans came to, and what is remembered of files."""

from __future__ import annotations

from pathlib import Path

import click

from upload_guard.cli.context import App, print_table
from upload_guard.cli.scan import deliver
from upload_guard.cli.scan_text import print_summary
from upload_guard.compose import open_database_of


@click.group()
def scans() -> None:
    """Earlier scans, and what is remembered of files."""


@scans.command("list")
@click.pass_obj
def list_scans(app: App) -> None:
    """All scans, the newest first."""
    from upload_guard.scan.scans import Scans

    rows = [
        (
            one.id,
            one.state,
            one.root,
            one.site,
            "act" if one.acting else "report",
            f"{one.started_at:%Y-%m-%d %H:%M}",
        )
        for one in Scans(open_database_of(app.settings)).all()
    ]
    print_table(("scan", "state", "place", "site", "manner", "begun (UTC)"), rows)


@scans.command()
@click.argument("number", type=int)
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.pass_obj
def show(app: App, number: int, json_file: Path | None, csv_file: Path | None) -> None:
    """The summary of scan NUMBER again."""
    from upload_guard.scan.summary import summary_of

    database = open_database_of(app.settings)
    summary = summary_of(database, number)
    deliver(database, number, json_file, csv_file)
    if Path("-") not in (json_file, csv_file):
        print_summary(database, summary)


@scans.command()
@click.pass_obj
def forget(app: App) -> None:
    """Remove all hashes that were kept of files: the next scan reads each."""
    from upload_guard.scan.building import memory_of

    settings = app.settings
    click.echo(f"{memory_of(settings, open_database_of(settings)).forget()} files forgotten.")
