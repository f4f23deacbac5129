"""upload-guard check: verdicts on files, without keeping anything."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import build_inspector
from upload_guard.digests import digest_of
from upload_guard.errors import ServiceTimeout, ServiceUnreachable, UploadGuardError
from upload_guard.guard import Guard
from upload_guard.policy import passed_unchecked
from upload_guard.records import Result, Source, Upload, Verdict
from upload_guard.spans import FileContent

_EXITS = {
    Result.CLEAN: 0,
    Result.DISPUTED: 0,
    Result.MATCH: 1,
    Result.NEAR: 1,
    Result.UNSCANNABLE: 3,
    Result.UNCHECKED: 4,
}
_ERROR = 2
_GRAVEST_FIRST = (1, _ERROR, 3, 4, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """What is printed of one file; `verdict` is None where `error` says why."""

    path: Path
    verdict: Verdict | None
    error: str = ""

    @property
    def exit_code(self) -> int:
        return _EXITS[self.verdict.result] if self.verdict else _ERROR


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@click.pass_obj
def check(app: App, files: tuple[Path, ...], as_json: bool) -> None:
    """Check FILES and print a verdict for each. Nothing is kept and no case is opened.

    \b
    Exit code, the first that applies:
      1  match or near
      2  error
      3  unscannable: an image that could not be read whole
      4  unchecked: there was nothing to check against, or nobody answered
      0  clean or disputed
    """
    lines = list(_check_all(build_inspector(app.settings), app.settings.site, files))
    if as_json:
        for line in lines:
            click.echo(json.dumps(_as_json(line)))
    else:
        rows = [_row(line) for line in lines]
        print_table(("file", "result", "action", "why"), rows)
    codes = {line.exit_code for line in lines}
    sys.exit(next(code for code in _GRAVEST_FIRST if code in codes))


def _check_all(guard: Guard, site: str, files: tuple[Path, ...]) -> Iterator[Line]:
    for path in files:
        yield _check(guard, site, path)


def _check(guard: Guard, site: str, path: Path) -> Line:
    try:
        with path.open("rb") as stream:
            digest = digest_of(stream)
        upload = Upload(FileContent(path), digest, path.name, source=Source(site, "cli"))
        return Line(path, guard.inspect(upload))
    except OSError as error:
        return Line(path, None, error.strerror or str(error))
    except (ServiceUnreachable, ServiceTimeout) as error:
        return Line(path, passed_unchecked(f"{error.code}: {error}"))
    except UploadGuardError as error:
        return Line(path, None, str(error))


def _row(line: Line) -> tuple[object, ...]:
    if line.verdict is None:
        return line.path, "error", "-", line.error
    return line.path, line.verdict.result, line.verdict.action.label, _why(line.verdict)


def _why(verdict: Verdict) -> str:
    unread = verdict.result in {Result.UNSCANNABLE, Result.UNCHECKED}
    reason = verdict.reason if unread or not verdict.matches else ""
    words = [reason, *(match.words for match in verdict.matches[:3]), *verdict.degraded]
    return "; ".join(part for part in words if part) or "-"


def _as_json(line: Line) -> dict[str, object]:
    if line.verdict is None:
        return {"file": str(line.path), "error": line.error}
    verdict = line.verdict
    return {
        "file": str(line.path),
        "result": verdict.result.value,
        "action": verdict.action.label,
        "reason": verdict.reason,
        "degraded": list(verdict.degraded),
        "matches": [
            {
                "signal_type": match.signal_type.value,
                "view": match.view,
                "distance": match.distance,
                "limit": match.limit,
                "list": match.list_name,
                "version": match.version,
                "category": match.category,
                "entry": match.entry,
            }
            for match in verdict.matches
        ],
    }
