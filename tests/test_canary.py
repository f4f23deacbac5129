"""The canary: refused through every door, by its very bytes only, and without a trace that counts."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from tests.cli.test_cli import run
from tests.serving import Signs, Site, key_of, sidecar, write_config
from tests.support import (
    activate_list,
    activate_listed_picture,
    listed_hashes,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.canary import CANARY_FILE, CANARY_SHA256, canary_png
from upload_guard.compose import open_benign, open_cases
from upload_guard.imaging.pdq import pdq
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.records import Action, Digests, Findings, Outcome, Result, Upload, strongest
from upload_guard.settings import Settings

PNG = canary_png()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def outcome_of(settings: Settings, data: bytes) -> Outcome:
    return quiet_station(settings).guard.check([upload_of(data)])[0]


def is_refused_as_the_canary(outcome: Outcome) -> bool:
    verdict = outcome.verdict
    return (verdict.result, verdict.action, verdict.reason, outcome.case) == (
        Result.MATCH,
        Action.BLOCK,
        "canary",
        "canary",
    )


def zipped(*files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, data in enumerate(files):
            archive.writestr(f"{number}.png", data)
    return out.getvalue()


# The picture --------------------------------------------------------------------------------------


def test_the_file_is_the_one_that_every_installation_knows() -> None:
    assert hashlib.sha256(PNG).digest() == CANARY_SHA256


def test_it_is_what_the_script_draws_and_nothing_else() -> None:
    script = Path(__file__).parent.parent / "scripts" / "canary.py"
    spec = importlib.util.spec_from_file_location("canary_script", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn, held = (np.asarray(image, np.int16) for image in (module.canary(), Image.open(CANARY_FILE)))
    # Another release of Pillow may set the letters a little otherwise.
    assert np.abs(drawn - held).mean() < 1.0


def test_it_has_enough_in_it_for_a_perceptual_hash() -> None:
    assert pdq(np.asarray(Image.open(CANARY_FILE).convert("L"))).quality == 100


# What is made of it -------------------------------------------------------------------------------


def test_it_is_refused_without_any_list(settings: Settings) -> None:
    assert is_refused_as_the_canary(outcome_of(settings, PNG))


def test_it_is_refused_beside_active_lists_even_one_that_holds_it(settings: Settings) -> None:
    activate_list(settings, listed_hashes(PNG))
    assert is_refused_as_the_canary(outcome_of(settings, PNG))


def test_nothing_is_kept_of_it_and_nobody_is_told(settings: Settings) -> None:
    told: list[Upload] = []

    class Witness:
        def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
            told.append(upload)

    station = quiet_station(settings)
    guard = replace(station.guard, observers=(Witness(),))
    guard.check([upload_of(PNG), upload_of(picture_bytes(7))])
    assert [one.digest.sha256 == CANARY_SHA256 for one in told] == [False]
    assert open_cases(settings).newest(10) == ()
    assert not any(file.is_file() for file in settings.vault_dir.glob("*/*"))


def test_no_known_good_file_excuses_it(settings: Settings) -> None:
    digests = Digests(hashlib.md5(PNG).digest(), hashlib.sha1(PNG).digest(), CANARY_SHA256, len(PNG))
    open_benign(settings).add(vouched_file("canary.png", digests, (), ""), "tester")
    assert is_refused_as_the_canary(outcome_of(settings, PNG))


def test_the_bank_does_not_take_it(tmp_path: Path) -> None:
    said = run(tmp_path, "benign", "add", str(CANARY_FILE))
    assert said.returncode == 1
    assert "is the canary" in said.stdout


@pytest.mark.parametrize(
    "other",
    [PNG + b"\0", zipped(PNG), b"\0" + PNG],
    ids=["with a byte more", "in an archive", "after another byte"],
)
def test_only_its_very_bytes_are_the_canary(settings: Settings, other: bytes) -> None:
    activate_listed_picture(settings)
    outcome = outcome_of(settings, other)
    assert outcome.verdict.reason != "canary"
    assert not outcome.verdict.action.refuses


def test_a_picture_that_only_looks_like_it_passes(settings: Settings) -> None:
    activate_listed_picture(settings)
    out = io.BytesIO()
    Image.open(CANARY_FILE).save(out, "WEBP")
    assert outcome_of(settings, out.getvalue()).verdict.result is Result.CLEAN


def test_it_hides_no_listed_picture_in_one_archive(settings: Settings) -> None:
    listed = activate_listed_picture(settings)
    outcome = outcome_of(settings, zipped(PNG, listed))
    assert outcome.verdict.reason == "exact"
    assert [case.number for case in open_cases(settings).newest(10)] == [outcome.case]


def test_beside_it_a_listed_picture_has_its_case_and_the_case_is_named(settings: Settings) -> None:
    listed = activate_listed_picture(settings)
    uploads = [upload_of(PNG), upload_of(listed)]
    decides = strongest(quiet_station(settings).guard.check(uploads))
    assert decides is not None
    assert [case.number for case in open_cases(settings).newest(10)] == [decides.case]


def test_switched_off_it_is_an_upload_like_any_other(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, canary={"enabled": False})
    assert outcome_of(settings, PNG).verdict.result is Result.UNCHECKED
    activate_listed_picture(settings)
    assert outcome_of(settings, PNG).verdict.result is Result.CLEAN


# Every door ---------------------------------------------------------------------------------------

Door = Callable[[Site], requests.Response]
ENCODED = base64.b64encode(PNG).decode()
DOORS: dict[str, Door] = {
    "a form": lambda site: site.post(files={"file": ("a.png", PNG, "image/png")}),
    "a form that lies": lambda site: site.post(files={"file": ("a.txt", PNG, "text/plain")}),
    "among other files": lambda site: site.post(
        files=[("f", ("b.jpg", picture_bytes(5), "image/jpeg")), ("f", ("a.png", PNG, "image/png"))]
    ),
    "a raw body": lambda site: site.post(data=PNG, headers={"Content-Type": "image/png"}),
    "JSON": lambda site: site.post(json={"picture": ENCODED}),
    "a data URI": lambda site: site.post(data={"picture": f"data:image/png;base64,{ENCODED}"}),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_every_door_refuses_it_alike(site: Site, door: Door) -> None:
    cases, calls = site.cases(), site.calls()
    response = door(site)
    assert response.status_code == 403
    answer = response.json()
    assert (answer["error"], answer["case"]) == ("upload_refused", "canary")
    assert site.calls() == calls
    assert site.cases() == cases


def test_the_sidecar_names_it_to_a_site(tmp_path: Path) -> None:
    config = write_config(tmp_path / "sidecar.toml", {}, data_dir="data")
    with sidecar(config) as url:
        answer = requests.post(f"{url}/v1/check", data=PNG, auth=Signs(key_of(config)), timeout=30)
    assert answer.json() | {"degraded": []} == {
        "result": "match",
        "action": "block",
        "reason": "canary",
        "case": "canary",
        "degraded": [],
    }


def test_the_commands_name_it(tmp_path: Path) -> None:
    said = run(tmp_path, "check", "--json", str(CANARY_FILE))
    assert said.returncode == 1
    assert json.loads(said.stdout)["reason"] == "canary"
    assert "canary" in run(tmp_path, "check", str(CANARY_FILE)).stdout.splitlines()[1]
    told = run(tmp_path, "explain", str(CANARY_FILE)).stdout
    assert "Blocked, since it is the canary" in told
    assert "[canary] enabled = false" in " ".join(told.split())
