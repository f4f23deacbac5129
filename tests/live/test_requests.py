"""Table A of the acceptance tables: requests, on four kinds of application under two servers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.live.clients import CLIENTS, Client
from tests.sandbox.conftest import descendants
from tests.serving import guarded_site, gunicorn, waitress, write_config
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_listed_picture,
    picture_bytes,
    recompressed,
    settings_in,
)
from upload_guard.compose import open_cases
from upload_guard.quarantine.cases import Cases

pytestmark = pytest.mark.live

MAX_BODY = 4 << 20
T = picture_bytes(LISTED_SEED)
LIKENESS = recompressed(T)
CLEAN = picture_bytes(OTHER_SEED)
ENCODED = base64.b64encode(T).decode()
APPLICATIONS = ("flask_app", "django_app", "bottle_app", "plain_app")


@dataclass(frozen=True)
class Site:
    """One application under one server."""

    url: str
    application: str
    server: str
    data_dir: Path
    cases: Cases

    def send(
        self, body: bytes, content_type: str = "", method: str = "POST", **headers: str
    ) -> requests.Response:
        given = {"Content-Type": content_type, "Accept": "application/json"} | headers
        return requests.request(method, self.url + "/up", data=body, headers=given, timeout=30)

    def raw(self, request: bytes, then: float = 0) -> bytes:
        """Send bytes as they are; gives what comes back."""
        address = urlsplit(self.url)
        with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as client:
            client.sendall(request)
            time.sleep(then)
            received = b""
            while chunk := client.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received:
                    break
            return received

    def kept(self) -> int:
        return len(self.cases.newest(10_000))


@pytest.fixture(
    scope="module",
    params=list(product(APPLICATIONS, (gunicorn, waitress))),
    ids=lambda given: f"{given[0].removesuffix('_app')}-{given[1].__name__}",
)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    application, server = request.param
    folder = tmp_path_factory.mktemp(application)
    activate_listed_picture(settings_in(folder))
    config = write_config(
        folder / "site.toml",
        {
            "trust": {"probation_hours": 0},
            "intake": {"max_body": MAX_BODY, "max_inflated": 32 << 20},
        },
        data_dir="data",
    )
    with config.open("a") as file:
        file.write('[[routes]]\npath = "/pieces/*"\npieces = "assemble"\n')
        file.write('[[routes]]\npath = "/signed/*"\nforward = "original"\n')
        file.write('[[routes]]\npath = "/unguarded/*"\ninspect = false\n')
        file.write('[[routes]]\npath = "/old/*"\nforms = "lenient"\nmax_body = "1 MiB"\n')
        file.write('[[routes]]\npath = "/trusting/*"\nfailure = { unscannable = "monitor" }\n')
    with guarded_site(config, f"tests.sites.{application}:app", server) as url:
        settings = settings_in(folder)
        yield Site(url, application, server.__name__, settings.data_dir, open_cases(settings))


FORM = "multipart/form-data; boundary=B"


def form(
    data: bytes, name: str = "f", file: str = "a.jpg", media_type: str = "image/jpeg"
) -> tuple[bytes, str]:
    disposition = f'form-data; name="{name}"; filename="{file}"'
    head = f"--B\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    return head.encode() + data + b"\r\n--B--\r\n", FORM


def is_hit(site: Site, send: Callable[[], requests.Response]) -> bool:
    """Refused with a case, and the bytes are kept."""
    before = site.kept()
    response = send()
    return response.status_code == 403 and bool(response.json()["case"]) and site.kept() == before + 1


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("data", [T, LIKENESS], ids=["T", "likeness"])
@pytest.mark.parametrize(
    ("name", "file", "media_type"),
    [
        ("picture", "a.jpg", "image/jpeg"),
        ("x[]", "a.txt", "text/plain"),
        ("q", "", ""),
        ("é", "🏔.pdf", "a/b"),
    ],
)
def test_row_1_t_in_a_form_under_any_name_and_type(
    site: Site, data: bytes, name: str, file: str, media_type: str
) -> None:
    assert is_hit(site, lambda: site.send(*form(data, name, file, media_type)))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_row_2_a_clean_body_of_a_real_client_passes_unchanged(site: Site, client: Client) -> None:
    answer = site.send(client.body(CLEAN), client.content_type).json()
    assert sorted(answer["got"]) == sorted([digest(CLEAN), digest(b"A hill")])
    assert answer["result"] == "clean"


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_row_2_the_same_body_with_t_does_not(site: Site, client: Client) -> None:
    assert is_hit(site, lambda: site.send(client.body(T), client.content_type))


ROW_3 = {
    "two boundaries": (form(T)[0], "multipart/form-data; boundary=A; boundary=B"),
    "LF only": (form(T)[0].replace(b"\r\n", b"\n", 4), FORM),
    "CR only": (form(T)[0].replace(b"\r\n", b"\r", 4), FORM),
    "folded header": (
        form(T)[0].replace(b"; filename", b";\r\n filename", 1),
        FORM,
    ),
    "image in the preamble": (T + b"\r\n" + form(CLEAN)[0], FORM),
    "image in the epilogue": (form(CLEAN)[0] + T, FORM),
    "no final boundary": (form(T)[0][:-8], FORM),
    "disposition twice": (
        form(T)[0].replace(b"Content-Type: image/jpeg", b"Content-Disposition: form-data; name=x", 1),
        FORM,
    ),
    "file name twice": (
        form(T)[0].replace(b'"a.jpg"', b'"a"; filename="b"', 1),
        FORM,
    ),
    "mixed": (form(T)[0], "multipart/mixed; boundary=B"),
}


@pytest.mark.parametrize(("body", "content_type"), ROW_3.values(), ids=ROW_3.keys())
def test_row_3_what_is_ambiguous_is_a_bad_request(site: Site, body: bytes, content_type: str) -> None:
    before = site.kept()
    response = site.send(body, content_type)
    assert (response.status_code, response.json()["error"]) == (400, "ambiguous_body")
    assert site.kept() == before


ROW_4 = {
    "both kinds of file name": form(T)[0].replace(b'"a.jpg"', b"\"a.jpg\"; filename*=UTF-8''b.jpg", 1),
    "only the extended file name": form(T)[0].replace(b'filename="a.jpg"', b"filename*=UTF-8''b.jpg", 1),
    "no file name": form(T)[0].replace(b'; filename="a.jpg"', b"", 1),
    "second of one name": form(CLEAN)[0][:-7] + form(T)[0],
}


@pytest.mark.parametrize("body", ROW_4.values(), ids=ROW_4.keys())
def test_row_4_t_under_odd_names(site: Site, body: bytes) -> None:
    assert is_hit(site, lambda: site.send(body, FORM))


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_row_5_a_part_in_a_transfer_encoding(site: Site, encoding: str) -> None:
    data = base64.encodebytes(T) if encoding == "base64" else b"".join(b"=%02X" % byte for byte in T)
    body = form(data)[0].replace(
        b"Content-Type", f"Content-Transfer-Encoding: {encoding}\r\nContent-Type".encode(), 1
    )
    assert site.send(body, FORM).status_code in {400, 403}


def test_row_5_a_nested_multipart(site: Site) -> None:
    inner = form(T)[0].replace(b"--B", b"--C")
    assert site.send(*form(inner, media_type="multipart/mixed; boundary=C")).status_code in {400, 403}


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "BREW"])
def test_row_6_t_in_another_method(site: Site, method: str) -> None:
    assert is_hit(site, lambda: site.send(T, "image/jpeg", method))
    assert is_hit(site, lambda: site.send(*form(T), method))


def test_row_7_t_in_chunks(site: Site) -> None:
    body, content_type = form(T)
    headers = {"Content-Type": content_type, "Accept": "application/json"}
    chunks = (body[at : at + 5000] for at in range(0, len(body), 5000))
    assert is_hit(site, lambda: requests.post(site.url, data=chunks, headers=headers, timeout=30))


def test_row_7_a_clean_body_in_chunks_reaches_the_application(site: Site) -> None:
    body, content_type = form(CLEAN)
    chunks = (body[at : at + 5000] for at in range(0, len(body), 5000))
    answer = requests.post(site.url, data=chunks, headers={"Content-Type": content_type}, timeout=30).json()
    assert answer["got"] == [digest(CLEAN)]


CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(T), T)


@pytest.mark.parametrize(
    ("lengths", "body"),
    [
        (f"Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding: chunked", CHUNKED),
        (f"Content-Length: {len(T)}\r\nContent-Length: 5", T),
        ("Content-Length: -1", T),
        ("Content-Length: abc", T),
    ],
    ids=["with coding", "two lengths", "negative", "no number"],
)
def test_row_8_lengths_that_contradict_each_other(site: Site, lengths: str, body: bytes) -> None:
    before = site.kept()
    head = f"POST /up HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nConnection: close\r\n{lengths}"
    answer = site.raw(head.encode() + b"\r\n\r\n" + body)
    status = int(answer.split(b" ")[1])
    assert status == 400 or (status == 403 and site.kept() == before + 1), answer[:200]


def test_row_9_t_in_gzip(site: Site) -> None:
    assert is_hit(site, lambda: site.send(gzip.compress(T), "image/jpeg", **{"Content-Encoding": "gzip"}))


def test_row_9_gzip_twice(site: Site) -> None:
    twice = gzip.compress(gzip.compress(T))
    for coding in ("gzip", "gzip, gzip"):
        assert site.send(twice, "image/jpeg", **{"Content-Encoding": coding}).status_code == 415


def processor_seconds(site: Site) -> float:
    """What the processes of its server have used so far."""
    ticks = 0
    for pid in descendants(os.getpid()):
        with suppress(OSError):
            if str(urlsplit(site.url).port).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
                ticks += sum(map(int, used))
    return ticks / os.sysconf("SC_CLK_TCK")


def test_row_9_a_gzip_bomb_is_refused_within_a_second(site: Site) -> None:
    """Of the processor's time: on a loaded machine anything takes longer."""
    bomb = gzip.compress(bytes(64 << 20)) * 16  # a gigabyte, member after member
    before = processor_seconds(site)
    assert before > 0
    response = site.send(bomb, "image/jpeg", **{"Content-Encoding": "gzip"})
    assert response.status_code == 413
    assert processor_seconds(site) - before < 1


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("media_type", ["image/jpeg", "application/json", "text/plain", "x/y", ""])
def test_row_10_t_as_the_body(site: Site, method: str, media_type: str) -> None:
    assert is_hit(site, lambda: site.send(T, media_type, method))


