"""A list version before it acts, over the uploads in the signal log and over files in folders.

Both are judged as the real thing would be: by the entries that activation would put in force, by the checker
and the policy that uploads meet. Nothing is kept and no case is opened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from upload_guard.checkers.local import LocalChecker
from upload_guard.digests import digest_of
from upload_guard.errors import Unavailable
from upload_guard.lists.log.keyed import Recognizer
from upload_guard.lists.log.logged import Logged, lacking_in, sha256_of
from upload_guard.lists.log.signal_log import LogReader
from upload_guard.lists.trial import Trial
from upload_guard.matching.build import Progress
from upload_guard.records import Findings, Signal, SignalType, Source, Upload
from upload_guard.rehearsal.tally import Seen, Tally
from upload_guard.spans import FileContent

_AT_ONCE = 64
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Audience:
    """What a version is tried on: the log, if any, and files as if they were uploaded to `site`."""

    log: LogReader | None
    files: Sequence[Path]
    site: str


@dataclass(frozen=True, slots=True)
class Stage:
    """`checker` is that of the settings; `threads` uploads are judged at once, each in `patience` seconds."""

    checker: LocalChecker
    threads: int
    patience: float

    def rehearse(self, trial: Trial, audience: Audience, tally: Tally, progress: Progress) -> LocalChecker:
        """Have `tally` count all of `audience`; the checker that was asked, good while the trial's folder is.

        Raises `ListError`, `SealBroken` and `StorageFailed`.
        """
        log = audience.log
        recognizer = _recognizer(log, progress) if log else None
        snapshot = trial.build(recognizer.watching if recognizer else iter, progress)
        checker = self.checker.as_of_now(snapshot)
        if log and recognizer:
            _meet_the_known_good(recognizer, checker)
            uploads = self._each(lambda one: _rejudged(one, recognizer, checker, trial), log.uploads())
            for seen in _watched(uploads, "judging uploads", log.count, progress):
                tally.add(seen)
        files = self._each(lambda file: self._opened(file, audience.site, checker), audience.files)
        for seen in _watched(files, "opening files", len(audience.files), progress):
            tally.add(seen)
        return checker

    def _each(self, look: Callable[[_Thing], Seen], things: Iterable[_Thing]) -> Iterator[Seen]:
        """By portions, for a pool takes in all that it is given."""
        rest = iter(things)
        with ThreadPoolExecutor(self.threads) as pool:
            while portion := list(islice(rest, _AT_ONCE)):
                yield from pool.map(look, portion)

    def _opened(self, file: Path, site: str, checker: LocalChecker) -> Seen:
        try:
            with file.open("rb") as stream:
                digest = digest_of(stream)
            upload = Upload(FileContent(file), digest, file.name, source=Source(site))
            findings = checker.check(upload, time.monotonic() + self.patience)
        except OSError as error:
            return Seen(site, Findings(), error.strerror or str(error))
        except Unavailable as fault:
            return Seen(site, Findings(), fault.code)
        return Seen(site, findings, lacking_in(findings))


def _recognizer(log: LogReader, progress: Progress) -> Recognizer:
    """Of the digests in the log."""
    uploads = _watched(log.uploads(), "reading the log", log.count, progress)
    return Recognizer(
        log.digest_key,
        (signal.value for upload in uploads for signal in upload.signals if signal.type.exact),
    )


def _meet_the_known_good(recognizer: Recognizer, checker: LocalChecker) -> None:
    """The files that bank and decisions speak for."""
    digests = (pair for file in checker.bank().files for pair in file.digests)
    recognizer.meet(SignalType.SHA256, (value for kind, value in digests if kind is SignalType.SHA256))
    recognizer.meet(SignalType.SHA256, (sha256 for sha256, _ in checker.opinions().exempted))


def _rejudged(upload: Logged, recognizer: Recognizer, checker: LocalChecker, trial: Trial) -> Seen:
    signals = tuple(map(recognizer.plain, upload.signals))
    findings = checker.compare(signals, sha256_of(signals), upload.site)
    lacking = upload.lacking or _not_computed(signals, trial.kinds)
    return Seen(upload.site, findings, lacking, not upload.action.refuses)


def _not_computed(signals: Sequence[Signal], asked: Iterable[SignalType]) -> str:
    """What pictures were not hashed by when they came, for their plug-in was not there yet; or nothing."""
    kinds = {signal.type for signal in signals}
    # Each picture that a plug-in is asked about has a pHash.
    if SignalType.PHASH not in kinds:
        return ""
    missed = sorted(kind for kind in asked if kind.plugged and kind not in kinds)
    return f"{missed[0]} was not computed then" if missed else ""


def _watched(things: Iterable[_Thing], step: str, count: int, progress: Progress) -> Iterator[_Thing]:
    for done, thing in enumerate(things, start=1):
        yield thing
        progress(step, done, count)
