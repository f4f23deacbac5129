"""Asks one check service: from memory, at its rate, unless it rests, until a moment and no longer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from upload_guard.checkers.upstreams.cache import AnswerCache
from upload_guard.checkers.upstreams.circuit import Circuit
from upload_guard.checkers.upstreams.rate import Rate
from upload_guard.checkers.upstreams.tally import Standing, Tally
from upload_guard.checkers.upstreams.upstream import Upstream
from upload_guard.errors import UpstreamError, UpstreamGarbled, UpstreamTimeout, UpstreamUnreachable
from upload_guard.records import Content, Signal, SignalType
from upload_guard.upstreams.services.service import Hit, Question, Told

log = logging.getLogger(__name__)

Hash = tuple[SignalType, bytes]


@dataclass(frozen=True, slots=True)
class File:
    """A file that may leave this machine; `media_type` as its first bytes say."""

    content: Content
    sha256: bytes
    size: int
    media_type: str


@dataclass(slots=True)
class Heard:
    """What was heard so far, by hash and of the file. `told` is false until anything was."""

    by_hash: dict[Hash, tuple[Hit, ...]] = field(default_factory=dict)
    of_file: tuple[Hit, ...] = ()
    unhashable: list[str] = field(default_factory=list)
    told: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """One a service and process; safe for threads."""

    upstream: Upstream
    cache: AnswerCache
    rate: Rate
    circuit: Circuit
    tally: Tally

    @property
    def standing(self) -> Standing:
        return self.tally.standing(self.circuit.is_open)

    def recall(self, signals: Iterable[Signal], heard: Heard) -> tuple[Signal, ...]:
        """Adds what is still known to `heard`; gives back those to ask about, each hash once."""
        unknown: dict[Hash, Signal] = {}
        for signal in signals:
            place = signal.type, signal.value
            if not self.upstream.takes(signal) or place in heard.by_hash or place in unknown:
                continue
            known = self.cache.of(signal)
            if known is None:
                unknown[place] = signal
            else:
                self._note_recalled(known, heard)
                heard.by_hash[place] = known
        return tuple(unknown.values())

    def recall_file(self, sha256: bytes, heard: Heard) -> bool:
        """The same of the file; whether it was known."""
        known = self.cache.of_file(sha256)
        if known is None:
            return False
        self._note_recalled(known, heard)
        heard.of_file = known
        return True

    def ask(self, signals: Sequence[Signal], file: File | None, until: float, heard: Heard) -> None:
        """Adds to `heard`, as far as it comes until the moment `until`. Raises `UpstreamError`."""
        for question in self._questions(signals, file):
            told = self._told(question, until)
            self._take(told, question, file, heard)

    def _questions(self, signals: Sequence[Signal], file: File | None) -> Iterator[Question]:
        """One for all, or one for each hash, so that what is heard before time is up is not lost."""
        hashes = [(signal,) for signal in signals] if self.upstream.per_hash else [tuple(signals)]
        yield from (Question(some) for some in hashes if some)
        if file is not None:
            yield Question((), file.content, file.size, file.media_type)

    def _told(self, question: Question, until: float) -> Told:
        begun = time.monotonic()
        try:
            told = self._asked(question, until)
        except UpstreamError as fault:
            if self.tally.failed(begun, fault.code, str(fault)):
                log.warning("the check service %s gives no answer: %s", self.upstream.name, fault)
            raise
        except Exception as fault:
            log.exception("asking the check service %s failed with an error of our own", self.upstream.name)
            self.tally.failed(begun, UpstreamGarbled.code, type(fault).__name__)
            raise UpstreamUnreachable(f"an error of our own ({type(fault).__name__})") from fault
        self.tally.answered(begun, len(told.hits), bool(told.unhashable))
        return told

    def _asked(self, question: Question, until: float) -> Told:
        self.circuit.admit()
        if not self.rate.wait(until):
            raise UpstreamTimeout("it is asked more often than its rate allows")
        left = until - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout("there was no time left to ask it")
        with self._counted(left):
            return self.upstream.service.ask(question, left)

    def _counted(self, left: float) -> AbstractContextManager[None]:
        """Uploads that leave it little time, sent on purpose, must not make it look dead."""
        in_haste = left < self.upstream.timeout / 2
        return nullcontext() if in_haste and not self.circuit.is_open else self.circuit.calling()

    def _take(self, told: Told, question: Question, file: File | None, heard: Heard) -> None:
        by_hash: dict[Hash, tuple[Hit, ...]] = {(one.type, one.value): () for one in question.signals}
        of_file: tuple[Hit, ...] = ()
        for hit in self._nearest(told.hits):
            place = (hit.signal.type, hit.signal.value) if hit.signal else None
            if place in by_hash:
                by_hash[place] += (hit,)
            elif place is None and len(by_hash) == 1 and question.content is None:
                (only,) = by_hash
                by_hash[only] += (hit,)
            else:
                # It knows something of what it was asked about, and does not say of which part.
                of_file += (hit,)
        self._keep(told, by_hash, of_file, question, file)
        heard.by_hash |= {place: hits for place, hits in by_hash.items() if hits or not told.unhashable}
        heard.of_file += of_file
        heard.told = heard.told or not told.unhashable
        if told.unhashable:
            heard.unhashable.append(told.unhashable)

    def _nearest(self, hits: Iterable[Hit]) -> Iterable[Hit]:
        """Of hits that mean the same the nearest: a service may name thousands, of which each is kept."""
        nearest: dict[tuple[Signal | None, str, bool], Hit] = {}
        for hit in sorted(hits, key=lambda one: one.distance):
            nearest.setdefault((hit.signal, self.upstream.meaning.of(hit), hit.near), hit)
        return nearest.values()

    def _keep(
        self,
        told: Told,
        by_hash: Mapping[Hash, tuple[Hit, ...]],
        of_file: tuple[Hit, ...],
        question: Question,
        file: File | None,
    ) -> None:
        """An answer to a part of the question says nothing of the rest, nor does "cannot be hashed"."""
        sure = not told.unhashable and not (of_file and question.content is None)
        for (kind, value), hits in by_hash.items():
            if hits or sure:
                self.cache.note(Signal(kind, value), hits)
        if file is not None and question.content is not None and (of_file or sure):
            self.cache.note_file(file.sha256, of_file)

    def _note_recalled(self, known: tuple[Hit, ...], heard: Heard) -> None:
        self.tally.recalled(bool(known))
        heard.told = True
