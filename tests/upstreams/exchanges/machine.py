"""A machine that fetches one list, "icse", from a stand-in of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import settings_in
from tests.upstreams.stand_in import StandIn, stand_in
from tests.upstreams.standins.hma_bank import Hma
from tests.upstreams.standins.ncmec import Ncmec
from tests.upstreams.standins.shared_list import Guard
from tests.upstreams.standins.stopncii import StopNcii
from tests.upstreams.standins.supply import Supply
from tests.upstreams.standins.tat import Tat
from upload_guard.compose import build_sync, exchange_states, open_lists
from upload_guard.errors import UploadGuardError
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.lists.sync.rows import ExchangeState
from upload_guard.lists.sync.run import SyncReport
from upload_guard.settings import Settings
from upload_guard.upstreams.choose import exchange_of

KINDS: Mapping[str, type[Supply]] = {one.kind: one for one in (Ncmec, StopNcii, Tat, Hma, Guard)}
MANY = range(1, 13)


@dataclass
class Machine:
    """`supply` answers on `service`; `settings` fetch from there."""

    supply: Any
    service: StandIn
    settings: Settings

    def run(self) -> SyncReport:
        return build_sync(self.settings, "icse", "ann").run()

    def activate(self) -> None:
        """The first version, as a person does."""
        self.run()
        open_lists(self.settings).activate("icse", 1, "bob")

    def fetch(self, **options: object) -> list[Page]:
        """What the exchange itself gives from the start, by other options."""
        own = self.settings.lists["icse"].exchange
        assert own is not None
        given = own.model_copy(update=options)
        pages = []
        for page in exchange_of(given, "", self.settings.data_dir / "fetched").pages(""):
            records = [Record(record.key, tuple(record.hashes)) for record in page.records]
            pages.append(Page(records, tuple(page.withdrawn), page.checkpoint, page.anew))
        return pages

    def fails(self, kind: type[UploadGuardError] = UploadGuardError, words: str | None = None) -> None:
        with pytest.raises(kind, match=words):
            self.run()

    @property
    def acting(self) -> list[int]:
        """The numbers whose hashes act now."""
        values = {entry.value: entry.category for entry in open_lists(self.settings).order().entries()}
        numbers = [number for number in range(1, 400) if self.supply.listed(number).value in values]
        assert len(numbers) == len(values)
        return numbers

    @property
    def state(self) -> ExchangeState:
        return exchange_states(self.settings)["icse"]


def list_settings(supply: Supply, url: str, **options: object) -> dict[str, object]:
    own = {"kind": supply.kind, "url": url + supply.base, "origin": "partner", "timeout": 20.0}
    return {"actions": dict(supply.actions), "exchange": {**own, **supply.options, **options}}


@contextmanager
def machine(
    supply: Supply, folder: Path, certificate: Path | None = None, **options: object
) -> Iterator[Machine]:
    with stand_in(certificate) as service:
        service.otherwise = supply.answer
        own = list_settings(supply, service.url, **options)
        yield Machine(supply, service, settings_in(folder, lists={"icse": own}))
