"""What became of matches, told to StopNCII: `POST {base}/SubmitFeedback`.

`{"count": 1, "hashFeedbacks": [{"hashValue": "..", "feedbackValue": "Blocked", "tags": []}]}`. Public clients
send it so; no server of theirs was asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.records import SignalType
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.exchanges.paging import refuse_page_for_people
from upload_guard.upstreams.exchanges.stopncii import StopNciiKeys

_TAKEN = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)
_WORDS = {
    Opinion.POSITIVE: "Blocked",
    Opinion.NEGATIVE: "NotBlocked",
    Opinion.DISPUTED: "NotBlocked",
    Opinion.WITHDRAWN: "None",
}


@dataclass(frozen=True, slots=True)
class StopNciiFeedback:
    """Feedback at `base`; the function key of `keys` is that of SubmitFeedback."""

    base: str
    asker: Asker
    keys: StopNciiKeys
    seconds: float

    def take(self, feedback: Feedback) -> None:
        """See `TakesFeedback`. It speaks of what a match turned out to be, so a likeness counts."""
        if feedback.signal_type is not SignalType.PDQ:
            return
        said = {
            "hashValue": feedback.value.hex(),
            "feedbackValue": _WORDS[feedback.opinion],
            "tags": [],
        }
        body = json.dumps({"count": 1, "hashFeedbacks": [said]}).encode()
        headers = {"Content-Type": "application/json", **self.keys.headers}
        ask = Ask("POST", f"{self.base}/SubmitFeedback", body, headers)
        with Deadline(self.seconds) as deadline:
            refuse_page_for_people(self.asker.ask(ask, deadline, _TAKEN))
