"""What `upload-guard list show` prints: versions, and when each was made to act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from upload_guard.cli.context import print_table

if TYPE_CHECKING:
    from upload_guard.lists.versions import VersionInfo

_VERSIONS = (
    "list",
    "origin",
    "version",
    "active",
    "entries",
    "types",
    "categories",
    "added",
    "retracted",
    "imported",
    "by",
    "from",
    "sha256",
)
_ACTIVATIONS = ("activated", "list", "version", "by", "how")


def print_versions(versions: Sequence[VersionInfo]) -> None:
    """Every version, then every activation, newest last."""
    print_table(_VERSIONS, [_row(version) for version in versions])
    activations = sorted((one for info in versions for one in info.activations), key=lambda one: one.at)
    if activations:
        click.echo()
        print_table(
            _ACTIVATIONS,
            [
                (f"{one.at:%Y-%m-%d %H:%M:%S}", one.list_name, one.number, one.person, one.way)
                for one in activations
            ],
        )


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Such as `2 md5, 1 pdq`."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _row(version: VersionInfo) -> tuple[object, ...]:
    return (
        version.list_name,
        version.origin,
        version.number,
        f"since {version.activated_at:%Y-%m-%d %H:%M}" if version.active else "no",
        version.entries,
        counts_in_words(version.counts),
        counts_in_words(version.categories),
        version.added,
        version.retracted,
        f"{version.imported_at:%Y-%m-%d %H:%M}",
        version.imported_by,
        version.source,
        version.sha256.hex()[:16],
    )
