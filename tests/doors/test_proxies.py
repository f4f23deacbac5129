"""Real clients of ICAP from Debian: c-icap-client, and Squid as a reverse proxy in front of a site."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.debian import Unpacked, programs_of
from tests.doors.running import Doors, running_doors
from tests.serving import MAX_BODY, gunicorn
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_listed_picture,
    picture_bytes,
    recompressed,
    settings_in,
)
from upload_guard.demo.servers import Server, free_port, running

pytestmark = pytest.mark.live

LISTED = picture_bytes(LISTED_SEED)
LIKENESS = recompressed(LISTED)
OTHER = picture_bytes(OTHER_SEED)

# c-icap-client ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def c_icap() -> Unpacked:
    return programs_of("c-icap")


def c_icap_client(c_icap: Unpacked, doors: Doors, *arguments: object) -> str:
    command = [c_icap.program("usr/bin/c-icap-client"), "-i", "127.0.0.1", "-p", doors.icap_port, "-v"]
    done = subprocess.run(
        [*map(str, command), *map(str, arguments)],
        env=c_icap.environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_c_icap_client_reads_the_options(c_icap: Unpacked, doors: Doors) -> None:
    said = c_icap_client(c_icap, doors)
    assert "ICAP/1.0 200 OK" in said
    assert "Allow 204: Yes" in said
    assert "Preview: 4096" in said


@pytest.mark.parametrize("way", [[], ["-nopreview"], ["-no204"], ["-w", "64"]], ids=str)
def test_c_icap_client_is_told_of_what_is_refused_and_what_is_not(
    c_icap: Unpacked, doors: Doors, tmp_path: Path, way: list[str]
) -> None:
    (tmp_path / "listed.jpg").write_bytes(LISTED)
    (tmp_path / "other.jpg").write_bytes(OTHER)

    def sent(name: str) -> str:
        request = ("-method", "POST", "-req", "http://site.example/upload", "-f", tmp_path / name)
        return c_icap_client(c_icap, doors, *request, "-o", tmp_path / f"{name}.got", *way)

    refused = sent("listed.jpg")
    assert "HTTP/1.1 403 Forbidden" in refused
    assert "X-Infection-Found" in refused
    assert b"This upload cannot be accepted." in (tmp_path / "listed.jpg.got").read_bytes()
    passed = sent("other.jpg")
    assert "403" not in passed
    if "-no204" in way:
        assert (tmp_path / "other.jpg.got").read_bytes() == OTHER
    else:
        assert "No modification needed" in passed


# Squid ------------------------------------------------------------------------------------------------

_SQUID_CONF = """
http_port 127.0.0.1:{port} accel defaultsite=site.example no-vhost
cache_peer 127.0.0.1 parent {site_port} 0 no-query originserver name=site
http_access allow all
icap_enable on
icap_preview_enable on
icap_service guard reqmod_precache icap://127.0.0.1:{icap_port}/upload_guard bypass={bypass}
adaptation_access guard allow all
cache deny all
memory_cache_shared off
pid_filename none
cache_log {folder}/cache.log
access_log none
cache_store_log none
coredump_dir {folder}
mime_table {folder}/share/mime.conf
icon_directory {folder}/share/icons
error_directory {folder}/templates
unlinkd_program {root}/usr/lib/squid/unlinkd
logfile_daemon {root}/usr/lib/squid/log_file_daemon
pinger_enable off
netdb_filename none
shutdown_lifetime 1 second
cache_effective_user nobody
"""


@dataclass(frozen=True, slots=True)
class ProxiedSite:
    """A site that knows nothing of upload_guard, reached through Squid by `url`."""

    url: str
    direct: str
    doors: Doors

    def post(self, path: str = "/upload", **options: object) -> requests.Response:
        headers = {"Accept": "application/json"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
        return requests.post(self.url + path, headers=headers, timeout=60, **options)  # type: ignore[arg-type]

    def calls(self) -> int:
        return int(requests.get(self.direct, timeout=60).json()["calls"])


@contextmanager
def squid_before_a_site(folder: Path, doors: Doors, bypass: str = "off") -> Iterator[ProxiedSite]:
    squid = programs_of("squid")
    folder.mkdir()
    site_port, port = free_port(), free_port()
    site = Server(
        name="site",
        command=gunicorn(site_port, "tests.sites.behind_a_proxy:app"),
        environment={},
        probe=f"http://127.0.0.1:{site_port}/",
        log=folder / "site.log",
    )
    _prepare_for_nobody(squid, folder)
    config = folder / "squid.conf"
    ports = {"port": port, "site_port": site_port, "icap_port": doors.icap_port}
    config.write_text(_SQUID_CONF.format(folder=folder, root=squid.root, bypass=bypass, **ports))
    with running(site):
        with (folder / "squid.log").open("wb") as out:
            process = subprocess.Popen(
                [squid.program("usr/sbin/squid"), "-N", "-n", f"test{port}", "-f", str(config)],
                env=squid.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_for(f"http://127.0.0.1:{port}/", process, folder)
            yield ProxiedSite(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{site_port}", doors)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            finally:
                process.kill()
                for left in Path("/dev/shm").glob(f"test{port}-*"):  # noqa: S108 - where Squid puts it
                    left.unlink()


def _prepare_for_nobody(squid: Unpacked, folder: Path) -> None:
    """Started by root, Squid becomes another user, who reads neither root's cache nor its folders."""
    shutil.copytree(squid.root / "usr/share/squid", folder / "share", symlinks=True)
    shutil.copytree(squid.root / "usr/share/squid-langpack/templates", folder / "templates")
    folder.chmod(0o777)


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _wait_for(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=60).ok:
                return
        except requests.ConnectionError:
            pass
        assert process.poll() is None, (folder / "cache.log").read_text()
        time.sleep(0.2)
    raise AssertionError((folder / "cache.log").read_text())


