"""upload-guard reports: what goes out of confirmed cases, read and approved by a person before it does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table, printable
from upload_guard.compose import open_report_desk, report_dispatch, report_following
from upload_guard.errors import TransportError, UsageError

if TYPE_CHECKING:
    from upload_guard.reports.facts import Uploader
    from upload_guard.reports.shown import ReportInfo

_case = click.argument("case")
_number = click.argument("number")
_because = click.option("--because", required=True, help="The reason, kept in the audit log.")


@click.group()
def reports() -> None:
    """Report what a person has confirmed. Nothing is sent that nobody, or no rule of yours, has approved."""


@reports.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only what somebody still has to see to.")
@click.pass_obj
def list_reports(app: App, only_open: bool) -> None:
    """List the newest reports, those to be taken back first."""
    from upload_guard.reports.states import UNSENT, ReportState

    desk = open_report_desk(app.settings)
    back = desk.to_withdraw()
    rest = desk.newest(UNSENT if only_open else frozenset(ReportState))
    named = {one.number for one in back}
    rows = [_row(one) for one in (*back, *(one for one in rest if one.number not in named))]
    if rows:
        print_table(("report", "case", "to", "state", "drafted (UTC)", "sent (UTC)", "fault"), rows)
    else:
        click.echo("There is no report." if not only_open else "Nothing has to be seen to.")


@reports.command()
@_number
@click.option("--paper", is_flag=True, help="Write the very bytes to standard output, and nothing else.")
@click.pass_obj
def show(app: App, number: str, paper: bool) -> None:
    """Show a report, what it says, and the mark that approving it takes."""
    from upload_guard.reports.shown import mark_of

    desk = open_report_desk(app.settings)
    info, written = desk.one(number), desk.paper(number)
    if paper:
        sys.stdout.buffer.write(written.content)
        return
    print_table(("report", "case", "to", "state", "drafted (UTC)", "sent (UTC)", "fault"), [_row(info)])
    click.echo(f"mark: {mark_of(written)}\n")
    text = written.content.decode("utf-8", "replace")
    click.echo("\n".join(printable(line) for line in text.splitlines()))


@reports.command()
@_case
@click.argument("recipient")
@click.pass_obj
def draft(app: App, case: str, recipient: str) -> None:
    """Write a report of CASE down for RECIPIENT, a name in your settings. Nothing is sent."""
    drafted = open_report_desk(app.settings).draft(case, recipient, app.person)
    click.echo(f"Drafted: upload-guard reports show {drafted.number}")


@reports.command()
@_number
@click.pass_obj
def rewrite(app: App, number: str) -> None:
    """Write a draft anew, with what is known now."""
    open_report_desk(app.settings).write_again(number, app.person)
    click.echo(f"Written anew: upload-guard reports show {number}")


@reports.command()
@_number
@click.option("--mark", required=True, help="Of what you have read, as 'show' says it.")
@click.pass_obj
def approve(app: App, number: str, mark: str) -> None:
    """Have a draft sent as you have read it: by a running server, or by 'send'."""
    open_report_desk(app.settings).approve(number, mark, app.person)
    click.echo("Approved. A running server sends it within seconds; 'upload-guard reports send' does so now.")


@reports.command()
@click.pass_obj
def send(app: App) -> None:
    """Draft what rules ask for and send what is approved, as servers do by themselves."""
    desk = open_report_desk(app.settings)
    report_following(desk).run()
    count = report_dispatch(app.settings, desk).run()
    click.echo(f"{count} sent.")


@reports.command()
@_number
@click.pass_obj
def retry(app: App, number: str) -> None:
    """Have a report that did not arrive tried again; it goes on where it stopped."""
    open_report_desk(app.settings).try_again(number, app.person)
    click.echo("It is tried again.")


@reports.command()
@_number
@click.option("--reference", default="", help="What the recipient calls it.")
@click.pass_obj
def acknowledge(app: App, number: str, reference: str) -> None:
    """Note that the recipient says that it has the report."""
    open_report_desk(app.settings).acknowledge(number, reference, app.person)
    click.echo("Noted.")


@reports.command()
@_number
@click.option("--done", is_flag=True, help="You have written to the recipient yourself: only note it.")
@_because
@click.pass_obj
def withdraw(app: App, number: str, done: bool, because: str) -> None:
    """Take a report back, at its recipient where it has gone out."""
    desk = open_report_desk(app.settings)
    try:
        if done:
            desk.note_withdrawn(number, because, app.person)
        else:
            desk.withdraw(number, because, app.person)
    except TransportError as error:
        raise UsageError(f"the recipient could not be told: {error}") from error
    click.echo("Withdrawn.")


@reports.command()
@_case
@click.argument("classification")
@click.option("--summary", default="", help="In short, for the recipient.")
@click.pass_obj
def classify(app: App, case: str, classification: str, summary: str) -> None:
    """Say what CASE's file is: baseline, A1, A2, B1, B2, or none."""
    word = "" if classification == "none" else classification
    open_report_desk(app.settings).classes.choose(case, word, summary, app.person)
    click.echo("Noted; drafts that are written from now on say so.")


@reports.command()
@_case
@click.pass_obj
def uploader(app: App, case: str) -> None:
    """Tell who uploaded CASE's file, as JSON on standard input, so that it stands in no process list.

    Names: account, screen_name, email, ip, port, at (ISO 8601 with a time zone). It is kept sealed.
    """
    told = read_uploader(sys.stdin.read())
    open_report_desk(app.settings).uploaders.tell(case, told, app.person)
    click.echo("Noted, sealed.")


@reports.command()
@click.pass_obj
def recipients(app: App) -> None:
    """List whom your settings report to, and how."""
    own = app.settings.reports.recipients
    if not own:
        click.echo("nobody: a table [reports.recipients.NAME] names somebody")
        return
    print_table(
        ("recipient", "format", "sender", "sends", "sites", "attempts"),
        (
            (
                name,
                one.format,
                one.sender,
                one.send.replace("_", " "),
                ", ".join(one.sites) or "all",
                "reported" if one.blocked else "not reported",
            )
            for name, one in sorted(own.items())
        ),
    )


def _row(one: ReportInfo) -> tuple[str, ...]:
    state = f"{one.state.value}, to be taken back" if one.withdraw_since else one.state.value
    return (
        one.number,
        one.case,
        one.recipient,
        state,
        f"{one.drafted_at:%Y-%m-%d %H:%M:%S}",
        f"{one.sent_at:%Y-%m-%d %H:%M:%S}" if one.sent_at else "",
        one.fault,
    )


def read_uploader(text: str) -> Uploader:
    """Of JSON that a person typed or piped. Raises `UsageError`."""
    from pydantic import ValidationError

    from upload_guard.reports.wire import UploaderQuestion

    try:
        return UploaderQuestion.model_validate_json(text).uploader
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "standard input"
        raise UsageError(f"{where}: {first['msg']}") from None
