"""What reaches the files that sites have already, takes them away and puts them back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from upload_guard.compose.rules import build_retention
from upload_guard.compose.stores import open_database_of, vault_in
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.holdings.acting import Acting
    from upload_guard.holdings.descent import Trees
    from upload_guard.holdings.holdings import Holdings
    from upload_guard.holdings.placements import Placements
    from upload_guard.holdings.wordpress import WordPresses
    from upload_guard.housekeeping import Job
    from upload_guard.signing import Credentials
    from upload_guard.storage.database import Database

_FOLLOW_EVERY = 5.0


def build_holdings(settings: Settings) -> Mapping[str, Holdings]:
    """By the scheme of their locators."""
    from upload_guard.holdings.buckets import Buckets
    from upload_guard.holdings.folders import Folders

    return {"file": Folders(trees_of(settings)), "s3": Buckets(), "wordpress": build_wordpresses(settings)}


def trees_of(settings: Settings) -> Trees:
    """The folders that settings name as those of sites."""
    from upload_guard.holdings.descent import Trees

    named = (place for own in settings.incoming.sites.values() for place in own.paths.values())
    told = (unquote(one.removeprefix("file://")) for one in settings.retro.places)
    return Trees(tuple({Path(one).resolve() for one in (*named, *told) if one.startswith("/")}))


def build_wordpresses(settings: Settings) -> WordPresses:
    """The WordPress sites that settings name. The keys that sign are looked up when one is asked."""
    from upload_guard.holdings.wordpress import WordPresses, WordPressSite

    sites = {
        name: WordPressSite(own.wordpress) for name, own in settings.incoming.sites.items() if own.wordpress
    }
    return WordPresses(
        sites, lambda site: _signer(settings, site), settings.spool_dir, settings.intake.max_body
    )


def _signer(settings: Settings, site: str) -> Credentials | None:
    from upload_guard.keyring import open_keyring
    from upload_guard.machine_keys.keys import KeyStore

    return KeyStore(open_database_of(settings), open_keyring(settings)).signer_of(site)


def beginnings_of(settings: Settings, site: str) -> tuple[str, ...]:
    """Of locators that a site's own word may name: of the files that settings give it, and no others'."""
    from upload_guard.holdings.descent import file_locator

    own = settings.incoming.sites.get(site)
    places = own.paths.values() if own else ()
    mapped = (place if place.startswith("s3://") else file_locator(Path(place)) for place in places)
    return (*(f"{one.rstrip('/')}/" for one in mapped), f"wordpress://{site}/", *settings.retro.places)


def open_placements(settings: Settings) -> Placements:
    """Where the files of cases lie. Raises `StorageFailed` and `MasterKeyError`."""
    return placements_in(settings, open_database_of(settings))


def open_acting(settings: Settings) -> Acting:
    """What opens cases of files that sites have already. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.holdings.acting import Acting
    from upload_guard.quarantine.keeper import QuarantineKeeper

    placements = open_placements(settings)
    keeper = QuarantineKeeper(placements.database, placements.vault, build_retention(settings))
    return Acting(keeper, placements)


def removals_job(settings: Settings, database: Database) -> Job:
    """Does to files of sites what was decided on their cases."""
    from upload_guard.holdings.following import Following
    from upload_guard.housekeeping import Job

    following = Following(placements_in(settings, database))
    return Job("removals", following.run, every=_FOLLOW_EVERY, mark=database.mark)


def placements_in(settings: Settings, database: Database) -> Placements:
    from upload_guard.holdings.placements import Placements

    return Placements(database, vault_in(settings, database), build_holdings(settings))
