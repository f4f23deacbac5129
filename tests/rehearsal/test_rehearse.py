"""A version rehearsed against the same version really acting: the numbers must be the same."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support import (
    activate_list,
    damage_lists,
    digests_of,
    listed_hashes,
    pdq_of,
    picture_bytes,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.compose import (
    build_checker,
    build_station,
    build_trust,
    open_benign,
    open_cases,
    open_lists,
    open_signal_log,
)
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.errors import ListError, ListHeld
from upload_guard.keyring import open_keyring
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.log.signal_log import SignalLog
from upload_guard.lists.opinions import note_change
from upload_guard.lists.trial import put_on_trial
from upload_guard.matching.build import no_progress
from upload_guard.records import (
    NOT_DECODED,
    Action,
    Findings,
    Outcome,
    Result,
    SignalType,
    Source,
    Verdict,
)
from upload_guard.rehearsal.rehearse import Audience, Stage
from upload_guard.rehearsal.tally import Effect, Tally
from upload_guard.settings import Settings
from upload_guard.storage.database import open_database
from upload_guard.storage.opinion_tables import Exemption

ROLES = ("sha256", "md5", "look", "excused look", "likeness of a good one", "own", "put aside", "unlisted")
CATEGORIES = ("baseline", "illegal", "investigative", "other")
SITES = ("blog", "shop")
STRANGER = picture_bytes(50)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, signal_log={"days": 30})


# What is drawn ------------------------------------------------------------------------------------


def beside(data: bytes, bits: int) -> ListedHash:
    """The picture's PDQ, that many bits away."""
    value = int.from_bytes(pdq_of(data)) ^ ((1 << bits) - 1)
    return ListedHash(SignalType.PDQ, value.to_bytes(32))


def listed_as(role: str, data: bytes) -> list[ListedHash]:
    if role in {"sha256", "own", "put aside", "likeness of a good one"}:
        return [ListedHash(SignalType.SHA256, digests_of(data).sha256)]
    if role == "md5":
        return [ListedHash(SignalType.MD5, digests_of(data).md5)]
    return [] if role == "unlisted" else [beside(data, 14)]


def vouch_for(settings: Settings, cases: Iterable[Case]) -> None:
    """Whatever the bank has to say of pictures in their roles."""
    sandbox, bank = build_checker(settings).sandbox, open_benign(settings)
    for case in cases:
        if case.role in {"excused look", "likeness of a good one", "own", "put aside"}:
            likeness = case.role == "likeness of a good one"
            vouched = recompressed(case.picture, (390, 292), 90) if likeness else case.picture
            signals = sandbox.analyse(upload_of(vouched).content).signals
            site = "blog" if case.role == "own" else ""
            bank.add(vouched_file(case.role, digests_of(vouched), signals, site), "ann")
    sandbox.close()


