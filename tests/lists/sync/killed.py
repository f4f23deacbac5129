"""A run to be killed: `python -m tests.lists.sync.killed FOLDER`. Its second page never comes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lists.sync.exchanges import Written, page
from tests.support import settings_in
from upload_guard.compose import known_categories, open_lists
from upload_guard.lists.sync.exchange import Page
from upload_guard.lists.sync.run import Sync, SyncOrder


class Hanging(Written):
    """Says that the first page is kept, once the second one is asked for."""

    def pages(self, checkpoint: str) -> Iterator[Page]:
        yield page("a", 1, 2)
        print("the first page is kept", flush=True)
        time.sleep(600)


def main() -> None:
    settings = settings_in(Path(sys.argv[1]))
    order = SyncOrder("icse", "interpol", "baseline", "ann")
    Sync(Hanging(), open_lists(settings), order, known_categories(settings, "icse")).run()


if __name__ == "__main__":
    main()
