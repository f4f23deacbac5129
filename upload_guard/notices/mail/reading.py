"""From the bytes of a mail to a notice. Every mail gives one; what was not read is said, for a person."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from upload_guard.notices.incoming import Channel, Incoming, Told, Wording
from upload_guard.notices.mail.addresses import addresses_in, each_once, hashes_in, may_go_on, refanged
from upload_guard.notices.mail.answering import doubts_about, may_be_answered, sender_of
from upload_guard.notices.mail.decoding import header_text, text_of
from upload_guard.notices.mail.formats import Named, read_arf, read_scart, read_xarf
from upload_guard.notices.mail.markup import text_in
from upload_guard.notices.mail.parts import Part, Taken, take_apart

log = logging.getLogger(__name__)

MOST_URLS = 5_000
MOST_HASHES = 5_000
MOST_REASONS = 10_000
_MOST_TEXT = 4_000_000
# Found, before those that stand there twice are left out: what takes long to look through is not worth it.
_MOST_FOUND = 40_000
_READ = frozenset({"application/json", "application/xarf+json", "application/x-xarf+json", "application/csv"})
_SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-keys",
    }
)
_SEALED = frozenset(
    {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted", "multipart/encrypted"}
)
_GOOD_FAITH = re.compile(
    r"good[\s-]+faith|bona[\s-]+fide|te\s+goeder\s+trouw|gute[mn]\s+glauben|bonne\s+foi", re.IGNORECASE
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


def read_mail(raw: bytes, received_at: datetime, own: frozenset[str] = frozenset()) -> Incoming:
    """The notice that a mail is; `own` are our addresses in lower case, to which nothing is answered.

    Never raises: a mail that cannot be taken apart is a notice with its beginning as text.
    """
    try:
        return _notice(take_apart(raw), received_at, own)
    except Exception as error:
        log.exception("a mail could not be read, by an error of our own; it is a notice for a person")
        return Incoming(
            channel=Channel.MAIL,
            received_at=received_at,
            told=Told(),
            wording=Wording.FREE,
            reference="",
            reasons=raw[:MOST_REASONS].decode("utf-8", "replace").replace("\x00", ""),
            urls=(),
            complete=False,
            remarks=(
                f"the mail could not be read ({type(error).__name__}); its beginning is shown as it came",
            ),
            may_answer=False,
        )


@dataclass(slots=True)
class _Content:
    """What was gathered of a mail's parts. `lacks` make a notice incomplete, `remarks` do not."""

    texts: list[str] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    room: int = _MOST_TEXT

    def bounded(self, text: str) -> str:
        if len(text) > self.room:
            self.lacks.append(f"the mail has more text than {_MOST_TEXT} characters; the rest was not read")
        text = text[: self.room]
        self.room -= len(text)
        return text


def _notice(mail: Taken, received_at: datetime, own: frozenset[str]) -> Incoming:
    content = _content_of(mail)
    headers = mail.headers
    name, address = sender_of(headers)
    text = "\n\n".join(content.texts)
    subject = header_text(headers.get("Subject"))[:500]
    urls = _addresses(content, f"{subject}\n{text}")
    reasons = _reasons(content, text)
    organisation = next((one.organisation for one in content.named if one.organisation), "")
    return Incoming(
        channel=Channel.MAIL,
        received_at=received_at,
        told=Told(name, address, (organisation or header_text(headers.get("Organization")))[:200]),
        wording=max((one.wording for one in content.named), key=_by_weight, default=Wording.FREE),
        reference=_reference(content, header_text(headers.get("Message-ID"))),
        reasons=reasons,
        urls=urls,
        good_faith=bool(_GOOD_FAITH.search(text)),
        hashes=_hashes(content, text),
        complete=not content.lacks,
        remarks=each_once([*content.lacks, *content.remarks]),
        may_answer=may_be_answered(headers, own),
        subject=subject,
        language=_language(header_text(headers.get("Content-Language"))),
    )


def _by_weight(wording: Wording) -> int:
    """Of several formats in one mail, the one that says the most: a XARF mail is an ARF mail, too."""
    return [Wording.FREE, Wording.ARF, Wording.SCART, Wording.XARF].index(wording)


