"""A Flask site that takes uploads, guarded by one line. Runs as it is:

    UPLOAD_GUARD_CONFIG=config.toml flask --app examples/flask_site run --port 8000

Files go to the folder that SITE_UPLOADS names (./uploads by default).
"""

import os
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.utils import secure_filename

from upload_guard import UploadGuard

app = Flask(__name__)
app.wsgi_app = UploadGuard(app.wsgi_app)  # type: ignore[method-assign]

UPLOADS = Path(os.environ.get("SITE_UPLOADS", "uploads"))

PAGE = """<!doctype html><html lang="en"><title>Picture wall</title>
<main><h1>Picture wall</h1>
<form method="post" enctype="multipart/form-data">
<label>A file <input type="file" name="file" required></label> <button>Upload</button>
</form></main></html>"""


@app.get("/")
def page() -> str:
    return PAGE


@app.post("/")
def upload() -> Response:
    file = request.files["file"]
    UPLOADS.mkdir(parents=True, exist_ok=True)
    file.save(UPLOADS / (secure_filename(file.filename or "") or "unnamed"))
    return Response("Stored. Thank you.\n", 201, mimetype="text/plain")
