"""Whatever a check service does wrong, it is "could not check": never a crash, never "not listed"."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.misbehaving import Behaviour, Connection, scripted
from tests.upstreams.services.asked import WAYS, Running, running
from tests.upstreams.stand_in import Reply, StandIn, drip, stand_in, write_certificate
from upload_guard.demo.servers import free_port
from upload_guard.errors import (
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.upstreams.services.service import Told

PATIENCE = 20.0
HTML = b"<!DOCTYPE html><html><body>false</body></html>"
PAGE = {"Content-Type": "text/html"}
CHUNKED = {"Transfer-Encoding": "chunked"}
PACKED = {"Content-Encoding": "gzip"}


@pytest.fixture(scope="module", params=WAYS)
def asking(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(request.param) as one:
        yield one


@pytest.fixture
def way(asking: Running) -> Iterator[Running]:
    asking.stand_in.asked.clear()
    yield asking
    asking.stand_in.instead = None


def valid(one: Running, listed: bool) -> bytes:
    """What the stand-in answers of itself to the one or the other question."""
    system = one.stand_in.otherwise
    replies: list[Reply] = []

    def noted(asked: Any) -> Reply:
        replies.append(system(asked))  # type: ignore[operator]
        return replies[-1]

    one.stand_in.otherwise = noted
    one.service.ask(one.way.listed if listed else one.way.clean, PATIENCE)
    one.stand_in.otherwise = system
    return replies[-1].body


def test_what_is_not_listed_is_not_listed(way: Running) -> None:
    assert way.service.ask(way.way.clean, PATIENCE) == Told()


def test_what_is_listed_is_a_hit(way: Running) -> None:
    told = way.service.ask(way.way.listed, PATIENCE)
    assert len(told.hits) == 1
    assert not told.unhashable


def test_it_is_asked_over_one_connection(way: Running) -> None:
    before = way.stand_in.connections
    for _ in range(3):
        way.service.ask(way.way.clean, PATIENCE)
    assert way.stand_in.connections - before <= 1


REPLIES: dict[str, tuple[Reply, type[UpstreamError]]] = {
    "fault of the server": (Reply(b"{}", 500), UpstreamUnreachable),
    "bad gateway, a page": (Reply(HTML, 502, PAGE), UpstreamUnreachable),
    "not ready": (Reply(b'{"message": "index not yet ready"}', 503), UpstreamUnreachable),
    "too often": (Reply(b"{}", 429, {"Retry-After": "1"}), UpstreamUnreachable),
    "not let in": (Reply(b"{}", 401), UpstreamRefused),
    "role missing": (Reply(b'{"message": "role missing"}', 403), UpstreamRefused),
    "not there": (Reply(b"{}", 404), UpstreamRefused),
    "teapot": (Reply(b"{}", 418), UpstreamRefused),
    "a page with 400": (Reply(HTML, 400, PAGE), UpstreamError),
    "no content": (Reply(b"", 204), UpstreamGarbled),
    "a part": (Reply(b"false", 206), UpstreamGarbled),
    "unchanged unasked": (Reply(b"", 304), UpstreamGarbled),
    "a page": (Reply(HTML, 200, PAGE), UpstreamGarbled),
    "a page that says it is JSON": (Reply(HTML, 200, {"Content-Type": "application/json"}), UpstreamGarbled),
    "nothing": (Reply(b""), UpstreamGarbled),
    "10 MB": (Reply(b"false " * 1_750_000), UpstreamGarbled),
    "10 MB in chunks": (
        Reply(b"a00000\r\n" + b" " * 0xA00000, headers=CHUNKED, announced=None),
        UpstreamGarbled,
    ),
    "10 MB, packed": (Reply(gzip.compress(bytes(10 << 20)), headers=PACKED), UpstreamGarbled),
    "packed in another way": (Reply(b"false", headers={"Content-Encoding": "br"}), UpstreamGarbled),
}


@pytest.mark.parametrize(("reply", "kind"), REPLIES.values(), ids=REPLIES.keys())
def test_what_is_no_answer_is_none(way: Running, reply: Reply, kind: type[UpstreamError]) -> None:
    way.stand_in.instead = reply
    with pytest.raises(kind):
        way.service.ask(way.way.clean, PATIENCE)


def test_half_an_answer_is_none(way: Running) -> None:
    whole = valid(way, listed=False)
    for reply in (
        Reply(whole[:-1], announced=len(whole)),
        Reply(whole, announced=None),
        Reply(b"%x\r\n%s\r\n" % (len(whole), whole), headers=CHUNKED, announced=None),
        Reply(gzip.compress(whole)[:-1], headers=PACKED),
    ):
        way.stand_in.instead = reply
        with pytest.raises(UpstreamGarbled):
            way.service.ask(way.way.clean, PATIENCE)


def test_a_valid_answer_of_a_wrong_status_is_none(way: Running) -> None:
    whole = valid(way, listed=False)
    for status in (201, 202, 203, 226, 400, 404, 409, 500):
        way.stand_in.instead = Reply(whole, status)
        with pytest.raises(UpstreamError):
            way.service.ask(way.way.clean, PATIENCE)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_anywhere(way: Running, elsewhere: StandIn, status: int) -> None:
    for place in (f"{elsewhere.url}/v1/check/md5", "/there"):
        way.stand_in.instead = Reply(valid(way, listed=False), status, {"Location": place})
        before = len(way.stand_in.asked)
        with pytest.raises(UpstreamRefused, match="redirect"):
            way.service.ask(way.way.clean, PATIENCE)
        way.stand_in.instead = None
        assert len(way.stand_in.asked) == before + 1
    assert elsewhere.asked == []


SLOW = {
    "silent": Reply(b"false", after=0.6),
    "dripping": Reply(b" " * 40, drip=True),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW.keys())
def test_the_deadline_holds(way: Running, reply: Reply) -> None:
    way.stand_in.instead = reply
    with pytest.raises(UpstreamTimeout, match=r"within 0\.2 seconds"):
        way.service.ask(way.way.clean, 0.2)


def says(data: bytes) -> Behaviour:
    def behave(connection: Connection) -> None:
        connection.request()
        connection.answer(data)

    return behave


def drips_its_head(connection: Connection) -> None:
    connection.request()
    drip(connection.socket.makefile("wb"), b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 1\r\n" * 9)


BELOW = {
    "another protocol": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half a head": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5"),
    "a head and no more": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nfalse"),
    "a length that is none": says(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nfalse"),
    "a length of any length": says(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nfalse"),
    "a chunk that is none": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nfalse"),
    "an endless head": says(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 1\r\n" * 200),
    "a line without an end": says(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"1" * (1 << 17)),
    "nothing at all": says(b""),
    "a dripping head": drips_its_head,
}


@pytest.mark.parametrize("behaviour", BELOW.values(), ids=BELOW.keys())
def test_what_is_no_http_is_no_answer(way: Running, behaviour: Behaviour) -> None:
    with scripted(behaviour) as server, pytest.raises(UpstreamError):
        way.at(server.url).ask(way.way.clean, 0.4)


def test_nobody_there_is_unreachable(way: Running) -> None:
    with pytest.raises(UpstreamUnreachable, match="cannot be reached"):
        way.at(f"http://127.0.0.1:{free_port()}").ask(way.way.clean, PATIENCE)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of this address, and of another one."""
    folder = tmp_path_factory.mktemp("certificates")
    return write_certificate(folder / "own", "127.0.0.1"), write_certificate(folder / "other", "127.0.0.9")


