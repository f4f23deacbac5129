"""upload-guard statements: what uploaders are told of decisions, what delays that, and which appeals wait."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy import select

from upload_guard.cli.context import App, print_table
from upload_guard.compose import appeals_in, open_database_of, statements_in
from upload_guard.statements.delays import Delays
from upload_guard.storage.statement_tables import Appeal, Statement

_case = click.argument("case")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def statements() -> None:
    """See what uploaders are told of decisions, and delay it where an authority asks for that."""


@statements.command("list")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.pass_obj
def show_all(app: App, count: int) -> None:
    """Show the newest statements, the last one first, and what became of appeals."""
    newest = select(Statement, Appeal).outerjoin(Appeal, Appeal.statement_id == Statement.id)
    database = open_database_of(app.settings)
    with database.session() as session:
        rows = session.execute(newest.order_by(Statement.id.desc()).limit(count)).all()
    print_table(
        ("case", "decided (UTC)", "told (UTC)", "appeal until", "appeal"),
        [
            (
                row.case_number,
                _moment(row.decided_at),
                _moment(row.told_at),
                f"{row.appeal_until:%Y-%m-%d}",
                appeal.state if appeal else "",
            )
            for row, appeal in rows
        ],
    )
    waiting = appeals_in(app.settings, database).waiting()
    if waiting:
        click.echo(f"{len(waiting)} appeals wait for a person: {', '.join(waiting[:10])}")


@statements.command()
@_case
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
@click.pass_obj
def show(app: App, case: str, language: str) -> None:
    """Print what the uploader of CASE is told. The link in it is for the uploader alone."""
    own = statements_in(app.settings, open_database_of(app.settings))
    click.echo(own.of(case, None, language).text)


@statements.command()
@_case
@click.option("--until", required=True, type=_DAY, help="The last day (UTC) on which nothing is told.")
@click.option("--because", required=True, help="Which authority has asked, kept in the audit log.")
@click.pass_obj
def delay(app: App, case: str, until: datetime, because: str) -> None:
    """Tell the uploader of CASE nothing before a day, since an authority has asked for it."""
    end = until.replace(hour=23, minute=59, second=59, tzinfo=UTC)
    Delays(open_database_of(app.settings)).place(case, end, app.person, because)
    click.echo(f"Nothing is told of {case} before {end:%Y-%m-%d %H:%M} UTC.")


@statements.command("lift-delay")
@_case
@click.pass_obj
def lift_delay(app: App, case: str) -> None:
    """End the delays of CASE now."""
    Delays(open_database_of(app.settings)).lift(case, app.person)
    click.echo(f"Nothing delays what the uploader of {case} is told.")


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "not yet"
