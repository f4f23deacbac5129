"""From an address to the files that it may name on a site of ours.

A stranger wrote the address. So nothing above a folder that the settings name is ever reached, nothing
hidden, and no page or program: those are for a person, as is whatever servers read in more than one way.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote_to_bytes, urlsplit

from upload_guard.errors import HoldingsUnreachable
from upload_guard.holdings.holdings import scheme_of
from upload_guard.list_settings import is_loopback
from upload_guard.notice_settings import IncomingSiteSettings
from upload_guard.notices.addressing import ascii_host, authority, split

Finder = Callable[[str], str | None]
"""Says the locator of an address, or None; may raise `HoldingsUnreachable`."""

_SIZE = re.compile(r"(?P<stem>.+)-[1-9][0-9]{0,4}x[1-9][0-9]{0,4}(?P<ending>\.[A-Za-z0-9]{2,5})")
_SCALED = re.compile(r"(?P<stem>.+)-(?:scaled|rotated)(?P<ending>\.[A-Za-z0-9]{2,5})")
# What answers such an address is made by a program or is a page: the file is another one.
_PROGRAMS = {"php", "phtml", "phar", "asp", "aspx", "jsp", "cgi", "pl", "py", "rb", "sh", "js", "mjs"}
_PAGES = {"html", "htm", "xhtml", "css", "json", "xml", "toml", "yaml", "yml", "ini", "sql"}
_LONGEST = 2048
_FILE = "file://"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address may name on `site`: `locators` in the order in which to look; the first that is there.

    `originals` are addresses of pictures of which this one is a smaller size, by WordPress's names.
    """

    site: str
    locators: tuple[str, ...]
    originals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """Addresses of `host` (with port) whose path begins with `path` are files under `root`, a locator that is
    not encoded yet."""

    host: str
    path: str
    root: str
    ignore_case: bool

    @classmethod
    def of(cls, url: str, place: str, ignore_case: bool) -> Self:
        parts = urlsplit(url)
        # Below it no symlink is followed; the folder that an administrator names may well be one.
        root = place if place.startswith("s3://") else f"{_FILE}{Path(place).resolve()}"
        path = _decoded(parts.path) or "/"
        return cls(authority(parts), path, root.rstrip("/") + "/", ignore_case)

    def rest(self, host: str, path: str) -> str:
        """What comes after it; empty where the address is none of these."""
        mine = path.startswith(self.path) or (
            self.ignore_case and path.casefold().startswith(self.path.casefold())
        )
        return path[len(self.path) :] if host == self.host and mine else ""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """How the addresses of one site are mapped: by `beginnings`, then by `finders`."""

    site: str
    beginnings: tuple[Beginning, ...]
    finders: tuple[Finder, ...] = ()

    @classmethod
    def of(cls, site: str, own: IncomingSiteSettings, finders: Sequence[Finder] = ()) -> Self:
        beginnings = (Beginning.of(url, place, own.ignore_case) for url, place in own.paths.items())
        return cls(site, tuple(beginnings), tuple(finders))


@dataclass(frozen=True, slots=True)
class Mapper:
    """Maps addresses by the rules of all `sites`."""

    sites: tuple[SiteRules, ...]

    def place(self, url: str) -> Place | None:
        """Where its file may lie; None where no rule says. Raises `HoldingsUnreachable`: ask again later."""
        parts = split(url)
        if parts is None:
            return None
        host, path = _host_of(url), _decoded(parts.path)
        found = self._longest(host, path) if path else None
        if found is not None:
            site, beginning, rest = found
            place = Place(site, tuple(_locators(beginning, rest)), tuple(_originals(url)))
            return place if place.locators else None
        return self._asked(url)

    def site_of(self, locator: str) -> str:
        """The site whose file may lie there: below a folder or bucket of the settings, or an attachment of a
        site with rules. Empty for any other place.
        """
        if scheme_of(locator) == "wordpress":
            site = locator.split("/")[2] if locator.count("/") > 2 else ""
            return site if site in {rules.site for rules in self.sites} else ""
        if scheme_of(locator) == "file":
            path = unquote_to_bytes(locator.removeprefix(_FILE)).decode("utf-8", "surrogateescape")
            if ".." in path.split("/"):
                return ""
            locator = _FILE + path
        roots = (
            (len(beginning.root), rules.site)
            for rules in self.sites
            for beginning in rules.beginnings
            if locator.startswith(beginning.root) and locator != beginning.root
        )
        return max(roots, default=(0, ""))[1]

    def _longest(self, host: str, path: str) -> tuple[str, Beginning, str] | None:
        matching = [
            (rules.site, beginning, rest)
            for rules in self.sites
            for beginning in rules.beginnings
            if (rest := beginning.rest(host, path))
        ]
        return max(matching, key=lambda one: len(one[1].path), default=None)

    def _asked(self, url: str) -> Place | None:
        silent: HoldingsUnreachable | None = None
        for rules in self.sites:
            for finder in rules.finders:
                try:
                    locator = finder(url)
                except HoldingsUnreachable as fault:
                    silent = fault
                    continue
                if locator:
                    return Place(rules.site, (locator,))
        if silent is not None:
            raise silent
        return None


