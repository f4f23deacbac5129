"""upload-guard list: import, activate, change and show hash lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table, shown_progress
from upload_guard.cli.gate import approve, examine, print_report
from upload_guard.compose import build_trust, open_lists
from upload_guard.errors import ListError
from upload_guard.records import SignalType
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.lists.formats import ListedHash
    from upload_guard.lists.store import ListStore, VersionInfo


_signal_type = click.option(
    "--signal-type",
    type=click.Choice([kind.value for kind in SignalType]),
    help="Signal type of lines that are a bare hash (64 digits could be sha256 or pdq).",
)
# Arguments of a process can be read by everybody on the machine, and these hashes are nobody's business.
_hashes = click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")


@click.group("list")
def lists() -> None:
    """Import, activate, change and show hash lists."""


for command in (examine, approve):
    lists.add_command(command)


@lists.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--category", required=True, help="Category of every entry, e.g. baseline or illegal.")
@click.option("--origin", help="Who stands behind the list, e.g. police-nl; needed for a new list.")
@_signal_type
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    help="Ed25519 signature of FILE, for lists with a public_key.",
)
@click.pass_obj
def import_list(
    app: App,
    name: str,
    file: Path,
    category: str,
    origin: str | None,
    signal_type: str | None,
    signature: Path | None,
) -> None:
    """Import FILE as a new version of the list NAME. It does not act before it is activated.

    A line is a hash, or a signal type and a hash; # begins a comment. One line that is no hash refuses the
    whole file.
    """
    # The database's library takes half a second to load; `--help` and `version` should not wait for it.
    from upload_guard.lists.formats import read_hashes
    from upload_guard.lists.store import ImportOrder

    _refuse_unknown_category(app.settings, name, category)
    _refuse_unsigned(app.settings, name, file, signature)
    hashes = read_hashes(file, SignalType(signal_type) if signal_type else None)
    order = ImportOrder(name, file.name, category, origin, app.person)
    version = open_lists(app.settings).import_version(order, hashes)
    click.echo(f"{name} version {version.number}: {version.entries} entries ({_counts(version)})")
    click.echo(f"It acts after: upload-guard list activate {name} {version.number}")


@lists.command()
@click.argument("name")
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.pass_obj
def activate(app: App, name: str, version: int | None) -> None:
    """Let VERSION of the list NAME act; the newest one if none is given.

    The gate has its say first: what it puts aside does not act. What acts is built; until
    then uploads are checked against what was active.
    """
    with shown_progress() as progress:
        active = open_lists(app.settings).activate(name, version, app.person, progress, print_report)
    click.echo(f"{name} version {active.number} is active: {active.entries} entries")


@lists.command()
@click.argument("name")
@_hashes
@click.option("--category", required=True, help="Category of the hashes, e.g. baseline or illegal.")
@_signal_type
@click.pass_obj
def add(app: App, name: str, file: Path, category: str, signal_type: str | None) -> None:
    """Let the hashes in FILE (or standard input) act at once, as part of NAME's active version.

    A later version does not have them unless its own file has.
    """
    _refuse_unknown_category(app.settings, name, category)
    store = open_lists(app.settings)
    count = store.add(name, _read(file, signal_type), category, app.person)
    click.echo(f"{name}: {count} added; they act within a second")
    _fold(store)


@lists.command()
@click.argument("name")
@_hashes
@_signal_type
@click.pass_obj
def retract(app: App, name: str, file: Path, signal_type: str | None) -> None:
    """Let the hashes in FILE (or standard input) no longer act in NAME, in this version and later ones.

    `list add` takes a retraction back.
    """
    store = open_lists(app.settings)
    count = store.retract(name, _read(file, signal_type), app.person)
    click.echo(f"{name}: {count} retracted; they stop acting within a second")
    _fold(store)


@lists.command()
@click.pass_obj
def verify(app: App) -> None:
    """Compare what is active, byte for byte, with what was built."""
    snapshot = open_lists(app.settings).verify()
    click.echo(f"{snapshot.size} entries are active; every file is as it was built.")


@lists.command()
@click.pass_obj
def show(app: App) -> None:
    """Show every version of every list."""
    versions = open_lists(app.settings).versions()
    if not versions:
        click.echo("No list yet. Without an active list every upload is unchecked: see 'list import --help'.")
        return
    columns = ("list", "origin", "version", "active", "entries", "types", "imported", "by", "from")
    print_table(columns, [_row(version) for version in versions])


def _read(file: Path, signal_type: str | None) -> Iterator[ListedHash]:
    from upload_guard.lists.formats import read_hashes

    readable = Path("/dev/stdin") if str(file) == "-" else file
    return read_hashes(readable, SignalType(signal_type) if signal_type else None)


def _fold(store: ListStore) -> None:
    with shown_progress() as progress:
        store.fold(progress)


def _row(version: VersionInfo) -> tuple[object, ...]:
    return (
        version.list_name,
        version.origin,
        version.number,
        f"since {version.activated_at:%Y-%m-%d %H:%M}" if version.active else "no",
        version.entries,
        _counts(version),
        f"{version.imported_at:%Y-%m-%d %H:%M}",
        version.imported_by,
        version.source,
    )


def _counts(version: VersionInfo) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(version.counts.items()))


def _refuse_unknown_category(settings: Settings, name: str, category: str) -> None:
    # A misspelt category would be ignored by the policy: a silent miss of a whole list.
    trust = build_trust(settings)
    if not trust.knows(name, category):
        known = ", ".join(trust.categories(name))
        raise ListError(
            f"no rule for category {category!r}: use {known}, or add it to [lists.{name}.actions]"
        )


def _refuse_unsigned(settings: Settings, name: str, file: Path, signature: Path | None) -> None:
    own = settings.lists.get(name)
    if own is not None and own.public_key:
        from upload_guard.lists.signatures import check_signature

        check_signature(file, signature, own.public_key)
    elif signature is not None:
        raise ListError(f"there is no key to judge {signature}: set [lists.{name}] public_key")
