"""Uploads in pieces on a route that puts them together: no way to cut one brings a listed picture past."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import OTHER_SEED, activate_listed_picture, picture_bytes, settings_in, upload_of
from upload_guard.compose import Station, build_assembly, build_routes, build_station
from upload_guard.errors import AmbiguousRequest, PieceOutOfOrder, PiecewiseUpload
from upload_guard.intake.pieces import Piece
from upload_guard.pieces import PieceChecker, PieceRequest
from upload_guard.quarantine.cases import Cases
from upload_guard.records import Outcome, Source, Upload
from upload_guard.routing import Route
from upload_guard.settings import Settings

OTHER = picture_bytes(OTHER_SEED)
NOTHING = b"nothing at all " * 20


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    routes = [{"path": "/pieces", "pieces": "assemble"}, {"path": "/pass", "pieces": "pass"}]
    return settings_in(tmp_path_factory.mktemp("pieces"), routes=routes)


@pytest.fixture(scope="module")
def listed(settings: Settings) -> bytes:
    return activate_listed_picture(settings)


@pytest.fixture(scope="module")
def route(settings: Settings, listed: bytes) -> Route:
    return build_routes(settings).of("/pieces")


@pytest.fixture
def checker(settings: Settings, tmp_path: Path) -> PieceChecker:
    return PieceChecker(replace(build_assembly(settings), folder=tmp_path / "assembly"))


@pytest.fixture(scope="module")
def station(settings: Settings, listed: bytes) -> Station:
    return build_station(settings)


def kept(station: Station) -> int:
    return len(Cases(station.keeper.database, station.keeper.vault).newest(10_000))


SOURCE = Source("test", "/pieces")


def judge(
    checker: PieceChecker, route: Route, piece: Piece, uploads: list[Upload], files: list[Upload], takes: bool
) -> Outcome | None:
    """The outcome; then the application answers that it has taken the piece, or that it has not."""
    with ExitStack() as opened:
        taken = checker.check(PieceRequest(piece, uploads, files, SOURCE), route, opened)
        if takes and not refused(taken.outcome):
            taken.accepted([])
    return taken.outcome


def send(
    checker: PieceChecker, route: Route, piece: Piece, data: bytes, *, takes: bool = True
) -> Outcome | None:
    upload = upload_of(data)
    return judge(checker, route, piece, [upload], [upload], takes)


def refused(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.verdict.action.refuses


def halves(data: bytes) -> tuple[bytes, bytes]:
    # So early that the first piece shows nothing yet.
    return data[:700], data[700:]


def test_the_whole_is_judged_when_the_last_piece_has_come(
    checker: PieceChecker, route: Route, listed: bytes, station: Station
) -> None:
    before = kept(station)
    first, second = halves(listed)
    assert not refused(send(checker, route, Piece("u", index=0, count=2), first))
    outcome = send(checker, route, Piece("u", index=1, count=2), second)
    assert outcome is not None
    assert (outcome.verdict.action.label, outcome.verdict.reason) == ("block", "exact")
    assert kept(station) == before + 1


def test_a_clean_upload_passes_and_leaves_nothing(checker: PieceChecker, route: Route) -> None:
    first, second = halves(OTHER)
    unseen = send(checker, route, Piece("u", index=0, count=2), first)
    assert unseen is not None
    assert (unseen.verdict.result, unseen.verdict.reason) == ("unchecked", "piecewise")
    done = send(checker, route, Piece("u", index=1, count=2), second)
    assert done is not None
    assert done.verdict.result == "clean"
    assert list(checker.assembly.folder.iterdir()) == []


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(Piece("u", index=0, count=2), id="as the first of two"),
        pytest.param(Piece("u", index=0, count=2, total=10**9), id="with a size it does not have"),
        pytest.param(Piece("u", offset=0, total=10**9, by_range=True), id="as a range of more"),
        pytest.param(Piece("u", offset=0), id="by tus"),
    ],
)
def test_a_whole_listed_file_that_calls_itself_a_piece_is_refused_and_kept(
    checker: PieceChecker, route: Route, listed: bytes, station: Station, piece: Piece
) -> None:
    before = kept(station)
    assert refused(send(checker, route, piece, listed))
    assert kept(station) == before + 1


def test_what_shows_before_the_last_piece_is_refused_then(
    checker: PieceChecker, route: Route, listed: bytes
) -> None:
    """The sender says that more is to come; an application may show what it has."""
    first, second = halves(listed)
    send(checker, route, Piece("u", index=0, count=99), first)
    assert refused(send(checker, route, Piece("u", index=1, count=99), second))


def test_either_end_is_taken_for_the_end(checker: PieceChecker, route: Route, listed: bytes) -> None:
    archive = NOTHING + listed
    first, second = archive[:250], archive[250:]
    send(checker, route, Piece("u", index=0, count=99, total=len(archive)), first)
    assert refused(send(checker, route, Piece("u", index=1, count=99, total=len(archive)), second))


def test_after_each_piece_by_tus_all_that_came_is_checked(
    checker: PieceChecker, route: Route, listed: bytes
) -> None:
    first, second = halves(listed)
    assert not refused(send(checker, route, Piece("u", offset=0), first))
    assert refused(send(checker, route, Piece("u", offset=len(first)), second))


def test_an_unfinished_picture_by_tus_is_no_reason_to_refuse(checker: PieceChecker, route: Route) -> None:
    outcome = send(checker, route, Piece("u", offset=0), OTHER[:5000])
    assert not refused(outcome)


def test_a_piece_that_the_application_refused_is_not_part_of_the_whole(
    checker: PieceChecker, route: Route, listed: bytes
) -> None:
    """Else a harmless piece that only the guard has could stand in for one that only the application has."""
    first, second = halves(listed)
    send(checker, route, Piece("u", index=0, count=2), NOTHING, takes=False)
    with pytest.raises(PieceOutOfOrder):
        send(checker, route, Piece("u", index=1, count=2), second)
    send(checker, route, Piece("u", index=0, count=2), first)
    assert refused(send(checker, route, Piece("u", index=1, count=2), second))


def test_the_last_piece_may_come_again_when_the_application_failed(
    checker: PieceChecker, route: Route
) -> None:
    first, second = halves(OTHER)
    send(checker, route, Piece("u", index=0, count=2), first)
    for takes in (False, True):
        outcome = send(checker, route, Piece("u", index=1, count=2), second, takes=takes)
        assert outcome is not None
        assert outcome.verdict.result == "clean"
    assert list(checker.assembly.folder.iterdir()) == []


@pytest.mark.parametrize("location", ["/pieces/7", "pieces/7", "http://example.org/app/pieces/7"])
def test_a_tus_upload_whose_creation_was_seen_has_an_end(
    checker: PieceChecker, route: Route, listed: bytes, location: str
) -> None:
    mount = "/app" if location.startswith("http") else ""
    with ExitStack() as opened:
        creation = PieceRequest(Piece("/pieces", total=len(OTHER), creates=True), [], [], SOURCE, mount)
        taken = checker.check(creation, route, opened)
        taken.accepted([("Location", location)])
    assert taken.outcome is None
    first, second = halves(OTHER)
    at = replace(SOURCE, route="/pieces/7")
    for offset, data in ((0, first), (len(first), second)):
        upload = upload_of(data)
        with ExitStack() as opened:
            piece = PieceRequest(Piece("/pieces/7", offset=offset), [upload], [upload], at)
            taken = checker.check(piece, route, opened)
            taken.accepted([])
    assert taken.outcome is not None
    assert taken.outcome.verdict.result == "clean", "judged whole, and not only as far as it came"
    assert list(checker.assembly.folder.iterdir()) == []


def test_pieces_of_two_names_or_two_routes_are_two_uploads(
    checker: PieceChecker, route: Route, listed: bytes
) -> None:
    first, second = halves(listed)
    send(checker, route, Piece("a", index=0, count=2), first)
    send(checker, route, Piece("b", index=0, count=2), halves(OTHER)[0])
    assert not refused(send(checker, route, Piece("b", index=1, count=2), halves(OTHER)[1]))
    assert refused(send(checker, route, Piece("a", index=1, count=2), second))


def test_ranges_in_a_form_are_told_apart_by_the_name_of_the_file(checker: PieceChecker, route: Route) -> None:
    def part(name: str, data: bytes, offset: int) -> Outcome | None:
        upload = replace(upload_of(data), file_name=name)
        piece = Piece("/files", offset=offset, length=len(data), total=len(OTHER), by_range=True)
        return judge(checker, route, piece, [upload], [upload], True)

    first, second = halves(OTHER)
    part("a.jpg", first, 0)
    part("b.jpg", NOTHING, 0)
    outcome = part("a.jpg", second, len(first))
    assert outcome is not None
    assert outcome.verdict.result == "clean"


@pytest.mark.parametrize("count", [0, 2])
def test_a_piece_is_the_only_file_of_its_request(checker: PieceChecker, route: Route, count: int) -> None:
    uploads = [upload_of(b"x"), upload_of(b"y")][:count]
    with pytest.raises(AmbiguousRequest, match="only file"):
        judge(checker, route, Piece("u", index=0, count=2), uploads, uploads, True)


def test_a_range_has_as_many_bytes_as_it_says(checker: PieceChecker, route: Route) -> None:
    with pytest.raises(AmbiguousRequest, match="length"):
        send(checker, route, Piece("u", offset=0, length=5, by_range=True), b"four")


def test_a_piece_that_only_the_application_could_place_is_refused(
    checker: PieceChecker, route: Route
) -> None:
    with pytest.raises(PiecewiseUpload):
        send(checker, route, Piece("u"), b"four")


def test_what_comes_beside_a_piece_is_checked_like_any_upload(
    checker: PieceChecker, route: Route, listed: bytes
) -> None:
    part, beside = upload_of(NOTHING), upload_of(listed)
    assert refused(judge(checker, route, Piece("u", index=0, count=2), [beside, part], [part], True))
    cut = upload_of(OTHER[: len(OTHER) // 2])
    assert refused(judge(checker, route, Piece("v", index=0, count=2), [cut, part], [part], True))


def test_a_route_that_lets_pieces_pass_says_so_loudly(
    checker: PieceChecker, settings: Settings, listed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upload: Upload = upload_of(listed)
    with caplog.at_level(logging.WARNING):
        passing = build_routes(settings).of("/pass")
        outcome = judge(checker, passing, Piece("u", index=0, count=2), [upload], [upload], True)
    assert outcome is not None
    assert outcome.verdict.result == "unchecked"
    assert "PASSED UNSEEN" in caplog.text
