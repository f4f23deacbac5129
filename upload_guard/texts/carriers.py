"""Images that are carried as text: each carrier knows one notation and gives the texts in it.

What those texts hold (data: URIs, base64) is for `encodings`. A carrier never decides what an upload is.
"""

from __future__ import annotations

from upload_guard.texts.json import Json
from upload_guard.texts.plain import PlainText
from upload_guard.texts.protocol import Carrier
from upload_guard.texts.urlencoded import UrlEncoded
from upload_guard.texts.xml import Xml

URL_ENCODED = UrlEncoded()
PLAIN_TEXT = PlainText()
CARRIERS: tuple[Carrier, ...] = (URL_ENCODED, Json(), Xml(), PLAIN_TEXT)


def carriers_of(media_type: str, head: bytes, enabled: frozenset[str]) -> tuple[Carrier, ...]:
    """Those of the enabled carriers that read a body of this type beginning with `head`.

    By its type and by its beginning, since an application may go by either; plain text where none else does.
    """
    reading = [one for one in CARRIERS if one.name in enabled and one.carries(media_type, head)]
    return tuple(one for one in reading if one is not PLAIN_TEXT or len(reading) == 1)


def holds_fields(media_type: str) -> bool:
    """Whether a body of this type is filled-in fields in any notation, switched off or not."""
    return any(carrier.holds_fields(media_type) for carrier in CARRIERS)
