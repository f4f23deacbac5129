"""upload-guard customer hits, doubts: what became of what the customers of this check service were told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain

import click

from upload_guard.cli.context import App, print_table
from upload_guard.compose import open_database_of, open_lists
from upload_guard.customers.doubts import doubted_entries
from upload_guard.customers.hits import HitKeys
from upload_guard.keyring import open_keyring
from upload_guard.statistics.by_customer import CustomerMonth, months_by_customer
from upload_guard.statistics.period import Period

_HEADS = (
    "customer",
    "month",
    "hits",
    "followed_up_in_time",
    "share_in_time",
    "followed_up_later",
    "open",
    "open_and_late",
    "median_minutes",
    "false_positives",
)


@click.command()
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3660), help="How far back.")
@click.option("--csv", "as_csv", is_flag=True, help="For programs; as the page of customers gives it.")
@click.pass_obj
def hits(app: App, days: int, as_csv: bool) -> None:
    """Show hits by customer and month: followed up in time, later, and open."""
    now, deadline = datetime.now(UTC), timedelta(hours=app.settings.follow_up.hours)
    months = months_by_customer(open_database_of(app.settings), Period.of_days(days, now), deadline, now)
    rows = [_row(month) for month in months]
    if as_csv:
        # Names of sites, months and figures: nothing of it needs quotes.
        for row in (_HEADS, *rows):
            click.echo(",".join(map(str, row)))
        return
    print_table(tuple(head.replace("_", " ") for head in _HEADS), rows)


@click.command()
@click.pass_obj
def doubts(app: App) -> None:
    """Name the entries that customers hold for false positives. It goes through all lists that act."""
    lists = open_lists(app.settings)
    active = [one.list_name for one in lists.versions() if one.active]
    entries = chain.from_iterable(lists.entries(name, None) for name in active)
    found = doubted_entries(lists.database, HitKeys(open_keyring(app.settings)), entries)
    print_table(
        ("list", "version", "entry", "type", "category", "customers who hold it for a false positive"),
        [
            (
                one.entry.list_name,
                one.entry.version,
                one.entry.number,
                one.entry.signal_type,
                one.entry.category,
                ", ".join(one.customers),
            )
            for one in found
        ],
    )


def _row(month: CustomerMonth) -> tuple[str | int | float, ...]:
    return (
        month.customer,
        month.month,
        month.hits,
        month.within,
        "" if month.share is None else round(month.share, 4),
        month.later,
        month.open,
        month.late,
        "" if month.median is None else month.median // timedelta(minutes=1),
        month.doubted,
    )
