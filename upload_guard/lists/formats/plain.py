"""Lines of text: a hash, or `<signal type> <hash>` as python-threatexchange has it; `#` begins a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import ListedHash, Opened, hash_of, lines_of, type_of
from upload_guard.records import Entry

_LONGEST_LINE = 1024


class Plain:
    """See the module."""

    name = "plain"

    def recognises(self, _head: bytes) -> bool:
        """Whatever is nothing else: a file that is no list at all is refused at its first line."""
        return True

    def read(self, file: Opened) -> Iterator[ListedHash]:
        for number, line in lines_of(file, _LONGEST_LINE):
            words = line.partition("#")[0].split()
            if not words:
                continue
            place = f"{file.name}:{number}"
            if len(words) > 2:
                raise ListError(
                    f"{place}: is no hash: expected '<hash>' or '<type> <hash>', got {len(words)} words"
                )
            kind = type_of(words[0], place) if len(words) == 2 else file.given
            yield ListedHash(*hash_of(words[-1], kind, place))


def plain_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """The same to be written: `<signal type> <hash>`, without category and age."""
    return (f"{entry.signal_type} {entry.value.hex()}\n" for entry in entries)
