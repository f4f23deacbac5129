"""Takes a paper to an API of SCART's shape: `POST {base}/api/v1/reports` with a bearer token.

Nothing there tells one report from another, so that an answer that was lost means that it is sent again: a
notice too many is better than one that never came. Nothing can be taken back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from upload_guard.errors import NotWithdrawable
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.reports.posting import post_paper
from upload_guard.upstreams.asking import Asker, Reply
from upload_guard.upstreams.exchanges.paging import refuse_page_for_people

_LONGEST_REFERENCE = 255


@dataclass(frozen=True, slots=True)
class ScartSender:
    """To the API at `base`, whose token `asker` has; `seconds` are for the whole answer."""

    base: str
    asker: Asker = field(repr=False)
    seconds: float = 30.0

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        """See `Sender`."""
        if not so_far.get("taken"):
            url = f"{self.base}/api/v1/reports"
            reply = post_paper(self.asker, url, paper, self.seconds, refuse_page_for_people)
            so_far = {"taken": True, "reference": _reference(reply)}
            note(so_far)
        reference = str(so_far.get("reference", ""))
        return Sent(reference, acknowledged=bool(reference))

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:  # noqa: ARG002 - as senders are
        """See `Sender`: it cannot."""
        if so_far.get("taken"):
            raise NotWithdrawable(f"{self.base} takes nothing back: write to whoever runs it")


def _reference(reply: Reply) -> str:
    """What it calls the report, empty where it does not say: no answer is documented."""
    try:
        said = json.loads(reply.body)
    except ValueError:
        return ""
    found = said.get("id", said.get("reference", "")) if isinstance(said, dict) else ""
    if isinstance(found, bool) or not isinstance(found, int | str):
        return ""
    return "".join(char for char in str(found)[:_LONGEST_REFERENCE] if char.isprintable())
