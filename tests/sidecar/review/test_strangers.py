"""Those who are not logged in keep some threads, and never all."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
from sqlalchemy import delete

from tests.people.gates import PASSWORD
from tests.sidecar.review.conftest import House
from upload_guard.compose import open_database_of
from upload_guard.errors import LogInBusy
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role
from upload_guard.sidecar.review.strangers import Strangers
from upload_guard.storage.people_tables import LogInAttempts


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (8, 7)])
def test_one_thread_is_left(threads: int, places: int) -> None:
    strangers = Strangers.among(threads)
    held = [strangers.one() for _ in range(places)]
    for one in held:
        one.__enter__()
    with pytest.raises(LogInBusy), strangers.one():
        pass
    held.pop().__exit__(None, None, None)
    with strangers.one():
        pass


def test_a_place_is_free_again_after_a_fault() -> None:
    strangers = Strangers.among(2)
    for _ in range(3):
        with pytest.raises(ValueError, match="no password"), strangers.one():
            raise ValueError("no password")


def test_while_one_is_looked_at_the_other_thread_is_for_uploads(house: House) -> None:
    """Whoever writes to the database has the first of two log-ins wait; the second is turned away."""
    database = open_database_of(house.settings)
    open_gate(house.settings, database).people.add("sue", Role.VIEWER, PASSWORD, "root")
    with ThreadPoolExecutor(2) as threads:
        with database.session() as session:
            session.execute(delete(LogInAttempts))
            logging_in = [threads.submit(house.browser().log_in, "sue") for _ in range(2)]
            done, (waiting,) = wait(logging_in, timeout=25, return_when=FIRST_COMPLETED)
        (refused,) = (one.result() for one in done)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert "Others are logging in at this moment" in refused.text
    assert waiting.result().status_code == 302
