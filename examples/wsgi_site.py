"""A plain WSGI application that stores what is PUT to it, guarded by its last line. Runs as it is:

    UPLOAD_GUARD_CONFIG=config.toml gunicorn --chdir examples wsgi_site:application
    curl -T picture.jpg http://127.0.0.1:8000/picture.jpg

Files go to the folder that SITE_UPLOADS names (./uploads by default).
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from upload_guard import UploadGuard

UPLOADS = Path(os.environ.get("SITE_UPLOADS", "uploads"))


def store(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "PUT":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"PUT a file here.\n"]
    UPLOADS.mkdir(parents=True, exist_ok=True)
    name = Path(environ["PATH_INFO"]).name or "unnamed"
    with (UPLOADS / name).open("wb") as stored:
        shutil.copyfileobj(environ["wsgi.input"], stored)
    start_response("201 Created", [("Content-Type", "text/plain")])
    return [b"Stored. Thank you.\n"]


application = UploadGuard(store)
