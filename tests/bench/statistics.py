"""What the figures of the page of statistics cost: `python -m tests.bench.statistics`.

100,000 cases of one year with a decision each, and a year of counts of three sites. Beside each table stands
how often the database could have gone through all cases in that time.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, insert, select

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.statistics.by_list import records_by_list
from upload_guard.statistics.case_lists import NO_LIST
from upload_guard.statistics.deciding import overdue_now, times_by_week
from upload_guard.statistics.late import late_files
from upload_guard.statistics.period import Period
from upload_guard.statistics.uploads import uploads_by_day, uploads_by_site, why_unread
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import CaseList, UploadStatistic
from upload_guard.storage.tables import Case, Decision

CASES, DAYS, ROUNDS, AT_ONCE = 100_000, 365, 5, 5_000
NOW = datetime.now(UTC)
DECISIONS = (("false_positive", "released"), ("confirmed", "confirmed"), ("released", "released"))


def case_row(number: int) -> dict[str, object]:
    came = NOW - timedelta(days=DAYS) * (1 - number / CASES)
    return {
        "id": number + 1,
        "number": f"{number:012}",
        "state": DECISIONS[number % 3][1],
        "created_at": came,
        "site": ("blog", "shop", "forum")[number % 3],
        "route": "/up",
        "result": "match",
        "action": "block",
        "reason": "exact",
        "media_type": "image/jpeg",
        "size": 1,
        "md5": bytes(16),
        "sha1": bytes(20),
        "sha256": number.to_bytes(32, "big"),
        "vault_name": "",
        # As much as a case has of a photo.
        "matches": [{"list_name": "icse", "note": "m" * 400}],
        "signals": [{"type": "pdq", "note": "s" * 4000}],
        "unscannable": "",
        "unreadable": "",
        "degraded": [],
        "under": "",
        "lowered": False,
        "upload_id": None,
    }


def decision_row(number: int, after: timedelta) -> dict[str, object]:
    came = NOW - timedelta(days=DAYS) * (1 - number / CASES)
    return {
        "case_id": number + 1,
        "decision": DECISIONS[number % 3][0],
        "made_at": came + after,
        "made_by": "ann",
        "because": "a benchmark",
    }


def count_rows() -> Iterator[dict[str, object]]:
    results = (("clean", "allow", ""), ("match", "block", ""), ("unscannable", "quarantine", "truncated"))
    for day in range(DAYS):
        for site in ("blog", "shop", "forum"):
            for result, action, reason in results:
                yield {
                    "day": (NOW - timedelta(days=day)).date(),
                    "site": site,
                    "result": result,
                    "action": action,
                    "reason": reason,
                    "uploads": 100,
                }


def fill(database: Database) -> None:
    dice = random.Random(1)
    for begin in range(0, CASES, AT_ONCE):
        numbers = range(begin, begin + AT_ONCE)
        with database.session() as session:
            session.execute(insert(Case), [case_row(number) for number in numbers])
            waits = {number: timedelta(hours=dice.expovariate(1 / 10)) for number in numbers}
            session.execute(insert(Decision), [decision_row(number, waits[number]) for number in numbers])
            names = [NO_LIST, "icse"]
            session.execute(
                insert(CaseList),
                [{"case_id": number + 1, "list_name": name} for number in numbers for name in names],
            )
    with database.session() as session:
        session.execute(insert(UploadStatistic), list(count_rows()))


def seconds(ask: Callable[[], object]) -> float:
    """The median of some rounds."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def all_cases(database: Database) -> None:
    with database.session() as session:
        session.execute(select(func.sum(Case.size))).one()


def main() -> None:
    with TemporaryDirectory(prefix="upload-guard-bench-") as folder:
        database = open_database_of(settings_in(Path(folder)))
        fill(database)
        once = seconds(lambda: all_cases(database))
        print(f"{CASES:,} cases; going through all of them: {once * 1000:.0f} ms")
        for days in (30, DAYS):
            period = Period.of_days(days, NOW)
            asked: dict[str, Callable[[], object]] = {
                "uploads by day": lambda period=period: uploads_by_day(database, period),
                "uploads by site": lambda period=period: uploads_by_site(database, period),
                "why not read": lambda period=period: why_unread(database, period),
                "cases by list": lambda period=period: records_by_list(database, period),
                "time to decision": lambda period=period: times_by_week(database, period, NOW),
                "overdue now": lambda: overdue_now(database, "", NOW),
                "found late": lambda period=period: late_files(database, period),
            }
            for name, ask in asked.items():
                took = seconds(ask)
                share = took / once
                print(f"  {days:3} days  {name:17} {took * 1000:7.1f} ms, {share:5.2f} of going through all")


if __name__ == "__main__":
    main()
