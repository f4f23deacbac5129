"""What is worth taking out of a text: images, and files that may hold images. Told by first bytes."""

from __future__ import annotations

from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.texts.mail import begins_mail

_HOLDS_FILES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"%PDF-",
    b"\x1f\x8b\x08",
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
)
# The start of a bare JPEG XL codestream is two bytes: one text in 65,536 decodes to that.
_BY_CHANCE = b"\xff\x0a"
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_LOOK = 1 << 16


def worth_checking(data: bytes) -> bool:
    """Whether these bytes are an image, or a kind of file that is opened to look for images."""
    head = data[:HEAD]
    if head.startswith(_BY_CHANCE):
        return False
    if sniff(head) is not None or head.startswith(_HOLDS_FILES) or head[257:262] == b"ustar":
        return True
    return begins_markup(head) and b"<svg" in _plain(data[:_LOOK]).lower()


def worth_decoding(data: bytes) -> bool:
    """The same of what was encoded. A message that stands in a text as it is needs no second look."""
    return worth_checking(data) or begins_mail(data[:HEAD])


def may_begin(start: bytes) -> bool:
    """Whether a file worth decoding may begin with these (30 or more) bytes."""
    return begins_markup(start) or worth_decoding(start) or start[4:8] == b"ftyp"


def begins_markup(head: bytes) -> bool:
    return _plain(head).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _plain(head: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head.decode(encoding, "replace").encode("utf-8", "replace")
    return head
