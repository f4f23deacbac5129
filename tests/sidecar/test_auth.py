"""Machine keys over HTTP: the sidecar under gunicorn with two workers (table F, row 4)."""

from __future__ import annotations

import hashlib
import http.client
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import key_of, sidecar, write_config
from tests.support import activate_listed_picture, eventually, settings_in, upload_of
from upload_guard.checkers.line import Line, Sidecar
from upload_guard.checkers.remote import RemoteChecker
from upload_guard.compose import open_cases
from upload_guard.errors import ServiceRefused
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import KeyStore, Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.records import Source
from upload_guard.settings import Settings
from upload_guard.signing import Credentials, Request, Signed, sign

pytestmark = pytest.mark.live

CHECK = "/v1/check?site=blog"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body).get("code", ""))

    @property
    def said(self) -> tuple[int, str]:
        return self.status, self.code


@dataclass(frozen=True)
class Service:
    url: str
    config: Path
    listed: bytes

    @property
    def keys(self) -> KeyStore:
        return open_keys(load_settings(self.config))

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    def key(self, *scopes: Scope, site: str = "blog") -> Credentials:
        return key_of(self.config, site, *scopes)

    def send(
        self,
        headers: dict[str, str],
        method: str = "POST",
        target: str = CHECK,
        body: bytes = b"body",
        chunked: bool = False,
    ) -> Answer:
        """Just these bytes: no library that would write the path in its own way."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            sent = iter([body[:3], body[3:]]) if chunked else body
            connection.request(method, target, sent, headers, encode_chunked=chunked)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def ask(self, key: Credentials, body: bytes = b"body", target: str = CHECK) -> Answer:
        return self.send(header(signed(key, body, target)), target=target, body=body)

    def case_count(self) -> int:
        return len(open_cases(self.settings).newest(1000))


def guessing(key: Credentials) -> Credentials:
    """Who knows the id and not the secret."""
    return replace(key, secret=key.secret[::-1])


def signed(key: Credentials, body: bytes = b"body", target: str = CHECK, **at: int) -> Signed:
    return sign(key, Request("POST", target), hashlib.sha256(body).hexdigest(), **at)


def header(one: Signed) -> dict[str, str]:
    return {"Authorization": one.header()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("sidecar"), {"limits": {"bad_signatures": 100_000}}) as running:
        yield running


@contextmanager
def served(folder: Path, sections: dict[str, dict[str, object]]) -> Iterator[Service]:
    listed = activate_listed_picture(settings_in(folder))
    own = {"sidecar": {"workers": 2}, "trust": {"probation_hours": 0}} | sections
    config = write_config(folder / "config.toml", own, data_dir="data")
    with sidecar(config) as url:
        service = Service(url, config, listed)
        # Each worker reads the lists for itself, and until then has uploads come again.
        assert eventually(lambda: statuses(service, service.key(), 8) <= {200, 429})
        yield service


# Signatures ---------------------------------------------------------------------------------------


def test_a_signed_request_is_answered(service: Service) -> None:
    answer = service.ask(service.key())
    assert (answer.status, json.loads(answer.body)["result"]) == (200, "clean")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic dTpw"}, {"Authorization": "UploadGuard-HMAC-SHA256 x"}],
    ids=["nothing", "another scheme", "half a header"],
)
def test_no_key_no_answer(service: Service, headers: dict[str, str]) -> None:
    answer = service.send(headers)
    assert answer.status == 401
    assert json.loads(answer.body) == {
        "code": "unauthorized",
        "message": "This request carries no valid machine key.",
        "retry_after": None,
    }
    assert answer.headers["WWW-Authenticate"] == "UploadGuard-HMAC-SHA256"


def test_a_replay_is_refused_whatever_worker_it_reaches(service: Service) -> None:
    once = header(signed(service.key()))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: service.send(once), range(16)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 15
    assert {answer.code for answer in answers if answer.status == 409} == {"replayed"}


# With room for a machine that is slow between the signing and the looking.
@pytest.mark.parametrize("off", [-302, 360, -86_400])
def test_a_clock_over_300_seconds_off_is_refused(service: Service, off: int) -> None:
    late = signed(service.key(), timestamp=int(time.time()) + off)
    assert service.send(header(late)).said == (401, "clock_skew")


@pytest.mark.parametrize("off", [-240, 299])
def test_a_clock_less_than_300_seconds_off_is_taken(service: Service, off: int) -> None:
    assert service.send(header(signed(service.key(), timestamp=int(time.time()) + off))).status == 200


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
@pytest.mark.parametrize(
    "alter",
    [lambda body: body + b"x", lambda body: body[:-1], lambda body: b"X" + body[1:], lambda _: b""],
    ids=["longer", "shorter", "a byte", "empty"],
)
def test_an_altered_body_is_refused_before_anything_is_kept(
    service: Service, alter: Callable[[bytes], bytes], chunked: bool
) -> None:
    before, one = service.case_count(), header(signed(service.key(), service.listed))
    answer = service.send(one, body=alter(service.listed), chunked=chunked)
    assert answer.said == (401, "body_altered")
    assert service.case_count() == before


def test_a_listed_body_put_in_place_of_the_signed_one_opens_no_case(service: Service) -> None:
    before = service.case_count()
    answer = service.send(header(signed(service.key(), b"harmless")), body=service.listed)
    assert answer.said == (401, "body_altered")
    assert service.case_count() == before


def test_a_body_in_chunks_that_is_the_signed_one_is_checked(service: Service) -> None:
    answer = service.send(header(signed(service.key(), service.listed)), body=service.listed, chunked=True)
    assert json.loads(answer.body)["action"] == "block"


def test_a_body_where_none_was_signed_is_refused(service: Service) -> None:
    assert service.send(header(signed(service.key(), b""))).said == (401, "body_altered")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/check",
        "/v1/check?site=blog&dry_run=1",
        "/v1//check?site=blog",
        "/v1/%63heck?site=blog",
        "/healthz",
    ],
)
def test_another_path_or_query_than_was_signed_is_refused(service: Service, target: str) -> None:
    assert service.send(header(signed(service.key())), target=target).said == (401, "unauthorized")


def test_another_method_than_was_signed_is_refused(service: Service) -> None:
    assert service.send(header(signed(service.key())), method="PUT").said == (401, "unauthorized")


def test_a_header_that_would_move_the_path_moves_nothing(service: Service) -> None:
    target = "/moved/v1/check"
    one = header(signed(service.key(), target=target)) | {"SCRIPT_NAME": "/moved"}
    assert service.send(one, target=target).status in {400, 404}


def test_an_unknown_id_is_answered_like_a_bad_signature(service: Service) -> None:
    key = service.key()
    unknown = service.ask(replace(key, key_id="f" * 16))
    bad = service.ask(guessing(key))
    assert (unknown.status, unknown.body) == (bad.status, bad.body)
    assert bad.said == (401, "unauthorized")


def test_a_large_upload_under_a_dead_key_is_refused_and_not_taken_for_an_unreachable_sidecar(
    service: Service,
) -> None:
    checker = RemoteChecker(Line(Sidecar(service.url)), guessing(service.key()))
    with pytest.raises(ServiceRefused, match="unauthorized"):
        checker.check(upload_of(b"x" * 5_000_000, Source("blog", "/upload")), math.inf)


# Lives of keys ------------------------------------------------------------------------------------


def statuses(service: Service, key: Credentials, count: int = 12) -> set[int]:
    """Of as many requests at once as may reach both workers."""
    with ThreadPoolExecutor(6) as threads:
        return {answer.status for answer in threads.map(lambda _: service.ask(key), range(count))}


def test_a_revoked_key_is_dead_at_once_in_all_workers(service: Service) -> None:
    key = service.key()
    assert statuses(service, key) == {200}
    service.keys.revoke(key.key_id, "ann")
    assert statuses(service, key) == {401}


def test_both_keys_work_in_the_overlap_of_a_rotation_and_then_the_new_one(service: Service) -> None:
    old = service.key()
    new = service.keys.rotate(old.key_id, "tester", timedelta(hours=1))
    assert statuses(service, old) == statuses(service, new) == {200}
    other = service.key()
    ended = service.keys.rotate(other.key_id, "tester", timedelta(0))
    assert statuses(service, other) == {401}
    assert statuses(service, ended) == {200}


def test_an_expired_key_is_refused(service: Service) -> None:
    key = service.keys.new("blog", {Scope.CHECK}, "tester", timedelta(milliseconds=1))
    time.sleep(0.01)
    assert service.ask(key).said == (401, "unauthorized")


def test_use_of_a_key_is_noted(service: Service) -> None:
    key = service.key()
    service.ask(key)
    (noted,) = [one for one in service.keys.show() if one.id == key.key_id]
    assert noted.last_used_at is not None


# What a key may do --------------------------------------------------------------------------------


def test_a_key_without_the_scope_is_refused(service: Service) -> None:
    assert service.ask(service.key(Scope.METRICS)).said == (403, "scope_missing")


@pytest.mark.parametrize("query", ["?site=shop", "?site=blog&site=shop", "?site=Blog"])
def test_a_key_speaks_for_its_own_site_only(service: Service, query: str) -> None:
    before = service.case_count()
    answer = service.ask(service.key(), service.listed, f"/v1/check{query}")
    assert answer.said == (403, "site_mismatch")
    assert service.case_count() == before


def test_who_names_no_site_speaks_for_the_keys(service: Service) -> None:
    answer = service.ask(service.key(site="shop"), service.listed, "/v1/check")
    number = json.loads(answer.body)["case"]
    (case,) = [one for one in open_cases(service.settings).newest(1000) if one.number == number]
    assert case.site == "shop"


# Bearer tokens ------------------------------------------------------------------------------------


def bearer(key: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.key_id}.{key.secret}"}


def test_by_default_no_bearer_token_is_taken(service: Service) -> None:
    assert service.send(bearer(service.key())).said == (401, "unauthorized")


def test_where_they_are_taken_on_loopback_a_token_is_a_key(tmp_path: Path) -> None:
    own = {"sidecar": {"bearer": "loopback"}, "limits": {"rate": 0.001, "burst": 3}}
    with served(tmp_path, own) as service:
        key = service.key()
        assert service.send(bearer(key)).status == 200
        assert service.send(bearer(key), target="/v1/check?site=shop").said == (403, "site_mismatch")
        wrong = replace(key, secret=key.secret[:-1])
        assert service.send(bearer(wrong)).said == (401, "unauthorized")
        assert service.send(bearer(key)).status == 200
        assert service.send(bearer(key)).said == (429, "rate_limited")
        service.keys.revoke(key.key_id, "ann")
        assert service.send(bearer(key)).said == (401, "unauthorized")


# Limits and lock-outs -----------------------------------------------------------------------------


def test_the_limit_of_a_key_holds_over_both_workers(tmp_path: Path) -> None:
    with served(tmp_path, {"limits": {"rate": 0.01, "burst": 10}}) as service:
        key = service.key()
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: service.ask(key), range(25)))
        assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 15
        limited = next(answer for answer in answers if answer.status == 429)
        assert limited.code == "rate_limited"
        assert 0 < int(limited.headers["Retry-After"]) <= 100
        assert json.loads(limited.body)["retry_after"] == int(limited.headers["Retry-After"])
        assert service.ask(service.key()).status == 200


def test_after_many_bad_signatures_more_are_turned_away_and_good_ones_taken(tmp_path: Path) -> None:
    with served(tmp_path, {"limits": {"bad_signatures": 5}}) as service:
        key = service.key()
        bad = [service.ask(guessing(key)) for _ in range(8)]
        assert [answer.status for answer in bad] == [401] * 5 + [429] * 3
        assert bad[-1].code == "locked_out"
        assert 290 <= int(bad[-1].headers["Retry-After"]) <= 300
        assert service.send({}).said == (429, "locked_out")
        assert statuses(service, key) == {200}
