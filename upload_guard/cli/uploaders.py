"""upload-guard uploaders: what is kept of who uploaded files, and how that is erased."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table
from upload_guard.cli.reports import read_uploader
from upload_guard.compose import open_erasure

if TYPE_CHECKING:
    from upload_guard.reports.erasing import Erased


@click.group()
def uploaders() -> None:
    """Erase what sites told of who uploaded the files of cases."""


@uploaders.command()
@click.option("--site", required=True, help="Whose uploader: another site's may have the same name.")
@click.option("--because", default="", help="For the audit log, which stays: the request's number, no name.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@click.pass_obj
def erase(app: App, site: str, because: str, dry_run: bool) -> None:
    """Erase one uploader, named as JSON on standard input, so that it stands in no process list.

    Names: account, screen_name, email, ip; all that are given have to be those that were told. Cases under
    a legal hold, in the year after a report, or with a report that has not gone out keep it.
    """
    who, erasure = read_uploader(sys.stdin.read()), open_erasure(app.settings)
    found = erasure.look(site, who) if dry_run else erasure.run(site, who, app.person, because)
    if not found:
        click.echo("Nothing is kept of this uploader.")
        return
    print_table(("case", "uploader", "reports that hold it"), [_row(one, dry_run) for one in found])


def _row(one: Erased, dry_run: bool) -> tuple[str, str, str]:
    done = "would be erased" if dry_run else "erased"
    return one.case, f"kept: {one.kept}" if one.kept else done, ", ".join(one.reports)
