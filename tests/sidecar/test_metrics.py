"""GET /metrics, and the dashboard that draws it."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.sidecar.test_app import Machine, machine
from tests.support import activate_listed_picture, eventually, recompressed, settings_in
from upload_guard.compose import open_database_of, open_outbox
from upload_guard.errors import TransportError
from upload_guard.list_settings import ExchangeSettings, ListSettings
from upload_guard.lists.sync.rows import ExchangeRows
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.outbox.messages import Draft, MessageKind, put
from upload_guard.settings import SandboxSettings, Settings, SidecarSettings
from upload_guard.sidecar.app import assemble, create_app
from upload_guard.storage.sync_tables import ExchangeRun

DASHBOARD = Path(__file__).parents[2] / "packaging" / "grafana-dashboard.json"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    exchange = ExchangeSettings(url="https://127.0.0.1:9/list", origin="interpol")
    own = settings_in(tmp_path).model_copy(
        update={"lists": {"icse": ListSettings(exchange=exchange)}, "sidecar": SidecarSettings(sync=False)}
    )
    activate_listed_picture(own)
    failed_long_ago(own)
    return own


def failed_long_ago(settings: Settings) -> None:
    database = open_database_of(settings)
    rows = ExchangeRows(database, "icse")
    rows.tried()
    rows.failed("the door was shut")
    with database.session() as session:
        session.query(ExchangeRun).one().begun_at = datetime.now(UTC) - timedelta(hours=100)


@pytest.fixture
def asking(settings: Settings) -> Machine:
    return machine(assemble(settings).app.test_client(), settings, *Scope)


def samples(asking: Machine) -> dict[str, float]:
    return samples_in(asking.get("/metrics").get_data(as_text=True))


def samples_in(text: str) -> dict[str, float]:
    """By name and label values, in the order of the labels' names."""
    return {
        " ".join((sample.name, *(value for _, value in sorted(sample.labels.items())))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_verdicts_stages_and_faults_are_counted(asking: Machine, settings: Settings) -> None:
    listed = activate_listed_picture(settings)
    asking.post("/v1/check", recompressed(listed))
    asking.post("/v1/check", b"x", content_type="multipart/form-data; boundary=B")
    asking.get("/nowhere")
    seen = samples(asking)
    assert seen["upload_guard_verdicts_total quarantine match"] == 1
    assert seen["upload_guard_faults_total ambiguous_body"] == 1
    assert seen["upload_guard_requests_total /v1/check 200"] == 1
    assert seen["upload_guard_requests_total /v1/check 400"] == 1
    assert seen["upload_guard_requests_total unknown 404"] == 1
    for stage in ("digests", "decode", "match", "judge", "keep"):
        assert seen[f"upload_guard_stage_seconds_count {stage}"] == 1, stage
    # The refused form was taken in, too.
    assert seen["upload_guard_stage_seconds_count intake"] == 2


def test_rows_tell_of_lists_exchanges_and_cases(asking: Machine) -> None:
    seen = samples(asking)
    assert seen["upload_guard_database_up"] == 1
    assert seen["upload_guard_list_entries test-list"] >= 1
    assert seen["upload_guard_lists_inactive"] == 1
    assert seen["upload_guard_exchange_age_seconds icse"] > 99 * 3600
    assert seen["upload_guard_exchange_stale icse"] == seen["upload_guard_exchange_failed icse"] == 1
    assert seen["upload_guard_cases open"] == 0
    assert seen["upload_guard_breaker_entries tripped"] == 0
    assert seen["upload_guard_outbox_messages webhook given_up"] == 0
    assert seen["upload_guard_outbox_failing"] == 0


def test_what_was_given_up_is_counted_and_health_warns_of_it(asking: Machine, settings: Settings) -> None:
    outbox = open_outbox(settings)
    with outbox.database.session() as session:
        put(session, Draft(MessageKind.WEBHOOK, "blog", {}), outbox.now())
    message = outbox.claim(MessageKind.WEBHOOK, timedelta(minutes=1))
    assert message is not None
    outbox.failed(message, TransportError("gone", permanent=True))
    assert samples(asking)["upload_guard_outbox_messages webhook given_up"] == 1
    warnings = asking.get("/healthz").get_json()["warnings"]
    assert any(warning.startswith("outbox_given_up: 1 messages") for warning in warnings)


def test_the_decoders_and_the_snapshot_are_looked_at_every_second(settings: Settings) -> None:
    # No other test has asked for decoders like these, so that they are its own.
    own = settings.model_copy(update={"sandbox": SandboxSettings(wall_seconds=29)})
    asking = machine(create_app(own).test_client(), own, *Scope)
    asking.post("/v1/check", b"x")
    # The first look may have been before the list or the decoder was there.
    assert eventually(lambda: samples(asking)["upload_guard_snapshot_timestamp_seconds"])
    assert eventually(lambda: samples(asking)["upload_guard_decoders"] == 1)
    seen = samples(asking)
    assert seen["upload_guard_decoders_waiting"] == seen["upload_guard_decoders_killed_total"] == 0
    assert time.time() - 600 < seen["upload_guard_snapshot_timestamp_seconds"] <= time.time()
    assert seen["upload_guard_snapshot_faulty"] == 0


def test_health_warns_of_an_exchange_that_fails_and_is_stale(asking: Machine) -> None:
    response = asking.get("/healthz")
    # Its last version goes on working.
    assert response.status_code == 200
    codes = {warning.split(":")[0] for warning in response.get_json()["warnings"]}
    assert {"exchange_stale", "exchange_failed"} <= codes


def test_where_rows_cannot_be_had_the_rest_is_told(asking: Machine, settings: Settings) -> None:
    asking.get("/metrics")
    with open_database_of(settings).session() as session:
        session.connection().exec_driver_sql("ALTER TABLE cases RENAME TO gone")
    seen = samples(asking)
    assert seen["upload_guard_database_up"] == 0
    assert seen["upload_guard_requests_total /metrics 200"] == 1


def test_a_sites_key_sees_no_metrics(asking: Machine, settings: Settings) -> None:
    sites = machine(asking.client, settings, *SITE_SCOPES)
    assert sites.get("/metrics").status_code == 403
    assert asking.client.get("/metrics").status_code == 401


def test_the_dashboard_draws_nothing_that_is_not_there(asking: Machine, settings: Settings) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    drawn = set(re.findall(r"upload_guard_\w+", " ".join(asked)))
    text = asking.get("/metrics").get_data(as_text=True)
    families = {family.name: family.type for family in text_string_to_metric_families(text)}
    there = {name for family, kind in families.items() for name in _names(family, kind)}
    assert drawn <= there
    # And it leaves nothing out.
    bases = {_base(name) for name in drawn}
    assert {_base(name) for name in families} <= bases


def _names(family: str, kind: str) -> tuple[str, ...]:
    if kind == "histogram":
        return f"{family}_bucket", f"{family}_sum", f"{family}_count"
    return (f"{family}_total",) if kind == "counter" else (family,)


def _base(name: str) -> str:
    return re.sub(r"_(bucket|sum|count|total|created)$", "", name)
