"""upload-guard doctor: the whole chain, tried out with a harmless picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, printable
from upload_guard.errors import UsageError
from upload_guard.loading import read_settings

if TYPE_CHECKING:
    from upload_guard.doctor.steps import Step


@click.command()
@click.option("--url", help="A site's address that takes uploads: the canary is posted there as by a form.")
@click.option(
    "--wordpress", help="A WordPress site's address: the canary is sent to its media library by its REST API."
)
@click.option("--field", default="file", show_default=True, help="Name of the form's file field.")
@click.option("--with", "fields", multiple=True, metavar="NAME=VALUE", help="What the form needs besides.")
@click.option(
    "--headers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with lines 'Name: value' to send along: a login's Cookie, or Authorization.",
)
@click.option(
    "--authority",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of certificates that the site's must come from, where it has its own.",
)
@click.option("--canary-only", is_flag=True, help="Upload no innocent picture to a site: it might keep it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with all steps.")
@click.pass_obj
def doctor(
    app: App,
    url: str | None,
    wordpress: str | None,
    field: str,
    fields: tuple[str, ...],
    headers: Path | None,
    authority: Path | None,
    canary_only: bool,
    as_json: bool,
) -> None:
    """Try the whole chain with the canary, a harmless picture that every installation refuses.

    Run it as the account that the server runs as, with the same settings. Nothing of a canary is kept.

    \b
    Exit code:
      0  all is well
      1  warnings
      2  something is broken
    """
    # It draws and decodes pictures: much to import for the other commands.
    from upload_guard.doctor.site import Site, site_steps
    from upload_guard.doctor.steps import exit_code
    from upload_guard.doctor.wordpress import WordPress, wordpress_steps

    if url and wordpress:
        raise UsageError("--url and --wordpress: give one, the headers are for one site")
    if wordpress and fields:
        raise UsageError("--with is for the form of --url: --wordpress sends none")
    pairs, login = _pairs(fields), _headers(headers)
    elsewhere: Iterable[Step] = ()
    if url:
        elsewhere = site_steps(Site(url, field, pairs, login, authority), picture_too=not canary_only)
    if wordpress:
        elsewhere = wordpress_steps(WordPress(wordpress, login, authority), picture_too=not canary_only)
    steps = []
    for step in _steps(app, elsewhere):
        steps.append(step)
        if not as_json:
            show(step)
    code = exit_code(steps)
    if as_json:
        click.echo(json.dumps({"exit_code": code, "steps": list(map(_as_json, steps))}))
    else:
        click.echo(_SUMMARY[code])
    sys.exit(code)


_SUMMARY = {
    0: "All is well.",
    1: "It works; see the warnings.",
    2: "SOMETHING IS BROKEN: do not rely on this installation before it is put right.",
}


def _steps(app: App, elsewhere: Iterable[Step]) -> Iterator[Step]:
    from upload_guard.doctor.examine import examine
    from upload_guard.doctor.steps import Step, broken

    reading = read_settings(app.config)
    if reading.settings is None:
        advice = "correct the line; 'upload-guard check-config' names every fault"
        for fault in reading.faults:
            yield Step("settings", broken(fault, advice), 0.0)
        return
    yield from examine(reading.settings, elsewhere)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    for one in given:
        if "=" not in one:
            raise UsageError(f"--with {one!r}: must be NAME=VALUE")
    return {name: value for name, _, value in (one.partition("=") for one in given)}


def _headers(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"{file}: cannot be read: {fault}") from None
    pairs = [line.partition(":") for line in lines if line.strip()]
    if not all(colon and name.strip() for name, colon, _ in pairs):
        raise UsageError(f"{file}: every line must be 'Name: value'")
    return {name.strip(): value.strip() for name, _, value in pairs}


def show(step: Step) -> None:
    """One step for a person."""
    said = step.said
    mark = said.state.value if said.state.value in {"ok", "skipped"} else said.state.value.upper()
    took = f"{step.milliseconds:.0f} ms"
    click.echo(printable(f"{mark:<8} {took:>8}  {step.name}: {said.told}"))
    if said.advice:
        click.echo(printable(f"{'':<17}  -> {said.advice}"))


def _as_json(step: Step) -> dict[str, object]:
    return {
        "step": step.name,
        "state": step.said.state.value,
        "told": step.said.told,
        "advice": step.said.advice,
        "milliseconds": round(step.milliseconds, 1),
    }