def _content_of(mail: Taken) -> _Content:
    content = _Content(lacks=list(mail.faults), remarks=doubts_about(mail.headers))
    for part in mail.parts:
        _take(part, content)
    for head in mail.inner:
        name, address = sender_of(head)
        content.texts.append(header_text(head.get("Subject")))
        content.remarks.append(f"holds a mail of {name or address or 'nobody named'}")
    if not any(text.strip() for text in content.texts) and not content.named:
        content.lacks.append("the mail holds no text that could be read")
    return content


def _take(part: Part, content: _Content) -> None:
    kind = part.media_type
    if kind in _SIGNATURES:
        return
    if kind in _SEALED:
        content.lacks.append("the mail is encrypted, or signed so that it cannot be read")
    elif kind == "message/feedback-report":
        content.named.append(read_arf(_text(part, content)))
    elif kind == "text/html":
        content.texts.append(text_in(_text(part, content)))
    elif kind.startswith(("text/", "message/", "multipart/")) or kind in _READ or _is_text_by_name(part):
        _take_text(_text(part, content), content)
    else:
        _leave(part, content)


def _is_text_by_name(part: Part) -> bool:
    return part.file_name.lower().endswith((".json", ".csv", ".txt", ".xarf"))


def _take_text(text: str, content: _Content) -> None:
    report = read_xarf(text) or read_scart(text)
    if report is not None:
        content.named.append(report)
    if report is None or report.wording is not Wording.XARF:
        content.texts.append(text)


def _text(part: Part, content: _Content) -> str:
    raw = part.read()
    if part.media_type == "text/plain" and "delsp=yes" in str(part.headers.get("Content-Type", "")).lower():
        # RFC 3676: a space at the end of a line is there for the line break alone.
        raw = re.sub(rb" \r?\n", b"", raw)
    text, sure = text_of(raw, part.charset)
    if not sure:
        content.lacks.append(
            f"a text is not in the character set that it says ({part.charset[:40] or 'none'})"
        )
    return content.bounded(_CONTROLS.sub(" ", text))


def _leave(part: Part, content: _Content) -> None:
    """What may hold something to act upon, and is opened by nobody here: a picture may be what is told of."""
    shown = f"{part.file_name or 'without a name'} ({part.media_type[:80]})"
    if part.media_type.startswith("image/") and not part.attached:
        content.remarks.append(f"a picture in the text was not looked at: {shown}")
        return
    content.lacks.append(f"an attachment was not read: {shown}")


def _addresses(content: _Content, text: str) -> tuple[str, ...]:
    """Those that fields name first, then those of the text."""
    named = (url for one in content.named for url in one.urls)
    found = list(itertools.islice(itertools.chain(named, addresses_in(text)), _MOST_FOUND + 1))
    urls = each_once(found)
    if len(urls) > MOST_URLS or len(found) > _MOST_FOUND:
        content.lacks.append(f"the mail names more than {MOST_URLS} addresses; the others were not taken")
    if may_go_on(text):
        content.lacks.append("an address ends where its line is full: it may go on in the next one")
    return urls[:MOST_URLS]


def _hashes(content: _Content, text: str) -> tuple[str, ...]:
    named = (one for report in content.named for one in report.hashes)
    return each_once(itertools.islice(itertools.chain(named, hashes_in(text)), MOST_HASHES))


def _reasons(content: _Content, text: str) -> str:
    said = [one.reasons for one in content.named if one.reasons]
    whole = "\n".join([*said, *_sentences(text)]).strip()
    if len(whole) > MOST_REASONS:
        content.remarks.append(f"its text is longer than the {MOST_REASONS} characters that are kept")
    return whole[:MOST_REASONS]


def _sentences(text: str) -> Iterator[str]:
    """Lines, each once, but those that are an address alone: five thousand of them are no reason."""
    told: set[str] = set()
    before = ""
    for line in text.splitlines():
        said = " ".join(line.split())
        if said in told or (refanged(said[:20]).startswith(_ADDRESS_ALONE) and " " not in said):
            continue
        if said:
            told.add(said)
        if said or before:
            yield line.rstrip()
        before = said


_ADDRESS_ALONE = ("http://", "https://", "<http://", "<https://")


def _reference(content: _Content, message_id: str) -> str:
    return (next((one.reference for one in content.named if one.reference), "") or message_id)[:255]


def _language(value: str) -> str:
    found = _LANGUAGE.match(value)
    return found[0].lower() if found else ""
