"""A file that needs more memory than a worker may have: said, held, and the worker renewed."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

from tests.containers.writing import LISTED, pdf, zipped
from tests.sandbox.conftest import open_sandbox
from tests.support import BytesContent

pytestmark = pytest.mark.live

MEMORY = 48 << 20
NOISE = random.Random(1).randbytes(48 << 20)
"""Cannot be packed, so that it is no bomb."""


def large_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (6000, 6000)).save(out, "TIFF", compression="tiff_lzw")
    return out.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "a picture to decode": large_picture,
    "a file inside to keep": lambda: zipped({"a": NOISE}, zipfile.ZIP_STORED),
    "a document to read": lambda: pdf([b"<< /Type /Catalog >>"], NOISE),
}


@pytest.mark.parametrize("write", FILES.values(), ids=FILES.keys())
def test_a_file_that_needs_too_much_memory_is_held_and_its_worker_renewed(write: Callable[[], bytes]) -> None:
    with open_sandbox("upload_guard.containers.analyse:analyse", workers=1, memory=MEMORY) as sandbox:
        assert sandbox.analyse(BytesContent(write())).unscannable == "too_much_memory"
        assert sandbox.status().killed == 1
        assert sandbox.analyse(BytesContent(LISTED)).signals
