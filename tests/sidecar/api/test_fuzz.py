"""Schemathesis against the description: no fault of our own, and no answer that is not described.

Over a real sidecar. API_EXAMPLES asks for more of each route than a test run has time for.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import activate_listed_picture, settings_in
from upload_guard.machine_keys.keys import Scope
from upload_guard.sidecar.api.openapi import DOCUMENT_PATH
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


EXAMPLES = settings(
    max_examples=int(os.environ.get("API_EXAMPLES", "20")),
    deadline=None,
    derandomize="API_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Asked:
    url: str
    key: Credentials


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("fuzz")
    activate_listed_picture(settings_in(folder))
    much = {"rate": 10000.0, "burst": 100000}
    config = write_config(folder / "config.toml", {"limits": much, "customers.blog": much}, data_dir="data")
    key = key_of(config, "blog", *Scope)
    with sidecar(config) as url:
        yield Asked(url, key)


def operations(asked: Asked) -> Iterator[APIOperation]:
    described = schemathesis.openapi.from_url(f"{asked.url}{DOCUMENT_PATH}")
    return (found.ok() for found in described.get_all_operations())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_every_answer_is_one_that_is_described_and_no_fault_of_ours(
    asked: Asked, mode: GenerationMode
) -> None:
    tried: Counter[str] = Counter()
    for operation in operations(asked):

        @EXAMPLES
        @given(case=operation.as_strategy(generation_mode=mode))
        def asks(case: Case) -> None:
            tried[case.operation.label] += 1
            case.call_and_validate(auth=Signs(asked.key), checks=CHECKS, timeout=30)

        asks()
    assert len(tried) == len(list(operations(asked)))