ROW_11 = {
    "data URI in JSON": (json.dumps({"i": f"data:image/jpeg;base64,{ENCODED}"}), "application/json"),
    "base64 in JSON": (json.dumps({"i": [{"j": ENCODED}]}), "application/json"),
    "urlencoded": (urlencode({"a": 1, "i": ENCODED}), "application/x-www-form-urlencoded"),
    "urlencoded data URI": (
        urlencode({"i": f"data:image/jpeg;base64,{ENCODED}"}),
        "application/x-www-form-urlencoded",
    ),
    "XML-RPC": (
        f"<methodCall><methodName>wp.uploadFile</methodName><params><param><value><struct><member><name>bits</name>"
        f"<value><base64>{base64.encodebytes(T).decode()}</base64></value></member></struct></value></param></params>"
        f"</methodCall>",
        "text/xml",
    ),
}


@pytest.mark.parametrize(("body", "content_type"), ROW_11.values(), ids=ROW_11.keys())
def test_row_11_t_carried_as_text(site: Site, body: str, content_type: str) -> None:
    assert is_hit(site, lambda: site.send(body.encode(), content_type))


def test_row_11_t_in_a_graphql_upload(site: Site) -> None:
    operations = b'--B\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query": "mutation"}\r\n'
    mapping = b'--B\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0": ["variables.file"]}\r\n'
    assert is_hit(site, lambda: site.send(operations + mapping + form(T)[0], FORM))


