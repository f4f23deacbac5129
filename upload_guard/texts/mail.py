"""Whether something is a message as mail programs store it. Source: RFC 5322, sections 2.2 and 3.6."""

from __future__ import annotations

import re

_KNOWN = re.compile(
    rb"^(?:From|To|Cc|Subject|Date|Sender|Reply-To|MIME-Version|Message-ID|Received|Return-Path|Delivered-To|"
    rb"Content-Type|Content-Transfer-Encoding|Content-Disposition|DKIM-Signature|X-[\w-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_FIRST = re.compile(rb"\s*(?:From [^\r\n]*\r?\n)?>?[!-9;-~]+[ \t]*:")


def begins_mail(head: bytes) -> bool:
    """Two headers that mail has, or the one that tells of its parts."""
    if not _FIRST.match(head):
        return False
    names = {found[0].lower() for found in _KNOWN.finditer(head)}
    return len(names) >= 2 or (bool(names) and b"content-type:" in names)
