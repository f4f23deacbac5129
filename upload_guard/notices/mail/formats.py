"""What machines write of an abuse: feedback reports (RFC 5965), XARF (versions 3 and 4), SCART's table.

Each reading is lenient: what it cannot make out is text, which is read as text.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upload_guard.notices.incoming import Wording
from upload_guard.notices.mail.addresses import addresses_in, each_once, hashes_in, host_of, refanged

_MOST_VALUES = 50_000
_MOST_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Named:
    """What the fields of a format name."""

    wording: Wording
    urls: tuple[str, ...]
    hashes: tuple[str, ...] = ()
    reference: str = ""
    organisation: str = ""
    email: str = ""
    reasons: str = ""


def read_arf(text: str) -> Named:
    """The fields of a message/feedback-report part. Source: RFC 5965, 3.1 to 3.3."""
    # By lines, since an address may be longer than header parsers are given.
    fields: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.append((name.strip().lower(), value.strip()))
    uris = [refanged(value).strip("<> ") for name, value in fields if name == "reported-uri"]
    kind = next((value for name, value in fields if name == "feedback-type"), "")
    return Named(
        Wording.ARF,
        each_once(uri for uri in uris if host_of(uri)),
        reasons=f"Feedback-Type: {kind}" if kind else "",
    )


def read_xarf(text: str) -> Named | None:
    """A report as JSON; None where this is none. Sources: XARF v4 core schema; XARF v3."""
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return None
    try:
        found = json.loads(text.lstrip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return None
    reports = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
    values = [pair for one in reports for pair in _values(one)]
    keys = {key for key, _ in values} | {str(name).lower() for one in reports for name in one}
    if not keys & {"xarf_version", "reporterinfo", "reportid", "report_id"}:
        return None
    return Named(
        Wording.XARF,
        each_once(address for key, value in values if _names_address(key) for address in addresses_in(value)),
        hashes=each_once(one for _, value in values for one in hashes_in(value)),
        reference=_first(values, "report_id", "reportid"),
        organisation=_first(_of(reports, "reporter", "reporterinfo"), "org", "reporterorg"),
        email=_first(
            _of(reports, "reporter", "reporterinfo"), "contact", "reporterorgemail", "reportercontactemail"
        ),
        reasons=_first(values, "description", "additionalinfo"),
    )


def _names_address(key: str) -> bool:
    return ("url" in key or "uri" in key) and "schema" not in key


def _values(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each text with the key it stands under, in lower case, however deep; in the order of the report."""
    waiting: list[tuple[str, Any, int]] = [("", report, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        key, value, depth = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict) and depth < _MOST_DEPTH:
            waiting += [(str(name).lower(), inner, depth + 1) for name, inner in reversed(value.items())]
        elif isinstance(value, list) and depth < _MOST_DEPTH:
            waiting += [(key, inner, depth + 1) for inner in reversed(value)]


def _of(reports: list[dict[str, Any]], *names: str) -> list[tuple[str, str]]:
    tables = [value for one in reports for name, value in one.items() if str(name).lower() in names]
    return [pair for table in tables if isinstance(table, dict) for pair in _values(table)]


def _first(values: list[tuple[str, str]], *keys: str) -> str:
    return next((value.strip() for key, value in values if key in keys and value.strip()), "")


def read_scart(text: str) -> Named | None:
    """SCART's table, which begins with `url;IP;` or `url;reason;IP;`; None where this is none.

    Its notices have `firstseen;lastseen;note` behind that, its letters to the police `firstseen;lastseen`.
    """
    head = _SCART_HEAD.search(text)
    if not head:
        return None
    rows = text[head.start() :].splitlines()
    delimiter = ";" if ";" in rows[0] else ","
    names = [name.strip(' "').lower() for name in rows[0].split(delimiter)]
    urls: list[str] = []
    notes: list[str] = []
    for row in _rows(rows[1:], delimiter):
        cells = dict(zip(names, row, strict=False))
        urls += list(addresses_in(cells.get("url", "")))[:1]
        notes.append(cells.get("note", "") or cells.get("reason", ""))
    return Named(
        Wording.SCART, each_once(urls), reasons="\n".join(note for note in each_once(notes) if note.strip())
    )


_SCART_HEAD = re.compile(r'^[ \t>]*"?url"?[;,][ \t]*"?(?:ip|reason)"?[;,].*$', re.IGNORECASE | re.MULTILINE)


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        # One line at a time: a quote that is never closed takes no other row with it.
        try:
            yield next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            yield line.split(delimiter)
