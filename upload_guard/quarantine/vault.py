"""The vault: a folder of quarantined bytes, each under a random name, mode 0600."""

from __future__ import annotations

import contextlib
import hmac
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from upload_guard.digests import CHUNK, Sha256Digester
from upload_guard.errors import StorageFailed
from upload_guard.records import Upload


@dataclass(frozen=True, slots=True)
class Vault:
    """Blobs below `folder`, spread over sub-folders by the first two characters of their names."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def holds(self, name: str) -> bool:
        return self.path(name).is_file()

    def put(self, name: str, upload: Upload) -> None:
        """Store the bytes of `upload`, synced to disk, whole or not at all. Raises `StorageFailed`."""
        path = self.path(name)
        part = path.with_name(path.name + ".part")
        try:
            self._make_folders(path.parent)
            self._write(part, upload)
            part.rename(path)
            _sync_folder(path.parent)
            _sync_folder(self.folder)
        except OSError as error:
            raise StorageFailed(f"vault {self.folder}: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def probe(self) -> None:
        """Raises `StorageFailed` unless something could be stored now."""
        try:
            self._make_folders(self.folder)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise StorageFailed(f"vault {self.folder}: {error.strerror}") from error

    def _make_folders(self, innermost: Path) -> None:
        # One at a time: with `parents=True` only the last folder would get the mode.
        for folder in (self.folder.parent, self.folder, innermost):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, part: Path, upload: Upload) -> None:
        digester = Sha256Digester()
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as out, upload.content.open() as stream:  # noqa: PTH123 - a descriptor
            while chunk := stream.read(CHUNK):
                digester.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if not hmac.compare_digest(digester.finish().sha256, upload.digest.sha256):
            raise StorageFailed("the bytes to keep are not the bytes that were checked")

    def remove_parts(self) -> None:
        """Clear what a crash left half written."""
        for part in self.folder.glob("*/*.part"):
            part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
