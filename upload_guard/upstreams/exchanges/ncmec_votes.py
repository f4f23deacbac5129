"""Votes on NCMEC's entries: `PUT {base}/v2/entries/{member}/{id}/{TYPE}/feedback`, the newest one counts.

A vote speaks of the very fingerprint, so a likeness casts none; nor can one be taken back. A negative one
needs a reason, of those that `GET {base}/v2/feedback/{TYPE}/reasons` names.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from upload_guard.errors import StorageFailed, UpstreamGarbled, UpstreamMissing, UpstreamRefused
from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.lists.sync.holders import keys_holding
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.exchanges.ncmec import TYPES
from upload_guard.upstreams.exchanges.ncmec_entries import place_of
from upload_guard.upstreams.exchanges.paging import refuse_page_for_people
from upload_guard.upstreams.exchanges.xml import entries_of

log = logging.getLogger(__name__)

_NAMES = {kind: name.upper() for name, kind in TYPES.items()}
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
_TAKEN = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)
_GUID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class NcmecVotes:
    """Votes at `base` in the name of the user that `asker` logs in. `staging` knows entries by their hashes.

    `reason` is the guid for negative votes, empty where the only one that NCMEC names is meant.
    """

    base: str
    asker: Asker
    staging: Path
    reason: str
    seconds: float

    def take(self, feedback: Feedback) -> None:
        """See `TakesFeedback`. Raises `StorageFailed`, too, after which it is given again as well."""
        name = _NAMES.get(feedback.signal_type)
        if name is None or not feedback.exact:
            return
        if feedback.opinion is Opinion.WITHDRAWN:
            log.info(
                "list %r: a vote at NCMEC cannot be taken back; a new one replaces it", feedback.list_name
            )
            return
        if not self.staging.exists():
            raise StorageFailed(f"{self.staging}: is not there, so no entry is known; the next run makes it")
        keys = keys_holding(self.staging, feedback.signal_type, feedback.value)
        if not keys:
            return
        with Deadline(self.seconds) as deadline:
            vote = self._vote(feedback.opinion, name, deadline)
            for key in keys:
                self._put(key, name, vote, deadline)

    def _vote(self, opinion: Opinion, name: str, deadline: Deadline) -> bytes:
        if opinion is Opinion.POSITIVE:
            said = "<affirmative/>"
        else:
            reason = self.reason or self._only_reason(name, deadline)
            said = f"<negative><reasonIds><guid>{reason}</guid></reasonIds></negative>"
        return f'<feedbackSubmission xmlns="{_NAMESPACE}">{said}</feedbackSubmission>'.encode()

    def _put(self, key: str, name: str, vote: bytes, deadline: Deadline) -> None:
        member, entry = place_of(key)
        url = f"{self.base}/v2/entries/{quote(member, safe='')}/{quote(entry, safe='')}/{name}/feedback"
        try:
            refuse_page_for_people(self.asker.ask(Ask("PUT", url, vote, _XML), deadline, _TAKEN))
        except UpstreamMissing as fault:
            if not fault.gone:
                raise
            # It was taken off the list since; the next run hears of that.
            log.info("NCMEC knows the entry no more that an opinion was on")

    def _only_reason(self, name: str, deadline: Deadline) -> str:
        reply = self.asker.ask(Ask("GET", f"{self.base}/v2/feedback/{name}/reasons"), deadline)
        reasons = dict(_reasons(reply.body, reply.where))
        if len(reasons) != 1:
            known = ", ".join(f"{guid} ({said})" for guid, said in reasons.items()) or "NCMEC names none"
            raise UpstreamRefused(f"a negative vote needs a reason: set feedback_reason to one of: {known}")
        return next(iter(reasons))


def _reasons(body: bytes, name: str) -> Iterator[tuple[str, str]]:
    for _, element in entries_of(io.BytesIO(body), "availableFeedbackReasons", name, depth=2):
        guid, said = element.attributes.get("guid", ""), element.attributes.get("name", "")
        if not _GUID.fullmatch(guid):
            raise UpstreamGarbled(f"{name} names a reason without a guid")
        yield guid, "".join(char for char in said[:60] if char.isprintable())