def zipped(*files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for at, data in enumerate(files):
            archive.writestr(f"{at}.jpg", data)
    return out.getvalue()


@dataclass(frozen=True)
class Case:
    """A picture in a role, listed in a category, and the upload that has it."""

    picture: bytes
    role: str
    category: str
    site: str
    packed: bool

    @property
    def data(self) -> bytes:
        return zipped(STRANGER, self.picture) if self.packed else self.picture

    @property
    def hashes(self) -> list[ListedHash]:
        return [replace(one, category=self.category) for one in listed_as(self.role, self.picture)]


def drawn() -> list[Case]:
    """Every role in every category, on both sites, in an archive on one of them."""
    uploads = []
    for at, (role, category) in enumerate(product(ROLES, CATEGORIES)):
        picture = jpeg(landscape(100 + at, (400, 300)))
        uploads += [
            Case(picture, role, category, site, (at + place) % 2 == 0) for place, site in enumerate(SITES)
        ]
    return uploads


# What really happens, and what the rehearsal says -------------------------------------------------


def upload_all(settings: Settings, uploads: Iterable[tuple[str, bytes]]) -> list[tuple[str, Outcome]]:
    """Check them one after another; with a log, what is noted is written."""
    station = build_station(settings)
    outcomes = []
    for site, data in uploads:
        (outcome,) = station.guard.check([upload_of(data, Source(site, "/upload"))])
        outcomes.append((site, outcome))
    for observer in station.guard.observers:
        if isinstance(observer, SignalLog):
            observer.flush()
    station.sandbox.close()
    return outcomes


def effect_of(outcome: Outcome) -> Effect:
    if outcome.verdict.result is Result.DISPUTED:
        return Effect.EXCUSED
    return {
        Action.BLOCK: Effect.BLOCKED,
        Action.QUARANTINE: Effect.HELD,
        Action.MONITOR: Effect.MONITORED,
        Action.ALLOW: Effect.NOTHING,
    }[outcome.verdict.action]


def by_site(outcomes: Sequence[tuple[str, Outcome]]) -> dict[str, Counter[Effect]]:
    counted: dict[str, Counter[Effect]] = {}
    for site, outcome in outcomes:
        counted.setdefault(site, Counter())[effect_of(outcome)] += 1
    return counted


def imported(settings: Settings, hashes: Sequence[ListedHash], category: str = "baseline") -> int:
    order = ImportOrder("icse", "test", category, "interpol", "ann")
    return open_lists(settings).import_version(order, hashes).number


def rehearsed(
    settings: Settings, files: Sequence[Path] = (), site: str = "shop", number: int | None = None
) -> Tally:
    """Over the log where no files are given."""
    now = datetime.now(UTC)
    log = None if files else open_signal_log(settings, now - timedelta(days=30))
    tally = Tally("icse", build_trust(settings), now)
    stage = Stage(build_checker(settings), 2, 60)
    with TemporaryDirectory(dir=settings.data_dir) as folder:
        trial = put_on_trial(open_lists(settings), "icse", number, Path(folder))
        stage.rehearse(trial, Audience(log, files, site), tally, no_progress)
    stage.checker.sandbox.close()
    return tally


def written(folder: Path, *data: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"{at}.bin" for at in range(len(data))]
    for file, one in zip(files, data, strict=True):
        file.write_bytes(one)
    return files


def test_what_is_rehearsed_is_what_happens_once_the_version_acts(tmp_path: Path) -> None:
    cases = drawn()
    uploads = [(case.site, case.data) for case in cases]
    hashes = [hash_ for case in cases[::2] for hash_ in case.hashes]
    rehearsing, acting = (settings_in(tmp_path / part, signal_log={"days": 30}) for part in ("log", "real"))
    for settings in (rehearsing, acting):
        vouch_for(settings, cases[::2])
    # The log is older than the list.
    upload_all(rehearsing, uploads)
    imported(rehearsing, hashes)
    imported(acting, hashes)
    open_lists(acting).activate("icse", None, "ann")
    happened = by_site(upload_all(acting, uploads))

    assert {effect for effects in happened.values() for effect in effects} == set(Effect) - {Effect.UNJUDGED}
    assert rehearsed(rehearsing).by_site == happened
    for site in SITES:
        files = written(tmp_path / site, *(case.data for case in cases if case.site == site))
        assert rehearsed(rehearsing, files, site).by_site == {site: happened[site]}


# In the company of other lists, bank and opinions --------------------------------------------------


def logged(settings: Settings, *uploads: bytes) -> None:
    upload_all(settings, [("shop", data) for data in uploads])


def test_a_version_that_acts_already_is_rehearsed_alike(settings: Settings) -> None:
    picture = picture_bytes(1)
    logged(settings, picture)
    imported(settings, listed_hashes(picture))
    before = rehearsed(settings)
    open_lists(settings).activate("icse", None, "ann")
    assert rehearsed(settings).by_site == before.by_site == {"shop": Counter({Effect.BLOCKED: 1})}


def test_an_older_version_can_be_named(settings: Settings) -> None:
    logged(settings, picture_bytes(1))
    first = imported(settings, listed_hashes(picture_bytes(1)))
    imported(settings, listed_hashes(picture_bytes(2)))
    assert rehearsed(settings).effects[Effect.BLOCKED] == 0
    assert rehearsed(settings, number=first).effects[Effect.BLOCKED] == 1


def test_another_list_of_different_origin_corroborates(settings: Settings) -> None:
    picture = picture_bytes(1)
    logged(settings, picture)
    imported(settings, [beside(picture, 10)])
    assert rehearsed(settings).effects == {Effect.HELD: 1}
    activate_list(settings, [beside(picture, 12)], "other", origin="elsewhere")
    assert rehearsed(settings).effects == {Effect.BLOCKED: 1}


def test_what_only_another_list_does_is_not_counted(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(1)), "other", origin="elsewhere")
    logged(settings, picture_bytes(1), picture_bytes(2))
    imported(settings, listed_hashes(picture_bytes(2)), "investigative")
    assert rehearsed(settings).effects == {Effect.NOTHING: 1, Effect.MONITORED: 1}


