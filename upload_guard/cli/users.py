"""upload-guard user: the persons who work at the pages."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_database_of
from upload_guard.errors import UsageError
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role

if TYPE_CHECKING:
    from upload_guard.people.opening import Gate
    from upload_guard.people.people import Account

_ROLE = click.Choice([role.value for role in Role])
_FROM_FILE = click.option(
    "--password-file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Read the password from this file (- for standard input) in place of asking for it.",
)


@click.group()
def user() -> None:
    """Add the persons who work at the pages, and say what they may do.

    Their decisions carry their names, so nobody is ever deleted: 'disable' shuts somebody out.
    """


@user.command()
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="What they may do; see docs/people.md.")
@click.option("--temporary", is_flag=True, help="Make up a password, to be replaced at the first log-in.")
@_FROM_FILE
@click.pass_obj
def add(app: App, name: str, role: str, temporary: bool, file: Path | None) -> None:
    """Add NAME, who logs in by a password."""
    people = _gate(app).people
    if temporary:
        _show_once(people.invite(name, Role(role), app.person))
    else:
        people.add(name, Role(role), _password(file), app.person)
    click.echo(f"{name} is {role}", err=True)


@user.command("list")
@click.pass_obj
def show(app: App) -> None:
    """Show everybody there ever was."""
    rows = [
        (
            one.name,
            one.role,
            _state(one),
            "password" if one.by_password else "another service",
            _moment(one.totp_since),
            f"{_moment(one.made_at)} by {one.made_by}",
            _moment(one.logged_in_at),
        )
        for one in _gate(app).people.show()
    ]
    if rows:
        print_table(("name", "role", "state", "logs in by", "phone since", "added", "last log-in"), rows)
    else:
        click.echo("nobody: 'upload-guard user add NAME --role administrator' adds the first")


@user.command()
@click.argument("name")
@click.pass_obj
def disable(app: App, name: str) -> None:
    """Shut NAME out, at once."""
    _gate(app).people.disable(name, app.person)
    click.echo(f"{name} is disabled", err=True)


@user.command()
@click.argument("name")
@click.pass_obj
def enable(app: App, name: str) -> None:
    """Let NAME log in again."""
    _gate(app).people.enable(name, app.person)
    click.echo(f"{name} may log in", err=True)


@user.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@click.pass_obj
def set_role(app: App, name: str, role: str) -> None:
    """Give NAME another ROLE; they have to log in again."""
    _gate(app).people.set_role(name, Role(role), app.person)
    click.echo(f"{name} is {role}", err=True)


@user.command()
@click.argument("name")
@click.option("--temporary", is_flag=True, help="Make one up, to be replaced at the next log-in.")
@_FROM_FILE
@click.pass_obj
def password(app: App, name: str, temporary: bool, file: Path | None) -> None:
    """Give NAME another password; they have to log in again."""
    people = _gate(app).people
    if temporary:
        _show_once(people.give_password(name, app.person))
    else:
        people.set_password(name, _password(file), app.person)
    click.echo(f"{name} has another password", err=True)


@user.command("reset-totp")
@click.argument("name")
@click.pass_obj
def reset_totp(app: App, name: str) -> None:
    """Forget the phone of NAME, who lost it, with the codes to recover with."""
    _gate(app).phones.reset(name, app.person)
    click.echo(f"{name} takes another phone at the next log-in", err=True)


def _gate(app: App) -> Gate:
    return open_gate(app.settings, open_database_of(app.settings))


def _password(file: Path | None) -> str:
    """Never an argument, which everybody on the machine could read."""
    if file is None and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))
    try:
        text = sys.stdin.read() if file is None or str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    return text.removesuffix("\n").removesuffix("\r")


def _show_once(made_up: str) -> None:
    click.echo("This is shown only now; it has to be replaced at the next log-in:", err=True)
    click.echo(made_up)


def _state(one: Account) -> str:
    return "good" if one.disabled_at is None else f"disabled {_moment(one.disabled_at)}"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
