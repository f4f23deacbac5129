"""upload-guard demo: the main job, watched."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import print_table

if TYPE_CHECKING:
    from upload_guard.demo.uploads import Row


@click.command()
@click.option("--once", is_flag=True, help="End after the table; exit 0 only if all went as it should.")
def demo(once: bool) -> None:
    """Show the main job: a sidecar, an example site, and four uploads.

    Uses two benign pictures that it draws itself, free loopback ports, and a folder that goes when it ends.
    """
    from upload_guard.demo.run import started

    # However it is ended, by Ctrl-C, kill or a closed terminal: servers and folder go with it.
    for reason in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(reason, signal.default_int_handler)
    with TemporaryDirectory(prefix="upload-guard-demo-") as folder:
        try:
            with started(Path(folder)) as running:
                rows = running.upload_all()
                _print(rows)
                as_said = all(row.as_expected for row in rows)
                if not once:
                    _wait(running.site, running.sidecar, folder)
        except KeyboardInterrupt:
            click.echo("\nStopped; the folder is gone.")
            return
    sys.exit(0 if as_said else 1)


def _print(rows: Sequence[Row]) -> None:
    print_table(
        ("sent", "answer", "inside", "why (for the administrator)"),
        [(row.sample.title, _answer(row), _inside(row), row.case.why if row.case else "-") for row in rows],
    )
    click.echo("\nThe uploader of a refused file reads only this:")
    refused = next((row for row in rows if row.case), None)
    click.echo("  " + (refused.answer.strip().replace("\n", "\n  ") if refused else "-"))
    click.echo("\nThe refused bytes lie here, until the demo ends:")
    for row in rows:
        if row.case:
            click.echo(f"  {row.case.number}  {row.case.place}")
    if not all(row.as_expected for row in rows):
        wrong = ", ".join(row.sample.title for row in rows if not row.as_expected)
        click.echo(f"\nNOT as it should be: {wrong}", err=True)


def _answer(row: Row) -> str:
    return f"{row.status} {'stored by the site' if row.stored else 'not stored'}"


def _inside(row: Row) -> str:
    return f"{row.case.result}, {row.case.action}" if row.case else "passed"


def _wait(site: str, sidecar: str, folder: str) -> None:
    click.echo(f"\nBoth servers go on: the site on {site}/ and the sidecar on {sidecar}/healthz")
    click.echo(f"See the cases with: upload-guard --config {folder}/sidecar.toml quarantine list")
    click.echo("Ctrl-C ends them.")
    signal.pause()
