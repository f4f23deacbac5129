"""upload-guard key: the keys by which machines ask the sidecar."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table
from upload_guard.errors import UsageError
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.moments import utc_now
from upload_guard.settings import SITE_NAME

if TYPE_CHECKING:
    from upload_guard.machine_keys.keys import MachineKey
    from upload_guard.signing import Credentials

_SCOPES = click.Choice([scope.value for scope in Scope])


@click.group()
def key() -> None:
    """Make and take back the keys by which sites and other machines ask the sidecar."""


@key.command()
@click.argument("site")
@click.option("--scope", "scopes", multiple=True, type=_SCOPES, help="May do this only; repeat for several.")
@click.option("--expires", "days", type=click.FloatRange(0.01, 3650), help="Days that it lasts.")
@click.pass_obj
def new(app: App, site: str, scopes: tuple[str, ...], days: float | None) -> None:
    """Make a key for SITE and show it, this once.

    Without --scope it may check, see its own cases, fetch the files of those that are released and report
    late outcomes, as a site's key should: take it for granted that the site's customer can read it.
    """
    wanted = frozenset(map(Scope, scopes)) or SITE_SCOPES
    lifetime = timedelta(days=days) if days is not None else None
    keys = open_keys(app.settings)
    # Not one more under a master key that came out of nowhere: the others would be lost unnoticed.
    keys.probe()
    _show_once(keys.new(_site(site), wanted, app.person, lifetime))


@key.command("list")
@click.pass_obj
def show(app: App) -> None:
    """Show every key there ever was, without the secrets."""
    now = utc_now()
    rows = [
        (
            one.id,
            one.site,
            _state(one, now),
            " ".join(sorted(one.scopes)),
            f"{_moment(one.created_at)} by {one.created_by}",
            _moment(one.expires_at),
            _moment(one.last_used_at),
        )
        for one in open_keys(app.settings).show()
    ]
    if rows:
        print_table(("key", "site", "state", "scopes", "made", "expires", "last used, to the hour"), rows)
    else:
        click.echo("no keys: 'upload-guard key new SITE' makes one")


@key.command()
@click.argument("key_id")
@click.option(
    "--overlap",
    "hours",
    type=click.FloatRange(0, 24 * 90),
    default=24.0,
    show_default=True,
    help="Hours for which the old key works on.",
)
@click.pass_obj
def rotate(app: App, key_id: str, hours: float) -> None:
    """Make a key in place of KEY_ID, for the same site, scopes and lifetime, and show it, this once."""
    _show_once(open_keys(app.settings).rotate(key_id, app.person, timedelta(hours=hours)))
    click.echo(f"{key_id} works for {hours:g} hours more", err=True)


@key.command()
@click.argument("key_id")
@click.pass_obj
def revoke(app: App, key_id: str) -> None:
    """Take KEY_ID back: from now on it opens nothing."""
    open_keys(app.settings).revoke(key_id, app.person)
    click.echo(f"{key_id} revoked")


def _site(name: str) -> str:
    if not re.fullmatch(SITE_NAME, name):
        raise UsageError(f"{name!r} is no name of a site: letters, digits and . _ - only, 64 at most")
    return name


def _show_once(made: Credentials) -> None:
    """As lines for the site's own configuration; what goes with them is said on standard error."""
    click.echo("This is shown only now. For the [service] section of whoever asks:", err=True)
    click.echo(f'key_id = "{made.key_id}"\nsecret = "{made.secret}"')


def _state(one: MachineKey, now: datetime) -> str:
    return one.fault(now) or (f"replaced by {one.replaced_by}" if one.replaced_by else "good")


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
