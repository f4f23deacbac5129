"""Asks all check services about one upload, side by side and beside the work that is done here.

The digests of an upload are known before it is decoded and are asked about at once; what decoding finds,
files inside it and looks, after that. Whoever waits does so until one deadline: what has not come by then is
no answer, though it is remembered if it comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from upload_guard.checkers.upstreams.answers import Answers, Silence
from upload_guard.checkers.upstreams.contact import Contact, File, Hash, Heard
from upload_guard.checkers.upstreams.media_types import media_type_of
from upload_guard.checkers.upstreams.tally import Standing
from upload_guard.checkers.upstreams.upstream import OnFailure
from upload_guard.errors import (
    ServiceTimeout,
    ServiceUnreachable,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.records import Match, Signal, SignalType, Upload
from upload_guard.spans import Span
from upload_guard.stages import Stage, timed

NEEDS_FILE = "needs_file"
"""The code of a service that would have to be sent the file, where only hashes are at hand."""
_NO_FILE = "only the file itself would tell"
_MOST_NOTES = 4
_ABREAST = 4


@dataclass(frozen=True, slots=True)
class Upstreams:
    """All that are asked; with none of them nothing is asked and nothing changes.

    `unasked` are names of others, whose word of an earlier day still counts.
    """

    contacts: tuple[Contact, ...] = ()
    unasked: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.contacts)

    @property
    def names(self) -> frozenset[str]:
        return self.unasked | {contact.upstream.name for contact in self.contacts}

    @property
    def digests(self) -> frozenset[SignalType]:
        """The exact types that any of them is asked about."""
        return frozenset(kind for contact in self.contacts for kind in contact.upstream.sends if kind.exact)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """How it goes with each, in this process."""
        return tuple(contact.standing for contact in self.contacts)

    def silenced(self) -> Upstreams:
        """The same, and none of them is asked."""
        return Upstreams(unasked=self.names)

    def inquire(self, sha256: bytes, deadline: float, upload: Upload | None = None) -> Inquiry:
        """Questions about one file; without `upload` it can be asked about by hashes only.

        `deadline` is a moment of the monotonic clock.
        """
        return Inquiry(tuple(_Line(contact) for contact in self.contacts), sha256, deadline, upload)


NO_UPSTREAMS = Upstreams()


@dataclass(slots=True)
class _Line:
    """What one service was asked about this upload."""

    contact: Contact
    heard: Heard = field(default_factory=Heard)
    running: list[_Running] = field(default_factory=list)
    file_asked: bool = False
    needs_file: bool = False


@dataclass(frozen=True, slots=True)
class _Running:
    """A question on its way; what it hears of what was `asked` goes into `heard` bit by bit."""

    asked: frozenset[Hash]
    until: float
    done: Future[None] = field(default_factory=Future)
    heard: Heard = field(default_factory=Heard)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """About one upload, for the thread that checks it."""

    lines: tuple[_Line, ...]
    sha256: bytes
    deadline: float
    upload: Upload | None

    def ask(self, signals: Sequence[Signal]) -> None:
        """Begin to ask about these, and about the file where that may leave; does not wait."""
        for line in self.lines:
            # What is on its way is asked about already.
            asked = {place for running in line.running for place in running.asked}
            unknown = line.contact.recall(
                (one for one in signals if (one.type, one.value) not in asked), line.heard
            )
            file = self._file_for(line)
            shares = [some for some in _shares(unknown, line.contact) if some]
            line.running += [self._begin(line.contact, some, None) for some in shares]
            if file is not None:
                line.running.append(self._begin(line.contact, (), file))

    def answers(self, signals: Sequence[Signal]) -> Answers:
        """All that was said until the deadline of the upload's `signals`; asks about those that are new."""
        self.ask(signals)
        told = [self._of(line, signals) for line in self.lines]
        return Answers(
            matches=tuple(match for one in told for match in one.matches),
            silent=tuple(silence for one in told for silence in one.silent),
            notes=tuple(note for one in told for note in one.notes),
            answered=any(one.answered for one in told),
        )

    def _file_for(self, line: _Line) -> File | None:
        if not line.contact.upstream.sends_file or line.file_asked:
            return None
        line.file_asked = True
        if line.contact.recall_file(self.sha256, line.heard):
            return None
        if self.upload is None:
            line.needs_file = True
            return None
        upload = self.upload
        return File(upload.content, self.sha256, upload.digest.size, media_type_of(upload))

    def _begin(self, contact: Contact, signals: Sequence[Signal], file: File | None) -> _Running:
        until = min(self.deadline, time.monotonic() + contact.upstream.timeout)
        running = _Running(frozenset((one.type, one.value) for one in signals), until)
        # Of its own until the question is done, which may be after the upload is gone.
        lent: AbstractContextManager[Span | None] = file.content.lend() if file else nullcontext()
        span = lent.__enter__()
        own = File(span, file.sha256, file.size, file.media_type) if file and span else None

        def work() -> None:
            try:
                contact.ask(signals, own, until, running.heard)
            except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
                running.done.set_exception(fault)
            else:
                running.done.set_result(None)
            finally:
                lent.__exit__(None, None, None)

        try:
            threading.Thread(target=work, name=f"asking {contact.upstream.name}", daemon=True).start()
        except RuntimeError:
            # As many as the system allows: that is no answer, and what is known here still counts.
            lent.__exit__(None, None, None)
            running.done.set_exception(UpstreamUnreachable("no thread is left to ask it by"))
        return running

    def _of(self, line: _Line, signals: Sequence[Signal]) -> Answers:
        upstream, heard = line.contact.upstream, line.heard
        silence = Silence(upstream.name, NEEDS_FILE, _NO_FILE, OnFailure.CLOSED) if line.needs_file else None
        for running in line.running:
            fault = _fault_of(running)
            if fault is not None:
                code = ServiceTimeout.code if isinstance(fault, UpstreamTimeout) else ServiceUnreachable.code
                silence = silence or Silence(upstream.name, code, str(fault), upstream.on_failure)
            _add(heard, running.heard)
        return Answers(
            matches=tuple(_matches(line.contact, heard, signals, self.sha256)),
            silent=(silence,) if silence else (),
            notes=tuple(f"{upstream.name}: {why}" for why in dict.fromkeys(heard.unhashable[:_MOST_NOTES])),
            answered=heard.told and silence is None,
        )


def _shares(signals: tuple[Signal, ...], contact: Contact) -> list[tuple[Signal, ...]]:
    """What is asked one after another, several abreast where each hash is a request of its own.

    One that rests is tried by a single question.
    """
    abreast = _ABREAST if contact.upstream.per_hash and not contact.circuit.is_open else 1
    return [signals[first::abreast] for first in range(abreast)]


def _fault_of(running: _Running) -> UpstreamError | None:
    try:
        with timed(Stage.ASK):
            running.done.result(max(0.0, running.until - time.monotonic()))
    except NotYet:
        return UpstreamTimeout("it did not answer in time")
    except UpstreamError as fault:
        return fault
    return None


def _add(heard: Heard, more: Heard) -> None:
    # A copy, since the question may be on its way still.
    heard.by_hash |= dict(more.by_hash)
    heard.of_file += more.of_file
    heard.unhashable += more.unhashable
    heard.told = heard.told or more.told


def _matches(contact: Contact, heard: Heard, signals: Sequence[Signal], sha256: bytes) -> Iterable[Match]:
    upstream = contact.upstream
    for signal in signals:
        for hit in heard.by_hash.get((signal.type, signal.value), ()):
            yield upstream.match(signal, hit)
    for hit in heard.of_file:
        yield upstream.match_of_file(sha256, hit)
