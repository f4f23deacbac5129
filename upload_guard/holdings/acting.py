"""A file that a site has already was found to match: a case for it, its place noted, the file taken away."""

from __future__ import annotations

import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from upload_guard.digests import CHUNK, digest_of
from upload_guard.errors import ChangedInPlace, StorageFailed, UsageError
from upload_guard.holdings.again import lacks_bytes, unspent
from upload_guard.holdings.holdings import Holdings
from upload_guard.holdings.placements import Placements
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.states import CaseState
from upload_guard.records import CANARY, Findings, Source, Upload, Verdict
from upload_guard.spans import OpenContent
from upload_guard.storage.tables import Case

BY_SCAN = "scan"
_SETTLED = frozenset({CaseState.RELEASED, CaseState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a site, by locator and SHA-256, and what was made of it.

    `route` says how it came to light ("scan:", "notice:NUMBER"), `person` who found it.
    """

    locator: str
    site: str
    sha256: bytes
    verdict: Verdict
    findings: Findings
    media_type: str = ""
    route: str = "scan:"
    person: str = BY_SCAN


@dataclass(frozen=True, slots=True)
class Acting:
    """Opens cases by `keeper` and takes files away by `placements`.

    Both methods raise `ChangedInPlace` where other bytes lie there than were looked at, all else that
    `Holdings` raise, and `StorageFailed`.
    """

    keeper: QuarantineKeeper
    placements: Placements

    def act(self, found: Found) -> str:
        """Open the case of a file and take the file away; the case's number. Can be called again.

        The case and the intent stay where the place cannot be reached: it is tried again in between. Raises
        `UsageError` for what the policy does not refuse; the test picture is left where it is.
        """
        if found.findings.canary:
            return CANARY
        if not found.verdict.action.refuses:
            raise UsageError(f"{found.locator}: nothing is taken away that the policy does not refuse")
        number = self.open_case(found)
        self.placements.remove(self.placements.note(number, found.locator, found.person), found.person)
        return number

    def open_case(self, found: Found) -> str:
        """The case of a file, whose place is noted and left as it is: the same one when called again.

        One that was released, or lacks its bytes, is not opened again: the file gets a new one.
        """
        name, number = self._known(found)
        if number:
            self.placements.note(number, found.locator, found.person)
            return number
        place = self.placements.at(found.locator)
        standing = place.look(found.locator)
        with self._read(found, name, place, standing.size) as upload:
            number = self.keeper.keep(upload, found.verdict, found.findings)
        self.placements.note(number, found.locator, found.person, standing.leftover)
        return number

    def _known(self, found: Found) -> tuple[str, str]:
        """The upload id of the file at its place, and its case, if it has one that still stands."""

        def name(before: str) -> str:
            return _upload_id(found, before)

        with self.keeper.database.session() as session:
            return unspent(session, name, found.site, found.sha256, self._is_spent)

    def _is_spent(self, case: Case, kept: str) -> bool:
        return case.state in _SETTLED or lacks_bytes(case, kept, self.keeper.retention)

    @contextmanager
    def _read(self, found: Found, name: str, place: Holdings, size: int) -> Iterator[Upload]:
        """The file as an upload, in a copy that nobody changes while it is kept; it had that `size`."""
        spool = self.keeper.vault.spool
        try:
            spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed below
        except OSError as error:
            raise StorageFailed(f"cannot spool in {spool}: {error.strerror}") from error
        with copy:
            with place.read(found.locator) as stream:
                while piece := stream.read(CHUNK):
                    copy.write(piece)
                    # One that grows meanwhile, perhaps for ever, is no longer the file that was looked at.
                    if copy.tell() > size:
                        raise ChangedInPlace(f"{found.locator}: the file grows; it is left alone")
            copy.flush()
            copy.seek(0)
            digest = digest_of(copy)
            if not hmac.compare_digest(digest.sha256, found.sha256):
                raise ChangedInPlace(f"{found.locator}: the file is another one by now; it is left alone")
            content = OpenContent(copy, 0, digest.size)
            source = Source(found.site, found.route)
            yield Upload(content, digest, "", found.media_type, source, upload_id=name)


def _upload_id(found: Found, before: str) -> str:
    """The same for the same file at its place, so that whatever is done twice ends in one case."""
    named = "\0".join((found.route.partition(":")[0], found.locator, before))
    return hashlib.sha256(named.encode() + found.sha256).hexdigest()[:32]
