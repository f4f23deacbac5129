"""Reading a body once, and the spool that gives it back."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from upload_guard.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    LengthRequired,
    RequestError,
    StorageFailed,
)
from upload_guard.intake.body import Spool, has_body, read_body


def environ(body: bytes = b"", **values: Any) -> dict[str, Any]:
    return {"wsgi.input": io.BytesIO(body), "SERVER_PROTOCOL": "HTTP/1.1"} | values


def test_a_get_request_has_no_body() -> None:
    assert not has_body(environ())
    assert not has_body(environ(CONTENT_LENGTH=""))
    assert not has_body(environ(CONTENT_LENGTH="0"))


def test_a_length_or_a_transfer_coding_announces_a_body() -> None:
    assert has_body(environ(CONTENT_LENGTH="1"))
    assert has_body(environ(HTTP_TRANSFER_ENCODING="chunked"))
    assert has_body(environ(CONTENT_LENGTH="-1"))


def test_http_2_may_bring_a_body_that_nothing_announces() -> None:
    assert has_body(environ(SERVER_PROTOCOL="HTTP/2"))
    assert not has_body(environ(SERVER_PROTOCOL="HTTP/2", CONTENT_LENGTH="0"))


@given(st.binary(max_size=300_000))
def test_a_body_is_read_to_its_announced_length_and_no_further(body: bytes) -> None:
    request = environ(body + b"the next request", CONTENT_LENGTH=str(len(body)))
    assert b"".join(read_body(request, 1 << 20, 60)) == body


def test_a_chunked_body_is_read_to_its_end() -> None:
    request = environ(b"abc" * 50_000, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True})
    assert b"".join(read_body(request, 1 << 20, 60)) == b"abc" * 50_000


def test_a_body_that_nothing_announces_is_read_only_where_the_server_marks_its_end() -> None:
    unmarked = environ(b"abc", SERVER_PROTOCOL="HTTP/2")
    assert list(read_body(unmarked, 10, 60)) == []
    assert list(read_body(unmarked | {"wsgi.input_terminated": True}, 10, 60)) == [b"abc"]


def test_a_chunked_body_whose_end_the_server_does_not_mark_needs_a_length() -> None:
    with pytest.raises(LengthRequired):
        list(read_body(environ(b"abc", HTTP_TRANSFER_ENCODING="chunked"), 1 << 20, 60))


@pytest.mark.parametrize("length", ["-1", "+5", "5 ", "0x5", "five", "5,5", "\u0665"])
def test_a_length_that_is_no_number_is_a_bad_request(length: str) -> None:
    with pytest.raises(RequestError, match="Content-Length"):
        list(read_body(environ(b"hello", CONTENT_LENGTH=length), 1 << 20, 60))


def test_a_length_together_with_a_transfer_coding_is_a_bad_request() -> None:
    request = environ(b"hello", CONTENT_LENGTH="5", HTTP_TRANSFER_ENCODING="chunked")
    with pytest.raises(RequestError, match="Transfer-Encoding"):
        list(read_body(request, 1 << 20, 60))


def test_a_long_body_is_refused_without_reading_any_of_it() -> None:
    request = environ(b"x" * 11, CONTENT_LENGTH="11")
    with pytest.raises(BodyTooLarge):
        list(read_body(request, 10, 60))
    assert request["wsgi.input"].tell() == 0


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert list(read_body(environ(b"x" * 10, CONTENT_LENGTH="10"), 10, 60)) == [b"x" * 10]


def test_a_long_chunked_body_is_refused_when_it_passes_the_limit() -> None:
    request = environ(b"x" * 11, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True})
    with pytest.raises(BodyTooLarge):
        list(read_body(request, 10, 60))


def test_a_body_that_ends_early_means_that_the_client_is_gone() -> None:
    with pytest.raises(ClientGone):
        list(read_body(environ(b"half", CONTENT_LENGTH="8"), 1 << 20, 60))


def test_a_body_that_takes_too_long_is_refused() -> None:
    with pytest.raises(BodyTooSlow):
        list(read_body(environ(b"x", CONTENT_LENGTH="1"), 10, 0))
    with pytest.raises(BodyTooSlow):
        list(
            read_body(
                environ(b"x", HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True}), 10, 0
            )
        )


class BrokenStream(io.RawIOBase):
    """Raises what a server may raise in the middle of a body."""

    def read(self, size: int = -1) -> bytes:
        raise ValueError("Invalid chunk size")


def test_whatever_a_server_raises_while_reading_is_a_request_error() -> None:
    request = environ(HTTP_TRANSFER_ENCODING="chunked") | {
        "wsgi.input": BrokenStream(),
        "wsgi.input_terminated": True,
    }
    with pytest.raises(ClientGone, match="Invalid chunk size"):
        list(read_body(request, 10, 60))


def test_a_spool_has_no_name_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.write(b"secret")
    status = os.fstat(spool._file.fileno())
    assert list((tmp_path / "spool").iterdir()) == []
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    spool.close()


def test_a_spool_folder_that_is_a_file_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot spool in"):
        Spool(tmp_path / "spool")


def test_a_full_disk_is_a_storage_failure(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    os.dup2(os.open("/dev/full", os.O_RDWR), spool._file.fileno())
    with pytest.raises(StorageFailed, match="No space left"):
        spool.write(b"x")
    spool.close()


class SpoolMachine(RuleBasedStateMachine):
    """A spool and any readers of any slices behave like plain bytes, in any order of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool(Path(os.environ.get("TMPDIR", "/tmp")))  # noqa: S108 - has no name there
        self.model = b""
        self.readers: list[tuple[Any, io.BytesIO]] = []

    @rule(data=st.binary(max_size=100_000))
    def write(self, data: bytes) -> None:
        self.spool.write(data)
        self.model += data

    @rule(share=st.floats(0, 1), length=st.integers(0, 100_000))
    def open_a_slice(self, share: float, length: int) -> None:
        offset = int(share * len(self.model))
        length = min(length, len(self.model) - offset)
        ours = self.spool.slice(offset, length).open()
        self.readers.append((ours, io.BytesIO(self.model[offset : offset + length])))

    @rule(data=st.data(), size=st.integers(-1, 70_000))
    def read(self, data: st.DataObject, size: int) -> None:
        if self.readers:
            ours, model = data.draw(st.sampled_from(self.readers))
            assert ours.read(size) == model.read(size)

    @rule(data=st.data(), share=st.floats(0, 1.2))
    def seek(self, data: st.DataObject, share: float) -> None:
        if self.readers:
            ours, model = data.draw(st.sampled_from(self.readers))
            at = int(share * len(model.getvalue()))
            assert ours.seek(at) == model.seek(at)

    @rule(data=st.data())
    def read_lines(self, data: st.DataObject) -> None:
        if self.readers:
            ours, model = data.draw(st.sampled_from(self.readers))
            assert ours.readline() == model.readline()

    @invariant()
    def its_size_is_what_was_written(self) -> None:
        assert self.spool.size == len(self.model)

    def teardown(self) -> None:
        self.spool.close()


TestSpool = SpoolMachine.TestCase
