"""upload-guard upstream: the check services that uploads are asked about, and whether they answer."""

from __future__ import annotations

import sys

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import upstream_of
from upload_guard.errors import ConfigError
from upload_guard.upstream_settings import UpstreamSettings


@click.group()
def upstream() -> None:
    """Check services that are asked about each upload, [upstreams.NAME]."""


@upstream.command("list")
@click.pass_obj
def show(app: App) -> None:
    """Show what each is sent, and what its yes and its silence mean."""
    if not app.settings.upstreams:
        click.echo("No check service is asked: see docs/check-services.md.")
        return
    print_table(
        ("service", "kind", "address", "is sent", "its yes", "no answer"),
        [_row(name, own) for name, own in sorted(app.settings.upstreams.items())],
    )


@upstream.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def test(app: App, names: tuple[str, ...]) -> None:
    """Ask the services NAMES, or all, about the canary, a harmless picture, as an upload would be.

    Exit code 1 if any gave no answer, or one that tells nothing.
    """
    from upload_guard.checkers.upstreams.trying import try_out

    for name in names:
        if name not in app.settings.upstreams:
            raise ConfigError(f"there is no check service {name!r}: write one into [upstreams.{name}]")
    tried = [
        (name, try_out(upstream_of(name, app.settings.upstreams[name], app.settings)))
        for name in names or sorted(app.settings.upstreams)
    ]
    for name, one in tried:
        click.echo(f"{name} {one.words}", err=not one.answered)
    sys.exit(0 if all(one.answered for _, one in tried) else 1)


def _row(name: str, own: UpstreamSettings) -> tuple[object, ...]:
    words = [own.category, *(f"{word}: {ours}" for word, ours in own.categories.items())]
    path = f"{own.url} (test path)" if own.test_path else own.url
    return name, own.kind, path, ", ".join(own.sent), ", ".join(words), own.failure
