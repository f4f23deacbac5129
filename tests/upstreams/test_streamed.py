"""A file goes whole and at its length, or its fault is this machine's and not the service's."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support import BytesContent
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.errors import StorageFailed
from upload_guard.spans import Span
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.streamed import Streamed


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        running.otherwise = lambda asked: Reply(asked.body, keep=True)
        yield running


def sent(client: Asker, url: str, body: bytes | Streamed) -> bytes:
    with Deadline(20) as deadline:
        return client.ask(Ask("POST", url, body), deadline).body


@dataclass(frozen=True, slots=True)
class Opening:
    """A `Content` that is this file, or this fault."""

    file: io.BytesIO | OSError

    def open(self) -> io.BytesIO:
        if isinstance(self.file, OSError):
            raise self.file
        return self.file

    @contextmanager
    def lend(self) -> Iterator[Span]:
        raise NotImplementedError


class BreaksOff(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(size)


class Changing(io.BytesIO):
    """Holds another number of bytes than it said when it was opened."""

    def __init__(self, data: bytes, said: int) -> None:
        super().__init__(data)
        self.said = said

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        super().seek(offset, whence)
        return self.said if whence == os.SEEK_END else self.tell()


@pytest.mark.parametrize("size", [0, 1, 64 << 10, (64 << 10) + 1, 300_000])
def test_a_file_is_streamed_whole_in_its_form(service: StandIn, size: int) -> None:
    file = BytesContent(os.urandom(size))
    assert sent(Asker(), f"{service.url}/x", Streamed(file, b"<", b">")) == b"<" + file.data + b">"
    assert sent(Asker(), f"{service.url}/x", Streamed(file)) == file.data
    assert [one.headers["Content-Length"] for one in service.asked] == [str(size + 2), str(size)]


@pytest.mark.parametrize(
    "file", [OSError(5, "Input/output error"), BreaksOff(bytes(200_000))], ids=["at once", "on its way"]
)
def test_a_file_that_cannot_be_read_is_a_fault_of_this_machine(
    service: StandIn, file: io.BytesIO | OSError
) -> None:
    with pytest.raises(StorageFailed, match="Input/output error"):
        sent(Asker(), f"{service.url}/x", Streamed(Opening(file)))


def test_a_file_that_grows_is_no_second_question(service: StandIn) -> None:
    client = Asker()
    hidden = b"POST /hidden HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    assert sent(client, f"{service.url}/x", Streamed(Opening(Changing(b"four" + hidden, 4)))) == b"four"
    assert sent(client, f"{service.url}/y", b"next") == b"next"
    assert service.paths == ["/x", "/y"]


def test_a_file_that_shrinks_is_a_fault_of_this_machine_and_ends_its_connection(service: StandIn) -> None:
    client = Asker()
    with pytest.raises(StorageFailed, match="shorter"):
        sent(client, f"{service.url}/x", Streamed(Opening(Changing(b"four", 40))))
    assert sent(client, f"{service.url}/y", b"next") == b"next"
    assert service.connections == 2
