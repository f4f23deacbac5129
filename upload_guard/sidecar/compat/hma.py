"""Hasher-Matcher-Actioner's routes: /status, /h/hash, /m/lookup and /m/raw_lookup, each with a bearer key.

What differs: every route needs a key; a bank is named by its category, its id is 0 and a likeness has no
distance, unless the key has the scope `details`, which gets the list's name, the entry's number and all
distances. Matches are those that count for the customer. Errors have HMA's `message`, beside ours.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from upload_guard.checkers.claims import CLAIMED, Answer, Claim, is_told_apart, signal_of
from upload_guard.checkers.local import LocalChecker
from upload_guard.customers.offers import Offer
from upload_guard.customers.quotas import Door
from upload_guard.errors import ListsMissing, NotReady, Unhashable
from upload_guard.intake.receive import Received, receive
from upload_guard.intake.rules import IntakeRule
from upload_guard.machine_keys.keys import Scope
from upload_guard.matching.live import LiveSnapshot
from upload_guard.policy import counts
from upload_guard.records import CANARY, Findings, Match, SignalType, Source, Upload
from upload_guard.sidecar.api.check import only_file
from upload_guard.sidecar.auth import Caller, caller, requires
from upload_guard.sidecar.desk import Desk, Listed

_TRUE = {"true", "1", "t", "yes"}
# python-threatexchange has MD5 for videos, by this name, and takes any file's.
_THEIRS = {"video_md5": SignalType.MD5}
_Found = dict[str, list[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Files:
    """What takes in the file of a request and looks into it; `patience` in seconds.

    `checker` asks no service: what customers send is told to nobody, nor is what others say ours to pass on.
    """

    rule: IntakeRule
    checker: LocalChecker
    patience: float

    def received(self, site: str) -> Received:
        return receive(request.environ, self.rule, Source(site, request.path))

    def deadline(self) -> float:
        return time.monotonic() + self.patience


def hma_routes(desk: Desk, files: Files, snapshot: LiveSnapshot) -> Blueprint:
    routes = Blueprint("hma", __name__)

    @routes.get("/status")
    @requires(Scope.SERVICE)
    def status() -> Response:
        """Whether lookups can be answered, in HMA's own three words."""
        word = _status(snapshot)
        return Response(word, 200 if word == _ALIVE else 503, mimetype="text/plain")

    _take_hashes(routes, desk)
    _take_files(routes, desk, files)
    return routes


def _take_hashes(routes: Blueprint, desk: Desk) -> None:
    @routes.get("/m/lookup")
    @requires(Scope.SERVICE)
    def lookup() -> Response:
        """By one hash: what it matches, by bank."""
        asking = caller()
        matches = _matches_of_hash(desk, asking, _offer(desk, asking))
        return jsonify(_by_bank(matches, asking))

    @routes.get("/m/raw_lookup")
    @requires(Scope.SERVICE)
    def raw_lookup() -> Response:
        """The same as one list."""
        asking = caller()
        distances = request.args.get("include_distance", "").lower() in _TRUE
        if distances:
            asking.need(Scope.DETAILS)
        entries = [
            entry
            for bank in _by_bank(_matches_of_hash(desk, asking, _offer(desk, asking)), asking).values()
            for entry in bank
        ]
        return jsonify(matches=entries if distances else [entry["bank_content_id"] for entry in entries])


def _take_files(routes: Blueprint, desk: Desk, files: Files) -> None:
    @routes.post("/h/hash")
    @requires(Scope.SERVICE)
    def hash_file() -> Response:
        """The PDQ of a picture as it stands in the file; empty where it is too plain to have one."""
        asking = caller()
        desk.charge(asking, Door.HMA, 1)
        received = files.received(asking.site)
        try:
            analysis = files.checker.sandbox.analyse(only_file(received).content, files.deadline())
        finally:
            received.close()
        pdq = next((one for one in analysis.signals if one.type is SignalType.PDQ and not one.variant), None)
        if pdq is None and (analysis.unscannable or analysis.unreadable or not analysis.degraded):
            raise Unhashable(analysis.unscannable or analysis.unreadable or "no picture in it")
        return jsonify(pdq=pdq.value.hex() if pdq else "")

    @routes.post("/m/lookup")
    @requires(Scope.SERVICE)
    def lookup_file() -> Response:
        """By a file: all its views and what is inside it are looked at, as at /v1/check; nothing is kept."""
        asking = caller()
        offer = _offer(desk, asking)
        desk.charge(asking, Door.HMA, 1)
        received = files.received(asking.site)
        try:
            upload = only_file(received)
            findings = files.checker.check_whole(upload, files.deadline())
        finally:
            received.close()
        if findings.canary:
            return jsonify({SignalType.PDQ.value: {CANARY: [{"bank_content_id": 0}]}})
        matches = _matches_of_file(desk, asking, upload, findings, offer)
        by_type: defaultdict[str, list[Match]] = defaultdict(list, {SignalType.PDQ.value: []})
        for match in matches:
            by_type[match.signal_type.value].append(match)
        return jsonify({kind: _by_bank(some, asking) for kind, some in by_type.items()})


