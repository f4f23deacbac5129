"""Table A, row 15: memory does not depend on the size of an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.door import Zeros, request, resident
from tests.support import activate_listed_picture, in_a_new_process, settings_in
from upload_guard import UploadGuard
from upload_guard.settings import Settings

pytestmark = pytest.mark.live

MIB = 1 << 20


def counting(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """An application that reads its whole body and says how long it was."""
    taken = 0
    while chunk := environ["wsgi.input"].read(MIB):
        taken += len(chunk)
    start_response("200 OK", [])
    return [f"{taken} {environ['upload_guard.verdict'].result}".encode()]


def test_row_15_two_gigabytes_that_are_no_image_pass_in_constant_memory(tmp_path: Path) -> None:
    """Of a process of its own: threads that other tests began take memory, too."""
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    assert in_a_new_process(pass_two_gigabytes, settings, patience=300) == 0


def pass_two_gigabytes(settings: Settings) -> None:
    guarded = UploadGuard(counting, settings)

    def send(size: int) -> tuple[str, int]:
        stream, before = Zeros(size), resident()
        response = guarded(request(stream, stream.length), lambda *_: None)
        answer = b"".join(response).decode()
        response.close()  # type: ignore[attr-defined]
        return answer, max(stream.peak, resident()) - before

    send(MIB)
    answer, growth = send(2048 * MIB)
    length, result = answer.split()
    assert int(length) > 2048 * MIB
    assert result == "clean"
    assert growth < 16 * MIB
