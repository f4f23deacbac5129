"""The root of the command line: settings, logging, and errors as one line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from upload_guard import __version__
from upload_guard.cli.context import App
from upload_guard.cli.lazily import LazyGroup
from upload_guard.errors import UploadGuardError
from upload_guard.loading import CONFIG_VARIABLE

ERROR_EXIT = 2


_COMMANDS = {
    "init": "init:init",
    "check-config": "check_config:check_config",
    "doctor": "doctor:doctor",
    "php-check": "php_check:php_check",
    "check": "check:check",
    "explain": "explain:explain",
    "list": "lists:lists",
    "benign": "benign:benign",
    "sync": "sync:sync",
    "upstream": "upstream:upstream",
    "serve": "serve:serve",
    "doors": "doors:doors",
    "key": "keys:key",
    "customer": "customers:customer",
    "user": "users:user",
    "demo": "demo:demo",
    "quarantine": "quarantine:quarantine",
    "reports": "reports:reports",
    "removals": "removals:removals",
    "outbox": "outbox:outbox",
    "notices": "outbox:notices",
    "incoming": "incoming:incoming",
    "feedback": "outbox:feedback",
    "statements": "statements:statements",
    "uploaders": "uploaders:uploaders",
    "audit": "audit:audit",
    "scan": "scan:scan",
    "scans": "scans:scans",
    "master-key": "master_key:master_key",
    "transparency-report": "transparency:transparency",
}


@click.group(
    cls=LazyGroup,
    lazily={name: f"upload_guard.cli.{place}" for name, place in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="upload-guard %(version)s")
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
