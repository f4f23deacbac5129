"""The fake check service, asked as a client would."""

from __future__ import annotations

import base64
import io
import urllib.error
import urllib.request

import pytest

from upload_guard.canary import CANARY_SHA256
from upload_guard.digests import digest_of
from upload_guard.errors import UpstreamGarbled
from upload_guard.records import Signal, SignalType
from upload_guard.testing import FakeHashCheck, canary_png, fake_hash_check
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.hashcheckservice import HashCheckService
from upload_guard.upstreams.services.service import Hit, Question

KNOWN, OTHER = "0" * 31 + "1", "f" * 32


def ask(service: FakeHashCheck, body: str, path: str = "/v1/check/md5", password: str = "") -> str:
    word = f"{service.user}:{password or service.password}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(word).decode()}"}
    request = urllib.request.Request(service.url + path, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(response.read().decode())


def refused(service: FakeHashCheck, body: str, path: str = "/v1/check/md5", password: str = "") -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(service, body, path, password)
    with caught.value:
        return caught.value.code


def test_it_says_true_of_what_is_listed_and_false_of_all_else() -> None:
    with fake_hash_check([KNOWN]) as service:
        assert ask(service, KNOWN) == "true"
        assert ask(service, OTHER) == "false"
        assert ask(service, "a" * 40, "/v1/test/check/sha1") == "false"
        assert service.asked == [KNOWN, OTHER, "a" * 40]


def test_our_own_client_understands_it_and_takes_nonsense_for_no_answer() -> None:
    with fake_hash_check([KNOWN]) as service:
        client = HashCheckService(Asker(Login(service.user, service.password)), service.url)
        known, other = (Signal(SignalType.MD5, bytes.fromhex(digits)) for digits in (KNOWN, OTHER))
        assert client.ask(Question((known, other)), 10).hits == (Hit(known),)
        service.instead = "perhaps"
        with pytest.raises(UpstreamGarbled):
            client.ask(Question((other,)), 10)


def test_what_is_listed_may_change_meanwhile() -> None:
    with fake_hash_check() as service:
        service.listed.add(OTHER)
        assert ask(service, OTHER.upper()) == "true"


def test_it_refuses_what_the_real_one_would() -> None:
    with fake_hash_check([KNOWN]) as service:
        assert refused(service, KNOWN, password="wrong") == 401  # noqa: S106 - of a test
        assert refused(service, "no hash") == 400
        assert refused(service, KNOWN, "/v1/check/sha1") == 400
        assert refused(service, KNOWN, "/v2/check/md5") == 404
        assert service.asked == []


def test_it_can_be_made_to_say_nonsense() -> None:
    with fake_hash_check([KNOWN]) as service:
        service.instead = "<html>"
        assert ask(service, KNOWN) == "<html>"


def test_it_is_gone_after_the_block() -> None:
    with fake_hash_check() as service:
        pass
    with pytest.raises(urllib.error.URLError):
        ask(service, KNOWN)


def test_the_canary_is_the_picture_that_every_installation_refuses() -> None:
    assert digest_of(io.BytesIO(canary_png())).sha256 == CANARY_SHA256