@pytest.mark.parametrize("name", WAYS)
def test_only_a_certificate_that_is_vouched_for_and_of_its_name_is_taken(
    name: str, certificates: tuple[Path, Path]
) -> None:
    own, of_another = certificates
    with running(name, own) as one:
        assert one.service.ask(one.way.clean, PATIENCE) == Told()
        one.stand_in.asked.clear()
        with pytest.raises(UpstreamUnreachable, match="certificate"):
            one.at(one.stand_in.url).ask(one.way.clean, PATIENCE)
        assert one.stand_in.asked == []
    with running(name, of_another) as one:
        with pytest.raises(UpstreamUnreachable, match="certificate"):
            one.service.ask(one.way.clean, PATIENCE)
        assert one.stand_in.asked == []


DEEP = 100_000
HOSTILE = {
    "deep lists": b"[" * DEEP,
    "deep lists that end": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"pdq":' * DEEP,
    "deep within a name": b'{"answers":' + b"[" * 900 + b"]" * 900 + b"}",
    "NaN": b"NaN",
    "an object of NaN": b'{"IsMatch": NaN, "answers": NaN, "pdq": NaN, "classification": NaN}',
    "Infinity": b'{"pdq": -Infinity}',
    "1e999": b'{"pdq": {"BANK": [{"bank_content_id": 1, "distance": 1e999}]}}',
    "a number of many digits": b'{"pdq": {"BANK": [{"bank_content_id": 1, "distance": '
    + b"9" * 10_000
    + b"}]}}",
    "half a surrogate": b'{"\\ud800": [{"bank_content_id": 1, "distance": "1"}]}',
    "no UTF-8": b'{"BANK\xff": [{"bank_content_id": 1, "distance": "1"}]}',
    "UTF-16": '{"pdq": {}}'.encode("utf-16"),
    "a control character": b'{"BA\\u001b[2JNK": [{"bank_content_id": 1, "distance": "1"}]}',
    "null": b"null",
    "a string": b'"no-known-match"',
    "a list": b"[]",
    "a number": b"0",
    "trailing comma": b'{"answers": [],}',
    "two values": b"{} {}",
    "a NUL": b"{}\0",
    "single quotes": b"{'pdq': {}}",
    "a comment": b"{} // nothing",
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_no_answer(way: Running, said: bytes) -> None:
    way.stand_in.instead = Reply(said, headers={"Content-Type": "application/json"}, keep=True)
    with pytest.raises(UpstreamGarbled):
        way.service.ask(way.way.clean, PATIENCE)


def test_two_answers_in_one_are_none(way: Running) -> None:
    """Names that stand twice: two readers may take the one or the other, and the sender may mean the hit."""
    listed, clean = valid(way, listed=True), valid(way, listed=False)
    rest = clean[1:] if clean != b"{}" else listed[1:]
    both = listed[:-1] + b", " + rest if listed.startswith(b"{") else listed + b"\n" + clean
    way.stand_in.instead = Reply(both)
    with pytest.raises(UpstreamGarbled):
        way.service.ask(way.way.clean, PATIENCE)


def answered(one: Running, said: bytes) -> Told | None:
    """What the adapter makes of it; None for no answer. Anything else that is raised fails the test."""
    one.stand_in.instead = Reply(said, keep=True)
    try:
        return one.service.ask(one.way.clean, PATIENCE)
    except UpstreamError:
        return None
    finally:
        one.stand_in.instead = None


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def is_of_no_bank(value: object) -> bool:
    """What HMA says of nothing found, with the signal type or without."""
    return value == {} or (isinstance(value, dict) and all(inner == {} for inner in value.values()))


@given(ANY_JSON)
def test_no_other_json_reads_as_not_listed(asking: Running, value: object) -> None:
    assume(not (isinstance(value, bool) or is_of_no_bank(value)))
    assert answered(asking, json.dumps(value).encode()) is None


@given(st.binary(max_size=64))
def test_no_bytes_read_as_not_listed(asking: Running, said: bytes) -> None:
    assume(said.strip() not in {b"true", b"false", b"{}"})
    assert answered(asking, said) is None


WRONG = [None, 0, -1, 10**30, 1.5, "", "x", "\x00", "\ud800", "1e999", [], {}, [[]], {"": None}, [None]]


def changed(value: Any, change: st.DataObject) -> Any:
    """The value with something wrong in one place, or without one of its names."""
    if isinstance(value, dict) and value and change.draw(st.integers(0, 3)):
        name = change.draw(st.sampled_from(sorted(value)))
        if not change.draw(st.integers(0, 3)):
            return {key: one for key, one in value.items() if key != name}
        return value | {name: changed(value[name], change)}
    if isinstance(value, list) and value and change.draw(st.integers(0, 3)):
        at = change.draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed(value[at], change), *value[at + 1 :]]
    return change.draw(st.sampled_from(WRONG))


@given(st.data())
def test_a_hit_with_something_wrong_in_it_never_reads_as_not_listed(
    asking: Running, data: st.DataObject
) -> None:
    listed = json.loads(valid(asking, listed=True))
    value = changed(listed, data)
    assume(not is_of_no_bank(value))
    told = answered(
        replace(asking, way=replace(asking.way, clean=asking.way.listed)), json.dumps(value).encode()
    )
    assert told is None or told.hits or told.unhashable
