"""All that the bytes of one uploaded file hold: its own views, and every file inside it, level by level."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO

from upload_guard.containers.appended import Appended
from upload_guard.containers.base import Container, Inner, Remark, pieces, read_at, size_of
from upload_guard.containers.eml import Eml
from upload_guard.containers.pdf import Pdf
from upload_guard.containers.single import BZIP2, GZIP, XZ, Unsupported
from upload_guard.containers.svg import Svg
from upload_guard.containers.tar import Tar
from upload_guard.containers.text import Text
from upload_guard.containers.zip import Zip
from upload_guard.digests import Digester
from upload_guard.errors import Unreadable, Unscannable, UploadGuardError
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import HEAD, ImageFormat, sniff
from upload_guard.imaging.plugin import SignalPlugin
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, Digests, Glimpse, Signal

CONTAINERS: tuple[Container, ...] = (
    Zip(),
    Pdf(),
    Svg(),
    Eml(),
    Tar(),
    GZIP,
    BZIP2,
    XZ,
    Text(),
    Unsupported(),
    Appended(),
)
ALL = frozenset(container.name for container in CONTAINERS)
# Says that an archive cannot be opened; it opens none.
_NEVER_OFF = {Unsupported().name}

HELD = 256 << 20
"""How much of one unpacked file is kept in memory to be looked into."""
FREE = 48 << 20
GROWTH = 50
"""All that is unpacked of a file may be this many times its size and `FREE` more: beyond is a bomb."""
_REMARKS = 50
_GLIMPSES = 4096
"""As many as fit into one answer of the sandbox, under names as they usually are."""
_MISSES = 256
"""After so many beginnings of images that were none, a file is made to waste time; an image is held."""


Look = Callable[[BinaryIO, ImageFormat, Budget], Analysis]
"""What is made of each image on the way."""


def analyse(
    stream: BinaryIO,
    limits: ScanLimits,
    containers: frozenset[str] | None = None,
    plugins: Sequence[SignalPlugin] = (),
) -> Analysis:
    """Signals of the file's views, digests and signals of the files inside it, and what could not be read.

    `containers` are the names of those that are opened, instead of those in `limits`; `plugins` compute more
    signal types than those that are built in. A fault of our own is `undecodable`; only `MemoryError` is
    raised, for the sandbox to renew the process.
    """
    look = partial(image_signals, plugins=plugins) if plugins else image_signals
    return walked(stream, limits, look, containers)


def walked(
    stream: BinaryIO, limits: ScanLimits, look: Look, containers: frozenset[str] | None = None
) -> Analysis:
    """As `analyse`, by another `look` at each image: the files and views have the same names."""
    report = _Report()
    wanted = containers or (ALL if limits.containers is None else _NEVER_OFF | set(limits.containers))
    try:
        most = min(limits.max_bytes, FREE + GROWTH * size_of(stream))
        opened = tuple(container for container in CONTAINERS if container.name in wanted)
        _Walk(Budget(replace(limits, max_bytes=most)), opened, report, look).file(stream, "", 0)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the upload was not read whole
        report.fault(Unreadable("undecodable", type(error).__name__))
    return report.analysis()


@dataclass
class _Report:
    """What is found, as it is found. The first reason of each kind is kept."""

    signals: list[Signal] = field(default_factory=list)
    unscannable: str = ""
    unreadable: str = ""
    degraded: dict[str, None] = field(default_factory=dict)
    glimpses: list[Glimpse] = field(default_factory=list)

    def fault(self, fault: UploadGuardError) -> None:
        if isinstance(fault, Unscannable):
            self.unscannable = self.unscannable or fault.reason
        elif isinstance(fault, Unreadable):
            self.unreadable = self.unreadable or fault.reason

    def remark(self, word: str) -> None:
        if len(self.degraded) < _REMARKS:
            self.degraded[word] = None

    def look(self, found: Analysis, within: Callable[[str], str]) -> None:
        """What was found in one image, its views named as they are `within` the upload."""
        self.signals.extend(replace(signal, view=within(signal.view)) for signal in found.signals)
        for glimpse in found.glimpses[: _GLIMPSES - len(self.glimpses)]:
            self.glimpses.append(replace(glimpse, view=within(glimpse.view)))
        for word in found.degraded:
            self.remark(within(word))

    def analysis(self) -> Analysis:
        return Analysis(
            signals=tuple(self.signals),
            unscannable=self.unscannable,
            unreadable=self.unreadable,
            degraded=tuple(self.degraded),
            glimpses=tuple(self.glimpses),
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """An inner file in memory or in place; `fault` says why it is not whole, `cut` that not all is kept."""

    stream: BinaryIO
    digests: Digests
    fault: UploadGuardError | None = None
    cut: bool = False


# What bytes that only look like an image may turn out to be.
_NO_IMAGE_AFTER_ALL = frozenset({"undecodable", "unsupported_format", "truncated", "damaged"})


class _Walk:
    def __init__(
        self, budget: Budget, containers: tuple[Container, ...], report: _Report, look: Look
    ) -> None:
        self._budget = budget
        self._containers = containers
        self._report = report
        self._look = look
        self._seen: set[bytes] = set()
        self._misses = 0

    def file(
        self,
        stream: BinaryIO,
        path: str,
        depth: int,
        forgive: frozenset[str] = frozenset(),
        searched: bool = False,
    ) -> None:
        """Look at one file and into it; `forgive` names the reasons that mean nothing for it."""
        head = read_at(stream, 0, HEAD)
        self._picture(stream, head, path, forgive)
        for container in self._containers:
            try:
                if not (searched and container.name == "appended") and container.holds(head, stream):
                    self._open(container, stream, path, depth)
            except (Unscannable, Unreadable) as fault:
                self._fault(fault, forgive)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - parsers of strangers' bytes raise anything
                self._fault(Unreadable("undecodable", f"{container.name}: {type(error).__name__}"), forgive)

    def _picture(self, stream: BinaryIO, head: bytes, path: str, forgive: frozenset[str]) -> None:
        image_format = sniff(head)
        if image_format is None:
            return
        stream.seek(0)
        try:
            found = self._look(stream, image_format, self._budget)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - an image that could not be read whole, whatever it was
            self._fault(Unscannable("undecodable", type(error).__name__), forgive)
            return
        self._report.look(found, _within(path, ", "))
        if found.unscannable:
            self._fault(Unscannable(found.unscannable), forgive)
        if found.unreadable:
            self._fault(Unreadable(found.unreadable), forgive)

    def _open(self, container: Container, stream: BinaryIO, path: str, depth: int) -> None:
        within = _within(path, " > ")
        for found in container.files(stream, self._budget):
            if isinstance(found, Remark):
                self._report.remark(within(found.word))
                continue
            if depth >= self._budget.limits.max_depth:
                raise Unreadable("too_deep")
            if found.guessed and self._misses > _MISSES:
                image = sniff(read_at(stream, 0, HEAD)) is not None
                raise (Unscannable if image else Unreadable)("too_many_files")
            self._budget.take_file()
            self._inner(found, within(found.name), depth + 1)

    def _inner(self, inner: Inner, path: str, depth: int) -> None:
        held = self._hold(inner)
        forgive = _NO_IMAGE_AFTER_ALL if inner.guessed else frozenset()
        if held.fault:
            self._fault(held.fault, forgive)
            forgive = _NO_IMAGE_AFTER_ALL
        if held.cut and self._is_of_interest(held.stream):
            self._fault(Unreadable("too_large"), forgive)
        # The same bytes again tell nothing new. The empty file's digest is on real lists by accident.
        if not held.digests.size or held.digests.sha256 in self._seen:
            return
        self._seen.add(held.digests.sha256)
        if inner.exact and not held.fault:
            self._report.signals.extend(replace(signal, view=path) for signal in held.digests.signals())
        self.file(held.stream, path, depth, forgive, inner.searched)

    def _hold(self, inner: Inner) -> _Held:
        """Digest an inner file while it is unpacked, within the budget; what came before a fault stands."""
        digester, fault = Digester(), None
        kept = inner.stream or io.BytesIO()
        size, cut = 0, False
        try:
            for chunk in _chunks(inner):
                self._budget.take_bytes(len(chunk))
                digester.update(chunk)
                size += len(chunk)
                if inner.stream is None and size <= HELD:
                    kept.write(chunk)
                cut = inner.stream is None and size > HELD
        except (Unscannable, Unreadable) as error:
            fault = error
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - decompressors raise anything
            fault = Unreadable("damaged", type(error).__name__)
        return _Held(kept, digester.finish(), fault, cut)

    def _is_of_interest(self, stream: BinaryIO) -> bool:
        head = read_at(stream, 0, HEAD)
        return sniff(head) is not None or any(each.holds(head, stream) for each in self._containers)

    def _fault(self, fault: UploadGuardError, forgive: frozenset[str]) -> None:
        if getattr(fault, "reason", "") not in forgive:
            self._report.fault(fault)
        else:
            self._misses += 1


def _chunks(inner: Inner) -> Iterable[bytes]:
    return inner.chunks if inner.stream is None else pieces(inner.stream, 0, size_of(inner.stream))


def _within(path: str, between: str) -> Callable[[str], str]:
    return lambda name: f"{path}{between}{name}" if path else name
