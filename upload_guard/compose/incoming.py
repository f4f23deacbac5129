"""What takes notices and sees to them, made of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from upload_guard.compose.holdings import build_holdings, build_wordpresses, placements_in
from upload_guard.compose.hooks import named_function
from upload_guard.compose.stores import open_database_of
from upload_guard.errors import CheckFailed, ConfigError, HoldingsUnreachable, ServiceUnreachable
from upload_guard.guard import Guard
from upload_guard.holdings.holdings import scheme_of
from upload_guard.policy import judge, passed_unchecked
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.holdings.holdings import Holdings
    from upload_guard.housekeeping import Job
    from upload_guard.notices.acts import NoticeActs
    from upload_guard.notices.desk import Desk
    from upload_guard.notices.mapping import Finder, Mapper
    from upload_guard.notices.opening import Judged
    from upload_guard.notices.showing import Notices
    from upload_guard.notices.working import Worker
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.storage.database import Database

_EVERY = 3.0


def open_desk(settings: Settings) -> Desk:
    """Where notices are taken in. Raises `StorageFailed` and `MasterKeyError`."""
    return desk_in(settings, open_database_of(settings))


def desk_in(settings: Settings, database: Database) -> Desk:
    from upload_guard.keyring import open_keyring
    from upload_guard.notices.desk import Desk

    own = settings.incoming
    trusted = frozenset(address.lower() for address in own.trusted)
    return Desk(database, open_keyring(settings), settings.site, own.hours, trusted)


def notices_in(settings: Settings, database: Database) -> Notices:
    """What has come in, to be shown. Raises `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.notices.showing import Notices

    return Notices(database, open_keyring(settings))


def notice_acts_in(settings: Settings, database: Database) -> NoticeActs:
    """What people say of notices."""
    from upload_guard.notices.acts import NoticeActs

    mapper = build_mapper(settings)
    return NoticeActs(database, mapper.site_of, settings.incoming.fetch)


def incoming_job(settings: Settings, guard: Guard, keeper: QuarantineKeeper) -> Job:
    """Maps, opens and settles what came in."""
    from upload_guard.housekeeping import Job

    worker = build_worker(settings, guard, keeper)
    return Job("notices-coming-in", worker.run, every=_EVERY, mark=worker.database.mark)


def build_worker(settings: Settings, guard: Guard, keeper: QuarantineKeeper) -> Worker:
    """Checks by `guard`, keeps by `keeper`. Raises `ConfigError` for a hook that is not there."""
    from upload_guard.notices.opening import Opener
    from upload_guard.notices.working import Worker

    opener = Opener(
        holdings=readable_places(settings),
        judging=_judging(guard),
        unchecked=_unchecked,
        keeper=keeper,
        spool_dir=settings.spool_dir,
        max_bytes=settings.intake.max_body,
    )
    return Worker(
        database=keeper.database,
        mapper=build_mapper(settings),
        opener=opener,
        placements=placements_in(settings, keeper.database),
        act=settings.incoming.act,
    )


def build_mapper(settings: Settings) -> Mapper:
    """By the rules of all sites. Raises `ConfigError` for a hook that is not there."""
    from upload_guard.notices.mapping import Mapper, SiteRules

    return Mapper(
        tuple(
            SiteRules.of(name, own, _finders(settings, name)) for name, own in settings.incoming.sites.items()
        )
    )


def readable_places(settings: Settings) -> Mapping[str, Holdings]:
    """What files of ours are read by, and, where that is allowed, addresses outside."""
    from upload_guard.notices.fetching import Outside

    own, places = settings.incoming, dict(build_holdings(settings))
    if own.fetch:
        outside = Outside(settings.spool_dir, own.fetch_seconds, own.max_fetch)
        places |= {"http": outside, "https": outside}
    return places


def _finders(settings: Settings, site: str) -> tuple[Finder, ...]:
    from upload_guard.notices.mapping import hosts_of, of_hosts

    own = settings.incoming.sites[site]
    asked: list[Finder] = []
    if own.wordpress:
        locate = partial(build_wordpresses(settings).locate, site)
        asked.append(of_hosts(hosts_of(own), locate))
    if own.hook:
        asked.append(_hook(f"incoming.sites.{site}.hook", own.hook, build_holdings(settings)))
    return tuple(asked)


def _hook(option: str, path: str, places: Mapping[str, Holdings]) -> Finder:
    call = cast(Callable[[str], object], named_function(option, path))

    def find(url: str) -> str | None:
        try:
            locator = call(url)
        except Exception as fault:
            # Of a site's own code: it may go better later, and a person sees that it does not.
            raise HoldingsUnreachable(f"{option}: {type(fault).__name__}") from fault
        if locator and (not isinstance(locator, str) or scheme_of(locator) not in places):
            raise ConfigError(
                f"{option}: a locator such as file:///srv/media/a.jpg, or None; got {locator!r}"
            )
        return cast("str | None", locator)

    return find


def _judging(guard: Guard) -> Callable[[Upload], Judged]:
    """By this process's own checks: nothing passes for silence, and nothing is kept or counted."""
    from upload_guard.notices.opening import Judged

    def judged(upload: Upload) -> Judged:
        found = guard.checker.check(upload, guard.until())
        if isinstance(found, Outcome):
            raise CheckFailed("another upload_guard has judged it, and this one looks after the notice")
        verdict = judge(found, guard.policy, datetime.now(UTC))
        if found.unanswered and not verdict.action.refuses:
            raise ServiceUnreachable(f"check service {found.unanswered[0].upstream} is silent")
        return Judged(verdict, found)

    return judged


def _unchecked(code: str) -> Judged:
    from upload_guard.notices.opening import Judged

    return Judged(passed_unchecked(code), Findings(unchecked=code))
