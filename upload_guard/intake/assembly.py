"""Pieces put together on disk, so that the whole can be checked when the last one has come.

One file an unfinished upload, named by a digest of what it is called and where it goes; locked while a piece
is taken and the whole is checked; gone when the upload is complete, refused, or idle for too long.

Bytes that were kept never change: an application that kept the first of two versions of a piece would
otherwise hold something that was never seen whole. So pieces come in order, and one may come again only as it
was. And a piece is kept only when the application has taken it: what it refused is nothing that it holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from upload_guard.errors import AmbiguousRequest, BodyTooLarge, PieceOutOfOrder, StorageFailed
from upload_guard.intake.pieces import Piece
from upload_guard.records import Content
from upload_guard.spans import CHUNK, OpenContent

_HEADER = 512
"""Bytes at the start of each file that tell its state, so that state and bytes are one file and one lock."""
_MOST_UPLOADS = 10_000


@dataclass(frozen=True, slots=True)
class _State:
    """What has come: `size` bytes in `pieces` pieces, the last of which began at `last_offset`.

    `count` and `total` are what the sender said of the whole.
    """

    size: int = 0
    pieces: int = 0
    last_offset: int = 0
    count: int | None = None
    total: int | None = None


_STATE = TypeAdapter(_State)


@dataclass(frozen=True, slots=True)
class Assembled:
    """An upload as far as it has come with this piece. Nobody adds to `content` while this is open.

    Where not even its end is known, any piece may have been the last.
    """

    content: OpenContent
    complete: bool
    end_is_known: bool
    _path: Path
    _state: _State

    def keep(self) -> None:
        """The application has taken the piece: what follows it is next. A complete upload is forgotten."""
        if self.complete:
            self._path.unlink(missing_ok=True)
        else:
            _write_state(self.content.file, self._state)


@dataclass(frozen=True, slots=True)
class Assembly:
    """Unfinished uploads in `folder`: each of at most `max_size` bytes, together of at most `max_together`.

    One that nobody adds to for `patience` seconds is forgotten.
    """

    folder: Path
    max_size: int
    max_together: int
    patience: float

    @contextmanager
    def add(self, key: str, piece: Piece, content: Content, size: int) -> Iterator[Assembled]:
        """Put a piece of `size` bytes behind what was kept, and give what there would be if it were kept.

        Raises `PieceOutOfOrder` for one that does not follow or has other bytes than before,
        `AmbiguousRequest` where it contradicts the others, `BodyTooLarge`, `StorageFailed`.
        """
        with self._opened(key, size) as (file, path):
            try:
                state = self._take(file, _read_state(file), piece, content, size)
            except OSError as error:
                raise self._failure(error) from error
            yield Assembled(
                content=OpenContent(file, _HEADER, state.size),
                complete=state.pieces == state.count or state.size == state.total,
                end_is_known=state.count is not None or state.total is not None,
                _path=path,
                _state=state,
            )

    def expect(self, key: str, total: int) -> None:
        """An upload of `total` bytes has been created and will come. Raises `StorageFailed`."""
        with self._opened(key, 0) as (file, _):
            if _read_state(file) == _State():
                _write_state(file, _State(total=total))

    @contextmanager
    def _opened(self, key: str, size: int) -> Iterator[tuple[BinaryIO, Path]]:
        """The file of an upload, locked; gone afterwards if nothing of it was kept."""
        path = self.folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(size)
            file = _locked(path)
        except OSError as error:
            raise self._failure(error) from error
        with file:
            try:
                yield file, path
            finally:
                if not os.pread(file.fileno(), 1, 0).strip(b"\0"):
                    path.unlink(missing_ok=True)

    def _failure(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"cannot assemble in {self.folder}: {error.strerror}")

    def _take(self, file: BinaryIO, before: _State, piece: Piece, content: Content, size: int) -> _State:
        state = _informed(before, piece)
        offset = _place(state, piece)
        end = max(state.size, offset + size)
        if end > self.max_size or (state.total is not None and end > state.total):
            raise BodyTooLarge("the assembled upload is over intake.max_body, or over what it said")
        again = piece.index is not None and piece.index < state.pieces
        if again and end > state.size:
            raise PieceOutOfOrder("a piece came again with more bytes")
        with content.open() as stream:
            _compare(file, offset, state.size, stream)
            _append(file, state.size, stream)
        if again or (piece.index is None and end == state.size and state.pieces):
            return before
        return replace(state, size=end, pieces=state.pieces + 1, last_offset=offset)

    def _make_room(self, size: int) -> None:
        oldest = time.time() - self.patience
        kept, together = 0, size
        for path in self.folder.iterdir():
            try:
                found = path.stat()
            except FileNotFoundError:
                # Complete by now, in another process.
                continue
            if found.st_mtime < oldest:
                path.unlink(missing_ok=True)
                continue
            kept, together = kept + 1, together + found.st_size
        if kept >= _MOST_UPLOADS or together > self.max_together:
            raise StorageFailed("the unfinished uploads in pieces are over intake.max_unfinished")


def _informed(state: _State, piece: Piece) -> _State:
    """With what this piece says of the whole; raises `AmbiguousRequest` where others said otherwise."""
    for known, said in ((state.count, piece.count), (state.total, piece.total)):
        if None not in (known, said) and known != said:
            raise AmbiguousRequest("the pieces of an upload contradict each other about the whole")
    return replace(
        state,
        count=piece.count if state.count is None else state.count,
        total=piece.total if state.total is None else state.total,
    )


def _place(state: _State, piece: Piece) -> int:
    """Where the piece begins. Raises `PieceOutOfOrder` unless it follows, or was here before."""
    if piece.index is not None and piece.index > state.pieces:
        raise PieceOutOfOrder("a piece before this one is missing")
    if piece.offset is not None:
        if piece.offset > state.size or (piece.index == state.pieces and piece.offset != state.size):
            raise PieceOutOfOrder("a piece does not begin where the one before ended")
        return piece.offset
    if piece.index == state.pieces:
        return state.size
    if piece.index == state.pieces - 1:
        return state.last_offset
    raise PieceOutOfOrder("a piece that came long ago comes again")


def _compare(file: BinaryIO, start: int, end: int, stream: BinaryIO) -> None:
    at = start
    while at < end and (chunk := stream.read(min(CHUNK, end - at))):
        if os.pread(file.fileno(), len(chunk), _HEADER + at) != chunk:
            raise PieceOutOfOrder("a piece came again with other bytes")
        at += len(chunk)


def _append(file: BinaryIO, end: int, stream: BinaryIO) -> None:
    # Whatever lies behind is of a piece that was not taken whole.
    file.truncate(_HEADER + end)
    file.seek(_HEADER + end)
    while chunk := stream.read(CHUNK):
        view = memoryview(chunk)
        while view:
            view = view[file.write(view) :]


def _locked(path: Path) -> BinaryIO:
    """The file, made if need be, held by nobody else and still of that name. Raises `OSError`."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                # Unbuffered: what a full disk does not take is said by the write, and not by closing.
                return open(handle, "r+b", buffering=0)  # noqa: PTH123 - a descriptor
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _read_state(file: BinaryIO) -> _State:
    header = os.pread(file.fileno(), _HEADER, 0).rstrip(b" \0")
    try:
        return _STATE.validate_json(header) if header else _State()
    except ValidationError as error:
        raise StorageFailed("an unfinished upload in pieces is damaged") from error


def _write_state(file: BinaryIO, state: _State) -> None:
    os.pwrite(file.fileno(), _STATE.dump_json(state).ljust(_HEADER), 0)
