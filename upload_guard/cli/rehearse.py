"""upload-guard list rehearse: what a list version would have held, before anybody lets it act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table, shown_progress
from upload_guard.compose import build_stage, build_trust, open_lists, open_signal_log
from upload_guard.errors import UsageError

if TYPE_CHECKING:
    from upload_guard.lists.trial import Trial
    from upload_guard.rehearsal.rehearse import Audience
    from upload_guard.rehearsal.tally import Effect, HitEntry, Tally

_SHOWN = 20


@click.command()
@click.argument("name")
@click.argument("rest", nargs=-1, metavar="[VERSION] [PATH]...")
@click.option(
    "--days", type=click.IntRange(1, 90), help="Of the signal log; all of it if no PATHS are given."
)
@click.option("--site", help="Whose uploads the files in PATH would be; this machine's site if not given.")
@click.option("--top", default=_SHOWN, show_default=True, type=click.IntRange(0), help="Entries to show.")
@click.pass_obj
def rehearse(
    app: App,
    name: str,
    rest: tuple[str, ...],
    days: int | None,
    site: str | None,
    top: int,
) -> None:
    """Tell what VERSION of the list NAME, the newest one if none is given, would have held.

    Of the uploads in the signal log, and of the files in PATH. It is judged as the real thing: without
    what the gate puts aside, beside the other active lists, excused by the benign bank. Nothing is kept.
    """
    # What takes half a second to load; `--help` should not wait for it.
    from upload_guard.lists.trial import put_on_trial
    from upload_guard.rehearsal.rehearse import Audience
    from upload_guard.rehearsal.scratch import scratch
    from upload_guard.rehearsal.tally import Tally

    settings, now = app.settings, datetime.now(UTC)
    version, paths = _version_and_paths(rest)
    reach = days or (0 if paths else settings.signal_log.days)
    if not reach and not paths:
        raise UsageError("there is nothing to rehearse on: name files or folders, or set [signal_log] days")
    log = open_signal_log(settings, now - timedelta(days=reach)) if reach else None
    audience = Audience(log, tuple(_files_in(paths)), site or settings.site)
    tally = Tally(name, build_trust(settings), now)
    with scratch(settings.rehearsal_dir) as folder, shown_progress() as progress:
        trial = put_on_trial(open_lists(settings), name, version, folder)
        build_stage(settings).rehearse(trial, audience, tally, progress)
    _print_trial(trial)
    _print_audience(audience, reach)
    _print_effects(tally, settings.trust.probation_hours)
    _print_sites(tally)
    _print_entries(tally.top(top))


def _version_and_paths(rest: tuple[str, ...]) -> tuple[int | None, tuple[Path, ...]]:
    """A number in the first place is a version; a file of such a name is to be had as ./NUMBER."""
    if rest and rest[0].isdecimal():
        return int(rest[0]), tuple(map(Path, rest[1:]))
    return None, tuple(map(Path, rest))


def _files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Files, and all in folders; links in them are not followed."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink())
        else:
            yield path


def _print_trial(trial: Trial) -> None:
    report = trial.report
    beside = f"; beside it act {', '.join(trial.others)}" if trial.others else ""
    click.echo(
        f"{trial.list_name} version {trial.number}: {report.acting} entries would act, "
        f"{len(report.aside)} are put aside by the gate{beside}."
    )
    click.echo(": ".join((f"The gate: {report.decision}", *report.why)))


def _print_audience(audience: Audience, days: int) -> None:
    uploads = f"{audience.log.count} uploads of the last {days} days" if audience.log else ""
    files = f"{len(audience.files)} files" if audience.files else ""
    click.echo(f"Rehearsed on {' and '.join(part for part in (uploads, files) if part)}.\n")


def _print_effects(tally: Tally, probation: float) -> None:
    from upload_guard.rehearsal.tally import Effect

    now, later = tally.effects, tally.later
    columns = ("", "now", "share", *(("after probation", "share") if probation else ()))
    total = now.total()
    print_table(
        columns,
        [
            (effect, *_counted(now, effect, total), *(_counted(later, effect, total) if probation else ()))
            for effect in Effect
        ],
    )
    if tally.passed_then:
        click.echo(f"Of those blocked or held, {tally.passed_then} uploads were let pass when they came.")
    for why, count in tally.lacking.most_common():
        click.echo(f"Not judged since not wholly known: {count} ({why})")


def _counted(effects: Counter[Effect], effect: Effect, total: int) -> tuple[object, str]:
    return effects[effect], f"{effects[effect] / total:.2%}" if total else "-"


def _print_sites(tally: Tally) -> None:
    from upload_guard.rehearsal.tally import Effect

    click.echo()
    print_table(
        ("site", "uploads", *Effect),
        [
            (site or "-", effects.total(), *(effects[effect] for effect in Effect))
            for site, effects in sorted(tally.by_site.items())
        ],
    )


def _print_entries(entries: Iterable[HitEntry]) -> None:
    rows = [
        (
            one.number,
            one.signal_type,
            one.category,
            one.uploads,
            len(one.sites),
            one.nearest,
            one.excused_by or "-",
        )
        for one in entries
    ]
    if rows:
        click.echo()
        print_table(("entry", "type", "category", "uploads", "sites", "nearest", "excused"), rows)
