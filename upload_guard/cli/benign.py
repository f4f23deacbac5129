"""upload-guard benign: the bank of known-good images."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.aftermath import judge_cases_again
from upload_guard.cli.context import App, print_table, shown_progress
from upload_guard.compose import build_policy, build_station, open_benign, open_lists
from upload_guard.digests import digest_stream
from upload_guard.errors import UsageError
from upload_guard.policy import counts, judge
from upload_guard.records import Action, Digest, Digests, Match, Signal, Source, Upload
from upload_guard.spans import FileContent

if TYPE_CHECKING:
    from upload_guard.compose import Station
    from upload_guard.policy import Policy

_site = click.option("--site", default="", help="Count for uploads of this site only, and by SHA-256 only.")


@click.group()
def benign() -> None:
    """Keep the bank of known-good images, which no list can hold or block."""


@benign.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_site
@click.pass_obj
def add(app: App, paths: tuple[Path, ...], site: str) -> None:
    """Add the images in PATHS, files or folders. Their digests and hashes are kept, never the images.

    An image that matches an active entry is not added, and a case is opened. Exit code 1 if any was not.
    """
    from upload_guard.lists.bank.benign import vouched_file
    from upload_guard.lists.folders import images_in

    bank = open_benign(app.settings)
    examiner = _Examiner(build_station(app.settings), build_policy(app.settings))
    added = known = 0
    refused: list[tuple[str, str]] = []
    for name, path in images_in(paths):
        found = examiner.look(path, site)
        if found.why:
            refused.append((name, found.why))
        elif bank.add(vouched_file(name, found.digests, found.signals, site), app.person):
            added += 1
        else:
            known += 1
    click.echo(f"{added} added, {known} were there already, {len(refused)} not added")
    if refused:
        print_table(("not added", "why"), refused)
    if added and not site:
        _pass_again(app)
    sys.exit(1 if refused else 0)


@benign.command("list")
@click.option("--all", "everything", is_flag=True, help="Name the shipped files, too.")
@click.pass_obj
def show(app: App, everything: bool) -> None:
    """Show what is in the bank."""
    from upload_guard.records import BankScope

    files = open_benign(app.settings).show()
    shipped = sum(file.scope is BankScope.SHIPPED for file in files)
    rows = [
        (
            file.name,
            file.site or file.scope,
            file.looks,
            f"{file.added_at:%Y-%m-%d %H:%M}" if file.added_at else "-",
            file.added_by or "-",
        )
        for file in files
        if everything or file.scope is not BankScope.SHIPPED
    ]
    if rows:
        print_table(("name", "counts for", "hashes", "added", "by"), rows)
    click.echo(f"{len(files) - shipped} files of your own, {shipped} shipped with upload_guard")


@benign.command()
@click.argument("names", nargs=-1, required=True)
@_site
@click.pass_obj
def remove(app: App, names: tuple[str, ...], site: str) -> None:
    """Take the files called NAMES out of the bank. Entries that were put aside for them act again."""
    count = open_benign(app.settings).remove(names, site, app.person)
    if not count:
        raise UsageError("the bank has no file of that name: 'upload-guard benign list' names them all")
    click.echo(f"{count} removed")
    if not site:
        _pass_again(app)


@dataclass(frozen=True, slots=True)
class _Found:
    digests: Digests
    signals: tuple[Signal, ...]
    why: str


@dataclass(frozen=True, slots=True)
class _Examiner:
    station: Station
    policy: Policy

    def look(self, path: Path, site: str) -> _Found:
        """What is in a file, and why it may not be vouched for, if so. A listed one becomes a case."""
        try:
            with path.open("rb") as stream:
                digests = digest_stream(stream)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
        upload = Upload(
            FileContent(path),
            Digest(digests.sha256, digests.size),
            path.name,
            source=Source(site, "benign add"),
        )
        findings = self.station.checker.check(upload, float("inf"))
        if findings.canary:
            return _Found(digests, (), "is the canary, which is refused for the test's sake")
        if any(map(_names_it, counts(findings.matches, self.policy.trust))):
            from upload_guard.quarantine.deciding.reevaluation import BENIGN_ADD

            verdict = judge(findings, self.policy, datetime.now(UTC))
            held = replace(verdict, action=max(verdict.action, Action.QUARANTINE), reason=BENIGN_ADD)
            case = self.station.keeper.keep(upload, held, findings)
            return _Found(digests, (), f"matches an active entry: case {case}")
        for silent in findings.unanswered:
            return _Found(digests, (), f"might be known to the check service {silent.upstream}: {silent.why}")
        if findings.unchecked:
            # There is no active list to compare with; what is in the file has to be seen all the same.
            analysis = self.station.sandbox.analyse(upload.content)
            return _Found(digests, analysis.signals, analysis.unscannable)
        return _Found(digests, findings.signals, findings.unscannable)


def _names_it(match: Match) -> bool:
    """pHash and dHash never act alone: plain logos by the hundred are near some entry."""
    return not match.signal_type.coarse


def _pass_again(app: App) -> None:
    with shown_progress() as progress:
        reports = open_lists(app.settings).examine_active(progress)
    for name, report in reports:
        if report.aside:
            count = len(report.aside)
            click.echo(f"{name}: {count} of {report.entries} entries are put aside and do not act")
    judge_cases_again(app)
