"""upload-guard explain: why an upload was refused or passed, and what would have changed that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from upload_guard.cli.context import App
from upload_guard.cli.explain_json import JsonTeller
from upload_guard.cli.explain_text import TextTeller
from upload_guard.compose import build_trust, open_cases, open_explainer
from upload_guard.digests import digest_of
from upload_guard.errors import UsageError
from upload_guard.quarantine.showing.history import history
from upload_guard.records import Source, Upload
from upload_guard.settings import Settings
from upload_guard.spans import FileContent

if TYPE_CHECKING:
    from upload_guard.checkers.explainer import Explained
    from upload_guard.quarantine.cases import CaseInfo
    from upload_guard.quarantine.showing.history import Said


@click.command()
@click.argument("what", metavar="CASE|FILE")
@click.option(
    "--site", default="cli", help="Whose own known-good files and decisions count for FILE.", metavar="SITE"
)
@click.option("--hashes", is_flag=True, help="Whole hashes instead of their first 8 digits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object that has everything, nothing cut.")
@click.pass_obj
def explain(app: App, what: str, site: str, hashes: bool, as_json: bool) -> None:
    """Explain the verdict on a CASE or a FILE: what was found, what decided, what would have changed it.

    A FILE is checked as by `check`: nothing is kept and no case is opened. Of a CASE both are told: what was
    found then, and what would be found now by its stored hashes; its bytes are not read.
    """
    settings = app.settings
    if settings.service.url:
        raise UsageError(
            f"lists and cases lie with the sidecar at {settings.service.url}: run 'upload-guard explain' "
            "there, with the sidecar's own settings"
        )
    teller: _Teller = JsonTeller(hashes) if as_json else TextTeller(build_trust(settings), hashes)
    lines = _file if Path(what).exists() else _case
    for line in lines(settings, what, site, teller):
        click.echo(line)


class _Teller(Protocol):
    def of_file(self, name: str, told: Explained) -> Iterator[str]: ...

    def of_case(self, case: CaseInfo, told: Explained, said: Sequence[Said]) -> Iterator[str]: ...


def _file(settings: Settings, name: str, site: str, teller: _Teller) -> Iterator[str]:
    path = Path(name)
    try:
        with path.open("rb") as stream:
            digest = digest_of(stream)
    except OSError as fault:
        raise UsageError(f"{name} cannot be read: {fault.strerror or fault}") from fault
    upload = Upload(FileContent(path), digest, path.name, source=Source(site))
    return teller.of_file(name, open_explainer(settings).of_file(upload))


def _case(settings: Settings, number: str, _site: str, teller: _Teller) -> Iterator[str]:
    cases = open_cases(settings)
    try:
        case = cases.one(number)
    except UsageError as fault:
        raise UsageError(f"there is no file of that name, and {fault}") from fault
    return teller.of_case(case, open_explainer(settings).of_case(case), history(cases.database, number))
