"""upload-guard audit: who did what, and whether that is still what was written."""

from __future__ import annotations

import json

import click
from sqlalchemy import select

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_audit
from upload_guard.storage.vault_tables import AuditRow


@click.group()
def audit() -> None:
    """See who did what. Nothing here can be altered without notice."""


@audit.command()
@click.pass_obj
def verify(app: App) -> None:
    """Go through the whole log. Exit code 2 where a row was altered, removed or cut off."""
    watch = open_audit(app.settings)
    with watch.database.session() as session:
        head = watch.audit.verify(session)
    click.echo(f"{head.sequence} acts, each as it was written; the head is {head.mac.hex()}")


@audit.command()
@click.option("--case", "number", default="", help="Of this case only.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many acts.")
@click.pass_obj
def show(app: App, number: str, count: int) -> None:
    """Show the newest acts, the last one first."""
    query = select(AuditRow).order_by(AuditRow.sequence.desc()).limit(count)
    with open_audit(app.settings).database.session() as session:
        rows = session.scalars(query.where(AuditRow.case_number == number) if number else query).all()
    if not rows:
        click.echo("Nothing has been noted.")
        return
    columns = ("no.", "time (UTC)", "person", "act", "case", "details")
    print_table(
        columns,
        [
            (
                row.sequence,
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.person,
                row.act,
                row.case_number,
                json.dumps(row.details, ensure_ascii=False) if row.details else "",
            )
            for row in rows
        ],
    )


@audit.command()
@click.pass_obj
def head(app: App) -> None:
    """Write the head down outside the database, and print it: a number and a mac to keep elsewhere."""
    written = open_audit(app.settings).export()
    click.echo(f"{written.sequence} {written.mac.hex()}")


@audit.command()
@click.option("--because", required=True, help="What was found out; kept in the log.")
@click.pass_obj
def accept(app: App, because: str) -> None:
    """Go on after an alarm: takes the log as it is, and writes down who did so and why."""
    open_audit(app.settings).accept(app.person, because)
    click.echo("The log goes on from here; what was before it is kept, and counts no more.")
