"""Decoding a damaged file as a browser would show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from PIL import ImageFile

_ALONE = Lock()


@contextmanager
def tolerance() -> Iterator[None]:
    """Pillow takes what there is, as far as it goes. For short stretches: the switch is of the whole process.

    Only for a process that decodes in one thread, as a worker of the sandbox does: another thread's cut file
    would pass as whole meanwhile.
    """
    with _ALONE:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
