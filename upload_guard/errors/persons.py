"""Who wants to see the pages is at fault."""

from __future__ import annotations

from upload_guard.errors.callers import RateLimited
from upload_guard.errors.requests import RequestError


class LogInFailed(RequestError):
    """A wrong name, password or code, which look alike from outside, or somebody who was disabled."""

    status = 401
    code = "log_in_failed"
    public = "That name and password do not belong together."


class LogInLocked(RateLimited):
    """Too many log-ins went wrong under one name or from one address."""

    code = "log_in_locked"
    public = "Too many log-ins went wrong. Please wait a while."


class LogInBusy(RateLimited):
    """Others are logging in at this moment, and what is left is for uploads."""

    code = "log_in_busy"
    public = "Others are logging in at this moment. Please try again."
