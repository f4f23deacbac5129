"""The net under bodies that go on as they came: no image may lie where the strict parser saw no part."""

from __future__ import annotations

import re
from collections.abc import Iterable

from upload_guard.errors import AmbiguousRequest
from upload_guard.intake.body import Spool, SpoolSlice
from upload_guard.spans import CHUNK

# Starts long enough not to turn up by chance; BMP and ICO have none and are left to the parser.
_MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*|ftyp(?:avi[fs]|he[iv]|mi?f1|msf1)"
    rb"|\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51",
    re.DOTALL,
)
_LONGEST = 16


def refuse_hidden_images(body: Spool, parts: Iterable[SpoolSlice]) -> None:
    """Raises `AmbiguousRequest` if the body shows more beginnings of images than its parts do."""
    if _beginnings(body.slice(0, body.size)) > sum(_beginnings(part) for part in parts):
        raise AmbiguousRequest("image data outside of the parts of the form")


def _beginnings(content: SpoolSlice) -> int:
    found, kept = 0, b""
    with content.open() as stream:
        while chunk := stream.read(CHUNK):
            window = kept + chunk
            # A beginning is counted in the window in which it ends; what could still grow is kept.
            cut = max(0, len(window) - _LONGEST)
            matches = [match for match in _MAGIC.finditer(window) if match.start() < cut]
            found += len(matches)
            kept = window[max([cut, *(match.end() for match in matches)]) :]
    return found + len(_MAGIC.findall(kept))
