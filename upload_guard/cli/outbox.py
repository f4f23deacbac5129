"""upload-guard outbox, notices, feedback: what goes out by itself, and what became of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

from upload_guard.cli.context import App, print_table
from upload_guard.compose import notice_targets, notice_transport, open_outbox
from upload_guard.errors import TransportError, UsageError
from upload_guard.outbox.messages import MessageKind, MessageState
from upload_guard.outbox.standing import outbox_standing
from upload_guard.storage.outbox_tables import OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED_EXIT = 1
_COUNT = click.option(
    "--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many messages."
)


@click.group()
def outbox() -> None:
    """See what waits to be sent to sites, administrators and suppliers, and what was given up."""


@outbox.command("list")
@click.option("--state", type=click.Choice([state.value for state in MessageState]), help="Of these only.")
@_COUNT
@click.pass_obj
def show(app: App, state: str | None, count: int) -> None:
    """Show the newest messages, the last one first, and who cannot be reached."""
    own = open_outbox(app.settings)
    rows = _newest(app, count, state=state)
    print_table(
        ("made (UTC)", "kind", "to", "state", "tries", "fault"),
        [
            (
                f"{row.made_at:%Y-%m-%d %H:%M:%S}",
                row.kind,
                row.recipient,
                row.state,
                row.attempts,
                row.fault if row.state != MessageState.SENT else "",
            )
            for row in rows
        ],
    )
    for warning in outbox_standing(own.database).warnings:
        click.echo(f"WARNING  {warning}")


@outbox.command()
@click.pass_obj
def retry(app: App) -> None:
    """Send what was given up again, and everything that waits for a pause at once."""
    again = open_outbox(app.settings).try_again()
    click.echo(f"{again} messages that were given up are tried again; a running server sends them.")


@click.group()
def notices() -> None:
    """Tell administrators what happens here."""


@notices.command()
@click.pass_obj
def test(app: App) -> None:
    """Send a test to each target now, and say what came of it. Exit code 1 where one failed."""
    from upload_guard.outbox.dutch import DUTCH
    from upload_guard.outbox.english import ENGLISH

    targets, transport = notice_targets(app.settings), notice_transport(app.settings)
    if not targets:
        raise UsageError("no targets are configured: name them in [notices] targets")
    words = DUTCH if app.settings.notices.language == "nl" else ENGLISH
    failed = 0
    for target in targets.values():
        try:
            transport.tell(target, f"upload_guard: {words.test_title}", words.test_text)
        except TransportError as error:
            failed += 1
            click.echo(f"FAILED   {error}")
        else:
            click.echo(f"sent     {target.name}")
    if failed:
        sys.exit(FAILED_EXIT)


@click.group()
def feedback() -> None:
    """See what suppliers of lists are told of their entries."""


@feedback.command("list")
@_COUNT
@click.pass_obj
def show_feedback(app: App, count: int) -> None:
    """Show the newest opinions on entries, the last one first."""
    rows = _newest(app, count, kind=MessageKind.FEEDBACK.value)
    if not rows:
        click.echo("No opinion was queued: [lists.NAME.exchange] feedback = true says who wants to hear any.")
        return
    print_table(
        ("on", "list", "version", "entry", "opinion", "state", "fault"),
        [
            (
                row.body["on"],
                row.recipient,
                row.body["version"],
                f"{row.body['type']} {row.body['value'][:8]}...",
                row.body["opinion"],
                row.state,
                row.fault if row.state != MessageState.SENT else "",
            )
            for row in rows
        ],
    )


def _newest(
    app: App, count: int, state: str | None = None, kind: str | None = None
) -> Sequence[OutboxMessage]:
    query = select(OutboxMessage).order_by(OutboxMessage.number.desc()).limit(count)
    if state:
        query = query.where(OutboxMessage.state == state)
    if kind:
        query = query.where(OutboxMessage.kind == kind)
    with open_outbox(app.settings).database.session() as session:
        return session.scalars(query).all()
