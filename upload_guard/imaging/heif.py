"""HEIC and HEIF, where the extra `[heif]` is installed.

Read through pillow-heif itself and not through `Image.open`, because its Pillow plug-in may decode an
embedded thumbnail in place of the picture (`draft`), and a thumbnail may show something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from upload_guard.errors import Unscannable
from upload_guard.imaging.picture import Picture, ordinal


def _library() -> Any:
    try:
        library = import_module("pillow_heif")
    except ImportError:
        return None
    # One thread: in the sandbox others may be forbidden, and a worker is one of several anyhow.
    library.register_heif_opener(decode_threads=1)
    return library


_LIBRARY = _library()


def heif_pictures(data: bytes) -> Iterator[Picture]:
    """Every image of the file in its order, and behind each its thumbnails.

    Raises `Unscannable` where pillow-heif is not installed.
    """
    if _LIBRARY is None:
        raise Unscannable("unsupported_format", "heif")
    for number, image in enumerate(_LIBRARY.open_heif(data, convert_hdr_to_8bit=True)):
        name = ordinal(number)
        yield Picture(name, image.size, image.to_pillow)
        yield from _thumbnails(image, name)


def _thumbnails(image: Any, name: str) -> Iterator[Picture]:
    # Before 1.8 pillow-heif told the sizes of thumbnails and could not decode them.
    if not hasattr(image, "get_thumbnail"):
        return
    for number in range(len(image.info.get("thumbnails", ()))):
        thumbnail = image.get_thumbnail(number)
        decode = partial(thumbnail.to_pillow)
        yield Picture(f"thumbnail of {name}", thumbnail.size, decode, optional=True)
