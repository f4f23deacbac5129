"""A paper by one POST, as it is."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from upload_guard.errors import TransportError, UpstreamError, UpstreamRefused
from upload_guard.reports.papers import Paper
from upload_guard.upstreams.asking import Ask, Asker, Reply
from upload_guard.upstreams.deadline import Deadline

TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})


def post_paper(
    asker: Asker, url: str, paper: Paper, seconds: float, check: Callable[[Reply], object] = lambda _: None
) -> Reply:
    """The answer that it was taken. Raises `TransportError`, also for an `UpstreamError` of `check`."""
    ask = Ask("POST", url, paper.content, {"Content-Type": paper.media_type})
    try:
        with Deadline(seconds) as deadline:
            reply = asker.ask(ask, deadline, TAKEN)
        check(reply)
    except UpstreamError as error:
        raise TransportError(str(error), permanent=isinstance(error, UpstreamRefused)) from error
    return reply
