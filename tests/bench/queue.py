"""What the queue costs with 100,000 undecided cases, and keeping one more: `python -m tests.bench.queue`.

Half of the cases are a flood of one file, the others a picture each. Each figure stands beside the plainest
thing that the same database can be asked: how many rows the table of cases has.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import func, insert, select

from tests.bench.measure import print_columns, print_head, print_row
from tests.quarantine.pictures.test_groups import showing
from tests.quarantine.test_keeper import VERDICT
from tests.support import upload_of, vault_in
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.pictures.groups import Groups
from upload_guard.quarantine.rows import match_row
from upload_guard.quarantine.showing.queue import Filter, Order, Queue
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Findings
from upload_guard.storage.group_tables import CaseEntry, CaseGroup, HeldEntry
from upload_guard.storage.tables import Case
from upload_guard.vault.vault import Vault

CASES, FLOOD, ENTRIES, ROUNDS = 100_000, 50_000, 1000, 15
BEGUN = datetime.now(UTC) - timedelta(days=3)


def fill(vault: Vault) -> None:
    dice = np.random.default_rng(1)
    looks = dice.integers(0, 256, (CASES - FLOOD + 1, 32), np.uint8)
    with vault.database.session() as session:
        session.execute(
            insert(CaseGroup), [{"id": at + 1, "look": look.tobytes()} for at, look in enumerate(looks)]
        )
        session.execute(
            insert(HeldEntry),
            [
                {
                    "id": at + 1,
                    "list_name": f"list{at % 5}",
                    "signal_type": "pdq",
                    "value": looks[at].tobytes(),
                }
                for at in range(ENTRIES)
            ],
        )
        for start in range(0, CASES, 10_000):
            session.execute(insert(Case), [case(at) for at in range(start, start + 10_000)])
        session.execute(
            insert(CaseEntry), [{"entry_id": at % ENTRIES + 1, "case_id": at + 1} for at in range(CASES)]
        )


def case(at: int) -> dict[str, object]:
    group = 1 if at % 2 else 2 + at // 2
    return {
        "id": at + 1,
        "number": f"{at:012d}",
        "state": "open" if at % 10 else "release_proposed",
        "created_at": BEGUN + timedelta(seconds=at * 2),
        "site": f"site{at % 7}",
        "route": "/up",
        "result": "match",
        "action": "quarantine",
        "reason": "perceptual",
        "media_type": "image/jpeg",
        "size": 100_000,
        "md5": bytes(16),
        "sha1": bytes(20),
        "sha256": group.to_bytes(32, "big"),
        "vault_name": f"{group:032x}",
        "matches": [match_row(VERDICT.matches[0])],
        "signals": [{"type": "pdq", "value": "00" * 32, "view": "frame 0", "quality": 90, "variant": ""}]
        * 16,
        "unscannable": "",
        "unreadable": "",
        "degraded": [],
        "under": "x",
        "lowered": False,
        "upload_id": f"{at:032x}",
        "group_id": group,
        "list_name": f"list{at % 5}",
        "category": "baseline",
    }


def median(run: Callable[[], object]) -> float:
    """Milliseconds."""
    run()
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(taken)


def keeping(keeper: QuarantineKeeper, size: int) -> dict[str, Callable[[], object]]:
    dice = np.random.default_rng(2)

    def findings() -> Findings:
        return showing(*(dice.integers(0, 256, 32, np.uint8).tobytes() for _ in range(16)))

    one, picture = os.urandom(size), findings()
    return {
        "a file of a new picture": lambda: keeper.keep(upload_of(os.urandom(size)), VERDICT, findings()),
        "a file that nobody looked into": lambda: keeper.keep(
            upload_of(os.urandom(size)), VERDICT, Findings()
        ),
        "the same file again": lambda: keeper.keep(upload_of(one), VERDICT, picture),
    }


def main() -> None:
    print_head(f"the queue with {CASES} undecided cases, {FLOOD} of them one file")
    with TemporaryDirectory(prefix="upload-guard-bench-") as name:
        vault = vault_in(Path(name))
        keeper = QuarantineKeeper(vault.database, vault)
        size = 300_000
        empty = {what: median(run) for what, run in keeping(keeper, size).items()}
        vault = vault_in(Path(name) / "full")
        fill(vault)
        queue, groups = Queue(vault.database, timedelta(hours=24)), Groups(vault.database)

        def rows() -> object:
            with vault.database.session() as session:
                return session.scalar(select(func.count(Case.id)))

        first = queue.page(Filter()).next
        asked: dict[str, Callable[[], object]] = {
            "how many rows there are": rows,
            "first page by deadline": lambda: queue.page(Filter()),
            "the page after it": lambda: queue.page(Filter(), after=first),
            "newest first": lambda: queue.page(Filter(), Order.NEWEST),
            "of one list and site": lambda: queue.page(Filter(list_name="list3", site="site1")),
            "of one entry": lambda: queue.page(Filter(entry=7)),
            "late ones": lambda: queue.page(Filter(late=True)),
            "proposed for release": lambda: queue.page(Filter(frozenset({CaseState.RELEASE_PROPOSED}))),
            "by number": lambda: queue.page(Filter(number="0000000512")),
            "how much there is": lambda: queue.size(Filter()),
            "counts by state": queue.counts,
            "what to choose from": queue.choices,
            "the group of the flood": lambda: groups.of(f"{1:012d}"),
            "a group of one": lambda: groups.of(f"{0:012d}"),
        }
        print_columns("asked", "ms", "times the plainest")
        plain = median(rows)
        for what, run in asked.items():
            taken = median(run)
            print_row(what, f"{taken:.1f}", f"{taken / plain:.1f}")
        print(f"\nkeeping an upload of {size} bytes, in an empty quarantine and beside them\n")
        print_columns("kept", "ms, empty", "ms, beside them")
        full = keeping(QuarantineKeeper(vault.database, vault), size)
        for what, run in full.items():
            print_row(what, f"{empty[what]:.1f}", f"{median(run):.1f}")


if __name__ == "__main__":
    main()
