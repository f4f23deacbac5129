"""upload-guard master-key: the key under which all others lie, and how it is replaced."""

from __future__ import annotations

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_database_of
from upload_guard.errors import UsageError
from upload_guard.keyring import forget_previous_file, open_keyring, replace_key_file
from upload_guard.vault.rewrap import Rewrap, masters


@click.group("master-key")
def master_key() -> None:
    """Replace the master key: make one, restart the servers, rewrap, forget the old one."""


@master_key.command()
@click.pass_obj
def status(app: App) -> None:
    """Show how much lies under the master key in use, and how much under the one before."""
    ring, database = open_keyring(app.settings), open_database_of(app.settings)
    rows = [
        (fingerprint, "in use" if fingerprint == ring.fingerprint.hex() else "before", count)
        for fingerprint, count in masters(database).items()
    ]
    if rows:
        print_table(("master key", "is", "uploads"), rows)
    click.echo(f"{Rewrap(database, ring).left()} keys are still under another master key.")


@master_key.command()
@click.pass_obj
def new(app: App) -> None:
    """Make a new key in the data folder; the old one goes on opening what is sealed.

    Where keys.master or keys.command gives the key, put the new one there and the old one into keys.previous.
    """
    if app.settings.keys.master.get_secret_value() or app.settings.keys.command:
        raise UsageError(
            "the settings give the master key: put the new one there, the old into keys.previous"
        )
    replace_key_file(app.settings.data_dir)
    click.echo("Made. Now restart every server, so that nothing more is sealed under the old key, and then:")
    click.echo("  upload-guard master-key rewrap")


@master_key.command()
@click.pass_obj
def rewrap(app: App) -> None:
    """Bring everything under the key in use. Killed half way, it goes on when called again."""
    rewrapped = Rewrap(open_database_of(app.settings), open_keyring(app.settings))
    click.echo(f"{rewrapped.run()} keys rewrapped, {rewrapped.left()} left.")


@master_key.command()
@click.pass_obj
def forget(app: App) -> None:
    """Delete the old key from the data folder, once nothing needs it: what backups hold dies with it."""
    left = Rewrap(open_database_of(app.settings), open_keyring(app.settings)).left()
    if left:
        raise UsageError(f"{left} keys are still under the old master key: run 'master-key rewrap' first")
    gone = forget_previous_file(app.settings.data_dir)
    click.echo("Forgotten." if gone else "There is no old key in the data folder.")
