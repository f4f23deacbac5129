"""A letter that a machine writes: as a mail that no other machine answers.

Sources: RFC 5322, RFC 3834 5 (Auto-Submitted).
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from upload_guard.errors import SealBroken, TransportError
from upload_guard.keyring import Keyring

_PURPOSE = "letters"
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_ADDRESS = re.compile(r"[^\s@<>\"',;:\\()\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>\"',;:\\()\[\]\x00-\x1f\x7f]{1,189}")


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to one person. `reference` is the Message-ID of what it answers, where that is one."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    reference: str = ""


def mail_of(letter: Letter, sender: str, message_id: str, at: datetime) -> EmailMessage:
    """As it is sent. `message_id` is without brackets; the same letter goes out under the same one each time.

    Raises `TransportError`, for good, where it is addressed to nobody.
    """
    mail = EmailMessage(SMTP)
    mail["From"] = formataddr(parseaddr(sender))
    mail["To"] = checked_address(letter.to)
    mail["Subject"] = on_one_line(letter.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}>"
    if _MESSAGE_ID.fullmatch(letter.reference):
        mail["In-Reply-To"] = mail["References"] = letter.reference
    mail["Auto-Submitted"] = "auto-replied" if letter.reference else "auto-generated"
    # Some read this one, and not the standard's.
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(letter.text.replace("\x00", ""), charset="utf-8", cte="quoted-printable")
    return mail


def checked_address(address: str) -> str:
    """The address, if it is one. Raises `TransportError`, for good."""
    if not _ADDRESS.fullmatch(address):
        raise TransportError("it is addressed to something that is no mail address", permanent=True)
    return address


def on_one_line(text: str) -> str:
    """A header's words: a line break in them would begin another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:500]


def recipient_name(keyring: Keyring, address: str) -> str:
    """What rows and logs call an address: the same for the same one, and telling nothing of it."""
    digest = hmac.digest(keyring.subkey(_PURPOSE), address.lower().encode(), "sha256")
    return f"mail-{digest.hex()[:16]}"


def sealed_letter(keyring: Keyring, letter: Letter) -> Mapping[str, Any]:
    """A body for rows, in plain JSON that names nobody."""
    said = {"to": letter.to, "subject": letter.subject, "text": letter.text, "reference": letter.reference}
    context = recipient_name(keyring, letter.to).encode()
    sealed = keyring.seal(_PURPOSE, json.dumps(said).encode(), context)
    return {"sealed": base64.b64encode(sealed).decode()}


def open_letter(keyring: Keyring, body: Mapping[str, Any], recipient: str) -> Letter:
    """What `sealed_letter` sealed for `recipient`, a name. Raises `SealBroken`."""
    try:
        sealed = base64.b64decode(str(body["sealed"]), validate=True)
    except (KeyError, ValueError):
        raise SealBroken("letters: a row holds no letter") from None
    return Letter(**json.loads(keyring.open_sealed(_PURPOSE, sealed, recipient.encode())))
