"""The net under bodies that go on as they came: no image may lie where the strict parser saw no part."""

from __future__ import annotations

import re
from collections.abc import Iterable

from upload_guard.errors import AmbiguousRequest
from upload_guard.intake.body import Spool
from upload_guard.spans import CHUNK, OpenContent

# Starts long enough not to turn up by chance; BMP and ICO have none and are left to the parser.
_MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*|ftyp(?:avi[fs]|he[iv]|mi?f1|msf1)"
    rb"|\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51",
    re.DOTALL,
)
_LONGEST = 16


def refuse_other_readings(body: Spool, boundary: str, count: int) -> None:
    """Raises `AmbiguousRequest` if `--boundary` stands anywhere but before and behind each of `count` parts.

    Some parsers take one behind a bare line feed, or with something behind it, for a delimiter too.
    """
    delimiter = b"--" + boundary.encode()
    if _occurrences(body.slice(0, body.size), re.compile(re.escape(delimiter)), len(delimiter)) != count + 1:
        raise AmbiguousRequest("the boundary of the form stands inside a part")


def refuse_hidden_images(body: Spool, parts: Iterable[OpenContent]) -> None:
    """Raises `AmbiguousRequest` if the body shows more beginnings of images than its parts do."""
    if _beginnings(body.slice(0, body.size)) > sum(_beginnings(part) for part in parts):
        raise AmbiguousRequest("image data outside of the parts of the form")


def _beginnings(content: OpenContent) -> int:
    return _occurrences(content, _MAGIC, _LONGEST)


def _occurrences(content: OpenContent, pattern: re.Pattern[bytes], longest: int) -> int:
    found, kept = 0, b""
    with content.open() as stream:
        while chunk := stream.read(CHUNK):
            window = kept + chunk
            # One is counted in the window in which it ends; what could still grow is kept.
            cut = max(0, len(window) - longest)
            matches = [match for match in pattern.finditer(window) if match.start() < cut]
            found += len(matches)
            kept = window[max([cut, *(match.end() for match in matches)]) :]
    return found + len(pattern.findall(kept))
