"""Scans in the test's own process, and trees to scan."""

from __future__ import annotations

import base64
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from PIL import Image

from tests.support import recompressed
from upload_guard.compose import open_database_of, sandbox_of
from upload_guard.holdings.descent import path_of
from upload_guard.sandbox.pool import Sandbox
from upload_guard.scan.building import Manner, build_examiner, walk_of
from upload_guard.scan.chunks import Chunks, claimant
from upload_guard.scan.examining import Examiner
from upload_guard.scan.records import Column, Walk
from upload_guard.scan.scans import Order, Planner, Scans
from upload_guard.scan.summary import Summary, files_of, summary_of
from upload_guard.settings import Settings


def always() -> bool:
    return True


def planned(examiner: Examiner, walk: Walk, *, acting: bool = False) -> Chunks:
    """The chunks of a new scan, all planned."""
    order = Order(walk.root, examiner.site, acting, "ann", (("test-list", 1),))
    scan = Scans(examiner.database).begin(order, anew=True)
    Planner(examiner.database).plan(scan, walk, always)
    return Chunks(examiner.database, scan.id)


def worked_off(examiner: Examiner, chunks: Chunks) -> Summary:
    """All chunks done by one worker."""
    name = claimant()
    while claimed := chunks.claim(name):
        assert examiner.work(chunks, claimed, always)
    Scans(examiner.database).end(chunks.scan_id)
    return summary_of(examiner.database, chunks.scan_id)


@cache
def sandbox() -> Sandbox:
    """One for all scans of a test process; it ends with that."""
    return sandbox_of(Settings())


def examiner_of(settings: Settings, manner: Manner | None = None) -> Examiner:
    """A worker whose files are opened in that sandbox."""
    examiner = build_examiner(settings, manner or Manner("shop"))
    return replace(examiner, checker=replace(examiner.checker, sandbox=sandbox()))


def scanned(settings: Settings, place: Path | str, manner: Manner | None = None) -> Summary:
    examiner = examiner_of(settings, manner)
    chunks = planned(examiner, walk_of(str(place), settings), acting=examiner.act is not None)
    return worked_off(examiner, chunks)


def found_in(settings: Settings, summary: Summary, column: Column) -> set[str]:
    """The names of the files in one column."""
    files = files_of(open_database_of(settings), summary.number)
    return {path_of(one.item.locator).name for one in files if one.column is column}


# Odd places ---------------------------------------------------------------------------------------


def zipped(data: bytes, name: str = "in.jpg") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
        archive.writestr(name, data)
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("deep/in.jpg")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def mailed(data: bytes) -> bytes:
    message = EmailMessage()
    message["Subject"] = "holiday"
    message.set_content("see below")
    message.add_attachment(data, maintype="image", subtype="jpeg", filename="a.jpg")
    return message.as_bytes()


def drawn_into_svg(data: bytes) -> bytes:
    link = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    return f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{link}"/></svg>'.encode()


def as_png(data: bytes) -> bytes:
    return saved(Image.open(io.BytesIO(data)), "PNG")


def turned(data: bytes) -> bytes:
    return saved(Image.open(io.BytesIO(data)).transpose(Image.Transpose.ROTATE_90), "JPEG")


def saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


Disguise = tuple[bytes, Callable[[bytes], bytes]]


def plain(data: bytes) -> bytes:
    return data


ODD: tuple[Disguise, ...] = (
    (b"no-extension", plain),
    (b".hidden/.thumb.db", plain),
    (b"notes.txt", plain),
    (b"line\nbreak.jpg", plain),
    (b"latin\xe9.JPG", plain),
    (b"/".join([b"deep"] * 30) + b"/x.jpg~", plain),
    (b"archive.bin", zipped),
    (b"twice.zip", lambda data: zipped(zipped(data), "inner.zip")),
    (b"backup.tar.gz", tarred),
    (b"mail.eml", mailed),
    (b"drawing.svg", drawn_into_svg),
    (b"copy.png", as_png),
    (b"smaller.jpg", recompressed),
    (b"turned.jpg", turned),
)


def hidden_in(tree: Path, pictures: list[bytes]) -> Iterator[Path]:
    """Each picture somewhere below `tree`, in one disguise after another."""
    for at, picture in enumerate(pictures):
        name, disguise = ODD[at % len(ODD)]
        path = tree / f"site{at % 7}" / os.fsdecode(b"%d/" % at + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(disguise(picture))
        yield path
