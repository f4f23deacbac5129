"""Takes a paper to whoever takes XARF by HTTP: a POST of the JSON. Nothing can be taken back that way.

A report keeps its `report_id`, so that an answer that was lost makes no second one of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from upload_guard.errors import NotWithdrawable
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.reports.posting import post_paper
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import shown


@dataclass(frozen=True, slots=True)
class PostSender:
    """To `url`, by whatever `asker` shows; `seconds` are for the whole answer, of which no word is read."""

    url: str
    asker: Asker = field(repr=False)
    seconds: float = 30.0

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        """See `Sender`."""
        if not so_far.get("taken"):
            post_paper(self.asker, self.url, paper, self.seconds)
            note({"taken": True})
        return Sent()

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:  # noqa: ARG002 - as senders are
        """See `Sender`: it cannot."""
        if so_far.get("taken"):
            raise NotWithdrawable(f"{shown(self.url)} takes nothing back: write to whoever runs it")
