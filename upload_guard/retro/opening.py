"""Opens the case of an upload that had passed before a list knew it.

With its bytes where the site said where it went and the very file is there still; else by what is known of
it, which is never more than a list has said: a digest that no list named stays keyed, and is reported to
nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from upload_guard.digests import digest_stream
from upload_guard.errors import HoldingsUnreachable, StorageFailed, UploadGuardError
from upload_guard.holdings.acting import Acting, Found
from upload_guard.late.entries import RETRO_ROUTE
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.lists.log.logged import sha256_of
from upload_guard.quarantine.rows import SHA256_UNKNOWN
from upload_guard.records import Digest, Digests, Findings, Signal, SignalType, Source, Upload, Verdict
from upload_guard.retro.passed import Passed
from upload_guard.retro.places import UploadPlaces
from upload_guard.spans import Span

log = logging.getLogger(__name__)

BY_RETRO = "retro"


@dataclass(frozen=True, slots=True)
class LateHit:
    """An upload that had passed, its `signals` with those plain that were recognized, and what it is now."""

    passed: Passed
    signals: tuple[Signal, ...]
    findings: Findings
    verdict: Verdict

    @property
    def plain(self) -> tuple[Signal, ...]:
        """The signals without those that only their key could read."""
        keyed = {one.value for one in self.passed.signals if one.type.exact}
        return tuple(one for one in self.signals if not (one.type.exact and one.value in keyed))


@dataclass(frozen=True, slots=True)
class Sought:
    """The number of a case. `awaited`: its bytes could not be had, since a place was out of reach."""

    case: str
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class _Gone:
    """The `Content` of what is not here."""

    def open(self) -> BinaryIO:
        raise StorageFailed("the file passed, and is not here")

    def lend(self) -> AbstractContextManager[Span]:
        raise StorageFailed("the file passed, and is not here")


@dataclass(frozen=True, slots=True)
class Opening:
    """Cases by `acting`, where the file can be read by `places`; else by its keeper alone."""

    acting: Acting
    places: UploadPlaces
    digest_key: DigestKey

    def open(self, hit: LateHit, before: str) -> Sought:
        """Its case, the same one if it is called again. Raises `StorageFailed`.

        `before` is the case that the same upload had and that was released; empty where it had none.
        """
        sought = self.seek(hit)
        if sought.case:
            return sought
        told = self.places.of(hit.passed.site, hit.passed.upload_id)
        number = self._without(hit, told, before)
        # Asked once more: its site may have told of another place meanwhile.
        self._note_places(number, self._believed(hit.passed))
        return replace(sought, case=number)

    def seek(self, hit: LateHit) -> Sought:
        """Its case with its bytes, if they can be had now. Raises `StorageFailed`."""
        believed, awaited = self._believed(hit.passed), False
        for place in believed:
            try:
                number = self._with_bytes(hit, place)
            except HoldingsUnreachable as fault:
                log.warning("a file that had passed is out of reach: %s", fault)
                awaited = True
                continue
            if number:
                self._note_places(number, believed)
                return Sought(number)
        return Sought("", awaited)

    def _believed(self, passed: Passed) -> tuple[str, ...]:
        told = self.places.of(passed.site, passed.upload_id)
        return tuple(one for one in told if self.places.is_believed(passed.site, one))

    def _note_places(self, number: str, places: Iterable[str]) -> None:
        for place in places:
            # Whether one that was away has come back, nobody can say now; its row is there.
            with suppress(HoldingsUnreachable):
                self.acting.placements.note(number, place, BY_RETRO)

    def _with_bytes(self, hit: LateHit, place: str) -> str:
        """By the file in its place; empty where it is not there, or is not the one that was uploaded.

        Raises `HoldingsUnreachable` where nobody can say that now.
        """
        passed = hit.passed
        try:
            with self.acting.placements.at(place).read(place) as stream:
                digests = digest_stream(stream)
            if not self._is_it(passed, digests):
                return ""
            own = (
                Signal(SignalType.SHA256, digests.sha256),
                Signal(SignalType.MD5, digests.md5),
                Signal(SignalType.SHA1, digests.sha1),
            )
            rest = tuple(one for one in hit.plain if one not in own)
            found = Found(
                place,
                passed.site,
                digests.sha256,
                hit.verdict,
                replace(hit.findings, signals=own + rest),
                passed.media_type,
                RETRO_ROUTE + passed.route,
                BY_RETRO,
            )
            return self.acting.open_case(found)
        except (StorageFailed, HoldingsUnreachable):
            # Of our own store, or of a place that is away: tried again, so that the case gets its bytes.
            raise
        except UploadGuardError as fault:
            log.warning("a file that had passed could not be read in its place: %s (%s)", fault.code, fault)
        except OSError as error:
            # One bad sector must not stop all that passed after it from being found.
            raise HoldingsUnreachable(f"{place}: {error.strerror}") from error
        return ""

    def _is_it(self, passed: Passed, digests: Digests) -> bool:
        keyed = self.digest_key.keyed(SignalType.SHA256, digests.sha256)
        return hmac.compare_digest(keyed, sha256_of(passed.signals))

    def _without(self, hit: LateHit, told: Iterable[str], before: str) -> str:
        passed = hit.passed
        known = {one.type: one.value for one in reversed(hit.plain) if one.type.exact and not one.view}
        # Keyed where no list has named it: that tells this file from others, as a case's digest has to.
        sha256 = known.get(SignalType.SHA256) or sha256_of(passed.signals) or bytes(32)
        digests = Digests(
            known.get(SignalType.MD5, bytes(16)), known.get(SignalType.SHA1, bytes(20)), sha256, passed.size
        )
        lacking = () if SignalType.SHA256 in known else (SHA256_UNKNOWN,)
        upload = Upload(
            content=_Gone(),
            digest=Digest(sha256, passed.size),
            file_name=passed.file_name,
            media_type=passed.media_type,
            source=Source(passed.site, " > ".join((RETRO_ROUTE + passed.route, *told))),
            upload_id=_upload_id(passed, before),
        )
        findings = replace(hit.findings, signals=hit.plain, degraded=(*hit.findings.degraded, *lacking))
        return self.acting.keeper.note(upload, digests, hit.verdict, findings)


def _upload_id(passed: Passed, before: str) -> str:
    """Its own, so that whatever is done twice ends in one case; another one after each that was released."""
    if not before:
        return passed.upload_id
    return hashlib.sha256(f"{passed.upload_id} {before}".encode()).hexdigest()[:32]
