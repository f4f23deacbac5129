"""A file of ours that an address names: read once, checked, and put in a case for a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from upload_guard.digests import Sha256Digester
from upload_guard.errors import BodyTooLarge, ConfigError, GoneFromPlace, TooLargeInPlace, Unavailable
from upload_guard.holdings.again import lacks_bytes, unspent
from upload_guard.holdings.holdings import Holdings, Leftover, scheme_of
from upload_guard.intake.body import CHUNK, Spool
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.records import Findings, Result, Source, Upload, Verdict
from upload_guard.storage.tables import Case

ROUTE = "notice:"
"""What the route of a case begins with that a notice opened; the notice's number follows."""
_UNCHECKED_AFTER = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a file now."""

    verdict: Verdict
    findings: Findings

    @property
    def is_refused(self) -> bool:
        """Whether a list or check service speaks against it, so that an upload of it would be refused.

        What nobody can read is held as an upload, but anybody may tell of anything: that is for a person, as
        is the test picture.
        """
        speaks = self.verdict.result in {Result.MATCH, Result.NEAR}
        return speaks and self.verdict.action.refuses and not self.findings.canary


Known = Callable[[str, bytes], str]
"""The number of the case that has the file of this locator and digest already; empty where none has."""
Judging = Callable[[Upload], Judged]
"""Raises `Unavailable` or `BodyTooLarge` where nothing can be said."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A case for the file at `locator`; `leftover` is what was said of it there."""

    case: str
    locator: str
    is_refused: bool
    leftover: Leftover


@dataclass(frozen=True, slots=True)
class Asked:
    """For which address of which notice a file is opened; `tries` were in vain before."""

    notice: str
    address: int
    tries: int

    def upload_id(self, before: str = "") -> str:
        """The same each time, so that trying again opens no second case; another after a case `before`."""
        named = f"{ROUTE}{self.notice}:{self.address}" + (f":{before}" if before else "")
        return hashlib.sha256(named.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Opener:
    """Reads by `holdings`, by the scheme of a locator; spools in `spool_dir`, at most `max_bytes` of a file.

    `unchecked` gives what is judged of a file of which checking failed for a reason of that code.
    """

    holdings: Mapping[str, Holdings]
    judging: Judging
    unchecked: Callable[[str], Judged]
    keeper: QuarantineKeeper
    spool_dir: Path
    max_bytes: int

    def first_there(self, locators: tuple[str, ...]) -> str:
        """The first at which a file lies; empty where none does. Raises `HoldingsUnreachable`."""
        for locator in locators:
            try:
                self.of(locator).look(locator)
            except GoneFromPlace:
                continue
            return locator
        return ""

    def open(self, asked: Asked, site: str, locator: str, known: Known) -> Opened:
        """Put the file in a case, whatever is known of it: somebody said that it should not be there.

        Called again after a crash it ends in the same case. Raises `HoldingsUnreachable`, `GoneFromPlace`,
        `TooLargeInPlace`, `StorageFailed`, and what `Judging` raises while trying again may help.
        """
        place = self.of(locator)
        standing = place.look(locator)
        self._refuse_over_bound(standing.size)
        with self._read(place, locator, asked, site) as upload:
            sha256 = upload.digest.sha256
            judged = self._judged(upload, asked.tries)
            if number := known(locator, sha256):
                return Opened(number, locator, judged.is_refused, standing.leftover)
            # Never judged anew by itself: what a person told of is for a person to decide.
            findings = replace(judged.findings, under="")
            named = replace(upload, upload_id=self._unspent(asked, upload))
            number = self.keeper.keep(named, judged.verdict, findings)
            return Opened(number, locator, judged.is_refused, standing.leftover)

    def of(self, locator: str) -> Holdings:
        """What can be done with files of that scheme. Raises `ConfigError` where it is unknown here."""
        scheme = scheme_of(locator)
        found = self.holdings.get(scheme)
        if found is None:
            raise ConfigError(f"{locator}: nothing here reads {scheme or 'no scheme'!r}")
        return found

    def _unspent(self, asked: Asked, upload: Upload) -> str:
        """Its upload id, of no case that lacks its bytes: people look at the same address years later."""

        def lacks(case: Case, kept: str) -> bool:
            return lacks_bytes(case, kept, self.keeper.retention)

        with self.keeper.database.session() as session:
            site, sha256 = upload.source.site, upload.digest.sha256
            return unspent(session, asked.upload_id, site, sha256, lacks)[0]

    def _judged(self, upload: Upload, tries: int) -> Judged:
        try:
            return self.judging(upload)
        except (Unavailable, BodyTooLarge) as fault:
            if tries < _UNCHECKED_AFTER and not isinstance(fault, BodyTooLarge):
                raise
            # The clock runs, and a person can look at what no machine could check.
            return self.unchecked(fault.code)

    @contextmanager
    def _read(self, place: Holdings, locator: str, asked: Asked, site: str) -> Iterator[Upload]:
        spool, digester = Spool(self.spool_dir), Sha256Digester()
        try:
            with place.read(locator) as stream:
                while piece := stream.read(CHUNK):
                    # It may have grown, and some places tell no size.
                    self._refuse_over_bound(spool.size + len(piece))
                    spool.write(piece)
                    digester.update(piece)
            yield Upload(
                content=spool.slice(0, spool.size),
                digest=digester.finish(),
                file_name=urlsplit(locator).path.rpartition("/")[2],
                source=Source(site, ROUTE + asked.notice),
                upload_id=asked.upload_id(),
            )
        finally:
            spool.close()

    def _refuse_over_bound(self, size: int) -> None:
        if size > self.max_bytes:
            raise TooLargeInPlace(f"too large to be read: over intake.max_body ({self.max_bytes} bytes)")
