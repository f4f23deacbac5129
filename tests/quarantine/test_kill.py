"""Table E, row 9: killed while it keeps uploads, many times over, the keeper loses nothing that it has said.

The keeper runs in a forked process of its own; what it acknowledges goes through a pipe. `make stress` does
500 rounds.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import fork, read, settings_in, upload_of, vault_in
from upload_guard.compose import open_cases
from upload_guard.quarantine.custody.retention import Expiry, Retention, Rule
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.places import FolderPlace
from upload_guard.vault.states import Kept

pytestmark = pytest.mark.live

DUE = Retention({("any", "any"): Rule(days=1)})
ROUNDS = int(os.environ.get("STRESS_ROUNDS", "30"))


@pytest.fixture
def keeper(tmp_path: Path) -> QuarantineKeeper:
    vault = vault_in(tmp_path)
    return QuarantineKeeper(vault.database, vault)


def uploads(seed: int) -> Iterator[bytes]:
    """Files of several sizes, and now and then one of a few that all rounds send again."""
    dice = random.Random(seed)
    while True:
        size = dice.choice([10, 3000, 65_536, 65_537, 400_000])
        yield dice.choice([dice.randbytes(size), bytes(size), b"again" * size])


def keep_until_killed(keeper: QuarantineKeeper, seed: int, told: int) -> None:
    for data in uploads(seed):
        number = keeper.keep(upload_of(data), VERDICT, FINDINGS)
        os.write(told, f"{number} {hashlib.sha256(data).hexdigest()}\n".encode())


def killed_round(keeper: QuarantineKeeper, seed: int) -> dict[str, bytes]:
    """What was acknowledged before the kill, by case number: the digest of its bytes."""
    heard, told = os.pipe()
    child = fork()
    if not child:
        try:
            keep_until_killed(keeper, seed, told)
        finally:
            os._exit(1)
    os.close(told)
    time.sleep(random.Random(seed).uniform(0.02, 1.0))
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with open(heard) as stream:  # noqa: PTH123 - a descriptor
        lines = [line.split() for line in stream if line.endswith("\n")]
    return {number: bytes.fromhex(digest) for number, digest in lines}


def test_e9_a_kill_at_any_moment_leaves_no_row_without_blob_no_torn_blob_and_no_lost_case(
    keeper: QuarantineKeeper,
) -> None:
    acknowledged: dict[str, bytes] = {}
    for seed in range(ROUNDS):
        said = killed_round(keeper, seed)
        acknowledged |= said
        keeper.recover()
        settled(keeper, set(said))
    whole(keeper, acknowledged)
    print(f"{ROUNDS} kills, {len(acknowledged)} cases acknowledged")
    assert acknowledged


def settled(keeper: QuarantineKeeper, said: set[str]) -> None:
    """No intent, part or orphan is left; every acknowledged case is open, every case has bytes."""
    with keeper.database.session() as session:
        cases = {row.number: row for row in session.scalars(select(Case))}
        objects = {row.name: row.kept for row in session.scalars(select(VaultObject))}
    assert isinstance(keeper.vault.place, FolderPlace)
    files = {file.name for file in keeper.vault.folder.glob("*/*")}
    names = {case.vault_name for case in cases.values()}
    assert {case.state for case in cases.values()} <= {"open"}
    assert said <= set(cases)
    assert names == files == set(objects)
    assert set(objects.values()) <= {Kept.SEALED}


def whole(keeper: QuarantineKeeper, acknowledged: dict[str, bytes]) -> None:
    with keeper.database.session() as session:
        cases = session.scalars(select(Case)).all()
    for case in cases:
        data = read(keeper.vault.content(case.vault_name))
        assert hashlib.sha256(data).digest() == case.sha256 == acknowledged.get(case.number, case.sha256)


def expire_until_killed(keeper: QuarantineKeeper) -> None:
    """All that is kept is due at once."""
    expiry = Expiry(keeper.database, keeper.vault, DUE, lambda: datetime.now(UTC) + timedelta(days=2))
    while True:
        expiry.run()


def forked(act: Callable[[], None]) -> int:
    child = fork()
    if not child:
        try:
            act()
        finally:
            os._exit(1)
    return child


def test_two_processes_that_repeat_a_file_and_one_that_shreds_it_lose_nothing_that_is_due_to_stay(
    tmp_path: Path,
) -> None:
    shown = open_cases(settings_in(tmp_path))
    keeper = QuarantineKeeper(shown.database, shown.vault)
    for seed in range(max(3, ROUNDS // 10)):
        heard, told = os.pipe()
        acts = [partial(keep_until_killed, keeper, one, told) for one in (seed, seed + 1000)]
        children = [forked(act) for act in (*acts, partial(expire_until_killed, keeper))]
        os.close(told)
        # A loaded machine takes long until the first is kept.
        wait([heard], 60)
        time.sleep(random.Random(seed).uniform(0.5, 2.0))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        with open(heard) as stream:  # noqa: PTH123 - a descriptor
            said = {line.split()[0] for line in stream if line.endswith("\n")}
        keeper.recover()
        assert said
        kept_or_expired(keeper, said)


def kept_or_expired(keeper: QuarantineKeeper, said: set[str]) -> None:
    """Each case can be read or has expired; a file lies there as long as a case names it."""
    with keeper.database.session() as session:
        cases = session.scalars(select(Case)).all()
        objects = {row.name: Kept(row.kept) for row in session.scalars(select(VaultObject))}
    assert said <= {case.number for case in cases}
    for case in cases:
        kept = objects[case.vault_name]
        assert (case.state, kept.there) in {("open", True), ("expired", False)}
        if kept.there:
            data = read(keeper.vault.content(case.vault_name))
            assert hashlib.sha256(data).digest() == case.sha256
    named = {case.vault_name for case in cases if objects[case.vault_name] is Kept.SEALED}
    assert named == {name for name, kept in objects.items() if kept is Kept.SEALED}
    assert named == {file.name for file in keeper.vault.folder.glob("*/*")}


def test_the_test_would_see_a_torn_blob(keeper: QuarantineKeeper) -> None:
    number = keeper.keep(upload_of(b"x" * 100), VERDICT, FINDINGS)
    with keeper.database.session() as session:
        name = session.scalars(select(Case.vault_name).where(Case.number == number)).one()
    file = Path(keeper.vault.place.where(name))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Exception, match="altered or cut"):
        whole(keeper, {})
    file.unlink()
    with pytest.raises(AssertionError):
        settled(replace(keeper), {number})
