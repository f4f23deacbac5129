"""A Django site in one file, guarded by its last line. Runs as it is:

    UPLOAD_GUARD_CONFIG=config.toml gunicorn --chdir examples django_site:application

Files go to the folder that SITE_UPLOADS names (./uploads by default).
"""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from upload_guard import UploadGuard

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(32),
    MIDDLEWARE=[],
)

UPLOADS = Path(os.environ.get("SITE_UPLOADS", "uploads"))

PAGE = """<!doctype html><html lang="en"><title>Picture wall</title>
<main><h1>Picture wall</h1>
<form method="post" enctype="multipart/form-data">
<label>A file <input type="file" name="file" required></label> <button>Upload</button>
</form></main></html>"""


def wall(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(PAGE)
    UPLOADS.mkdir(parents=True, exist_ok=True)
    file = request.FILES["file"]
    with (UPLOADS / Path(file.name).name).open("wb") as stored:
        for chunk in file.chunks():
            stored.write(chunk)
    return HttpResponse("Stored. Thank you.\n", status=201, content_type="text/plain")


urlpatterns = [path("", wall)]
application = UploadGuard(get_wsgi_application())
