"""upload-guard php-check: whether a host's pools can bear the file before every script."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from upload_guard.cli.doctor import show
from upload_guard.errors import UsageError


@click.command("php-check")
@click.argument(
    "files", nargs=-1, required=True, metavar="POOL.conf...", type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--prepend",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The bridge's host/upload-guard-prepend.php, where the pools will find it.",
)
@click.option("--php", "command", default="php", show_default=True, help="Command of the pools' PHP.")
def php_check(files: tuple[Path, ...], prepend: Path, command: str) -> None:
    """Try php-fpm's pools with upload_guard before every script, before it is switched on.

    The canary is sent from within each pool's walls: as its account, under its open_basedir and
    disable_functions, with its machine key. Run it as root. Nothing is changed.

    \b
    Exit code:
      0  all is well
      1  warnings
      2  something is broken
    """
    from upload_guard.doctor.php import Php, pool_steps
    from upload_guard.doctor.pools import pools_in
    from upload_guard.doctor.steps import exit_code

    if not prepend.is_file():
        raise UsageError(f"{prepend} is not there")
    pools = [pool for file in files for pool in pools_in(file)]
    steps = []
    for step in pool_steps(Php(tuple(shlex.split(command)), prepend.absolute()), pools):
        steps.append(step)
        show(step)
    sys.exit(exit_code(steps))
