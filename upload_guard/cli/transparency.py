"""upload-guard transparency-report: the counts of a period, for the report that the law asks of a site."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from upload_guard.cli.context import App
from upload_guard.compose import open_database_of
from upload_guard.errors import UsageError
from upload_guard.statistics.period import Period
from upload_guard.statistics.transparency.counting import transparency_report
from upload_guard.statistics.transparency.papers import LANGUAGES, csv_of, markdown_of

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("transparency-report")
@click.option("--year", type=click.IntRange(2000, 2999), help="The whole year; without anything, last year.")
@click.option("--from", "first", type=_DAY, help="First day, in UTC.")
@click.option("--to", "last", type=_DAY, help="Last day, which is counted too; without it, today.")
@click.option("--site", default="", help="Of this site only.")
@click.option("--language", type=click.Choice(sorted(LANGUAGES)), default="en", show_default=True)
@click.option(
    "--format", "form", type=click.Choice(["markdown", "csv"]), default="markdown", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file, instead of the screen.")
@click.pass_obj
def transparency(
    app: App,
    year: int | None,
    first: datetime | None,
    last: datetime | None,
    site: str,
    language: str,
    form: str,
    out: Path | None,
) -> None:
    """Print what was checked, told, found and removed in a period (DSA, Articles 15 and 24).

    The figures say by themselves what the law asks and this program cannot know.
    """
    now = datetime.now(UTC)
    period = _period(year, first, last, site, now.date())
    report = transparency_report(open_database_of(app.settings), period, now)
    text = markdown_of(report, LANGUAGES[language]) if form == "markdown" else csv_of(report)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from error


def _period(
    year: int | None, first: datetime | None, last: datetime | None, site: str, today: date
) -> Period:
    if year is not None and (first or last):
        raise UsageError("give --year, or --from and --to, not both")
    if last and not first:
        raise UsageError("--to needs --from")
    if first is None:
        whole = year if year is not None else today.year - 1
        return Period(date(whole, 1, 1), date(whole, 12, 31), site)
    period = Period(first.date(), last.date() if last else today, site)
    if period.first > period.last:
        raise UsageError("--from is after --to")
    return period
