"""The benign bank in memory: images that are known to be good, to be asked by digest and by look.

It holds digests and hashes only. A likeness counts within 8 bits of PDQ: copies of one picture (smaller,
saved anew) mostly lie within that, and it is far from the 18 to 26 bits at which simple logos collide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import keys_of_band, ordered_words
from upload_guard.records import BankScope, SignalType

Values = npt.NDArray[np.uint8]

REACH = 8
# One band more than bits may differ: whatever is within reach is the same in at least one of them.
_WIDTHS = (28, 28, 28, 28, 28, 29, 29, 29, 29)
_PAIRS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class BankFile:
    """What is kept of one image. `site` is empty unless only that site's uploads are meant.

    `looks` are the perceptual hashes of all its views and variants; a site's own files have none.
    """

    name: str
    scope: BankScope
    digests: tuple[tuple[SignalType, bytes], ...]
    looks: tuple[tuple[SignalType, bytes], ...] = ()
    site: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """One of the hashes asked for (its place among them), the file that it is like, and how far from it."""

    asked: int
    file: BankFile
    distance: int


class BenignBank:
    """Immutable, safe for threads. `generation` changes when the files do."""

    def __init__(self, generation: str = "", files: Iterable[BankFile] = ()) -> None:
        self.generation = generation
        self.files = tuple(files)
        self._identical: defaultdict[bytes, list[BankFile]] = defaultdict(list)
        general: defaultdict[SignalType, dict[bytes, BankFile]] = defaultdict(dict)
        for file in self.files:
            for kind, value in file.digests:
                if kind is SignalType.SHA256:
                    self._identical[value].append(file)
            if file.scope is not BankScope.SITE:
                for kind, value in (*file.digests, *file.looks):
                    general[kind].setdefault(value, file)
        self._general = dict(general)
        self._firsts = {kind: _firsts(kind, values) for kind, values in general.items()}
        self._owners = tuple(general[SignalType.PDQ].values())
        pdq = np.frombuffer(b"".join(general[SignalType.PDQ]), np.uint8).reshape(-1, SignalType.PDQ.size)
        words = ordered_words(pdq)
        self._words = words
        self._bands = tuple(np.unique(keys_of_band(words, _WIDTHS, band)) for band in range(len(_WIDTHS)))
        self._sites = {file.site for file in self.files if file.scope is BankScope.SITE}

    @property
    def has_looks(self) -> bool:
        """Whether a file can be known by its look alone."""
        return bool(self._owners)

    def scope_of(self, site: str) -> str:
        """The name under which answers for `site` may be kept: empty where it has no files of its own."""
        return site if site in self._sites else ""

    def identical(self, sha256: bytes, site: str) -> BankFile | None:
        """The file with this digest that counts for uploads of `site`."""
        for file in self._identical.get(sha256, ()):
            if file.scope is not BankScope.SITE or file.site == site:
                return file
        return None

    def same(self, kind: SignalType, values: Values) -> Iterator[Likeness]:
        """Those of `values` (n, size) that are a digest or hash of a file; sites' own files do not count."""
        held = self._general.get(kind)
        if not held:
            return
        for row in np.flatnonzero(np.isin(_first_words(values), self._firsts[kind])).tolist():
            file = held.get(values[row].tobytes())
            if file is not None:
                yield Likeness(row, file, 0)

    def near(self, values: Values) -> Iterator[Likeness]:
        """Those of `values` (n, 32), PDQ, that lie within reach of any view: each once, with the nearest."""
        if not self._owners or not len(values):
            return
        words = ordered_words(values)
        possible = np.zeros(len(words), np.bool_)
        for band, keys in enumerate(self._bands):
            possible |= _among(keys_of_band(words, _WIDTHS, band), keys)
        rows = np.flatnonzero(possible)
        at_once = max(1, _PAIRS_AT_ONCE // len(self._words))
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            distances = _distances(words[some], self._words)
            nearest = distances.argmin(axis=1)
            for row, owner, distance in zip(
                some.tolist(), nearest.tolist(), distances.min(axis=1).tolist(), strict=True
            ):
                if distance <= REACH:
                    yield Likeness(row, self._owners[owner], distance)


def _among(asked: npt.NDArray[np.uint64], held: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which of `asked` are in `held`, which is sorted and has at least one element."""
    places = np.minimum(np.searchsorted(held, asked), len(held) - 1)
    found: npt.NDArray[np.bool_] = held[places] == asked
    return found


def _distances(asked: npt.NDArray[np.uint64], held: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    """Bits that differ: (n, m). Column by column, since numpy sums short rows slowly."""
    distances = np.zeros((len(asked), len(held)), np.uint16)
    for column in range(asked.shape[1]):
        distances += np.bitwise_count(asked[:, column, None] ^ held[None, :, column])
    return distances


def _firsts(kind: SignalType, values: Iterable[bytes]) -> npt.NDArray[np.uint64]:
    packed = np.frombuffer(b"".join(values), np.uint8).reshape(-1, kind.size)
    return np.unique(_first_words(packed))


def _first_words(values: Values) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each value, as numbers: nearly always enough to tell them apart."""
    return np.ascontiguousarray(values[:, :8]).view(np.uint64).ravel()