_ALIVE, _NOT_LOADED, _STALE = "I-AM-ALIVE", "INDEX-NOT-LOADED", "INDEX-STALE"


def _status(snapshot: LiveSnapshot) -> str:
    try:
        loaded = snapshot().in_force
    except NotReady:
        loaded = False
    if not loaded:
        return _NOT_LOADED
    return _STALE if snapshot.fault else _ALIVE


def _offer(desk: Desk, asking: Caller) -> Offer:
    """What counts for the customer, of the banks that the request names if it names any."""
    offer = desk.customer(asking).offer
    names = [name for some in request.args.getlist("banks") for name in some.split(",") if name]
    if not names:
        return offer
    if Scope.DETAILS in asking.scopes:
        return offer.narrowed((), names)
    return offer.narrowed(names, ())


def _matches_of_hash(desk: Desk, asking: Caller, offer: Offer) -> tuple[Match, ...]:
    kind, signal = _kind(_needed("signal_type")), _needed("signal")
    asked = signal_of(kind, signal) if signal else None
    if asked is None or not is_told_apart(asked):
        raise Unhashable("the hash of a picture that has none")
    claim = Claim((asked,))
    answer = desk.ask(asking, Door.HMA, [claim], offer)[0].known()
    return _counting(answer, offer)


def _counting(answer: Answer, offer: Offer) -> tuple[Match, ...]:
    return counts(answer.verdict.matches, offer.policy.trust)


def _matches_of_file(
    desk: Desk, asking: Caller, upload: Upload, findings: Findings, offer: Offer
) -> tuple[Match, ...]:
    # pHash and dHash never act alone, and whether it could be read is another question.
    asked = tuple(match for match in findings.matches if match.signal_type in CLAIMED)
    verdict = offer.judge(replace(findings, matches=asked, unscannable="", unreadable=""), desk.checker.now())
    answer = Answer(verdict, desk.checker.kinds(offer) & {one.type for one in findings.signals})
    if answer.listed:
        desk.note_listed(asking, Door.HMA, [Listed((upload.digest.signal(),), answer.category)])
        return _counting(answer, offer)
    if findings.unchecked:
        raise ListsMissing("no list is active")
    reason = findings.unscannable or findings.unreadable
    if reason or not any(one.type is SignalType.PDQ for one in findings.signals):
        raise Unhashable(reason or "it has no PDQ")
    # A file is asked about for its look: digests alone make no "nothing like it".
    desk.checker.ensure_covered(answer.compared & {SignalType.PDQ}, offer)
    return ()


def _by_bank(matches: Iterable[Match], asking: Caller) -> _Found:
    detailed = Scope.DETAILS in asking.scopes
    found: _Found = {}
    for match in matches:
        entries = found.setdefault(match.list_name if detailed else match.category, [])
        entry = _entry(match, detailed=detailed)
        if entry not in entries:
            entries.append(entry)
    return found


def _entry(match: Match, *, detailed: bool) -> dict[str, object]:
    if detailed:
        return {"bank_content_id": match.entry, "distance": str(match.distance)}
    return {"bank_content_id": 0, **({"distance": "0"} if match.exact else {})}


def _kind(name: str) -> SignalType:
    known = _THEIRS.get(name) or next((kind for kind in CLAIMED if kind.value == name), None)
    if known is None:
        raise BadRequest(f"No such signal type. There are: {', '.join(sorted({*CLAIMED, *_THEIRS}))}.")
    return known


def _needed(name: str) -> str:
    """A parameter of this request, which may be empty."""
    given = request.args.getlist(name)
    if not given:
        raise BadRequest(f"The parameter {name} is missing.")
    if len(given) > 1:
        # Of one alone an answer would look like one about all.
        raise BadRequest(f"The parameter {name} is there more than once.")
    return given[0]
