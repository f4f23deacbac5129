"""POST /v1/check/md5 and /v1/check/sha1, in the shape of EOKM's HashCheckService.

HTTP Basic (RFC 7617) with a key's id and secret; the body is the bare hexadecimal hash; the answer is the
word `true` or `false`. The clients that are known read whatever is not `true` as not listed. So everything
that is no answer has a status of 400 or above and neither word in it: whoever looks at the status is told.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from upload_guard.canary import CANARY_MD5, CANARY_SHA1
from upload_guard.checkers.claims import Claim, signal_of
from upload_guard.customers.quotas import Door
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Signal, SignalType
from upload_guard.sidecar.auth import caller, requires
from upload_guard.sidecar.desk import Desk

_TYPES = "<any(md5, sha1):kind>"
# A hash with room for line ends.
_LONGEST = 256
_CANARY = {SignalType.MD5: CANARY_MD5, SignalType.SHA1: CANARY_SHA1}


def eokm_routes(desk: Desk) -> Blueprint:
    routes = Blueprint("eokm", __name__)

    @routes.post(f"/v1/check/{_TYPES}")
    @requires(Scope.SERVICE)
    def check(kind: str) -> Response:
        """Whether the hash stands on a list that counts for the customer, in a category that does."""
        asking, claim = caller(), Claim((_asked(SignalType(kind)),))
        told = desk.ask(asking, Door.EOKM, [claim], desk.customer(asking).offer)[0]
        return _word(told.known().verdict.action.refuses)

    @routes.post(f"/v1/test/check/{_TYPES}")
    @requires(Scope.SERVICE)
    def test(kind: str) -> Response:
        """Whether it is the canary's: to try a client with. Asks no list and takes nothing from a quota."""
        asked = _asked(SignalType(kind))
        desk.note_test(caller())
        return _word(asked.value == _CANARY[asked.type])

    @routes.after_request
    def invite(response: Response) -> Response:
        # Some clients send a password only when they are asked for it.
        if response.status_code == 401:
            response.headers.add("WWW-Authenticate", 'Basic realm="hash check", charset="UTF-8"')
        return response

    return routes


def _asked(kind: SignalType) -> Signal:
    """The hash that is the body of this request. Raises `InvalidHash`."""
    request.max_content_length = _LONGEST
    return signal_of(kind, request.get_data(cache=False).strip().decode("latin-1"))


def _word(listed: bool) -> Response:
    return Response("true" if listed else "false", mimetype="text/plain")
