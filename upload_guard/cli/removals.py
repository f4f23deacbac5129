"""upload-guard removals: where the files of cases lie on their sites; taken away, and put back."""

from __future__ import annotations

from pathlib import Path

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_placements
from upload_guard.errors import UsageError

_place = click.argument("place", type=click.IntRange(min=1))


@click.group()
def removals() -> None:
    """See where files of cases lie on their sites, take one away, put it back. Nothing is deleted.

    A confirmed case's files are taken away, and a released one's put back, by themselves.
    """


@removals.command("list")
@click.option("--case", help="Those of one case.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.pass_obj
def list_places(app: App, case: str | None, count: int) -> None:
    """List the newest places, or all of a case, and how the file stands there."""
    placements = open_placements(app.settings)
    places = placements.page(count) if case is None else placements.of_case(case)
    if not places:
        click.echo("No file of any case is known to lie on a site." if case is None else "None is known.")
        return
    print_table(
        ("place", "case", "site", "file", "state", "known since (UTC)", "fault"),
        [
            (
                one.id,
                one.case,
                one.site,
                one.locator,
                one.state.words,
                f"{one.noted_at:%Y-%m-%d %H:%M:%S}",
                one.fault,
            )
            for one in places
        ],
    )


@removals.command()
@click.argument("case")
@click.argument("where")
@click.pass_obj
def add(app: App, case: str, where: str) -> None:
    """Note that the file of CASE lies at WHERE too: a path, or a locator such as s3://bucket/key."""
    place = open_placements(app.settings).note(case, _locator(where), app.person)
    click.echo(f"Noted as place {place}.")


@removals.command()
@_place
@click.pass_obj
def remove(app: App, place: int) -> None:
    """Take the file at PLACE away; its bytes are sealed in the quarantine and 'restore' puts them back."""
    open_placements(app.settings).remove(place, app.person)
    click.echo(f"Removed. 'upload-guard removals restore {place}' puts it back.")


@removals.command()
@_place
@click.pass_obj
def restore(app: App, place: int) -> None:
    """Put the file at PLACE back as it was. Nothing that lies there now is overwritten."""
    open_placements(app.settings).restore(place, app.person)
    click.echo("Put back.")


@removals.command()
@_place
@click.pass_obj
def gone(app: App, place: int) -> None:
    """Say that the file at PLACE is gone, so that it is not looked for again until somebody finds it there.

    For a folder that went as a whole: no machine can tell that from a disk that is not mounted.
    """
    open_placements(app.settings).give_up(place, app.person)
    click.echo("Noted as gone.")


def _locator(where: str) -> str:
    from upload_guard.holdings.descent import file_locator

    if "://" in where:
        return where
    if not Path(where).is_file():
        raise UsageError(f"{where}: there is no such file")
    return file_locator(Path(where))
