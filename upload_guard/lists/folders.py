"""The image files in folders, as somebody vouches for them."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator
from pathlib import Path

from upload_guard.errors import UsageError
from upload_guard.imaging.formats import HEAD, sniff


def images_in(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Files, and what looks like an image in folders, each with its name in reports. Links are not followed.

    Raises `UsageError` for what cannot be read.
    """
    for path in paths:
        if not path.is_dir():
            yield path.name, path
            continue
        try:
            for file in sorted(path.rglob("*")):
                if file.is_file() and not file.is_symlink() and _is_image(file):
                    yield f"{path.absolute().name}/{file.relative_to(path)}", file
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _is_image(file: Path) -> bool:
    if (mimetypes.guess_type(file.name)[0] or "").startswith("image/"):
        return True
    with file.open("rb") as stream:
        return sniff(stream.read(HEAD)) is not None
