"""What a change of lists, bank or opinions makes of cases that nobody has decided yet."""

from __future__ import annotations

import click

from upload_guard.cli.context import App
from upload_guard.compose import build_reevaluator
from upload_guard.errors import Unavailable


def judge_cases_again(app: App) -> None:
    """Do what servers would do within a second, and say what came of it."""
    try:
        done = build_reevaluator(app.settings).run()
    except Unavailable as fault:
        click.echo(f"Open cases are judged again by the servers, since that cannot be done here: {fault}")
        return
    if not done.judged:
        return
    told = [f"{done.proposed} proposed for release" if done.proposed else ""]
    told.append(f"{done.released} released" if done.released else "")
    told.append(f"{done.reopened} open again" if done.reopened else "")
    became = ", ".join(part for part in told if part) or "all stay as they were"
    click.echo(f"{done.judged} undecided cases were judged again: {became}")
