"""A hash list's file in whichever form it has: the one that was named, or the one its first bytes are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader, FileIO
from pathlib import Path

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import BOM, Format, ListedHash, Opened
from upload_guard.lists.formats.columns import Columns, csv_lines
from upload_guard.lists.formats.icse import Icse
from upload_guard.lists.formats.jsonl import JsonLines, json_lines
from upload_guard.lists.formats.plain import Plain, plain_lines
from upload_guard.lists.formats.vics import Vics
from upload_guard.matching.build import Progress, no_progress
from upload_guard.records import Entry, SignalType

# Asked in this order; the last takes what no other does.
_FORMATS: tuple[Format, ...] = (Vics(), JsonLines(), Icse(), Columns(), Plain())
FORMATS: Mapping[str, Format] = {one.name: one for one in _FORMATS}
WRITERS: Mapping[str, Callable[[Iterable[Entry]], Iterator[str]]] = {
    "jsonl": json_lines,
    "csv": csv_lines,
    "plain": plain_lines,
}
_HEAD = 64 << 10
_TOLD_EVERY = 1 << 12


class HashFile:
    """The hashes of a file, to be read once. `left_out` is complete when they have been.

    `form` is one of `FORMATS`, or None to tell by the content. Reading raises `ListError`, at the latest when
    what is no hash is reached.
    """

    def __init__(
        self,
        file: Path,
        signal_type: SignalType | None = None,
        form: str | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self._file = file
        self._given = signal_type
        self._form = form
        self._progress = progress

    def __iter__(self) -> Iterator[ListedHash]:
        try:
            stream: BufferedReader = BufferedReader(FileIO(self._file), _HEAD)
            with stream:
                opened = Opened(str(self._file), stream, self._given, self.left_out)
                form = FORMATS[self._form] if self._form else recognised(stream.peek(_HEAD))
                size = self._file.stat().st_size
                for number, one in enumerate(form.read(opened)):
                    if number % _TOLD_EVERY == 0 and size:
                        self._progress("reading", stream.tell(), size)
                    yield one
        except OSError as error:
            raise ListError(f"{self._file}: cannot be read: {error.strerror}") from None


def recognised(head: bytes) -> Format:
    """The form of a file that begins so."""
    head = head.removeprefix(BOM)
    return next(one for one in _FORMATS if one.recognises(head))


def read_hashes(file: Path, signal_type: SignalType | None = None) -> Iterator[ListedHash]:
    """Every hash in `file`, in its order. `signal_type` is that of hashes which name none."""
    return iter(HashFile(file, signal_type))
