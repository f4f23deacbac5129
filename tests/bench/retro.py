"""What it costs to hold uploads that passed against a new list: `python -m tests.bench retro`.

Uploads are remembered as many times over as it takes; the list has 100,000 digests that nobody uploaded, and
one that somebody did. Beside the uploads a second stand those that the same process checks as they come in.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from tests.support import activate_list, listed_hashes, picture_bytes, quiet_station, settings_in, upload_of
from upload_guard.compose.retro import RetroDesk
from upload_guard.keyring import open_keyring
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType, Source
from upload_guard.retro.passed import PassedSeal
from upload_guard.storage.retro_tables import RetroPass

CHECKED, REMEMBERED, LISTED, AT_ONCE = 40, 20_000, 100_000, 1_000


def main() -> None:
    with TemporaryDirectory() as folder:
        measure(Path(folder))


def measure(folder: Path) -> None:
    settings = settings_in(folder, retro={"days": 30}, benign={"shipped": False}, cache={"entries": 0})
    some = [ListedHash(SignalType.SHA256, number.to_bytes(32, "little")) for number in range(1, LISTED)]
    activate_list(settings, some)
    station = quiet_station(settings)
    station.sandbox.start()
    station.snapshot.look()
    uploads = [upload_of(picture_bytes(seed), Source("shop", "/up")) for seed in range(CHECKED)]
    station.guard.check(uploads[:4])

    began = time.perf_counter()
    findings = [station.checker.check(one, time.monotonic() + 60) for one in uploads]
    checking = CHECKED / (time.perf_counter() - began)

    seal, now = PassedSeal(open_keyring(settings)), datetime.now(UTC)
    database, size = station.keeper.database, 0
    for first in range(0, REMEMBERED, AT_ONCE):
        with database.session() as session:
            for number in range(first, first + AT_ONCE):
                which = number % CHECKED
                upload = replace(uploads[which], upload_id=f"{number:032x}")
                row = seal.row(now, upload, findings[which])
                size += len(row.sealed)
                session.add(row)

    # The newest alone is like it, so that opening cases is not what is measured.
    activate_list(settings, [*some, *listed_hashes(picture_bytes(CHECKED))])
    station.snapshot.look()
    passes = RetroDesk(settings, database).passes(station.lists, station.checker, station.keeper)
    began = time.perf_counter()
    replace(passes, settles_after=timedelta()).run()
    seconds = time.perf_counter() - began
    with database.session() as session:
        done = session.scalars(select(RetroPass)).one()
    print(f"remembered: {REMEMBERED:,} uploads, {size / REMEMBERED:,.0f} bytes each; listed: {LISTED:,}")
    print(f"checked as they come in: {checking:,.0f} uploads a second, one after another")
    rate = done.uploads / seconds
    print(f"held against the new list: {rate:,.0f} uploads a second, {rate / checking:.1f} times as many")
    print(f"found: {done.matches}")


if __name__ == "__main__":
    main()
