"""upload-guard customer: those who ask this installation as their check service, and how much."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import App, print_table
from upload_guard.cli.follow_up import doubts, hits
from upload_guard.compose import open_database_of
from upload_guard.errors import UsageError
from upload_guard.moments import utc_now

if TYPE_CHECKING:
    from upload_guard.customer_settings import CustomerSettings
    from upload_guard.customers.use import Used
    from upload_guard.storage.database import Database

_USED = ("asked", "hits", "refused")


@click.group()
def customer() -> None:
    """See who asks the check service, and how much: numbers only, never what was asked about."""


for command in (hits, doubts):
    customer.add_command(command)


@customer.command()
@click.argument("name", required=False)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=92,
    show_default=True,
    help="How far back, up to today (UTC).",
)
@click.pass_obj
def show(app: App, name: str | None, days: int) -> None:
    """Show what each customer asked by month, for bills; of NAME also each key's days."""
    from upload_guard.customers.use import days_of_keys, months

    if name is not None and name not in app.settings.customers:
        raise UsageError(f"no customer is called {name!r}: write a table [customers.{name}]")
    database, since = open_database_of(app.settings), utc_now().date() - timedelta(days=days - 1)
    _show_customers(app, database, name)
    by_month = [one for one in months(database, since) if name in {None, one.site}]
    if not by_month:
        click.echo("\nnothing was asked")
        return
    click.echo()
    print_table(
        ("month", "customer", "door", *_USED),
        ((one.month, one.site, one.door, *_numbers(one.used)) for one in by_month),
    )
    if name is not None:
        click.echo()
        print_table(
            ("day", "key", "door", *_USED),
            (
                (one.day, one.key_id, one.door, *_numbers(one.used))
                for one in days_of_keys(database, name, since)
            ),
        )


def _show_customers(app: App, database: Database, name: str | None) -> None:
    from upload_guard.customers.use import used_today

    now = utc_now()
    rows = [
        (site, *_terms(own), f"{used_today(database, site, now)} of {own.per_day or 'no end'}")
        for site, own in sorted(app.settings.customers.items())
        if name in {None, site}
    ]
    if rows:
        print_table(("customer", "categories", "lists", "a second", "at once", "today"), rows)
    else:
        click.echo("no customers: a table [customers.NAME] makes one")


def _terms(own: CustomerSettings) -> tuple[str, str, str, str]:
    return ", ".join(own.categories) or "all", ", ".join(own.lists) or "all", f"{own.rate:g}", str(own.burst)


def _numbers(used: Used) -> tuple[int, int, int]:
    return used.asked, used.hits, used.refused
