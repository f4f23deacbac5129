"""What is asked of others at set times did not come."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


class UpstreamError(UploadGuardError):
    """Another service gave nothing that can be used; what is known already goes on working."""

    code = "upstream"


class UpstreamUnreachable(UpstreamError):
    """It does not answer, has a fault of its own, or is not who its certificate should say."""

    code = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    """Its answer was not whole before the deadline, which counts for all of it."""

    code = "upstream_timeout"


class UpstreamRefused(UpstreamError):
    """It does not give this to us, or only by way of another host, which is not asked."""

    code = "upstream_refused"


class UpstreamMissing(UpstreamRefused):
    """It has nothing at this address, or no longer; or it does not understand what was asked there.

    `gone` where it is the former (404, 410).
    """

    code = "upstream_missing"

    def __init__(self, message: str, gone: bool = True) -> None:
        super().__init__(message)
        self.gone = gone


class UpstreamGarbled(UpstreamError):
    """What it gave is half an answer, too much, or none of what was asked for."""

    code = "upstream_garbled"


class CheckpointLost(UpstreamError):
    """It cannot go on from where its list was left; the next run begins from the start."""

    code = "checkpoint_lost"


class TransportError(UploadGuardError):
    """A message did not arrive, or nobody knows; `permanent` where sending it again would not help either."""

    code = "undelivered"

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class SyncBusy(UpstreamError):
    """Another process is fetching this list now."""

    code = "sync_busy"
