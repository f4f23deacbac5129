"""A report cannot be made, or cannot be taken back."""

from __future__ import annotations

from upload_guard.errors.usage import UsageError


class NotReportable(UsageError):
    """The case is not confirmed, or a format demands what nobody knows of it; nothing is made up."""

    code = "not_reportable"


class NotWithdrawable(UsageError):
    """This way knows no taking back; a person has to write to the recipient."""

    code = "not_withdrawable"