def test_row_11_t_by_webdav_put(site: Site) -> None:
    assert is_hit(site, lambda: site.send(T, "application/octet-stream", "PUT", Overwrite="T"))


def piece_forms(data: bytes, count: int, **names: str) -> Iterator[tuple[bytes, str]]:
    """The pieces of an upload as a client library sends them."""
    size = -(-len(data) // count)
    for index in range(count):
        values = {
            name: value.format(index=index, number=index + 1, count=count, size=size)
            for name, value in names.items()
        }
        fields = "".join(
            f'--B\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in values.items()
        )
        body, content_type = form(data[index * size : (index + 1) * size], file="blob")
        yield fields.encode() + body, content_type


LIBRARIES = {
    "Dropzone": {
        "dzuuid": "u1",
        "dzchunkindex": "{index}",
        "dztotalchunkcount": "{count}",
        "dzchunksize": "{size}",
    },
    "plupload": {"name": "t.jpg", "chunk": "{index}", "chunks": "{count}"},
    "Resumable.js": {
        "resumableIdentifier": "u2",
        "resumableChunkNumber": "{number}",
        "resumableTotalChunks": "{count}",
        "resumableChunkSize": "{size}",
    },
    "Flow.js": {
        "flowIdentifier": "u3",
        "flowChunkNumber": "{number}",
        "flowTotalChunks": "{count}",
        "flowChunkSize": "{size}",
    },
    "Fine Uploader": {"qquuid": "u4", "qqpartindex": "{index}", "qqtotalparts": "{count}"},
}


@pytest.mark.parametrize("names", LIBRARIES.values(), ids=LIBRARIES.keys())
def test_row_12_pieces_in_a_form_are_refused_by_default(site: Site, names: dict[str, str]) -> None:
    assert site.send(*next(piece_forms(T, 3, **names))).status_code == 415


@pytest.mark.parametrize("names", LIBRARIES.values(), ids=LIBRARIES.keys())
def test_row_12_pieces_in_a_form_are_put_together_where_the_route_says_so(
    site: Site, names: dict[str, str]
) -> None:
    def send_all(data: bytes) -> list[requests.Response]:
        return [
            requests.post(f"{site.url}/pieces/x", data=body, headers={"Content-Type": kind}, timeout=30)
            for body, kind in piece_forms(data, 3, **names)
        ]

    passed = send_all(CLEAN)
    assert [response.json()["result"] for response in passed] == ["unchecked", "unchecked", "clean"]
    before = site.kept()
    assert [response.status_code for response in send_all(T)] == [200, 200, 403]
    assert site.kept() == before + 1


@pytest.mark.parametrize("path", ["/up", "/pieces/range"])
def test_row_12_content_range(site: Site, path: str) -> None:
    half, last = len(T) // 2, len(T) - 1

    def put(first: int, end: int) -> int:
        headers = {"Content-Range": f"bytes {first}-{end}/{len(T)}", "Content-Type": "image/jpeg"}
        return requests.put(site.url + path, data=T[first : end + 1], headers=headers, timeout=30).status_code

    statuses = [put(0, half - 1), put(half, last)]
    assert statuses == ([415, 415] if path == "/up" else [200, 403])


@pytest.mark.parametrize("path", ["/up", "/pieces/tus"])
def test_row_12_tus(site: Site, path: str) -> None:
    half = len(T) // 2

    def patch(offset: int, data: bytes) -> int:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        return requests.patch(site.url + path, data=data, headers=headers, timeout=30).status_code

    statuses = [patch(0, T[: half // 4]), patch(half // 4, T[half // 4 :])]
    assert statuses == ([415, 415] if path == "/up" else [200, 403])


@pytest.mark.parametrize("path", ["/up", "/pieces/tus"])
def test_row_12_tus_uploads_that_would_be_joined_are_refused(site: Site, path: str) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Concat": "final;/files/a /files/b"}
    assert requests.post(site.url + path, headers=headers, timeout=30).status_code == 415


def test_row_12_a_whole_file_that_calls_itself_the_first_piece(site: Site) -> None:
    def send() -> requests.Response:
        names = LIBRARIES["Dropzone"] | {"dztotalchunkcount": "2", "dzuuid": "whole"}
        body, kind = next(piece_forms(T, 1, **names))
        return requests.post(f"{site.url}/pieces/x", data=body, headers={"Content-Type": kind}, timeout=30)

    assert is_hit(site, send)


def test_row_12_pieces_out_of_order_and_changed_pieces_are_refused(site: Site) -> None:
    names = LIBRARIES["Dropzone"] | {"dzuuid": "order"}
    clean, other = list(piece_forms(CLEAN, 3, **names)), list(piece_forms(T, 3, **names))

    def status(body: bytes, kind: str) -> int:
        headers = {"Content-Type": kind}
        return requests.post(f"{site.url}/pieces/y", data=body, headers=headers, timeout=30).status_code

    sent = (clean[0], clean[2], other[0], clean[0], clean[1], clean[2])
    assert [status(*piece) for piece in sent] == [200, 409, 409, 200, 200, 200]


def test_row_13_a_slow_body_times_out(tmp_path: Path) -> None:
    """Under gunicorn; waitress reads a whole body before it calls the application, under its own timeout."""
    activate_listed_picture(settings_in(tmp_path))
    config = write_config(tmp_path / "site.toml", {"intake": {"body_timeout": 1.0}}, data_dir="data")
    with guarded_site(config, "tests.sites.flask_app:app") as url:
        address, answer = urlsplit(url), b""
        with closing(socket.create_connection((address.hostname, address.port))) as client:
            client.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            client.settimeout(0.1)
            for _ in range(600):
                # It may have answered and gone since the last look; the answer is read all the same.
                with suppress(ConnectionError):
                    client.sendall(b"x" * 1000)
                with suppress(TimeoutError):
                    answer = client.recv(4096)
                    break
    assert b" 408 " in answer


def test_row_13_a_client_that_leaves_half_way_leaves_nothing(site: Site) -> None:
    before = site.kept()
    address = urlsplit(site.url)
    with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as client:
        client.sendall(
            f"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: {len(T)}\r\n\r\n".encode() + T[: len(T) // 2]
        )
        client.shutdown(socket.SHUT_WR)
        # It is done with what came once it closes its own side, whatever it says before.
        with suppress(ConnectionError):
            while client.recv(4096):
                pass
    assert site.kept() == before
    assert list(Path(site.data_dir / "spool").iterdir()) == []


def test_row_14_a_body_over_the_limit(site: Site) -> None:
    assert site.send(bytes(MAX_BODY + 1), "image/jpeg").status_code == 413


def test_a_signed_form_reaches_the_application_as_it_was_sent_or_not_at_all(site: Site) -> None:
    headers = {"Accept": "application/json", "Content-Type": FORM}

    def post(body: bytes) -> requests.Response:
        return requests.post(f"{site.url}/signed/x", data=body, headers=headers, timeout=30)

    assert post(form(CLEAN)[0]).json()["got"] == [digest(CLEAN)]
    assert post(form(T)[0]).status_code == 403
    assert post(T + form(CLEAN)[0]).status_code == 400


def test_each_route_has_its_own_rules(site: Site) -> None:
    def status(path: str, body: bytes, content_type: str = "image/jpeg") -> int:
        headers = {"Content-Type": content_type}
        return requests.post(site.url + path, data=body, headers=headers, timeout=30).status_code

    cut = CLEAN[: len(CLEAN) // 2]
    epilogue = form(CLEAN)[0] + b"odd"
    assert status("/unguarded/x", T) == 200
    assert status("/unguarded", T) == 403
    assert site.raw(
        b"POST /unguarded/../up HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
    ).startswith(b"HTTP/1.1 400")
    assert (status("/up", cut), status("/trusting/x", cut), status("/trusting/x", T)) == (403, 200, 403)
    assert (status("/up", epilogue, FORM), status("/old/x", epilogue, FORM)) == (400, 200)
    assert status("/old/x", form(T)[0] + b"odd", FORM) == 403
    assert (status("/up", bytes(2 << 20)), status("/old/x", bytes(2 << 20))) == (200, 413)


def test_nothing_was_passed_without_a_verdict_or_left_in_a_spool(site: Site) -> None:
    assert list(Path(site.data_dir / "spool").iterdir()) == []
