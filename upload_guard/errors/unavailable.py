"""The check could not be made."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


class Unavailable(UploadGuardError):
    """Nothing could be said about the upload. Never to be read as clean."""

    status = 503
    code = "unavailable"
    public = "Uploads cannot be accepted at the moment. Please try again later."
    retryable = True


class ServiceUnreachable(Unavailable):
    """The sidecar does not answer, or answers something that is not its verdict."""

    code = "unreachable"


class ServiceRefused(Unavailable):
    """The sidecar is there and does not take this request; nothing about the upload says why."""

    code = "refused"


class ServiceTimeout(Unavailable):
    """The sidecar did not answer before the deadline."""

    code = "timeout"


class NotReady(Unavailable):
    """A list that should be active is not loaded."""

    code = "not_ready"


class NotCovered(Unavailable):
    """No list in force that counts for whoever asks holds hashes of the types that were sent."""

    code = "not_covered"
    public = "Nothing could be checked: no list in force holds hashes of this type."


class ListsMissing(NotCovered):
    """No list is active at all, or one that whoever asks was promised: it will be again."""

    code = "lists_missing"
    public = "Nothing could be checked: the lists that answer this are not in force."


class SnapshotDamaged(Unavailable):
    """A snapshot of the lists is missing or not what was written; it is built again."""

    code = "snapshot_damaged"


class Busy(Unavailable):
    """All decoding workers had files to look at, for as long as a file may wait."""

    code = "busy"


class TooManyChecks(Unavailable):
    """One peer asks more often than it may: by trying out many pictures it could learn what is listed."""

    code = "too_many_checks"


class UpstreamSilent(Unavailable):
    """A check service gave no answer, and its own settings let uploads pass then, unchecked."""

    code = "unanswered"


class CheckFailed(Unavailable):
    """A fault of our own while checking; the log has the traceback."""

    code = "error"


class CheckLost(Unavailable):
    """The process that was to check a file ended before it did."""

    code = "lost"


class StorageFailed(Unavailable):
    """Spool, vault or database could not take what had to be kept."""

    code = "storage"


class VaultDamaged(StorageFailed):
    """Held bytes are gone or were altered. The case and its hashes are still there."""

    code = "vault_damaged"


class AuditBroken(StorageFailed):
    """The audit log is not what was written: nothing that belongs in it is done until a person has spoken."""

    code = "audit_broken"


class SealBroken(UploadGuardError):
    """Sealed bytes were altered, cut short, moved elsewhere, or sealed under another master key."""

    code = "seal_broken"


class StagingDamaged(StorageFailed):
    """What was fetched of a list is not what was written; the next run fetches it from the start."""

    code = "staging_damaged"
