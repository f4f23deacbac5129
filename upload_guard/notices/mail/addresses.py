"""Addresses and hashes in what people write: defanged, wrapped, in brackets, behind a link checker.

Sources: RFC 3986 appendix C (addresses in text), RFC 3676 (format=flowed).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

MOST_CHARS = 4_000
"""Of one address; nobody serves anything under a longer one."""
# They are not seen, and cut an address in two: zero width spaces and joiners, soft hyphens, direction marks.
_UNSEEN = dict.fromkeys(
    [0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)], None
)
_SCHEME = re.compile(
    r"h(?:tt|xx|tx|xt|\*\*|__)p(s?)[\s]{0,2}(?:[\[({]?:[\])}]?(?://|\\\\)|\[://\]|\(://\))", re.IGNORECASE
)
_DOT = re.compile(r"[ ]?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\{dot\}|\[punt\])[ ]?", re.IGNORECASE)
_SLASH = re.compile(r"\[/\](?!\w+\])")
_BRACKETED = re.compile(r"<[ \t]*(?:URL:)?[ \t]*(https?://[^<>\"]{1,4000})>", re.IGNORECASE)
_ADDRESS = re.compile(
    r"https?://[^\s<>\"`|]{1,4000}"
    r"|(?<![\w@.%/=-])(?:www\.[\w-]+\.|(?:[^\W_][\w-]{0,62}\.){1,8}(?=[^\W\d_]{2,24}(?::\d{1,5})?/\S))[^\s<>\"`|]{1,4000}",
    re.IGNORECASE,
)
_ENDS_EARLY = re.compile(r"\[/|\]\(|[;,](?=https?://)|;(?=$|\d{1,3}\.\d{1,3}\.|[0-9a-f]{1,4}:[0-9a-f:]+)")
_HASH = re.compile(r"(?<![\w/=.%&?-])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\w/%=@-])", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{", "»": "«"}
_MOST_TRIMMED = 50
_NO_END = ".,;:!?'*_~…。、」』\uff09]})»”\u2019>"


def addresses_in(text: str) -> Iterator[str]:
    """In the order of the text, as often as they stand there. One without a scheme is given http."""
    plain, at = _BRACKETED.sub(_on_one_line, refanged(text)), 0
    while found := _ADDRESS.search(plain, at):
        address = _trimmed(found[0])
        # What was cut off may hold the next one.
        at = found.start() + max(len(address), 4)
        if "://" not in address[:8]:
            address = f"http://{address}"
        if host_of(address):
            yield unwrapped(address)


def hashes_in(text: str) -> Iterator[str]:
    """MD5, SHA-1 and SHA-256 in hexadecimal digits, in lower case, that are no part of an address."""
    for found in _HASH.finditer(text):
        yield found[0].lower()


def each_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def refanged(text: str) -> str:
    """What was written so that nobody opens it by accident (hxxp, [.]), as it is meant."""
    plain = text.translate(_UNSEEN)
    plain = _SCHEME.sub(lambda found: f"http{found[1].lower()}://", plain)
    return _SLASH.sub("/", _DOT.sub(".", plain))


def may_go_on(text: str) -> bool:
    """Whether an address ends where a line is full, so that the rest of it may stand on the next."""
    lines = refanged(text).splitlines()
    for line, following in itertools.pairwise(lines):
        full = len(line) >= _FULL and _TAIL.search(line[-MOST_CHARS:])
        if full and following and not following[0].isspace() and _REST.fullmatch(following[:MOST_CHARS]):
            return True
    return False


_FULL = 70
_TAIL = re.compile(r"https?://[^\s<>\"]+$", re.IGNORECASE)
_REST = re.compile(r"(?!https?:|www\.|--|>)[^\s<>\"]*[/?=&%._0-9-][^\s<>\"]*", re.IGNORECASE)


def unwrapped(address: str) -> str:
    """The address behind one that a mail server's link checker has put in its place."""
    host = host_of(address)
    if host.endswith(".safelinks.protection.outlook.com"):
        return _http(parse_qs(urlsplit(address).query).get("url", [""])[0]) or address
    if host == "urldefense.com" and (found := _URLDEFENSE.search(address)) and "*" not in found[1]:
        return _http(found[1]) or address
    return address


# Proofpoint, version 3. A star stands for what is encoded behind the address: that one stays as it is.
_URLDEFENSE = re.compile(r"/v3/__(.+?)__;")


def host_of(address: str) -> str:
    """Its host in lower case; empty where it is no address."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _http(address: str) -> str:
    return address if address.lower().startswith(("http://", "https://")) else ""


def _on_one_line(found: re.Match[str]) -> str:
    return "<" + "".join(found[1].split()) + ">"


def _trimmed(address: str) -> str:
    """Without what belongs to the sentence around it."""
    early = _ENDS_EARLY.search(address, 8)
    address = address[: early.start()] if early else address
    for _ in range(_MOST_TRIMMED):
        if not address or address[-1] not in _NO_END:
            break
        opening = _CLOSING.get(address[-1])
        if opening and address.count(opening) >= address.count(address[-1]):
            break
        address = address[:-1]
    return address