def test_added_and_retracted_hashes_count(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(1)), "icse", origin="interpol")
    logged(settings, picture_bytes(1), picture_bytes(2))
    lists = open_lists(settings)
    lists.retract("icse", listed_hashes(picture_bytes(1)), "ann")
    lists.add("icse", listed_hashes(picture_bytes(2)), "baseline", "ann")
    tally = rehearsed(settings)
    assert tally.effects == {Effect.NOTHING: 1, Effect.BLOCKED: 1}


def test_a_file_found_a_false_positive_is_excused_on_its_site_only(settings: Settings) -> None:
    picture = picture_bytes(1)
    upload_all(settings, [("blog", picture), ("shop", picture)])
    imported(settings, listed_hashes(picture))
    database = open_database(settings.database_url)
    with database.session() as session:
        session.add(
            Exemption(
                sha256=digests_of(picture).sha256,
                site="blog",
                case_number="A1",
                made_at=datetime.now(UTC),
                made_by="ann",
                because="a logo",
                entries=[["icse", one.signal_type.value, one.value.hex()] for one in listed_hashes(picture)],
            )
        )
        note_change(session)
    assert rehearsed(settings).by_site == {
        "blog": Counter({Effect.EXCUSED: 1}),
        "shop": Counter({Effect.BLOCKED: 1}),
    }


def test_on_probation_a_version_holds_and_later_it_blocks(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, signal_log={"days": 30}, trust={"probation_hours": 24})
    logged(settings, picture_bytes(1))
    imported(settings, listed_hashes(picture_bytes(1)))
    tally = rehearsed(settings)
    assert (tally.effects, tally.later) == ({Effect.HELD: 1}, {Effect.BLOCKED: 1})


def test_a_lists_own_limit_and_actions_apply(tmp_path: Path) -> None:
    own = {"pdq_limit": 5, "actions": {"baseline": "monitor"}}
    settings = settings_in(tmp_path, signal_log={"days": 30}, lists={"icse": own})
    logged(settings, picture_bytes(1), picture_bytes(2))
    imported(settings, [beside(picture_bytes(1), 4), beside(picture_bytes(2), 6)])
    assert rehearsed(settings).effects == {Effect.MONITORED: 1, Effect.NOTHING: 1}


def test_a_version_that_the_gate_holds_can_be_rehearsed(settings: Settings) -> None:
    picture = picture_bytes(1)
    logged(settings, picture)
    many = [beside(picture_bytes(2), bits) for bits in range(9)]
    activate_list(settings, [*listed_hashes(picture), *many], "icse", origin="interpol")
    imported(settings, listed_hashes(picture)[:1])
    with pytest.raises(ListHeld):
        open_lists(settings).activate("icse", None, "ann")
    assert rehearsed(settings).effects == {Effect.BLOCKED: 1}


def test_a_version_that_is_damaged_cannot_be_rehearsed(settings: Settings) -> None:
    imported(settings, listed_hashes(picture_bytes(1)))
    damage_lists(settings)
    with pytest.raises(ListError, match="damaged"):
        rehearsed(settings)


# What is told besides -----------------------------------------------------------------------------


def test_entries_are_named_with_what_they_matched(settings: Settings) -> None:
    picture = picture_bytes(1)
    upload_all(settings, [(site, picture) for site in ("blog", "shop", "shop")])
    imported(settings, [beside(picture, 10), ListedHash(SignalType.SHA256, digests_of(picture).sha256)])
    top = {one.signal_type: one for one in rehearsed(settings).top(10)}
    look, exact = top[SignalType.PDQ], top[SignalType.SHA256]
    assert (look.uploads, look.sites, look.nearest, look.category) == (3, {"blog", "shop"}, 10, "baseline")
    assert (exact.uploads, exact.nearest, exact.excused_by) == (3, 0, "")


