"""Who asks the sidecar is at fault."""

from __future__ import annotations

from upload_guard.errors.requests import RequestError


class NotAuthenticated(RequestError):
    """No machine key, an unknown, expired or revoked one, or a signature that is not of this request."""

    status = 401
    code = "unauthorized"
    public = "This request carries no valid machine key."


class ClockSkew(NotAuthenticated):
    """A good signature of another time: one of the two clocks is wrong, or an old request was sent again."""

    code = "clock_skew"
    public = "The request was signed at another time. Please compare the clocks of both machines."


class BodyAltered(NotAuthenticated):
    """The body is not the one whose digest was signed."""

    code = "body_altered"
    public = "The body is not the one that was signed."


class Replayed(RequestError):
    """A nonce came for the second time."""

    status = 409
    code = "replayed"
    public = "This very request was made before."


class NotAllowed(RequestError):
    """A good key whose scopes do not hold what was asked for: `key_id`, and what is `lacking`."""

    status = 403
    code = "scope_missing"
    public = "This machine key may not do that."

    def __init__(self, message: str, key_id: str = "", lacking: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id
        self.lacking = lacking


class WrongSite(NotAllowed):
    """A key of one site that speaks for another."""

    code = "site_mismatch"
    public = "This machine key belongs to another site."


class OutOfReach(NotAllowed):
    """A key that names a file where settings give its site none."""

    code = "out_of_reach"
    public = "The site of this machine key has no files there."


class RateLimited(RequestError):
    """Too many requests with one key. `retry_after` in seconds."""

    status = 429
    code = "rate_limited"
    public = "Too many requests. Please wait a little."
    retryable = True

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaSpent(RateLimited):
    """All checks of a day are made: those that a customer has, or the private ones of a key, few enough that
    nobody finds a list out by asking.
    """

    code = "quota_spent"
    public = "All checks of this day (UTC) have been made."


class LockedOut(RateLimited):
    """Too many bad signatures under one key id or from one peer."""

    code = "locked_out"
    public = "Too many requests without a valid machine key. Please wait a while."
