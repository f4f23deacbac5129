"""upload-guard list: import, activate, change, export and show hash lists."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.aftermath import judge_cases_again
from upload_guard.cli.breaker import breaker
from upload_guard.cli.context import App, shown_progress
from upload_guard.cli.gate import approve, examine, print_aside, print_report
from upload_guard.cli.list_tables import counts_in_words, print_versions
from upload_guard.cli.rehearse import rehearse
from upload_guard.cli.retraction import effect_of_retraction
from upload_guard.cli.signal_type import METAVAR, signal_type_of
from upload_guard.compose import is_manual, known_categories, open_lists
from upload_guard.errors import ListError, ListHeld
from upload_guard.records import SignalType
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.lists.formats import HashFile
    from upload_guard.lists.store import ListStore
    from upload_guard.lists.versions import VersionInfo
    from upload_guard.matching.build import Progress


_signal_type = click.option(
    "--signal-type",
    metavar=METAVAR,
    callback=signal_type_of,
    help="Signal type of lines that are a bare hash (64 digits could be sha256 or pdq).",
)
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "csv", "icse", "vics", "jsonl"]),
    help="Form of the file; told by its content if not given.",
)
# Arguments of a process can be read by everybody on the machine, and these hashes are nobody's business.
_hashes = click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")


@click.group("list")
def lists() -> None:
    """Import, activate, change, export and show hash lists."""


for command in (examine, approve, rehearse, breaker):
    lists.add_command(command)


@lists.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--category", help="Category of entries for which the file names none, e.g. baseline.")
@click.option("--origin", help="Who stands behind the list, e.g. police-nl; needed for a new list.")
@_format
@_signal_type
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    help="Ed25519 signature of FILE, for lists with a public_key.",
)
@click.option(
    "--keep-dates",
    is_flag=True,
    help="Trust the file's dates; without it what is new is on probation from now on.",
)
@click.pass_obj
def import_list(
    app: App,
    name: str,
    file: Path,
    category: str | None,
    origin: str | None,
    form: str | None,
    signal_type: SignalType | None,
    keep_dates: bool,
    signature: Path | None,
) -> None:
    """Import FILE as a new version of the list NAME.

    The first one does not act before it is activated. Later ones follow by themselves, unless the list has
    activate = "manual" in the settings. What is no hash refuses the whole file.
    """
    # The database's library takes half a second to load; `--help` and `version` should not wait for it.
    from upload_guard.lists.importing import ImportOrder

    store, known = open_lists(app.settings), known_categories(app.settings, name)
    if category:
        known.check(category)
    order = ImportOrder(name, file.name, category, origin, app.person, keep_dates)
    begun = time.monotonic()
    with _judged(app.settings, name, file, signature) as judged, shown_progress() as progress:
        hashes = _open(judged, signal_type, form, progress)
        version = store.import_version(order, known.only(hashes), progress)
    seconds = max(time.monotonic() - begun, 1e-3)
    click.echo(
        f"{name} version {version.number}: {version.entries} entries ({counts_in_words(version.counts)}; "
        f"{counts_in_words(version.categories)}), {version.entries / seconds:,.0f} a second"
    )
    if hashes.left_out:
        click.echo(f"Left out: {counts_in_words(hashes.left_out)}")
    _follow(app, store, version)


def _follow(app: App, store: ListStore, version: VersionInfo) -> None:
    """Let a version act that was just imported, or say why it waits."""
    from upload_guard.lists.succession import follow

    name, number = version.list_name, version.number
    try:
        with shown_progress() as progress:
            waits = follow(store, version, is_manual(app.settings, name), app.person, progress, print_report)
    except ListHeld as held:
        click.echo(f"It waits: {held}.")
        return
    if waits:
        click.echo(f"It waits: {waits}. It acts after: upload-guard list activate {name} {number}")
        return
    click.echo(f"It is active now; the way back: upload-guard list rollback {name} VERSION")
    judge_cases_again(app)


@lists.command()
@click.argument("name")
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.pass_obj
def activate(app: App, name: str, version: int | None) -> None:
    """Let VERSION of the list NAME act; the newest one if none is given.

    The gate has its say first: what it puts aside does not act. What acts is built; until
    then uploads are checked against what was active.
    """
    begun = time.monotonic()
    with shown_progress() as progress:
        active = open_lists(app.settings).activate(name, version, app.person, progress, print_report)
    rate = active.entries / max(time.monotonic() - begun, 1e-3)
    click.echo(f"{name} version {active.number} is active: {active.entries} entries, {rate:,.0f} a second")
    judge_cases_again(app)


@lists.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@click.pass_obj
def rollback(app: App, name: str, version: int) -> None:
    """Let VERSION of the list NAME act again, which has acted before.

    Later versions wait for 'list activate' until somebody has given it.
    """
    with shown_progress() as progress:
        active = open_lists(app.settings).rollback(name, version, app.person, progress, print_report)
    click.echo(f"{name} is back at version {active.number}: {active.entries} entries")
    judge_cases_again(app)


@lists.command("export")
@click.argument("name")
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "plain"]),
    default="jsonl",
    show_default=True,
    help="jsonl and csv keep category and age, plain does not.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, readable for you alone; standard output if none is given.",
)
@click.pass_obj
def export_list(app: App, name: str, version: int | None, form: str, output: Path | None) -> None:
    """Write the entries of VERSION of the list NAME; of the active one if none is given.

    With what was added to it, without what was retracted or put aside by the gate.
    """
    from upload_guard.lists.exporting import export, export_to_file

    entries = open_lists(app.settings).entries(name, version)
    begun = time.monotonic()
    with shown_progress() as progress:
        count = (
            export_to_file(output, form, entries, progress)
            if output
            else export(sys.stdout, form, entries, progress)
        )
    rate = count / max(time.monotonic() - begun, 1e-3)
    click.echo(f"{name}: {count} entries written, {rate:,.0f} a second", err=True)


@lists.command()
@click.argument("name")
@_hashes
@click.option("--category", required=True, help="Category of hashes for which the file names none.")
@_format
@_signal_type
@click.pass_obj
def add(
    app: App, name: str, file: Path, category: str, form: str | None, signal_type: SignalType | None
) -> None:
    """Let the hashes in FILE (or standard input) act at once, as part of NAME's active version.

    A later version does not have them unless its own file has. Junk and hashes that name a known-good
    image are not added: exit code 1 if there were any.
    """
    store, known = open_lists(app.settings), known_categories(app.settings, name)
    known.check(category)
    sifted = store.add(name, known.only(_open(file, signal_type, form)), category, app.person)
    click.echo(f"{name}: {len(sifted.kept)} added; they act within a second")
    if sifted.aside:
        click.echo(f"{len(sifted.aside)} not added, by their number among the file's hashes:")
        print_aside(sifted.aside)
    _fold(store)
    judge_cases_again(app)
    sys.exit(1 if sifted.aside else 0)


@lists.command()
@click.argument("name")
@_hashes
@_format
@_signal_type
@click.pass_obj
def retract(app: App, name: str, file: Path, form: str | None, signal_type: SignalType | None) -> None:
    """Let the hashes in FILE (or standard input) no longer act in NAME, in this version and later ones.

    `list add` takes a retraction back.
    """
    store = open_lists(app.settings)
    # Once each: the message counts them.
    hashes = tuple(dict.fromkeys(_open(file, signal_type, form)))
    effect = effect_of_retraction(store, name, hashes)
    count = store.retract(name, hashes, app.person)
    click.echo(f"{name}: {count} retracted. {effect}")
    _fold(store)
    judge_cases_again(app)


@lists.command()
@click.pass_obj
def verify(app: App) -> None:
    """Compare what is active, byte for byte, with what was built."""
    snapshot = open_lists(app.settings).verify()
    click.echo(f"{snapshot.size} entries are active; every file is as it was built.")


@lists.command()
@click.pass_obj
def show(app: App) -> None:
    """Show every version of every list, and when each was made to act."""
    versions = open_lists(app.settings).versions()
    if not versions:
        click.echo("No list yet. Without an active list every upload is unchecked: see 'list import --help'.")
        return
    print_versions(versions)


def _open(
    file: Path, signal_type: SignalType | None, form: str | None, progress: Progress | None = None
) -> HashFile:
    from upload_guard.lists.formats import HashFile
    from upload_guard.matching.build import no_progress

    readable = Path("/dev/stdin") if str(file) == "-" else file
    return HashFile(readable, signal_type, form, progress or no_progress)


def _fold(store: ListStore) -> None:
    with shown_progress() as progress:
        store.fold(progress)


def _judged(
    settings: Settings, name: str, file: Path, signature: Path | None
) -> AbstractContextManager[Path]:
    """The file to read: of a list with a pinned key, a copy whose signature is good. Raises `ListError`."""
    own = settings.lists.get(name)
    if own is not None and own.public_key:
        from upload_guard.lists.signatures import signed_copy

        return signed_copy(file, signature, own.public_key, settings.data_dir)
    if signature is not None:
        raise ListError(f"there is no key to judge {signature}: set [lists.{name}] public_key")
    return nullcontext(file)
