"""/v1/private: who gets what, and who gets nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from tests.private.customer import LISTED, QUOTA, listed, prepare, settings_with
from tests.sidecar.machines import Machine, machine
from tests.support import activate_list, digests_of
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.private.marks import OBLIVIOUS
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble


@dataclass(frozen=True)
class Service:
    settings: Settings
    app: Flask

    def customer(self, *scopes: Scope) -> Machine:
        """One with a key of its own, and its quota."""
        asked = scopes or (Scope.PRIVATE_CHECK,)
        return machine(self.app.test_client(), self.settings, *asked, site="shop")


def service_in(folder: Path, disclose: str) -> Service:
    settings = settings_with(folder, disclose, limits={"rate": 1, "burst": 3 * QUOTA})
    activate_list(settings, listed())
    if disclose != "never":
        prepare(settings)
    return Service(settings, assemble(settings).app)


@pytest.fixture(scope="module")
def oblivious(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return service_in(tmp_path_factory.mktemp("oblivious"), "oblivious")


@pytest.fixture(scope="module")
def ranges(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return service_in(tmp_path_factory.mktemp("ranges"), "ranges")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return service_in(tmp_path_factory.mktemp("closed"), "never")


@pytest.mark.parametrize(("lists", "status"), [(["test-list"], 200), ([], 200), (["icse"], 404)])
def test_a_customer_that_may_have_only_other_lists_is_told_of_none(
    tmp_path: Path, lists: list[str], status: int
) -> None:
    settings = settings_with(tmp_path, customers={"shop": {"lists": lists}})
    activate_list(settings, listed())
    prepare(settings)
    customer = Service(settings, assemble(settings).app).customer()
    assert customer.get("/v1/private").status_code == status


def elements(count: int) -> list[str]:
    return [OBLIVIOUS.blind(str(at).encode()).element.hex() for at in range(count)]


def evaluated(customer: Machine, asked: list[str]) -> dict:
    epoch = customer.get("/v1/private").get_json()["epoch"]
    return customer.ask("/v1/private/evaluate", {"epoch": epoch, "elements": asked}).get_json()


# The licence --------------------------------------------------------------------------------------

ADDRESSES = ["", "/buckets/0123456789abcdef?numbers=0", "/range/sha256/0"]


@pytest.mark.parametrize("address", ADDRESSES, ids=["offer", "buckets", "range"])
def test_where_no_list_may_be_asked_about_the_address_is_unknown(closed: Service, address: str) -> None:
    customer = closed.customer()
    answer, unknown = customer.get(f"/v1/private{address}"), customer.get("/v1/no-such-thing")
    assert (answer.status_code, answer.get_json()) == (404, unknown.get_json())


def test_nothing_is_evaluated_there_either(closed: Service) -> None:
    question = {"epoch": "0" * 16, "elements": elements(1)}
    assert closed.customer().ask("/v1/private/evaluate", question).status_code == 404


def test_digests_of_a_list_that_may_only_be_asked_obliviously_are_not_given_out(oblivious: Service) -> None:
    customer = oblivious.customer()
    answer = customer.get(f"/v1/private/range/sha256/{digests_of(LISTED).sha256.hex()[0]}")
    assert answer.status_code == 404
    assert customer.get("/v1/private").get_json()["ranges"] == []


@pytest.mark.parametrize("scopes", [tuple(SITE_SCOPES), (Scope.DETAILS, Scope.LISTS)], ids=["site", "lists"])
def test_a_key_without_the_scope_gets_nothing(oblivious: Service, scopes: tuple[Scope, ...]) -> None:
    assert oblivious.customer(*scopes).get("/v1/private").status_code == 403


# What is offered ----------------------------------------------------------------------------------


def test_the_offer_names_no_list_and_only_types_that_can_be_asked(oblivious: Service) -> None:
    answer = oblivious.customer().get("/v1/private")
    assert answer.get_json()["oblivious"]["signal_types"] == ["md5", "sha256"]
    assert "test-list" not in answer.text


def test_an_epoch_that_never_was_is_over(oblivious: Service) -> None:
    customer = oblivious.customer()
    answer = customer.get(f"/v1/private/buckets/{'0' * 16}?numbers=0")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "epoch_over")
    question = {"epoch": "0" * 16, "elements": elements(1)}
    assert customer.ask("/v1/private/evaluate", question).status_code == 409


@pytest.mark.parametrize("number", ["99999", "4294967296"])
def test_a_bucket_that_is_not_there_says_to_ask_what_is_offered(oblivious: Service, number: str) -> None:
    customer = oblivious.customer()
    epoch = customer.get("/v1/private").get_json()["epoch"]
    answer = customer.get(f"/v1/private/buckets/{epoch}?numbers={number}")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "epoch_over")


@pytest.mark.parametrize("numbers", ["", "-1", "1,", "a", ",".join("0" * 33)])
def test_what_names_no_buckets_or_too_many_is_not_taken(oblivious: Service, numbers: str) -> None:
    answer = oblivious.customer().get(f"/v1/private/buckets/{'0' * 16}?numbers={numbers}")
    assert answer.status_code == 422


def test_a_range_has_the_digests_that_begin_so(ranges: Service) -> None:
    customer, digest = ranges.customer(), digests_of(LISTED).sha256.hex()
    answer = customer.get(f"/v1/private/range/sha256/{digest[0].upper()}").get_json()
    labels = customer.get("/v1/private").get_json()["labels"]
    found = dict(one.split(":") for one in answer["records"])
    assert labels[int(found[digest[1:]], 16)] == ["baseline"]


def test_all_ranges_are_of_one_length_to_the_byte(ranges: Service) -> None:
    customer = ranges.customer()
    for kind in ("sha256", "md5"):
        answers = [customer.get(f"/v1/private/range/{kind}/{digit:x}") for digit in range(16)]
        assert {answer.status_code for answer in answers} == {200}
        assert len({len(answer.data) for answer in answers}) == 1


def test_a_range_is_the_same_each_time_so_that_asking_twice_tells_no_padding(ranges: Service) -> None:
    customer = ranges.customer()
    assert customer.get("/v1/private/range/md5/a").data == customer.get("/v1/private/range/md5/a").data


def test_a_prefix_of_another_length_says_to_ask_what_is_offered(ranges: Service) -> None:
    answer = ranges.customer().get("/v1/private/range/sha256/abcdef")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "epoch_over")


@pytest.mark.parametrize("wrong", ["pdq/0", "phash/0", "sha256/xyz", "sha256/000000000"])
def test_ranges_are_of_whole_digests_by_their_first_digits(ranges: Service, wrong: str) -> None:
    assert ranges.customer().get(f"/v1/private/range/{wrong}").status_code == 422


# What is evaluated ---------------------------------------------------------------------------------

BAD = {"the identity": "00" * 32, "not canonical": "ed" + "ff" * 30 + "7f", "negative": "01" + "00" * 31}


@pytest.mark.parametrize("element", BAD.values(), ids=BAD.keys())
def test_what_is_no_element_is_not_evaluated_and_costs_as_much(oblivious: Service, element: str) -> None:
    customer = oblivious.customer()
    assert evaluated(customer, [*elements(1), element])["code"] == "bad_element"
    assert customer.get("/v1/private").get_json()["evaluations_left"] == QUOTA - 2


@pytest.mark.parametrize("count", [0, 101])
def test_no_elements_or_too_many_are_not_taken(oblivious: Service, count: int) -> None:
    assert evaluated(oblivious.customer(), elements(1) * count)["code"] == "invalid_request"


def test_a_key_evaluates_as_much_as_its_day_has_and_then_waits(oblivious: Service) -> None:
    customer, asked = oblivious.customer(), elements(QUOTA)
    assert customer.get("/v1/private").get_json()["evaluations_left"] == QUOTA
    assert len(evaluated(customer, asked[1:])["elements"]) == QUOTA - 1
    assert evaluated(customer, asked[:2])["code"] == "quota_spent"
    assert len(evaluated(customer, asked[:1])["elements"]) == 1
    assert evaluated(customer, asked[:1])["retry_after"] > 0
    assert customer.get("/v1/private").get_json()["evaluations_left"] == 0


def test_many_at_once_count_as_many_requests(oblivious: Service) -> None:
    customer = oblivious.customer()
    epoch = customer.get("/v1/private").get_json()["epoch"]
    many = f"/v1/private/buckets/{epoch}?numbers={','.join('0' * 32)}"
    assert [customer.get(many).status_code for _ in range(4)] == [200, 200, 200, 429]
