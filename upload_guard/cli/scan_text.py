"""The summary of a scan on a terminal."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import print_table, printable

if TYPE_CHECKING:
    from upload_guard.scan.records import Column
    from upload_guard.scan.summary import Summary
    from upload_guard.storage.database import Database

_SHOWN = 200


def exit_code(summary: Summary) -> int:
    """See `upload-guard scan --help`."""
    from upload_guard.scan.records import Column

    if summary.counts[Column.LISTED]:
        return 1
    if summary.counts[Column.UNREAD] or summary.shut:
        return 3
    return 4 if summary.counts[Column.UNCHECKED] or summary.waiting else 0


def print_summary(database: Database, summary: Summary) -> None:
    """Figures first, then the files that are listed, then why others are not clean."""
    _print_head(summary)
    _print_counts(summary)
    _print_reasons(summary)
    _print_files(database, summary)


def _print_head(summary: Summary) -> None:
    lists = ", ".join(f"{name} v{version}" for name, version in summary.lists)
    click.echo(
        f'Scan {summary.number} of {printable(summary.root)} (site "{summary.site}"): {summary.state}.'
    )
    click.echo(
        f"Begun {summary.started_at:%Y-%m-%d %H:%M} UTC by {summary.started_by}"
        + (f", ended {summary.ended_at:%Y-%m-%d %H:%M} UTC" if summary.ended_at else "")
        + f"; {summary.files / summary.seconds if summary.seconds else 0:,.0f} files a second."
    )
    click.echo(
        f"Compared with {lists}." + (" They changed on the way: run it again." if summary.mixed else "")
    )
    acting = f"{summary.held} cases opened" if summary.acting else "report only, nothing was touched"
    click.echo(f"{acting.capitalize()}.\n")


def _print_counts(summary: Summary) -> None:
    rows = [(words, summary.counts[column]) for column, words in _words()]
    rows += [("not looked at yet", summary.waiting)] if summary.waiting else []
    rows += [("all files", summary.files)]
    print_table(("", "files"), [(words, f"{count:,}") for words, count in rows])
    if summary.kept:
        click.echo(f"Of the clean ones {summary.kept:,} were known by kept hashes and not read again.")
    if summary.links:
        click.echo(f"{summary.links:,} symbolic links were not followed.")
    if summary.faults:
        click.echo(f"{summary.faults:,} listed files were NOT taken away; see below.")


def _words() -> tuple[tuple[Column, str], ...]:
    from upload_guard.scan.records import Column

    return (
        (Column.CLEAN, "clean"),
        (Column.UNREAD, "could not read"),
        (Column.UNCHECKED, "could not check"),
        (Column.LISTED, "listed"),
        (Column.NOTED, "likeness, noted only"),
        (Column.EXCUSED, "listed, excused as known-good"),
        (Column.GONE, "gone meanwhile"),
    )


def _print_reasons(summary: Summary) -> None:
    words = dict(_words())
    for column, reason, count in summary.why:
        click.echo(f"{words[column]}: {count:,} ({printable(reason)})")
    if summary.shut:
        click.echo(f"could not look into: {summary.shut:,} folders or names")


def _print_files(database: Database, summary: Summary) -> None:
    from upload_guard.scan.records import Column
    from upload_guard.scan.summary import files_of
    from upload_guard.scan.written import words_of

    wanted = (one for one in files_of(database, summary.number) if one.column is not Column.GONE)
    rows = [
        (
            one.column,
            one.item.locator,
            one.action if one.matches else "-",
            one.case or one.fault or "-",
            _why(words_of(one), one.reason),
        )
        for one in islice(wanted, _SHOWN)
    ]
    if rows:
        click.echo()
        print_table(("found", "file", "action", "case", "why"), rows)
    if len(rows) == _SHOWN:
        click.echo(f"These are {_SHOWN}; --json and --csv have all of them.")


def _why(matches: list[str], reason: str) -> str:
    return "; ".join(matches[:3]) or reason or "-"
