"""What a document carries in its text: data: URIs and base64, by the same search as in requests."""

from __future__ import annotations

from collections.abc import Iterator

from upload_guard.containers.base import Inner
from upload_guard.texts.encodings import Finder


def carried_files(text: bytes) -> Iterator[Inner]:
    """Each file in `text`, whose encoding leaves ASCII as it is. Raises `Unreadable` as the search does."""
    for number, payload in enumerate(Finder().payloads(text.decode("latin-1")), 1):
        yield Inner(f"data: URI {number}", chunks=(payload,))
