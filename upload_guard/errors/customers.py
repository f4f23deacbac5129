"""A customer of the check service is at fault."""

from __future__ import annotations

from upload_guard.errors.callers import NotAllowed
from upload_guard.errors.requests import RequestError


class NotACustomer(NotAllowed):
    """A key of a site that no `[customers]` table is for."""

    code = "not_a_customer"
    public = "This machine key is not one of a customer of this check service."


class NotOffered(RequestError):
    """A category or list that does not count for this customer, so that nothing could be told of it."""

    code = "not_offered"
    public = "This category or list does not count for this customer, so nothing was checked."


class InvalidHash(RequestError):
    """What was sent is no hash of the type that it was sent as, or there is none at all."""

    code = "invalid_hash"
    public = "This is no hash of that type, so nothing was checked."


class Unhashable(RequestError):
    """No hash can be taken of a file; that says nothing of what is in it."""

    code = "unhashable"
    public = "No hash can be taken of this file, so nothing was checked."
