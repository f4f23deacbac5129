"""The root of the tree of errors."""

from __future__ import annotations


class UploadGuardError(Exception):
    """The root. `status` is an HTTP status, `retryable` says whether the same request may succeed later."""

    status = 500
    code = "internal_error"
    public = "Something went wrong on the server."
    retryable = False
