"""What became of what a check service found is told to it: nothing more than a hash, a word and a moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.outbox.receiver import Clock
from tests.outbox.rows import add_case
from tests.quarantine.deciding.test_decisions import House, house_in
from tests.support import activate_list, digests_of, listed_hashes, live, picture_bytes, upload_of
from upload_guard.customers.wire import HitOutcome, NamedHash, OutcomeTold
from upload_guard.errors import TransportError, UpstreamError, UpstreamMissing, UpstreamTimeout
from upload_guard.outbox.excepted import ExceptedAgain
from upload_guard.outbox.messages import Message, MessageKind
from upload_guard.outbox.outcomes import OutcomeRoute, OutcomeTransport
from upload_guard.outbox.routing import Router
from upload_guard.quarantine.rows import match_row
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.quarantine.telling import tell_decided, tell_opened
from upload_guard.records import Match, SignalType, Source
from upload_guard.storage.database import Database
from upload_guard.storage.outbox_tables import OutboxMessage
from upload_guard.storage.tables import Case

SERVICE = "test-list"
MATCH = Match(
    SignalType.MD5, "", 0, 0, SERVICE, 0, "eokm", "baseline", 0, datetime.now(UTC), value=b"\x0f" * 16
)


def told(database: Database) -> list[tuple[str, str, str]]:
    """Type of hash, its value and the outcome, of each message that waits or was replaced."""
    Router(database, [OutcomeRoute(frozenset({SERVICE}))]).run()
    with database.session() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.number)).all()
        session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
    assert all((row.kind, row.recipient) == (MessageKind.OUTCOME, SERVICE) for row in rows)
    assert all(set(row.body) == {"hash", "outcome", "at"} for row in rows)
    return [(row.body["hash"]["type"], row.body["hash"]["value"], row.body["outcome"]) for row in rows]


def words(database: Database) -> set[str]:
    return {outcome for _, _, outcome in told(database)}


def case_with(database: Database, *matches: Match, route: str = "/up") -> str:
    """A case that was opened because of these."""
    number = add_case(database, datetime.now(UTC))
    with database.session() as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        case.matches, case.route = [match_row(one) for one in matches], route
        tell_opened(session, case)
    return number


def decide(database: Database, number: str, decision: str) -> None:
    with database.session() as session:
        tell_decided(session, session.scalars(select(Case).where(Case.number == number)).one(), decision)


# On a real station: what holds an upload here comes from the list that stands for a service.


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = house_in(tmp_path_factory.mktemp("house"))
    activate_list(house.settings, [one for seed in range(6) for one in listed_hashes(picture_bytes(seed))])
    house.station.snapshot.look()
    return house


def test_an_upload_that_is_held_is_told_as_quarantined_by_each_hash_that_was_found(house: House) -> None:
    data = picture_bytes(0)
    house.upload(data)
    digests = digests_of(data)
    found = {(kind, value) for kind, value, outcome in told(house.decisions.database)}
    assert {("md5", digests.md5.hex()), ("sha256", digests.sha256.hex())} <= found


@pytest.mark.parametrize(
    ("seed", "decision", "outcome"),
    [(1, "confirm", "removed"), (2, "escalate", "escalated"), (3, "false_positive", "false_positive")],
    ids=["confirmed", "escalated", "false-positive"],
)
def test_what_a_person_decides_is_told(house: House, seed: int, decision: str, outcome: str) -> None:
    database = house.decisions.database
    case = house.upload(picture_bytes(seed)).case
    assert words(database) == {"quarantined"}
    getattr(house.decisions, decision)(case, "ann", "seen")
    assert words(database) == {outcome}


@pytest.mark.parametrize(
    ("seed", "decision", "outcomes"),
    [(4, "false_positive", {"false_positive"}), (5, "release", set())],
    ids=["false-positive", "released"],
)
def test_a_decided_file_that_comes_again_is_told_of_once_a_day_if_it_was_found_harmless(
    house: House, clock: Clock, seed: int, decision: str, outcomes: set[str]
) -> None:
    database, data = house.decisions.database, picture_bytes(seed)
    getattr(house.decisions, decision)(house.upload(data).case, "ann", "seen")
    told(database)
    live(house.station.checker.opinions).look()
    guard = replace(house.station.guard, observers=(ExceptedAgain(database, clock),))
    for _ in range(2):
        clock.pass_by(timedelta(days=1))
        for _ in range(2):
            guard.check([upload_of(data, Source("blog", "/up"))])
        found = told(database)
        assert len(found) == len(set(found))
        assert {outcome for _, _, outcome in found} == outcomes


# By rows alone.


def test_what_another_list_held_is_nobody_elses_business(database: Database) -> None:
    case_with(database, replace(MATCH, list_name="another"))
    case_with(database)
    assert told(database) == []


def test_a_match_that_the_service_made_of_the_file_names_no_hash_and_is_not_told(database: Database) -> None:
    case_with(database, replace(MATCH, signal_type=SignalType.PDQ, value=b""))
    assert told(database) == []


def test_a_release_says_nothing_of_whether_the_service_was_right(database: Database) -> None:
    number = case_with(database, MATCH)
    told(database)
    decide(database, number, "released")
    assert told(database) == []


def test_a_decision_taken_back_leaves_it_quarantined(database: Database) -> None:
    number = case_with(database, MATCH)
    decide(database, number, "confirmed")
    told(database)
    decide(database, number, "reopened")
    assert words(database) == {"quarantined"}


@pytest.mark.parametrize(
    ("action", "outcomes"),
    [
        (LateAction.REMOVED, {"removed"}),
        (LateAction.HIDDEN, {"quarantined"}),
        (LateAction.GONE, {"not_found"}),
        (LateAction.KEPT, set()),
        (LateAction.FAILED, set()),
    ],
    ids=lambda given: given.value if isinstance(given, LateAction) else "",
)
def test_of_a_file_that_had_passed_only_its_site_can_say_that_it_is_gone(
    database: Database, action: LateAction, outcomes: set[str]
) -> None:
    number = case_with(database, MATCH, route="late:/up")
    decide(database, number, "confirmed")
    assert told(database) == []
    for _ in range(2):
        LateOutcomes(database).note(number, action, "", "k")
    assert words(database) == outcomes


def test_what_came_late_can_be_a_false_positive(database: Database) -> None:
    number = case_with(database, MATCH, route="late:/up")
    decide(database, number, "false_positive")
    assert words(database) == {"false_positive"}


# On its way.


@dataclass
class Service:
    """One that takes outcomes, or fails."""

    fault: UpstreamError | None = None
    knows: bool = True
    heard: list[OutcomeTold] = field(default_factory=list)

    def tell(self, told: OutcomeTold, seconds: float) -> bool:
        assert seconds > 0
        if self.fault:
            raise self.fault
        self.heard.append(told)
        return self.knows


OUTCOME = OutcomeTold(
    hash=NamedHash(type=SignalType.MD5, value="0f" * 16), outcome=HitOutcome.REMOVED, at=datetime.now(UTC)
)


def message(recipient: str = SERVICE) -> Message:
    body = OUTCOME.model_dump(mode="json", exclude_none=True)
    return Message(1, "a", MessageKind.OUTCOME, recipient, body, "claim")


@pytest.mark.parametrize("knows", [True, False])
def test_a_service_that_has_heard_it_has_heard_it_whether_it_knows_the_hit(knows: bool) -> None:
    service = Service(knows=knows)
    OutcomeTransport({SERVICE: service}).send(message())
    assert service.heard == [OUTCOME]


@pytest.mark.parametrize(
    ("fault", "permanent"),
    [(UpstreamTimeout("slow"), False), (UpstreamMissing("no such address"), True)],
    ids=["slow", "missing"],
)
def test_what_cannot_be_told_is_told_later_unless_there_is_no_such_address(
    fault: UpstreamError, permanent: bool
) -> None:
    with pytest.raises(TransportError) as raised:
        OutcomeTransport({SERVICE: Service(fault)}).send(message())
    assert raised.value.permanent is permanent


def test_whoever_wants_to_hear_nothing_any_more_is_told_nothing() -> None:
    with pytest.raises(TransportError, match="no outcomes any more"):
        OutcomeTransport({}).send(message())
