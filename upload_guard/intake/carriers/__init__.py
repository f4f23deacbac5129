"""Images that a request carries as text: each carrier knows one notation and gives the texts in it.

What those texts hold (data: URIs, base64) is for `encodings`. A carrier never decides what an upload is.
"""

from __future__ import annotations

from upload_guard.intake.carriers.fields import UrlEncoded
from upload_guard.intake.carriers.json import Json
from upload_guard.intake.carriers.protocol import Carrier
from upload_guard.intake.carriers.text import PlainText
from upload_guard.intake.carriers.xml import Xml

CARRIERS: tuple[Carrier, ...] = (UrlEncoded(), Json(), Xml(), PlainText())
"""In the order in which they are asked; the first that recognises a body reads it."""


def carrier_of(media_type: str, head: bytes, enabled: frozenset[str]) -> Carrier | None:
    """The carrier that reads a body of this type beginning with `head`, if one of the enabled does."""
    for carrier in CARRIERS:
        if carrier.name in enabled and carrier.carries(media_type, head):
            return carrier
    return None
