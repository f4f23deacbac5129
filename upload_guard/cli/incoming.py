"""upload-guard incoming: notices that came in, what stands in one, and a mail that is handed over by hand."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import BinaryIO

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import notices_in, open_database_of, open_desk
from upload_guard.compose.mail import open_fetchers, own_addresses
from upload_guard.errors import TransportError, UsageError
from upload_guard.notices.hashes import NamedHash
from upload_guard.notices.mail.reading import read_mail
from upload_guard.notices.showing import Notices
from upload_guard.notices.states import NoticeState

_LONGEST_MAIL = 64 << 20
FAILED_EXIT = 1
_HASHES = {NamedHash.NOTHING: "", NamedHash.SAME: "the file has it", NamedHash.OTHER: "the file has another"}


@click.group()
def incoming() -> None:
    """See what people and hotlines tell this site of: files that should not be there.

    What goes out to administrators by itself is 'upload-guard notices'.
    """


@incoming.command("list")
@click.option("--state", type=click.Choice([state.value for state in NoticeState]), help="Of these only.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.pass_obj
def list_notices(app: App, state: str | None, count: int) -> None:
    """List the newest notices, by when each should be dealt with."""
    states = (NoticeState(state),) if state else tuple(NoticeState)
    found, now = _notices(app).page(states, count), datetime.now(UTC)
    if not found:
        click.echo("No notice has come in." if state is None else "None is.")
        return
    print_table(
        ("notice", "came in (UTC)", "deadline (UTC)", "", "state", "by", "site", "addresses"),
        [
            (
                one.number,
                f"{one.received_at:%Y-%m-%d %H:%M}",
                f"{one.deadline:%Y-%m-%d %H:%M}",
                "LATE" if one.is_late(now) else "",
                one.state.value,
                one.channel.value,
                one.site,
                one.addresses,
            )
            for one in found
        ],
    )


@incoming.command()
@click.argument("number")
@click.pass_obj
def show(app: App, number: str) -> None:
    """Show what a notice says, and where each of its addresses stands."""
    notices = _notices(app)
    file = notices.find(number)
    own, written = file.notice, file.written
    click.echo(f"{own.number}  {own.state}  came in {own.received_at:%Y-%m-%d %H:%M} by {own.channel}")
    click.echo(
        f"deadline {own.deadline:%Y-%m-%d %H:%M} UTC{'  LATE' if own.is_late(datetime.now(UTC)) else ''}"
    )
    told = written.told
    click.echo(_plain(f"from {told.name or 'nobody'} <{told.email}> {told.organisation} (nothing is proved)"))
    click.echo(_plain(f"subject {written.subject or '-'}"))
    for line in (*written.reasons.splitlines(), *written.remarks):
        click.echo(f"  {_plain(line)}")
    for known in notices.elsewhere(file):
        places = ", ".join(known.places) or "no place"
        click.echo(_plain(f"has a hash that it names: case {known.number} of site {known.site}, {places}"))
    print_table(
        ("", "address", "state", "file", "case", "named hash", "fault"),
        [
            (
                place,
                _plain(one.url),
                one.state.words,
                _plain(one.ours),
                one.case,
                _HASHES[one.named_hash],
                _plain(one.fault),
            )
            for place, one in enumerate(file.addresses, start=1)
        ],
    )


@incoming.command()
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def take(app: App, file: BinaryIO) -> None:
    """Take FILE, one whole mail (.eml, or - for standard input), as if it had come to a mailbox."""
    raw = file.read(_LONGEST_MAIL + 1)
    if len(raw) > _LONGEST_MAIL:
        raise click.UsageError("that is more than 64 MiB, and no mail")
    read = read_mail(raw, datetime.now(UTC), own_addresses(app.settings))
    click.echo(open_desk(app.settings).take(read))


@incoming.command()
@click.argument("mailbox", required=False, default="")
@click.pass_obj
def fetch(app: App, mailbox: str) -> None:
    """Look into MAILBOX now, or into each, as a server does by itself. Exit code 1 where one failed."""
    fetchers = [one for one in open_fetchers(app.settings) if mailbox in ("", one.name)]
    if not fetchers:
        raise UsageError(f"no mailbox {mailbox!r} is configured: [mailboxes.NAME] names them")
    failed = False
    for one in fetchers:
        try:
            click.echo(f"{one.name}: {one.run()} taken")
        except TransportError as error:
            failed = True
            click.echo(f"{one.name}: FAILED: {error}")
    if failed:
        sys.exit(FAILED_EXIT)


def _notices(app: App) -> Notices:
    return notices_in(app.settings, open_database_of(app.settings))


def _plain(text: str) -> str:
    """A stranger wrote it, and a terminal obeys control characters."""
    return "".join(char if char.isprintable() else "?" for char in text)
