"""upload-guard quarantine: what is held and why, and what people decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upload_guard.cli.aftermath import judge_cases_again
from upload_guard.cli.context import App, print_table
from upload_guard.cli.custody import accept_vault, export, hold, lift_hold, preserve, request_export
from upload_guard.compose import open_cases, open_decisions
from upload_guard.errors import UsageError

if TYPE_CHECKING:
    from upload_guard.quarantine.deciding.acts import Decided
    from upload_guard.quarantine.deciding.disputes import Entry
    from upload_guard.quarantine.deciding.rulings import Reach

_case = click.argument("case")
_because = click.option("--because", required=True, help="The reason, kept with the decision.")
_picture = click.option(
    "--picture",
    is_flag=True,
    help="Decide on other files that look like it, too. Look at each first: one can be made to look alike.",
)
_list = click.option("--list", "list_name", required=True, help="The list that the entry is on.")


@click.group()
def quarantine() -> None:
    """See what has been refused, and why, and decide about it. No decision deletes anything."""


for command in (hold, lift_hold, preserve, request_export, export, accept_vault):
    quarantine.add_command(command)


@quarantine.command("list")
@click.option("--count", default=50, show_default=True, type=click.IntRange(min=1), help="How many cases.")
@click.pass_obj
def list_cases(app: App, count: int) -> None:
    """List the newest cases: what was refused, why, and where its bytes lie."""
    cases = open_cases(app.settings).newest(count)
    if not cases:
        click.echo("The quarantine is empty.")
        return
    columns = ("case", "time (UTC)", "state", "site", "route", "result", "action", "size", "why", "bytes")
    print_table(
        columns,
        [
            (
                case.number,
                f"{case.created_at:%Y-%m-%d %H:%M:%S}",
                case.state.words,
                case.site,
                case.route,
                case.result,
                case.action,
                case.size,
                case.why,
                case.place if case.kept.there else case.kept.words,
            )
            for case in cases
        ],
    )


@quarantine.command("false-positive")
@_case
@_picture
@_because
@click.pass_obj
def false_positive(app: App, case: str, picture: bool, because: str) -> None:
    """CASE's file is harmless: it passes everywhere from now on, by its SHA-256 alone.

    What lists come to say of it later is not excused, nor are copies of it or the entry that held it.
    """
    decided = open_decisions(app.settings).false_positive(case, app.person, because, _reach(picture))
    click.echo(
        f"{_counted(case, decided)} released; the same file passes within a second. "
        "The uploader has to send it again."
    )
    judge_cases_again(app)


@quarantine.command()
@click.argument("cases", nargs=-1)
@click.option("--proposed", is_flag=True, help="All cases that are proposed for release.")
@_picture
@_because
@click.pass_obj
def release(app: App, cases: tuple[str, ...], proposed: bool, picture: bool, because: str) -> None:
    """Release CASES: each file passes on the sites it was sent to, for 30 days."""
    from upload_guard.quarantine.deciding.bulk import Bulk, Proposed
    from upload_guard.quarantine.deciding.rulings import Ruling, Word

    decisions = open_decisions(app.settings)
    released: set[str] = set()
    for number in dict.fromkeys(cases):
        # One that was named may have been decided with another one just now.
        if number not in released:
            released |= set(decisions.release(number, app.person, because, _reach(picture)).decided)
    bulk = Bulk(decisions)
    if proposed and (seen := bulk.seen(Proposed())).count:
        done = bulk.decide(Proposed(), Ruling.RELEASED, seen.mark, Word(app.person, because))
        released |= set(done.decided)
    if not released:
        raise UsageError("no case was named, and none is proposed for release")
    click.echo(f"{len(released)} released; the uploaders have to send their files again.")


@quarantine.command()
@_case
@_picture
@_because
@click.pass_obj
def confirm(app: App, case: str, picture: bool, because: str) -> None:
    """CASE's file is what the list says. Where [quarantine] second_person says so, it takes two persons."""
    decided = open_decisions(app.settings).confirm(case, app.person, because, _reach(picture))
    if decided.proposed:
        click.echo(
            f"{len(decided.proposed)} proposed: confirmed once a second person gives the same command."
        )
    if decided.decided:
        click.echo(f"{_counted(case, decided)} confirmed.")


@quarantine.command()
@_case
@_picture
@_because
@click.pass_obj
def escalate(app: App, case: str, picture: bool, because: str) -> None:
    """Somebody else has to decide about CASE."""
    decided = open_decisions(app.settings).escalate(case, app.person, because, _reach(picture))
    click.echo(f"{_counted(case, decided)} escalated.")


@quarantine.command()
@_case
@_because
@click.pass_obj
def reopen(app: App, case: str, because: str) -> None:
    """Take the decision on CASE back: all that it decided is open again, and it excuses nothing any more."""
    numbers = open_decisions(app.settings).reopen(case, app.person, because)
    others = f", and {len(numbers) - 1} more that were decided with it" if len(numbers) > 1 else ""
    click.echo(f"{case} is open again{others}.")
    judge_cases_again(app)


@quarantine.command()
@_case
@_list
@_because
@click.pass_obj
def dispute(app: App, case: str, list_name: str, because: str) -> None:
    """The entries of a list that CASE's file matched exactly shall act no more, here.

    It takes two persons: the first proposes, the second agrees by the same command. For a likeness, or for
    many entries, roll the list back or retract.
    """
    said = open_decisions(app.settings).dispute(case, list_name, app.person, because)
    if said.agreed:
        click.echo(f"{len(said.agreed)} disputed: they act no more, within a second: {_named(said.agreed)}")
        judge_cases_again(app)
    if said.proposed:
        click.echo(
            f"{len(said.proposed)} proposed: they act until a second person gives the same command: "
            f"{_named(said.proposed)}"
        )


@quarantine.command("lift-dispute")
@_case
@_list
@click.pass_obj
def lift_dispute(app: App, case: str, list_name: str) -> None:
    """Entries that were disputed on CASE act again as their list says."""
    count = open_decisions(app.settings).lift_dispute(case, list_name, app.person)
    click.echo(f"{count} act again as {list_name} says, within a second.")
    judge_cases_again(app)


def _named(entries: tuple[Entry, ...]) -> str:
    return ", ".join(f"{kind} {value.hex()[:8]}..." for kind, value in entries)


def _reach(picture: bool) -> Reach:
    from upload_guard.quarantine.deciding.rulings import Reach

    return Reach.PICTURE if picture else Reach.FILE


def _counted(case: str, decided: Decided) -> str:
    """The case, and how many were decided with it, before a verb in the passive."""
    others = len(decided.decided) - 1
    return f"{case} and {others} more {'case' if others == 1 else 'cases'} are" if others else f"{case} is"
