"""upload-guard quarantine: what keeps a case from expiring, and handing one to an authority."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from upload_guard.cli.context import App
from upload_guard.compose import open_cases, open_exports, open_holds
from upload_guard.errors import UsageError

_case = click.argument("case")
_because = click.option("--because", required=True, help="The reason, kept in the audit log.")
_to = click.option("--to", "recipient", required=True, help="The authority's age public key (age1...).")


@click.command()
@_case
@_because
@click.pass_obj
def hold(app: App, case: str, because: str) -> None:
    """Keep CASE's bytes whatever its retention says, until the hold is lifted."""
    number = open_holds(app.settings).place(case, app.person, because)
    click.echo(f"{case} is on hold {number}.")


@click.command("accept-vault")
@_because
@click.pass_obj
def accept_vault(app: App, because: str) -> None:
    """Hold uploads in the vault's place as it is, though what was held before is not in it: it is lost."""
    vault = open_cases(app.settings).vault
    vault.marks.accept(app.person, because)
    click.echo(
        f"{vault.place.address} is the vault from now on; held bytes that are not in it are told as gone."
    )


@click.command("lift-hold")
@_case
@click.option("--hold", "number", type=int, help="Which one, where there are several.")
@_because
@click.pass_obj
def lift_hold(app: App, case: str, number: int | None, because: str) -> None:
    """End a hold on CASE: its bytes are shredded when their time is up, at once if it is."""
    open_holds(app.settings).lift(case, number, app.person, because)
    click.echo(f"The hold on {case} is lifted.")


@click.command()
@_case
@click.option("--report", required=True, help="The authority's own number of the report.")
@click.option("--submitted", type=click.DateTime(["%Y-%m-%d"]), help="Its day (UTC); today if not said.")
@click.pass_obj
def preserve(app: App, case: str, report: str, submitted: datetime | None) -> None:
    """Note that CASE was reported: its bytes are kept for a year from then, as in the United States."""
    now = datetime.now(UTC)
    at = submitted.replace(tzinfo=UTC) if submitted else now
    if at > now:
        raise UsageError("a report cannot have been submitted on a day that is still to come")
    until = open_holds(app.settings).preserve(case, report, at, app.person)
    click.echo(f"{case} is kept until {until:%Y-%m-%d}.")


@click.command("request-export")
@_case
@_to
@_because
@click.pass_obj
def request_export(app: App, case: str, recipient: str, because: str) -> None:
    """Ask that CASE be handed to an authority; another person gives it out with 'export'."""
    open_exports(app.settings).request(case, recipient, app.person, because)
    click.echo(f"Noted. A second person gives it out: quarantine export {case} --to {recipient} --out FILE")


@click.command()
@_case
@_to
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new file.")
@click.pass_obj
def export(app: App, case: str, recipient: str, out: Path) -> None:
    """Write CASE for an authority, which alone can open it: its bytes, their digests, the audit trail.

    Another person must have asked for it with 'request-export'.
    """
    digest = open_exports(app.settings).give(case, recipient, out, app.person)
    click.echo(f"{out}: sha256 {digest.hex()}")
