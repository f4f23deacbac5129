"""A site as a whole: it checks, tells where the file went, a list comes, and its function is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.test import Client

from tests.support import activate_list, digests_of, eventually, listed_hashes, picture_bytes, settings_in
from upload_guard.compose import open_cases
from upload_guard.holdings.descent import file_locator
from upload_guard.late.entries import LateMatch
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType
from upload_guard.wsgi import UPLOADS_KEY, UploadGuard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PICTURE = picture_bytes(1)


def test_an_upload_is_found_when_a_list_learns_of_it(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    heard: list[LateMatch] = []
    settings = settings_in(
        tmp_path,
        benign={"shipped": False},
        retro={"days": 30, "places": [f"{file_locator(media)}/"]},
    )
    activate_list(settings, [ListedHash(SignalType.SHA256, bytes(range(32)))])

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        (upload,) = environ[UPLOADS_KEY]
        file = media / "a.jpg"
        with upload.content.open() as stream:
            file.write_bytes(stream.read())
        assert guard.placed(upload.upload_id, file_locator(file))
        start_response("200 OK", [])
        return [b""]

    guard = UploadGuard(application, settings, heard.append)
    answer = Client(guard).post("/upload", data=PICTURE, content_type="image/jpeg", buffered=True)
    assert answer.status_code == 200
    activate_list(settings, listed_hashes(PICTURE))
    assert eventually(lambda: heard)
    (match,) = heard
    assert match.places == (file_locator(media / "a.jpg"),)
    case = open_cases(settings).one(match.case)
    assert case.sha256 == digests_of(PICTURE).sha256
    assert case.kept.there
