"""What another upload_guard offers its customers, each door asked by the adapter that it is made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.serving import key_of, write_config
from tests.serving import sidecar as real_sidecar
from tests.support import (
    activate_listed_picture,
    digests_of,
    eventually,
    listed_hashes,
    pdq_of,
    picture_bytes,
)
from tests.upstreams.services.asked import of_file
from upload_guard.canary import CANARY_MD5
from upload_guard.errors import UpstreamError
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker, Key
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.hashcheckservice import HashCheckService
from upload_guard.upstreams.services.hma import Hma
from upload_guard.upstreams.services.service import CheckService, Question, Told
from upload_guard.upstreams.services.sidecar import Sidecar

pytestmark = pytest.mark.live
UNLISTED = picture_bytes(7)


@dataclass(frozen=True, slots=True)
class Other:
    url: str
    key: Credentials
    listed: bytes

    def eokm(self, test: bool = False) -> CheckService:
        return HashCheckService(Asker(Login(self.key.key_id, self.key.secret)), self.url, test)

    def hma(self) -> CheckService:
        return Hma(Asker(Key("Authorization", f"Bearer {self.key.key_id}.{self.key.secret}")), self.url)

    def sidecar(self) -> CheckService:
        return Sidecar(Asker(), self.url, self.key)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    sections = {"trust": {"probation_hours": 0}, "customers.shop": {}, "sidecar": {"bearer": "loopback"}}
    config = write_config(tmp_path_factory.mktemp("other") / "other.toml", sections, data_dir="data")
    listed = activate_listed_picture(load_settings(config))
    with real_sidecar(config) as url:
        one = Other(url, key_of(config, "shop", Scope.SERVICE, Scope.CHECK), listed)
        assert eventually(lambda: is_loaded(one))
        yield one


def is_loaded(one: Other) -> bool:
    try:
        return one.sidecar().ask(hashes(UNLISTED), 20) == Told()
    except UpstreamError:
        return False


def hashes(data: bytes) -> Question:
    return Question(tuple(Signal(one.signal_type, one.value) for one in listed_hashes(data)))


def pdq(data: bytes) -> Question:
    return Question((Signal(SignalType.PDQ, pdq_of(data)),))


def md5(data: bytes) -> Question:
    return Question((Signal(SignalType.MD5, digests_of(data).md5),))


def test_the_eokm_door_is_asked_by_md5(other: Other) -> None:
    (hit,) = other.eokm().ask(md5(other.listed), 20).hits
    assert hit.signal == md5(other.listed).signals[0]
    assert other.eokm().ask(md5(UNLISTED), 20) == Told()


def test_a_type_that_none_of_its_lists_has_is_no_answer(other: Other) -> None:
    with pytest.raises(UpstreamError):
        other.eokm().ask(Question((Signal(SignalType.SHA1, bytes(20)),)), 20)


def test_its_test_path_knows_the_canary(other: Other) -> None:
    canary = Question((Signal(SignalType.MD5, CANARY_MD5),))
    assert len(other.eokm(test=True).ask(canary, 20).hits) == 1
    assert other.eokm(test=True).ask(md5(other.listed), 20) == Told()


def test_the_hma_door_is_asked_by_hash_and_by_file(other: Other) -> None:
    assert [hit.bank for hit in other.hma().ask(pdq(other.listed), 20).hits] == ["baseline"]
    assert other.hma().ask(pdq(UNLISTED), 20) == Told()
    assert {hit.bank for hit in other.hma().ask(of_file(other.listed), 60).hits} == {"baseline"}
    assert other.hma().ask(of_file(UNLISTED), 60) == Told()


def test_what_the_hma_door_cannot_hash_is_unhashable(other: Other) -> None:
    told = other.hma().ask(of_file(b"no picture at all"), 60)
    assert told.unhashable
    assert told.hits == ()


def test_the_batch_is_asked_by_every_hash(other: Other) -> None:
    hits = other.sidecar().ask(hashes(other.listed), 20).hits
    assert [hit.signal for hit in hits] == list(hashes(other.listed).signals)
    assert {(hit.category, hit.near) for hit in hits} == {("baseline", False), ("baseline", True)}
    assert other.sidecar().ask(hashes(UNLISTED), 20) == Told()


def test_of_a_type_that_none_of_its_lists_has_the_batch_can_tell_nothing(other: Other) -> None:
    told = other.sidecar().ask(Question((Signal(SignalType.SHA1, bytes(20)),)), 20)
    assert "no list" in told.unhashable