def test_an_excused_entry_is_named_with_the_known_good_image(settings: Settings) -> None:
    case = Case(picture_bytes(1), "excused look", "baseline", "shop", packed=False)
    vouch_for(settings, [case])
    logged(settings, case.data)
    imported(settings, case.hashes)
    (entry,) = rehearsed(settings).top(10)
    assert "excused look" in entry.excused_by


def test_uploads_that_were_let_pass_and_would_be_held_are_told(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(1)), "other", origin="elsewhere")
    logged(settings, picture_bytes(1), picture_bytes(2))
    imported(settings, [*listed_hashes(picture_bytes(1)), *listed_hashes(picture_bytes(2))])
    tally = rehearsed(settings)
    assert (tally.effects[Effect.BLOCKED], tally.passed_then) == (2, 1)


def test_what_was_not_decoded_or_read_is_not_said_to_match_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, signal_log={"days": 30}, benign={"shipped": False})
    picture, torn = picture_bytes(1), picture_bytes(2)[:4000]
    activate_list(settings, listed_hashes(picture), "other", origin="elsewhere")
    logged(settings, picture, torn)
    imported(settings, [beside(picture, 10)])
    tally = rehearsed(settings)
    assert tally.effects == {Effect.UNJUDGED: 2}
    assert tally.lacking == {NOT_DECODED: 1, "truncated": 1}


def test_nor_is_a_picture_that_came_before_its_signal_type_was_computed(settings: Settings) -> None:
    logged(settings, picture_bytes(1), b"no picture")
    table = {"plugin": "nobody", "bits": 96, "limit": 10}
    now = Settings.model_validate(settings.model_dump() | {"signals": {"neuralhash": table}})
    kind = SignalType("neuralhash-96")
    imported(now, [ListedHash(kind, bytes.fromhex("0123456789abcdef00ff00ff"))])
    tally = rehearsed(now)
    assert tally.effects == {Effect.UNJUDGED: 1, Effect.NOTHING: 1}
    assert tally.lacking == {"neuralhash-96 was not computed then": 1}


def test_a_file_that_cannot_be_opened_is_not_judged(settings: Settings, tmp_path: Path) -> None:
    imported(settings, listed_hashes(picture_bytes(1)))
    tally = rehearsed(settings, [tmp_path / "missing.jpg"])
    assert tally.lacking == {"No such file or directory": 1}


def test_nothing_stays_and_nothing_changes(settings: Settings, tmp_path: Path) -> None:
    case = Case(picture_bytes(1), "put aside", "baseline", "shop", packed=False)
    vouch_for(settings, [case])
    activate_list(settings, listed_hashes(picture_bytes(2)), "other", origin="elsewhere")
    imported(settings, [*case.hashes, *listed_hashes(picture_bytes(3))])

    def everything() -> set[Path]:
        return {path for path in settings.data_dir.rglob("*") if "sqlite3" not in path.name}

    before, acting = everything(), open_lists(settings).generation()
    assert rehearsed(settings, written(tmp_path / "files", picture_bytes(3))).effects == {Effect.BLOCKED: 1}
    assert (everything(), open_lists(settings).generation()) == (before, acting)
    assert open_cases(settings).newest(1) == ()


def test_many_rows_are_rehearsed_with_each_counted(settings: Settings) -> None:
    pictures = [picture_bytes(1), picture_bytes(2)]
    found = [build_checker(settings).sandbox.analyse(upload_of(data).content).signals for data in pictures]
    log = SignalLog(open_database(settings.database_url), open_keyring(settings))
    for at in range(10_000):
        findings = Findings((upload_of(pictures[at % 2]).digest.signal(), *found[at % 2][:8]))
        log.note(
            upload_of(b"x", Source(f"site {at % 3}")), Outcome(Verdict(Result.CLEAN, Action.ALLOW)), findings
        )
    log.flush()
    imported(settings, listed_hashes(pictures[0]))
    tally = rehearsed(settings)
    assert tally.effects == {Effect.BLOCKED: 5000, Effect.NOTHING: 5000}
    assert len(tally.by_site) == 3
