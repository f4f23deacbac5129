"""A notice as it comes in, whichever way: mail, form or API. Parsers make it, `notices.desk` takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Channel(StrEnum):
    """By which way it came."""

    MAIL = "mail"
    FORM = "form"
    API = "api"


class Wording(StrEnum):
    """What a machine could read of it: `free` text, or a format whose fields were understood."""

    FREE = "free"
    ARF = "arf"
    XARF = "xarf"
    SCART = "scart"
    FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class Told:
    """Who tells. Nothing here is proved: anybody can write any name into a mail."""

    name: str = ""
    email: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """`reference` is the sender's own name for it (a Message-ID, a report's id). `urls` in the order of the
    text, each once, as written but for white space and defanging (hxxp, [.]).

    `reasons` is what the sender wrote, at most 10,000 characters. `complete` is false where there was more
    than was read (5,000 addresses of a mail, a part that could not be decoded): then a person has to look,
    and `remarks` say why. `may_answer` is false for what machines send by themselves (RFC 3834), lists and
    bounces. `hashes` are hex digests that the sender names.
    """

    channel: Channel
    received_at: datetime
    told: Told
    wording: Wording
    reference: str
    reasons: str
    urls: tuple[str, ...]
    good_faith: bool = False
    hashes: tuple[str, ...] = ()
    complete: bool = True
    remarks: tuple[str, ...] = ()
    may_answer: bool = True
    subject: str = ""
    language: str = ""

    @property
    def fingerprint(self) -> bytes:
        """The same for one that comes twice: by the sender's reference, else by all that is said."""
        said = self.reference or "\n".join((self.reasons, *self.urls))
        whole = "\n".join((self.channel, self.told.email.lower(), said))
        return sha256(whole.encode("utf-8", "surrogatepass")).digest()
