"""Whether a mail may be answered by a machine, and to which address. Source: RFC 3834, 2 and 5."""

from __future__ import annotations

import re
from email.message import Message
from email.utils import getaddresses

from upload_guard.notices.mail.decoding import HEADER_CHARS, header_text

_ADDRESS = re.compile(r"[^\s@<>\"',;:\\()\[\]\x00-\x1f]{1,64}@[^\s@<>\"',;:\\()\[\]\x00-\x1f]{1,189}")
_NOBODY = re.compile(
    r"(?:mailer-daemon|postmaster|daemon|(?:do-?not|no|donot)[._-]?reply.*|bounces?(?:[+=_-].*)?|.*-request|"
    r"owner-.*|.*-owner|listserv|majordomo)@",
    re.IGNORECASE,
)
_FROM_MACHINES = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Response-Suppress",
    "List-Id",
    "List-Unsubscribe",
    "X-Loop",
)


def sender_of(headers: Message) -> tuple[str, str]:
    """Name and address by From, or by Reply-To where nobody reads the former; empty where there is none."""
    name, address = _first_address(headers, "From")
    if address and not _NOBODY.match(address):
        return name, address
    other_name, other = _first_address(headers, "Reply-To")
    return (name or other_name, other) if other and not _NOBODY.match(other) else (name, address)


def may_be_answered(headers: Message, own: frozenset[str]) -> bool:
    """False for whatever came of a machine, a list or a bounce, and for what we sent ourselves.

    `own` are our addresses, in lower case.
    """
    _, address = sender_of(headers)
    if not address or _NOBODY.match(address) or address.lower() in own:
        return False
    submitted = str(headers.get("Auto-Submitted", "no"))[:100].split(";")[0].strip().lower()
    if submitted not in {"no", ""} or any(name in headers for name in _FROM_MACHINES):
        return False
    if str(headers.get("Precedence", ""))[:100].strip().lower() in {"bulk", "junk", "list", "auto_reply"}:
        return False
    if str(headers.get("Return-Path", "something"))[:100].strip() in {"<>", ""}:
        return False
    return headers.get_content_type() != "multipart/report"


def doubts_about(headers: Message) -> list[str]:
    """What of the envelope a person should know before believing who wrote."""
    _, sender = sender_of(headers)
    _, envelope = _first_address(headers, "Return-Path")
    doubts = []
    if len(headers.get_all("From", [])) > 1 or len(_addresses(headers, "From")) > 1:
        doubts.append("the mail names more than one sender")
    if not sender:
        doubts.append("the mail names no sender that could be answered")
    if envelope and sender and _domain(envelope) != _domain(sender):
        doubts.append(f"it was posted by {envelope}, which is of another domain than its sender")
    return doubts


def _domain(address: str) -> str:
    return ".".join(address.lower().rpartition("@")[2].split(".")[-2:])


def _first_address(headers: Message, name: str) -> tuple[str, str]:
    return next(iter(_addresses(headers, name)), ("", ""))


def _addresses(headers: Message, name: str) -> list[tuple[str, str]]:
    values = [str(value)[:HEADER_CHARS] for value in headers.get_all(name, [])[:10]]
    try:
        # Addresses are taken apart before words are decoded: an encoded word may hold "@" and "<".
        found = getaddresses(values)
    except Exception:  # noqa: BLE001 - the library fails in many ways at odd addresses
        found = []
    pairs = [(header_text(label)[:200], address) for label, address in found if _ADDRESS.fullmatch(address)]
    # Where the whole of it was encoded, which is not allowed.
    return pairs or [("", bare[0]) for value in values if (bare := _ADDRESS.search(header_text(value)))]
