"""upload-guard check-config: everything that is wrong, or odd, about the settings."""

from __future__ import annotations

import sys

import click

from upload_guard.cli.context import App, print_table, printable
from upload_guard.effective import effective_options
from upload_guard.loading import read_settings

WARNINGS_EXIT, FAULTS_EXIT = 1, 2


@click.command("check-config")
@click.pass_obj
def check_config(app: App) -> None:
    """Read the settings as a server would; print all faults and warnings, and each option with its origin.

    Nothing is made or changed, and no secret is shown. Run it as the account that the server runs as.

    \b
    Exit code:
      0  nothing to say
      1  warnings
      2  faults: no server would start
    """
    reading = read_settings(app.config)
    for fault in reading.faults:
        click.echo(printable(f"FAULT    {fault}"))
    if reading.settings is None:
        click.echo(f"\n{_counted(len(reading.faults), 'fault')}: no server would start with these settings")
        sys.exit(FAULTS_EXIT)
    # Rows are looked at, and SQLAlchemy is much to import for a mistyped option.
    from upload_guard.doctor.cautions import cautions

    found = cautions(reading.settings)
    for one in found:
        click.echo(printable(f"WARNING  {one.code}: {one.told}"))
        click.echo(printable(f"         {one.advice}"))
    if found:
        click.echo()
    options = effective_options(reading.settings, reading.sources)
    print_table(("option", "value", "from"), ((one.option, one.value, one.origin) for one in options))
    click.echo(f"\nfile: {reading.sources.file or 'none'}; {_counted(len(found), 'warning')}, no fault")
    sys.exit(WARNINGS_EXIT if found else 0)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number or 'no'} {word}s"
