"""A file that a site has already could not be had, taken away or put back."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


class HoldingsUnreachable(UploadGuardError):
    """The place could not be reached now; the file is as it was."""

    code = "holdings_unreachable"


class GoneFromPlace(UploadGuardError):
    """Nothing lies there any more."""

    code = "gone_from_place"


class ChangedInPlace(UploadGuardError):
    """Other bytes lie there than are meant; they are left alone."""

    code = "changed_in_place"


class TooLargeInPlace(UploadGuardError):
    """A file lies there with more bytes than are read, which the message names: nothing is known of it."""

    code = "too_large_in_place"
