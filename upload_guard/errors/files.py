"""About one file that could not be looked into."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


class Unscannable(UploadGuardError):
    """An image that could not be read whole. A checker turns it into findings; it reaches no door.

    `reason` is a short word for verdicts and cases: truncated, undecodable, too_many_pixels, ...
    """

    code = "unscannable"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Unreadable(UploadGuardError):
    """A file that is no image and could not be opened, such as an encrypted archive; as `Unscannable`."""

    code = "unreadable"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
