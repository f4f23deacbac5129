"""upload-guard scan: what a site has already, against the lists in force."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import click

from upload_guard.cli.context import App, shown_progress
from upload_guard.cli.scan_text import exit_code, print_summary
from upload_guard.compose import open_lists
from upload_guard.errors import UsageError

if TYPE_CHECKING:
    from upload_guard.scan.chunks import Advance
    from upload_guard.scan.records import Walk
    from upload_guard.settings import Settings
    from upload_guard.storage.database import Database

_TELL_EVERY = 30.0


@click.command()
@click.argument("place", required=False)
@click.option("--stdin", "from_stdin", is_flag=True, help="Paths come by standard input, one a line.")
@click.option("-0", "--null", is_flag=True, help="They end with a NUL instead, as those of find -print0.")
@click.option("--site", help="Whose files they are; this machine's site if not given.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), help="Processes that read files; [scan] jobs if not given."
)
@click.option(
    "--act", "acting", is_flag=True, help="Open a case for each hit and take its file away, reversibly."
)
@click.option(
    "--reread", is_flag=True, help="Read each file, also those that look as they did when last read."
)
@click.option("--anew", is_flag=True, help="Begin anew, even if a scan of the same place was interrupted.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.pass_obj
def scan(
    app: App,
    place: str | None,
    from_stdin: bool,
    null: bool,
    site: str | None,
    jobs: int | None,
    acting: bool,
    reread: bool,
    anew: bool,
    json_file: Path | None,
    csv_file: Path | None,
) -> None:
    """Check every file in PLACE: a folder, a file, or s3://BUCKET/PREFIX. Nothing is touched without --act.

    Interrupted, even by kill -9, the same command goes on where it was. A file that was seen and looks the
    same is not read again; a new list version is compared with the hashes that were kept of it.

    \b
    Exit code, the first that applies:
      1  files are listed
      2  error
      3  files could not be read
      4  files could not be checked
      0  neither
    """
    # What takes half a second to load; `--help` should not wait for it.
    from upload_guard.scan.building import Manner, open_rows
    from upload_guard.scan.scans import Order, Scans
    from upload_guard.scan.summary import summary_of
    from upload_guard.scan.working import Pool

    settings = app.settings
    database = open_rows(settings)
    walk = _walk(settings, place, from_stdin=from_stdin, separator=b"\0" if null else b"\n")
    manner = Manner(site or settings.site, acting, app.person, reread)
    order = Order(walk.root, manner.site, acting, app.person, _active(settings))
    begun = Scans(database).begin(order, anew=anew)
    with _told() as watch:
        Pool(settings, manner, jobs or settings.scan.jobs or max(1, _cpus() // 2)).run(
            database, begun, walk, watch
        )
    summary = summary_of(database, begun.id)
    deliver(database, begun.id, json_file, csv_file)
    if Path("-") not in (json_file, csv_file):
        print_summary(database, summary)
    sys.exit(exit_code(summary))


def deliver(database: Database, number: int, json_file: Path | None, csv_file: Path | None) -> None:
    """Write the summary of a scan to whichever of these files is given; "-" is standard output."""
    from upload_guard.scan.summary import files_of, summary_of
    from upload_guard.scan.written import write_csv, write_json

    try:
        if json_file:
            with click.open_file(str(json_file), "w", encoding="utf-8") as stream:
                write_json(summary_of(database, number), files_of(database, number), cast(TextIO, stream))
        if csv_file:
            with click.open_file(str(csv_file), "w", encoding="utf-8") as stream:
                write_csv(files_of(database, number), cast(TextIO, stream))
    except OSError as error:
        raise UsageError(
            f"the summary cannot be written: {error}; 'upload-guard scans show {number}' gives it again"
        ) from error


def _walk(settings: Settings, place: str | None, *, from_stdin: bool, separator: bytes) -> Walk:
    from upload_guard.scan.building import walk_of
    from upload_guard.scan.folders import NamedWalk, names_in

    if from_stdin == (place is not None):
        raise UsageError("name one place to scan, or give --stdin and paths by standard input")
    if place is not None:
        return walk_of(place, settings)
    return NamedWalk(names_in(sys.stdin.buffer, separator), Path.cwd())


def _active(settings: Settings) -> tuple[tuple[str, int], ...]:
    """Raises `UsageError` where there is nothing to compare with: hours would go by for nothing."""
    lists = open_lists(settings)
    active = tuple((one.list_name, one.number) for one in lists.versions() if one.active)
    if not active:
        raise UsageError("no list is active, so there is nothing to compare files with: import one first")
    return active


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


@contextmanager
def _told() -> Iterator[Callable[[Advance, bool], None]]:
    """A bar on a terminal; where that is none, a line now and then."""
    begun, first = time.monotonic(), None
    said = begun
    with shown_progress() as progress:

        def watch(advance: Advance, planned: bool) -> None:
            nonlocal first, said
            # What an earlier run has done says nothing of how fast this one is.
            first = advance.done if first is None else first
            now = time.monotonic()
            line = _line(advance, planned, (advance.done - first) / max(now - begun, 1.0))
            progress(line, advance.done, advance.planned if planned else 0)
            if not sys.stderr.isatty() and now - said >= _TELL_EVERY:
                said = now
                click.echo(f"upload-guard scan: {line}", err=True)

        yield watch


def _line(advance: Advance, planned: bool, rate: float) -> str:
    """Such as "1,200 of 20,000 files, 85/s, 4 min left, 3 listed"."""
    of = f"of {'' if planned else 'at least '}{advance.planned:,}"
    left = f", {_duration((advance.planned - advance.done) / rate)} left" if planned and rate else ""
    return f"{advance.done:,} {of} files, {rate:,.0f}/s{left}, {advance.counts['listed']} listed"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
