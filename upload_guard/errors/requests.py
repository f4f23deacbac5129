"""The request itself is at fault."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


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


class NoSuchNotice(RequestError):
    """No notice of that number, or one of another site, which looks alike."""

    status = 404
    code = "no_such_notice"
    public = "There is no notice of that number."


class NoSuchStatement(RequestError):
    """Nothing is told of the case's decision: none that is to be told, or not yet, which look alike."""

    status = 404
    code = "no_such_statement"
    public = "There is no statement of reasons for that case, or not yet."


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
