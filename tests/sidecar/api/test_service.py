"""POST /v1/check/batch: our own words for customers of the check service."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from tests.sidecar.customers import (
    BASELINE,
    ILLEGAL,
    INVESTIGATIVE,
    UNLISTED,
    CheckService,
    hexes,
)
from tests.support import digests_of, pdq_of, picture_bytes, recompressed
from upload_guard.canary import canary_png
from upload_guard.checkers.service_wire import ItemAnswer, ServiceAnswer
from upload_guard.customers.use import Used
from upload_guard.machine_keys.keys import Scope


def item(name: str, hashes: dict[str, str]) -> dict[str, str]:
    return {"id": name, **hashes}


def told(response: Any) -> list[tuple[Any, ...]]:
    assert response.status_code == 200, response.text
    answers = ServiceAnswer.model_validate(response.get_json()).answers
    return [(one.id, one.result, one.action, one.category) for one in answers]


def one(response: Any) -> ItemAnswer:
    assert response.status_code == 200, response.text
    (answer,) = ServiceAnswer.model_validate(response.get_json()).answers
    return answer


def test_each_item_is_answered_in_order_under_its_own_id(desk: CheckService) -> None:
    response = desk.client().batch(
        item("a", hexes(UNLISTED)), item("b", hexes(BASELINE)), item("c", hexes(ILLEGAL))
    )
    assert told(response) == [
        ("a", "clean", "allow", ""),
        ("b", "match", "block", "baseline"),
        ("c", "match", "quarantine", "illegal"),
    ]


def test_one_likeness_holds_and_two_hashes_of_one_file_are_one_item(desk: CheckService) -> None:
    copy = recompressed(desk.picture)
    question = {"sha256": digests_of(copy).sha256.hex(), "pdq": pdq_of(copy).hex()}
    answer = one(desk.client().batch(item("a", question)))
    assert (answer.result, answer.action, answer.reason) == ("match", "quarantine", "perceptual")


def test_the_question_may_be_narrower_than_the_settings(desk: CheckService) -> None:
    items = item("b", hexes(BASELINE)), item("i", hexes(ILLEGAL))
    results = {
        narrow: [result for _, result, _, _ in told(desk.client().batch(*items, categories=[narrow]))]
        for narrow in ("baseline", "illegal")
    }
    assert results == {"baseline": ["match", "clean"], "illegal": ["clean", "match"]}
    only = desk.client("shop", Scope.DETAILS).batch(*items, lists=["illegal-list"])
    assert [result for _, result, _, _ in told(only)] == ["clean", "match"]


@pytest.mark.parametrize(
    ("site", "narrow"),
    [
        ("baseline-only", {"categories": ["illegal"]}),
        ("shop", {"categories": ["investigative"]}),
        ("shop", {"categories": ["baselin"]}),
        ("one-list", {"lists": ["illegal-list"]}),
        ("shop", {"lists": ["illegal-list"]}),
        ("shop", {"lists": ["no such list"]}),
    ],
    ids=["not allowed", "only monitored", "misspelt", "another list", "a guessed name", "a wrong guess"],
)
def test_what_does_not_count_cannot_be_asked_for(
    desk: CheckService,
    site: str,
    narrow: dict[str, list[str]],
) -> None:
    response = desk.client(site).batch(item("a", hexes(BASELINE)), **narrow)
    assert (response.status_code, response.get_json()["code"]) == (400, "not_offered")


def test_a_customer_may_name_the_lists_of_its_own_table(desk: CheckService) -> None:
    (answer,) = told(
        desk.client("one-list").batch(item("a", {"md5": hexes(UNLISTED)["md5"]}), lists=["test-list"])
    )
    assert answer[1] == "clean"


def test_a_bad_item_has_its_own_fault_and_the_others_their_answers(desk: CheckService) -> None:
    client = desk.client()
    response = client.batch(
        item("short", {"md5": "abcd"}),
        item("nothing", {}),
        item("half bad", {"md5": hexes(BASELINE)["md5"], "pdq": "x" * 64}),
        item("good", hexes(BASELINE)),
    )
    answers = {one.id: one for one in ServiceAnswer.model_validate(response.get_json()).answers}
    for name in ("short", "nothing", "half bad"):
        fault = answers[name].fault
        assert fault is not None
        assert fault.code == "invalid_hash"
        assert answers[name].result is answers[name].action is None
    assert answers["good"].result == "match"
    assert desk.used(client) == {"batch": Used(1, 1, 0)}


def test_what_no_list_could_have_matched_is_a_fault_and_not_clean(desk: CheckService) -> None:
    # This list holds MD5, SHA-256 and PDQ.
    client = desk.client("one-list")
    response = client.batch(
        item("sha1", {"sha1": hexes(UNLISTED)["sha1"]}),
        item("all", hexes(UNLISTED)),
    )
    answers = ServiceAnswer.model_validate(response.get_json()).answers
    assert (answers[0].fault and answers[0].fault.code, answers[0].result) == ("not_covered", None)
    assert (answers[1].result, [kind.value for kind in answers[1].compared]) == ("clean", ["md5", "sha256"])


def test_lists_and_distances_need_details(desk: CheckService) -> None:
    asked = item("a", {"pdq": pdq_of(recompressed(desk.picture)).hex()})
    assert "matches" not in desk.client().batch(asked).get_json()["answers"][0]
    (answer,) = desk.client("shop", Scope.DETAILS).batch(asked).get_json()["answers"]
    (match,) = answer["matches"]
    assert (match["list"], match["signal_type"]) == ("test-list", "pdq")
    assert 0 < match["distance"] <= 31


def test_a_hit_has_an_id_to_tell_the_outcome_by(desk: CheckService) -> None:
    answers = desk.client().batch(item("a", hexes(BASELINE)), item("b", hexes(UNLISTED)))
    first, second = ServiceAnswer.model_validate(answers.get_json()).answers
    assert len(first.hit) == 32
    assert second.hit == ""


def test_items_of_one_upload_are_one_hit_and_others_are_not(desk: CheckService) -> None:
    listed = hexes(BASELINE)
    of_one = [item(kind, {kind: listed[kind]}) | {"upload": "a"} for kind in listed]
    other = item("other", {"md5": hexes(ILLEGAL)["md5"]})
    answers = desk.client("shop").batch(*of_one, other).get_json()["answers"]
    one, another = {answer["hit"] for answer in answers[:-1]}, answers[-1]["hit"]
    assert len(one) == 1
    assert another
    assert another not in one


def test_the_canary_is_refused_and_counted_as_no_hit(desk: CheckService) -> None:
    client = desk.client()
    answer = one(client.batch(item("a", {"sha256": digests_of(canary_png()).sha256.hex()})))
    assert (answer.result, answer.reason, answer.hit) == ("match", "canary", "")
    assert answer.compared == ("sha256",)
    assert desk.used(client) == {"batch": Used(1, 0, 0)}


def test_a_category_that_is_only_monitored_is_not_told(desk: CheckService) -> None:
    assert one(desk.client().batch(item("a", hexes(INVESTIGATIVE)))).result == "clean"


def test_a_thousand_are_answered_at_once_and_no_more(desk: CheckService) -> None:
    def items(count: int) -> list[dict[str, str]]:
        return [{"id": str(n), "sha256": sha256(str(n).encode()).hexdigest()} for n in range(count)]

    assert len(told(desk.client().batch(*items(1000)))) == 1000
    assert desk.client().batch(*items(1001)).status_code == 422


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"id": "a", "md5": hexes(BASELINE)["md5"]}, {"id": "a", "md5": hexes(ILLEGAL)["md5"]}],
        [{"md5": hexes(BASELINE)["md5"]}],
        [{"id": "a", "md-5": hexes(BASELINE)["md5"]}],
        [{"id": "a", "md5": "a" * 129}],
    ],
    ids=["none", "the same id twice", "no id", "a misspelt type", "a long hash"],
)
def test_a_question_of_the_wrong_shape_is_422(desk: CheckService, items: list[dict[str, str]]) -> None:
    assert desk.client().batch(*items).status_code == 422


def test_a_batch_counts_each_item_towards_the_quota(desk: CheckService) -> None:
    client = desk.client("small")
    four = [item(str(n), hexes(UNLISTED)) for n in range(4)]
    response = client.batch(*four)
    assert (response.status_code, response.get_json()["code"]) == (429, "quota_spent")
    assert told(client.batch(*four[:3]))
    assert desk.used(client) == {"batch": Used(3, 0, 4)}


def test_another_scope_is_not_enough(desk: CheckService) -> None:
    machine = desk.machine(*(set(Scope) - {Scope.SERVICE}))
    response = machine.ask("/v1/check/batch", {"items": [item("a", hexes(BASELINE))]})
    assert (response.status_code, response.get_json()["code"]) == (403, "scope_missing")


def test_a_picture_nobody_lists_is_clean_by_all_its_hashes(desk: CheckService) -> None:
    data = picture_bytes(77)
    asked = {"sha256": digests_of(data).sha256.hex(), "pdq": pdq_of(data).hex()}
    answer = one(desk.client().batch(item("a", asked)))
    assert (answer.result, answer.compared) == ("clean", ("pdq", "sha256"))
