"""upload-guard init: a first configuration file, from five questions or from flags."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from upload_guard.errors import UsageError
from upload_guard.first_config import Address, Answers, Deployment, configuration, write_configuration

_DEFAULT_FILE = Path("upload_guard.toml")
_YES = {"yes": True, "no": False}


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT_FILE)
@click.option(
    "--deployment", type=click.Choice([one.value for one in Deployment]), help="Where checks are made."
)
@click.option("--data-dir", help="Folder of database, lists and quarantine; relative to the file's folder.")
@click.option("--site", help="Name of the site in cases.")
@click.option(
    "--on-failure",
    type=click.Choice(["closed", "open"]),
    help="When a check cannot be made: closed answers 503, open lets the upload pass unchecked.",
)
@click.option("--shipped-bank", type=click.Choice(list(_YES)), help="Use the shipped known-good images.")
@click.option("--listen", metavar="HOST:PORT", help="Of a sidecar: where it listens.")
@click.option("--service-url", metavar="URL", help="Of a client: where its sidecar answers.")
@click.option("--force", is_flag=True, help="Replace PATH if it is there.")
def init(path: Path, force: bool, **given: str | None) -> None:
    """Write a commented configuration file to PATH (upload_guard.toml), readable by you alone.

    On a terminal you are asked what no option says, five questions at most; elsewhere defaults are taken.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")
    answers = _answered(given, asked=sys.stdin.isatty())
    write_configuration(path, configuration(answers), replace=force)
    click.echo(f"{path} is written: every option with its default and why it is there. Next:")
    for line in _next(answers, path):
        click.echo(f"  {line}")


def _answered(given: dict[str, str | None], *, asked: bool) -> Answers:
    """Flags first, then what the person says, then the defaults."""
    answers = Answers()
    for question in _QUESTIONS:
        answer = given[question.name]
        if not question.concerns(answers.deployment):
            if answer is not None:
                flag = "--" + question.name.replace("_", "-")
                raise UsageError(f"{flag} says nothing where --deployment is {answers.deployment}")
        elif answer is not None:
            answers = question.take(answers, answer)
        elif asked and question.asked_of(answers.deployment):
            answers = question.ask(answers)
    return answers


class _Question:
    """One of the questions; `only` are the deployments that it concerns, `asks` those that are asked."""

    def __init__(
        self,
        name: str,
        words: str,
        read: Callable[[str], Any] = str,
        show: Callable[[Any], str] = str,
        choices: tuple[str, ...] = (),
        only: tuple[Deployment, ...] = tuple(Deployment),
        asks: tuple[Deployment, ...] | None = None,
    ) -> None:
        self.name, self._words, self._read, self._show, self._choices = name, words, read, show, choices
        self._only, self._asks = only, only if asks is None else asks

    def concerns(self, deployment: Deployment) -> bool:
        return deployment in self._only

    def asked_of(self, deployment: Deployment) -> bool:
        return deployment in self._asks

    def take(self, answers: Answers, text: str) -> Answers:
        """Raises `UsageError` or `ConfigError` for an answer that cannot be."""
        taken = replace(answers, **{self.name: self._read(text)})
        taken.refuse_wrong()
        return taken

    def ask(self, answers: Answers) -> Answers:
        """Again and again, until it can be."""
        while True:
            text = click.prompt(
                self._words,
                default=self._show(getattr(answers, self.name)),
                type=click.Choice(self._choices) if self._choices else str,
            )
            try:
                return self.take(answers, text)
            except UsageError as fault:
                click.echo(f"  {fault}")


_QUESTIONS = (
    _Question(
        "deployment",
        "How is it deployed? embedded: the site checks by itself; sidecar: this is the service that checks; "
        "client: the site asks a sidecar",
        read=Deployment,
        choices=tuple(one.value for one in Deployment),
    ),
    _Question("data_dir", "Folder for database, hash lists and quarantine"),
    _Question("site", "Name of the site in cases"),
    _Question(
        "on_failure",
        "When a check cannot be made, answer 503 (closed) or let uploads pass unchecked (open)?",
        choices=("closed", "open"),
    ),
    _Question(
        "shipped_bank",
        "Use the bank of known-good images that is shipped along?",
        read=_YES.__getitem__,
        show=lambda used: "yes" if used else "no",
        choices=tuple(_YES),
        only=(Deployment.EMBEDDED, Deployment.SIDECAR),
        asks=(Deployment.EMBEDDED,),
    ),
    _Question(
        "listen",
        "Address to listen on",
        read=Address.parse,
        show=lambda address: f"{address.host}:{address.port}",
        only=(Deployment.SIDECAR,),
    ),
    _Question("service_url", "Address of the sidecar", only=(Deployment.CLIENT,)),
)


def _next(answers: Answers, path: Path) -> tuple[str, str, str]:
    ours = f"upload-guard --config {shlex.quote(str(path))}"
    check = f"{ours} check-config"
    if answers.deployment is Deployment.SIDECAR:
        return check, f"{ours} key new {answers.site}", f"{ours} serve"
    if answers.deployment is Deployment.CLIENT:
        key = f"upload-guard key new {answers.site}   # at the sidecar; both lines go into [service] here"
        return key, check, f"{ours} doctor"
    lists = f"{ours} list import NAME FILE --origin WHO --category baseline"
    return lists, check, f"{ours} doctor"
