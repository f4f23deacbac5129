"""One tree of errors. Each carries what a door needs to answer: status, code, sentence, retry.

`str(error)` is the sentence for the administrator and may name files and causes; `public` is the only
sentence that an uploader may see. A refused upload is a verdict and never appears here.
"""

from __future__ import annotations


class UploadGuardError(Exception):
    """The root. `status` is an HTTP status, `retryable` says whether the same request may succeed later."""

    status = 500
    code = "internal_error"
    public = "Something went wrong on the server."
    retryable = False


# What an administrator asked for cannot be done ---------------------------------------------------


class UsageError(UploadGuardError):
    """A command, setting or file given by the administrator is wrong; the CLI exits 2."""

    code = "usage"


class ConfigError(UsageError):
    """A setting has a wrong name, type or range. The message names where it stands and what is accepted."""

    code = "config"


class NumberChanged(UsageError):
    """There are other cases to decide than whoever decides was told of; none was decided."""

    status = 409
    code = "number_changed"


class MasterKeyError(UsageError):
    """The master key cannot be had, or is not the one that was used before; nothing sealed can be opened."""

    code = "master_key"


class ListError(UsageError):
    """A hash list, or a line of its file, cannot be used; nothing of it was imported."""

    code = "list"


class ListHeld(ListError):
    """A version of a list waits for a person's approval; what was active stays so."""

    code = "list_held"


# What is asked of others at set times did not come ---------------------------------------------------


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


# The request itself is at fault -------------------------------------------------------------------


class RequestError(UploadGuardError):
    """The request cannot be inspected as it stands and is not passed on."""

    status = 400
    code = "bad_request"
    public = "The request could not be understood."


class AmbiguousRequest(RequestError):
    """Two readers could take this request differently, so no answer about its content would be safe."""

    code = "ambiguous_body"
    public = "The request is malformed, or could be read in two ways."


class ClientGone(RequestError):
    """The body ended before its announced length."""

    code = "incomplete_body"
    public = "The request ended before its announced length."


class LengthRequired(RequestError):
    """The server gave a body that has neither a length nor an end."""

    status = 411
    code = "length_required"
    public = "This server needs a Content-Length header."


class BodyTooSlow(RequestError):
    """The body took longer than `intake.body_timeout`."""

    status = 408
    code = "body_too_slow"
    public = "The upload took too long."


class UnsupportedEncoding(RequestError):
    """The body is compressed, or its text encoded, in a way that cannot be looked into."""

    status = 415
    code = "unsupported_encoding"
    public = "This server does not take uploads compressed or encoded in this way."


class PiecewiseUpload(RequestError):
    """A piece of an upload, where the route does not allow pieces: nobody would see the whole."""

    status = 415
    code = "piecewise_upload"
    public = "This server does not take uploads in pieces. Please send the file in one request."


class PieceOutOfOrder(RequestError):
    """A piece that does not follow those that came before: what it makes of the whole cannot be known."""

    status = 409
    code = "piece_out_of_order"
    public = (
        "The pieces of an upload must be sent one after another, each only once. "
        "Please send the file again from the start, under another name."
    )


class BodyTooLarge(RequestError):
    """The body, or what it holds, is over one of the limits of `[intake]`, which the message names."""

    status = 413
    code = "body_too_large"
    public = "The upload is too large."


class BrokenProtocol(RequestError):
    """A peer of a door other than HTTP does not keep to its protocol; its connection ends."""

    code = "broken_protocol"


class WrongPartCount(RequestError):
    """A check takes exactly one file."""

    code = "one_file_expected"
    public = "Send one file, as the raw body or as the only file of a form."


class NoSuchCase(RequestError):
    """No case of that number, or one of another site, which looks alike."""

    status = 404
    code = "no_such_case"
    public = "There is no case of that number."


class NotReleased(RequestError):
    """The bytes of a case that nobody has released stay where they are."""

    status = 409
    code = "not_released"
    public = "This case is not released, so its file is not given back."


class HandoverBusy(RequestError):
    """Another request is being sent the same bytes."""

    status = 409
    code = "handover_busy"
    public = "This file is being fetched by another request."
    retryable = True


class HandedOver(RequestError):
    """The bytes of a case were given back once, and are not given again."""

    status = 410
    code = "handed_over"
    public = "This file was fetched already. It is given back once."


class BytesGone(RequestError):
    """A released case of which no bytes are held, or no longer."""

    status = 410
    code = "bytes_gone"
    public = "The file of this case is not held, or no longer. Please ask its owner to upload it again."


class NoSuchCheck(RequestError):
    """No check of that name, one of another site, or one whose answer was kept long enough."""

    status = 404
    code = "no_such_check"
    public = "There is no check of that name, or no longer. Please send the file again."


class NoSuchList(RequestError):
    """No list of that name, one that does not act, or one that is not shared, which looks alike."""

    status = 404
    code = "no_such_list"
    public = "There is no list of that name, or it is not shared."


class BadElement(RequestError):
    """Bytes that are no element or scalar of the group, or a proof that proves nothing."""

    code = "bad_element"
    public = "These are no elements as a private check has them."


class EpochOver(RequestError):
    """A private check by what was offered before: whoever asks has to ask what is offered now."""

    status = 409
    code = "epoch_over"
    public = "Private checks have begun anew. Please ask again what is offered."


# Who asks the sidecar is at fault -----------------------------------------------------------------


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


# A customer of the check service is at fault -------------------------------------------------------


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


# Who wants to see the pages is at fault ------------------------------------------------------------


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


# The check could not be made ----------------------------------------------------------------------


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


# About one file -----------------------------------------------------------------------------------


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
