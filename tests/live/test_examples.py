"""The examples run as they are: what is clean they store, what is listed they never see."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.serving import gunicorn, write_config
from tests.support import OTHER_SEED, activate_listed_picture, picture_bytes, settings_in
from upload_guard.demo.servers import Server, free_port, running

pytestmark = pytest.mark.live

EXAMPLES = Path(__file__).parents[2] / "examples"
CLEAN = picture_bytes(OTHER_SEED)


@pytest.mark.parametrize(
    "application", ["flask_site:app", "django_site:application", "wsgi_site:application"]
)
def test_an_example_stores_a_clean_picture_and_never_sees_a_listed_one(
    tmp_path: Path, application: str
) -> None:
    listed = activate_listed_picture(settings_in(tmp_path))
    config = write_config(tmp_path / "site.toml", {"trust": {"probation_hours": 0}}, data_dir="data")
    uploads, port = tmp_path / "uploads", free_port()
    site = f"http://127.0.0.1:{port}/"
    server = Server(
        name="example",
        command=(*gunicorn(port, application), "--chdir", str(EXAMPLES)),
        environment={"UPLOAD_GUARD_CONFIG": str(config), "SITE_UPLOADS": str(uploads)},
        probe=site,
        log=tmp_path / "site.log",
    )
    with running(server):
        assert [send(site, application, data) for data in (CLEAN, listed)] == [201, 403]
    assert [file.read_bytes() for file in uploads.iterdir()] == [CLEAN]


def send(site: str, application: str, data: bytes) -> int:
    if application.startswith("wsgi"):
        return requests.put(f"{site}a.jpg", data=data, timeout=30).status_code
    return requests.post(site, files={"file": ("a.jpg", data)}, timeout=30).status_code