@pytest.fixture(scope="module")
def proxied(doors: Doors, open_folder: Path) -> Iterator[ProxiedSite]:
    with squid_before_a_site(open_folder / "proxied", doors) as site:
        yield site


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def test_squid_lets_an_ordinary_photo_through_whole(proxied: ProxiedSite) -> None:
    answer = proxied.post(files={"file": ("photo.jpg", OTHER, "image/jpeg")}).json()
    assert answer["files"] == [{"field": "file", "name": "photo.jpg", "sha256": sha256(OTHER)}]


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param({"files": {"file": ("cat.jpg", LISTED, "image/jpeg")}}, id="form"),
        pytest.param({"data": LISTED}, id="raw"),
        pytest.param({"data": pieces(LISTED)}, id="chunked"),
        pytest.param({"files": {"file": ("a.txt", LIKENESS, "text/plain")}}, id="likeness"),
        pytest.param({"files": {"file": ("big.jpg", LISTED + bytes(1 << 20), "image/jpeg")}}, id="large"),
    ],
)
def test_squid_answers_for_what_is_refused_and_the_site_never_sees_it(
    proxied: ProxiedSite, upload: dict[str, object]
) -> None:
    calls = proxied.calls()
    response = proxied.post(**upload)
    assert response.status_code == 403
    told = response.json()
    assert told["error"] == "upload_refused"
    assert told["case"] in {case.number for case in proxied.doors.cases()}
    assert proxied.calls() == calls


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 70_000, 1 << 20])
def test_squid_lets_bodies_of_any_size_through_unchanged(proxied: ProxiedSite, size: int) -> None:
    body = bytes(number * 7 % 251 for number in range(size))
    assert proxied.post(data=body).json()["sha256"] == sha256(body)
    assert proxied.post(data=pieces(body)).json()["sha256"] == sha256(body)
    assert proxied.post(files={"file": ("x.bin", body)}).json()["files"][0]["sha256"] == sha256(body)


def test_squid_gives_the_site_the_form_as_it_was_read(proxied: ProxiedSite) -> None:
    response = proxied.post(files={"file": ("photo.jpg", OTHER, "image/jpeg")})
    sent = response.request.headers["Content-Type"]
    assert response.json()["content_type"].startswith("multipart/form-data; boundary=")
    assert response.json()["content_type"] != sent


def test_squid_answers_for_an_ambiguous_form(proxied: ProxiedSite) -> None:
    calls = proxied.calls()
    response = proxied.post(data=b"no boundary", headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert (response.status_code, response.json()["error"]) == (400, "ambiguous_body")
    assert proxied.calls() == calls


def test_squid_answers_for_a_body_over_the_limit(proxied: ProxiedSite) -> None:
    calls = proxied.calls()
    assert proxied.post(data=bytes(MAX_BODY + 1)).status_code == 413
    assert proxied.calls() == calls


def test_squid_goes_on_after_all_that(proxied: ProxiedSite) -> None:
    for _ in range(20):
        assert proxied.post(data=LISTED).status_code == 403
        assert proxied.post(files={"file": ("photo.jpg", OTHER)}).status_code == 200
    assert proxied.doors.spooled() == []


def test_behind_squid_too_trying_out_is_limited_and_nothing_passes_for_that(
    tmp_path: Path, open_folder: Path
) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with (
        running_doors(tmp_path, icap={"checks_per_minute": 0.001, "burst": 2}) as strict,
        squid_before_a_site(open_folder / "limited", strict, bypass="on") as site,
    ):
        calls = site.calls()
        statuses = [site.post(data=LISTED).status_code for _ in range(30)]
        assert statuses == [403] * 2 + [503] * 28
        assert site.calls() == calls
        assert requests.get(site.url, timeout=60).ok


def test_what_an_uploader_sends_does_not_have_the_door_bypassed(tmp_path: Path, open_folder: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with (
        running_doors(tmp_path) as up,
        squid_before_a_site(open_folder / "bypassing", up, bypass="on") as site,
    ):
        calls = site.calls()
        for _ in range(15):
            ambiguous = {"Content-Type": "multipart/form-data; boundary=B"}
            assert site.post(data=LISTED, headers=ambiguous).status_code == 400
            assert site.post(data=LISTED, headers={"Content-Encoding": "br"}).status_code == 415
            assert site.post(data=bytes(MAX_BODY + 1)).status_code == 413
        assert site.post(data=LISTED).status_code == 403
        assert site.calls() == calls