def hosts_of(own: IncomingSiteSettings) -> frozenset[str]:
    """Of which hosts a site's WordPress may know addresses: its own, with or without "www.", and those of its
    `paths`. Empty, so of any, where it is reached over loopback by another name than visitors use.
    """
    here = _bare_host(own.wordpress)
    if is_loopback(here):
        return frozenset()
    named = here.removeprefix("www.")
    return frozenset({named, f"www.{named}", *map(_bare_host, own.paths)})


def of_hosts(hosts: frozenset[str], finder: Finder) -> Finder:
    """Asked for addresses of these hosts alone, if any are named: a notice may name thousands of others."""

    def find(url: str) -> str | None:
        return finder(url) if not hosts or _bare_host(url) in hosts else None

    return find


def _bare_host(url: str) -> str:
    parts = split(url)
    return ascii_host(parts.hostname or "") if parts else ""


def _host_of(url: str) -> str:
    """http and https mean one site: without the default port of either."""
    parts = split(url)
    return authority(parts) if parts else ""


def _decoded(path: str) -> str:
    """A path as the server's file system has it; empty for one that servers may read in several ways.

    Decoded once, dots resolved as browsers do (RFC 3986, 5.2.4) and servers with them.
    """
    kept: list[str] = []
    segments = path.split("/")
    for place, raw in enumerate(segments):
        try:
            segment = unquote_to_bytes(raw).decode("utf-8")
        except UnicodeError:
            return ""
        if "/" in segment or "\\" in segment or not segment.isprintable():
            return ""
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
        if segment in {".", ".."} and place == len(segments) - 1:
            kept.append("")
    return "/".join(kept)


def _locators(beginning: Beginning, rest: str) -> Iterator[str]:
    """The file by the names that it may have: as written, and as systems write accents (NFC, NFD)."""
    if not _may_be_an_upload(rest):
        return
    for name in dict.fromkeys((rest, *(unicodedata.normalize(form, rest) for form in ("NFC", "NFD")))):
        for one in dict.fromkeys((name, *_without_size(name))):
            yield from (locator for locator in _spelt(beginning, one) if len(locator) <= _LONGEST)


def _spelt(beginning: Beginning, name: str) -> Iterator[str]:
    if not beginning.root.startswith(_FILE):
        yield beginning.root + name
        return
    folder = beginning.root.removeprefix(_FILE)
    yield _FILE + quote(folder + name)
    if beginning.ignore_case:
        yield from (_FILE + quote(path) for path in _in_any_case(folder, name.split("/")))


def _in_any_case(folder: str, segments: list[str]) -> Iterator[str]:
    """Files below `folder` whose path differs in the case of letters only."""
    wanted, *deeper = segments
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.casefold() == wanted.casefold())
    except OSError:
        return
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        if deeper:
            yield from _in_any_case(path, deeper)
        else:
            yield path


def _may_be_an_upload(rest: str) -> bool:
    segments = rest.split("/")
    hidden = any(segment.startswith(".") or not segment for segment in segments)
    return not hidden and segments[-1].rpartition(".")[2].lower() not in _PROGRAMS | _PAGES


def _without_size(name: str) -> Iterator[str]:
    """The names of the picture of which this is a size, as WordPress makes them."""
    if found := _SIZE.fullmatch(name):
        yield f"{found['stem']}{found['ending']}"
        yield f"{found['stem']}-scaled{found['ending']}"
    elif found := _SCALED.fullmatch(name):
        yield f"{found['stem']}{found['ending']}"


def _originals(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    for path in _without_size(parts.path):
        yield replace_path(url, path)


def replace_path(url: str, path: str) -> str:
    """The same address with another path, and without query and fragment."""
    return urlsplit(url)._replace(path=path, query="", fragment="").geturl()
