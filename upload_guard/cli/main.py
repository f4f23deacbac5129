"""The root of the command line: settings, logging, and errors as one line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from upload_guard import __version__
from upload_guard.cli.audit import audit
from upload_guard.cli.benign import benign
from upload_guard.cli.check import check
from upload_guard.cli.check_config import check_config
from upload_guard.cli.context import App
from upload_guard.cli.demo import demo
from upload_guard.cli.doctor import doctor
from upload_guard.cli.doors import doors
from upload_guard.cli.explain import explain
from upload_guard.cli.init import init
from upload_guard.cli.keys import key
from upload_guard.cli.lists import lists
from upload_guard.cli.master_key import master_key
from upload_guard.cli.outbox import feedback, notices, outbox
from upload_guard.cli.php_check import php_check
from upload_guard.cli.quarantine import quarantine
from upload_guard.cli.serve import serve
from upload_guard.cli.sync import sync
from upload_guard.cli.upstream import upstream
from upload_guard.cli.users import user
from upload_guard.errors import UploadGuardError
from upload_guard.loading import CONFIG_VARIABLE

ERROR_EXIT = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    help="TOML file with the settings; see config.example.toml.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Check uploads against hash lists of known abuse images.

    upload-guard is no classifier and ships no list: it compares with lists that you import, holds what
    matches, and deletes nothing.
    """
    context.obj = App(config)


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(f"upload-guard {__version__}")


for command in (
    init,
    check_config,
    doctor,
    php_check,
    check,
    explain,
    lists,
    benign,
    sync,
    upstream,
    serve,
    doors,
    key,
    user,
    demo,
    quarantine,
    outbox,
    notices,
    feedback,
    audit,
    master_key,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script. Errors that people meet end in one line on stderr and exit 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cli.main(arguments, standalone_mode=False)
    except UploadGuardError as error:
        click.echo(f"upload-guard: {error}", err=True)
        sys.exit(ERROR_EXIT)
    except click.ClickException as error:
        click.echo(f"upload-guard: {error.format_message()}", err=True)
        sys.exit(ERROR_EXIT)
    except click.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
