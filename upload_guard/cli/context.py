"""What every command shares: the settings, read when a command first needs them, and tables."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from upload_guard.loading import load_settings
from upload_guard.settings import Settings

# Wide enough that a pipe or a file gets every row on one line.
_WHOLE_LINES = 10_000


@dataclass(frozen=True)
class App:
    """The command line's own state. `config` is the file given, if any."""

    config: Path | None

    @cached_property
    def settings(self) -> Settings:
        """Raises `ConfigError`."""
        return load_settings(self.config)

    @property
    def person(self) -> str:
        """Who is noted for what this command changes: the account that somebody logged in by.

        Some acts take two persons, so it is the kernel's word where there is one, which stays through sudo
        and su, and never that of a variable such as LOGNAME. In containers, where nobody logs in, it is the
        account of the process, or for root the one that sudo names.
        """
        account = _logged_in()
        if account is None and os.getuid() == 0 and (before := os.environ.get("SUDO_USER")):
            return before
        account = os.getuid() if account is None else account
        try:
            return pwd.getpwuid(account).pw_name
        except KeyError:
            return f"uid {account}"


_NOBODY = 2**32 - 1


def _logged_in() -> int | None:
    """The user id of the login that this process came of (audit(7)), if there was one."""
    try:
        account = int(Path("/proc/self/loginuid").read_text())
    except (OSError, ValueError):
        return None
    return None if account == _NOBODY else account


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, to be moved by what is being done, and how much of how much (0: unknown) is."""
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, of: bar.update(task, description=step, completed=done, total=of or None)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows on standard output; whole lines, cut nowhere, when that is no terminal."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell)), overflow="fold") for cell in row))
    Console(width=None if sys.stdout.isatty() else _WHOLE_LINES).print(table)


def printable(text: str) -> str:
    """Without control characters: an uploader chose some of these words, and a terminal would obey them."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
