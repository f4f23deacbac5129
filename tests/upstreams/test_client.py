"""Asking another service that may be down, slow, broken or not who it says."""

from __future__ import annotations

import gzip
import io
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.misbehaving import Connection, scripted
from tests.upstreams.stand_in import Reply, StandIn, drip, stand_in, write_certificate
from upload_guard.demo.servers import free_port
from upload_guard.errors import (
    StorageFailed,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.upstreams.client import Answer, Client, Login, gunzipped, host, same_host, shown

BODY = b"d41d8cd98f00b204e9800998ecf8427f\n" * 1000


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


def fetched(
    service: StandIn, folder: Path, path: str = "/list", seconds: float = 20, **client: object
) -> bytes:
    file = folder / "got"
    Client(seconds, 1 << 20, **client).fetch(service.url + path, file)  # type: ignore[arg-type]
    return file.read_bytes()


def test_a_whole_answer_is_taken(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(BODY)
    assert fetched(service, tmp_path) == BODY


def test_one_packed_on_its_way_is_unpacked(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})
    assert fetched(service, tmp_path) == BODY


CHUNKED = {"Transfer-Encoding": "chunked"}


def test_one_in_chunks_is_put_together(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", headers=CHUNKED, announced=None)
    assert fetched(service, tmp_path) == b"hello!"


def test_user_and_password_are_sent_and_shown_nowhere(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(BODY)
    login = Login("site", "a secret")
    fetched(service, tmp_path, login=login)
    assert service.asked[0].headers["Authorization"] == "Basic c2l0ZTphIHNlY3JldA=="
    assert "a secret" not in repr(login)


def test_nothing_of_the_environment_is_used(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    service.replies["/list"] = Reply(BODY)
    assert fetched(service, tmp_path) == BODY
    assert "Authorization" not in service.asked[0].headers


BAD = {
    "fault of the server": (Reply(status=500), UpstreamUnreachable, "status 500"),
    "took us too long": (Reply(status=408), UpstreamUnreachable, "status 408"),
    "too many": (Reply(status=429), UpstreamUnreachable, "status 429"),
    "not let in": (Reply(status=401), UpstreamRefused, "look at user and password"),
    "missing": (Reply(status=404), UpstreamRefused, "status 404"),
    "a part": (Reply(BODY, status=206), UpstreamGarbled, "not asked for"),
    "unchanged unasked": (Reply(status=304), UpstreamGarbled, "not asked for"),
    "half": (Reply(BODY[:500], announced=len(BODY)), UpstreamGarbled, "half an answer"),
    "chunks without an end": (
        Reply(b"5\r\nhello\r\n", headers=CHUNKED, announced=None),
        UpstreamGarbled,
        "half an answer",
    ),
    "of no length": (Reply(BODY, announced=None), UpstreamGarbled, "how long"),
    "too long, announced": (Reply(announced=2 << 20), UpstreamGarbled, "half an answer"),
    "too long": (Reply(bytes(10 << 20)), UpstreamGarbled, "more than 1048576 bytes"),
    "half of a gzip": (
        Reply(gzip.compress(BODY)[:-20], headers={"Content-Encoding": "gzip"}),
        UpstreamGarbled,
        "its gzip does not end",
    ),
    "no gzip": (Reply(BODY, headers={"Content-Encoding": "gzip"}), UpstreamGarbled, "is no gzip"),
    "a gzip bomb": (
        Reply(gzip.compress(bytes(50 << 20)), headers={"Content-Encoding": "gzip"}),
        UpstreamGarbled,
        "more than 1048576 bytes",
    ),
    "packed otherwise": (Reply(BODY, headers={"Content-Encoding": "br"}), UpstreamGarbled, "'br'"),
}


@pytest.mark.parametrize(("reply", "kind", "words"), BAD.values(), ids=BAD.keys())
def test_what_is_no_whole_answer_is_none(
    service: StandIn, tmp_path: Path, reply: Reply, kind: type[UpstreamError], words: str
) -> None:
    service.replies["/list"] = reply
    with pytest.raises(kind, match=words):
        fetched(service, tmp_path)


def test_a_redirect_on_the_same_host_is_followed(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(status=302, headers={"Location": "/there"})
    service.replies["/there"] = Reply(BODY)
    assert fetched(service, tmp_path) == BODY


def test_a_redirect_to_elsewhere_is_refused_and_not_asked(service: StandIn, tmp_path: Path) -> None:
    with stand_in() as elsewhere:
        service.replies["/list"] = Reply(status=302, headers={"Location": f"{elsewhere.url}/list"})
        elsewhere.replies["/list"] = Reply(BODY)
        with pytest.raises(UpstreamRefused, match="redirects to another host"):
            fetched(service, tmp_path)
        assert elsewhere.asked == []


def test_a_redirect_in_a_circle_ends(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(status=302, headers={"Location": "/list"})
    with pytest.raises(UpstreamRefused, match="again and again"):
        fetched(service, tmp_path)


def test_a_slow_drip_ends_at_the_deadline(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(BODY, drip=True)
    with pytest.raises(UpstreamTimeout, match=r"within 0\.4 seconds"):
        fetched(service, tmp_path, seconds=0.4)


def test_a_head_that_drips_ends_at_the_deadline(tmp_path: Path) -> None:
    def drips(connection: Connection) -> None:
        connection.request()
        filler = b"X-Filler: and so on\r\n" * 50
        drip(connection.socket.makefile("wb"), b"HTTP/1.1 200 OK\r\n" + filler)

    with scripted(drips) as server, pytest.raises(UpstreamTimeout):
        Client(0.4, 1 << 20).fetch(f"{server.url}/list", tmp_path / "got")


def test_a_handshake_that_never_comes_ends_at_the_deadline(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/list"
        with pytest.raises(UpstreamTimeout):
            Client(0.4, 1 << 20).fetch(url, tmp_path / "got")


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(UpstreamUnreachable, match="cannot be reached"):
        Client(20, 1 << 20).fetch(f"http://127.0.0.1:{free_port()}/list", tmp_path / "got")


def test_what_is_no_http_is_no_answer(tmp_path: Path) -> None:
    def says_another_thing(connection: Connection) -> None:
        connection.request()
        connection.answer(b"SSH-2.0-OpenSSH_9.2\r\n")

    with scripted(says_another_thing) as server, pytest.raises(UpstreamError):
        Client(20, 1 << 20).fetch(f"{server.url}/", tmp_path / "got")


def test_a_certificate_that_we_trust_is_taken(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "pem", "127.0.0.1")
    with stand_in(certificate) as service:
        service.replies["/list"] = Reply(BODY)
        assert fetched(service, tmp_path, ca_file=certificate) == BODY


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with stand_in(write_certificate(tmp_path / "pem", "127.0.0.1")) as service:
        with pytest.raises(UpstreamUnreachable, match="certificate"):
            fetched(service, tmp_path)
        assert service.asked == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "pem", "127.0.0.9")
    with stand_in(certificate) as service, pytest.raises(UpstreamUnreachable, match="certificate"):
        fetched(service, tmp_path, ca_file=certificate)


def test_a_folder_that_takes_nothing_is_a_storage_fault(service: StandIn, tmp_path: Path) -> None:
    service.replies["/list"] = Reply(BODY)
    with pytest.raises(StorageFailed, match="cannot be written"):
        fetched(service, tmp_path / "missing")


@given(
    st.lists(st.integers(0, 3).map(lambda n: bytes(n * (64 << 10) + n % 2)), min_size=1), st.integers(1, 70)
)
def test_gzip_of_any_length_comes_out_whole(parts: list[bytes], step: int) -> None:
    packed = io.BytesIO(b"".join(map(gzip.compress, parts)))
    pieces = iter(lambda: packed.read(step), b"")
    assert b"".join(gunzipped(pieces, "it")) == b"".join(parts)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_gzip_cut_anywhere_is_half_an_answer(data: bytes, cut: int) -> None:
    packed = gzip.compress(data)
    with pytest.raises(UpstreamGarbled):
        list(gunzipped(iter([packed[: -min(cut, len(packed))]]), "it"))


def test_an_address_is_shown_without_what_may_be_a_key() -> None:
    assert shown("https://user:pw@host:8/a/b?key=secret#x") == "https://host:8/a/b"


def test_what_a_service_wrote_cannot_steer_a_terminal() -> None:
    assert shown("https://host/\x1b[2J") == "https://host/\\x1b[2J"
    assert host("https://ho\x1bst/") == "ho\\x1bst"


def test_the_same_host_is_the_same_scheme_name_and_port() -> None:
    assert same_host("https://host/a", "https://HOST:443/b")
    for other in ("http://host/a", "https://host:444/a", "https://host.example/a", "https://host:x/a", "/a"):
        assert not same_host("https://host/a", other)


def test_the_next_page_stands_in_the_link_header() -> None:
    headers = {"Link": '</first>; rel="first", <../list?page=2>; rel="next"'}
    answer = Answer(200, headers, "http://host/a/list?page=1")  # type: ignore[arg-type]
    assert answer.link("next") == "http://host/list?page=2"
    assert answer.link("last") == ""
