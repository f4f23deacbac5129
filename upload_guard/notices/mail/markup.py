"""What a person would read of an HTML mail, and where its links lead.

By patterns that each look at a character a bounded number of times: the library's parser takes the square of
the length of hostile input (CVE-2025-6069), and nothing here is shown as HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_UNSEEN = ("<!--", "-->"), ("<style", "</style"), ("<script", "</script"), ("<title", "</title")
_TAG = re.compile(r"<(/?[A-Za-z!?][^\s<>/]*)([^<>]*)>")
_LINK = re.compile(r"""(?:^|\s|["'])(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_INLINE = re.compile(
    r"/?(?:a|abbr|acronym|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|o:p|q|s|samp|small|span|strike|"
    r"strong|sub|sup|tt|u|var|wbr)"
)


def text_in(markup: str) -> str:
    """The text; the address of a link stands in angle brackets behind the tag that has it."""
    pieces: list[str] = []
    at = 0
    seen = "".join(_without_unseen(markup))
    for tag in _TAG.finditer(seen):
        pieces += [seen[at : tag.start()].replace("\r", " "), _instead(tag[1].lower(), tag[2])]
        at = tag.end()
    pieces.append(seen[at:])
    return html.unescape("".join(pieces)).replace("\xa0", " ")


def _without_unseen(markup: str) -> Iterator[str]:
    """Without comments, styles and scripts. One that never ends is no such thing."""
    lower, at = markup.lower(), 0
    # Lower case has another length for a few letters of Unicode; those are read with what is unseen.
    if len(lower) != len(markup):
        yield markup
        return
    nexts = {begin: lower.find(begin) for begin, _ in _UNSEEN}
    ends = dict(_UNSEEN)
    while open_now := [(place, begin) for begin, place in nexts.items() if place >= 0]:
        place, begin = min(open_now)
        if place < at:
            nexts[begin] = lower.find(begin, at)
            continue
        end = lower.find(ends[begin], place)
        if end < 0:
            nexts[begin] = -1
            continue
        yield markup[at:place]
        yield " "
        at = end + len(ends[begin])
        if begin != "<!--":
            close = lower.find(">", at)
            at = close + 1 if close >= 0 else at
        nexts[begin] = lower.find(begin, at)
    yield markup[at:]


def _instead(name: str, attributes: str) -> str:
    links = [one or two or three for one, two, three in _LINK.findall(attributes)]
    shown = "".join(f" <{link.strip()}> " for link in links if link.strip())
    return shown if _INLINE.fullmatch(name) else f"{shown}\n"
