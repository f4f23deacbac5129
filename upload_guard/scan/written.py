"""A summary as JSON and CSV, file by file, so that one of a million takes no memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import TextIO

from upload_guard.scan.records import Column, Looked
from upload_guard.scan.summary import Summary
from upload_guard.statistics.cells import safe_cell

CSV_COLUMNS = ("found", "locator", "size", "action", "reason", "lists", "matches", "case", "fault")


def write_json(summary: Summary, files: Iterable[Looked], stream: TextIO) -> None:
    """One object: the figures, then `files`, an object each."""
    head = json.dumps(_figures(summary), indent=2).removesuffix("\n}")
    stream.write(f'{head},\n  "files": [')
    for at, one in enumerate(files):
        stream.write(f"{',' if at else ''}\n    {json.dumps(_file(one))}")
    stream.write("\n  ]\n}\n")


def write_csv(files: Iterable[Looked], stream: TextIO) -> None:
    """A line for each file of which there is more to say than that it is clean."""
    writer = csv.writer(stream)
    writer.writerow(CSV_COLUMNS)
    for one in files:
        lists = " ".join(dict.fromkeys(match["list"] for match in one.matches))
        writer.writerow(
            # Views are named by whoever made the file.
            map(
                safe_cell,
                (
                    one.column.value,
                    one.item.locator,
                    str(one.item.size),
                    one.action,
                    one.reason,
                    lists,
                    "; ".join(words_of(one)),
                    one.case,
                    one.fault,
                ),
            )
        )


def words_of(file: Looked) -> list[str]:
    """Its matches as a person reads them."""
    return [
        f"{one['signal_type']} on {one['list']} v{one['version']} ({one['category']}), entry {one['entry']}"
        + (f", {one['distance']} of {one['limit']} bits away" if one["limit"] else "")
        + (f", in {one['view']}" if one["view"] else "")
        for one in file.matches
    ]


def _figures(summary: Summary) -> dict[str, object]:
    return {
        "scan": summary.number,
        "state": summary.state.value,
        "root": summary.root,
        "site": summary.site,
        "acting": summary.acting,
        "started_at": summary.started_at.isoformat(),
        "started_by": summary.started_by,
        "ended_at": summary.ended_at.isoformat() if summary.ended_at else None,
        "seconds": round(summary.seconds, 1),
        "lists": [{"list": name, "version": version} for name, version in summary.lists],
        "lists_changed_meanwhile": summary.mixed,
        "files_met": summary.files,
        "bytes": summary.bytes,
        **{column.value: summary.counts[column] for column in Column},
        "clean_by_kept_hashes": summary.kept,
        "waiting": summary.waiting,
        "not_entered": summary.shut,
        "links_not_followed": summary.links,
        "cases": summary.held,
        "not_taken_away": summary.faults,
    }


def _file(file: Looked) -> dict[str, object]:
    return {
        "found": file.column.value,
        "locator": file.item.locator,
        "size": file.item.size,
        "action": file.action,
        "reason": file.reason,
        "matches": list(file.matches),
        "case": file.case,
        "fault": file.fault,
    }
