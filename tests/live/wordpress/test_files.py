"""Files of the media library by the sidecar's word: found by address, read, taken away, given back whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import php, quiet
from tests.live.wordpress.sites import WordPress, guarded, wordpress
from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import BytesContent, digest_of, picture_bytes, settings_in
from upload_guard.compose import open_acting
from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable
from upload_guard.holdings.acting import Found
from upload_guard.holdings.following import Followed, Following
from upload_guard.holdings.wordpress import WordPresses, WordPressSite
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live

PICTURE = picture_bytes(41)
SHA256 = digest_of(PICTURE).sha256


@pytest.fixture(scope="module")
def blog(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """One with a picture in all sizes, that came before the plugin, and lets the sidecar at its files."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "photo.jpg").write_bytes(PICTURE)
    constants = guarded(guard.url, guard.key, REMOTE_FILES="1")
    with wordpress(folder, php(), constants, plugin=False) as running:
        running.wp("media", "import", folder / "photo.jpg")
        running.add_plugin()
        yield running


@pytest.fixture
def here(blog: WordPress, guard: Sidecar, tmp_path: Path) -> WordPresses:
    return WordPresses({"blog": WordPressSite(blog.url)}, lambda _: guard.key, tmp_path / "spool", 1 << 30)


def pictures(blog: WordPress) -> dict[Path, tuple[bytes, int, int]]:
    """Content, rights and time of each upload."""
    return {
        file: (file.read_bytes(), file.stat().st_mode, int(file.stat().st_mtime)) for file in blog.landed()
    }


def address(blog: WordPress, name: str) -> str:
    (file,) = (one for one in pictures(blog) if one.name == name)
    return f"{blog.url}/{file.relative_to(blog.folder)}"


def test_a_picture_is_found_by_its_address_in_any_size_and_read(blog: WordPress, here: WordPresses) -> None:
    whole, small = address(blog, "photo.jpg"), address(blog, "photo-300x225.jpg")
    locator = here.locate("blog", whole)
    assert locator is not None
    assert here.locate("blog", f"{small}?ver=2#top") == locator
    assert here.locate("blog", whole.replace("photo", "other")) is None
    assert here.locate("blog", whole.replace("localhost", "elsewhere.example")) is None
    assert here.look(locator).size == len(PICTURE)
    with here.read(locator) as stream:
        assert stream.read() == PICTURE


def test_a_file_that_is_not_on_this_server_while_its_attachment_is_may_be_shown_all_the_same(
    blog: WordPress, here: WordPresses
) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before = pictures(blog)
    away = {file: file.with_name(f"{file.name}.away") for file in before}
    for file, elsewhere in away.items():
        file.rename(elsewhere)
    try:
        for act in (
            lambda: here.look(locator),
            lambda: here.read(locator).__enter__(),
            lambda: here.take(locator, SHA256),
        ):
            with pytest.raises(HoldingsUnreachable, match="upload_guard_elsewhere"):
                act()
    finally:
        for file, elsewhere in away.items():
            elsewhere.rename(file)
    assert pictures(blog) == before


def test_it_is_taken_away_in_all_sizes_and_given_back_whole(blog: WordPress, here: WordPresses) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before, status = pictures(blog), blog.attachments()
    here.take(locator, SHA256)
    here.take(locator, SHA256)
    assert pictures(blog) == {}
    assert set(blog.attachments().values()) == {"private"}
    with pytest.raises(GoneFromPlace):
        here.look(locator)
    here.put(locator, BytesContent(PICTURE), {})
    here.put(locator, BytesContent(PICTURE), {})
    assert (pictures(blog), blog.attachments()) == (before, status)


def test_one_that_came_back_is_taken_away_once_more(blog: WordPress, here: WordPresses) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before, status = pictures(blog), blog.attachments()
    (file,) = (one for one in before if one.name == "photo.jpg")
    # The second time what the first left in quarantine is of no matter.
    for _ in range(2):
        here.take(locator, SHA256)
        file.write_bytes(PICTURE)
        here.take(locator, SHA256)
        assert pictures(blog) == {}
        here.put(locator, BytesContent(PICTURE), {})
        assert (pictures(blog), blog.attachments()) == (before, status)


def test_what_another_case_holds_too_is_not_given_back_for_one(blog: WordPress, here: WordPresses) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before, status = pictures(blog), blog.attachments()
    (file,) = (one for one in before if one.name == "photo.jpg")
    here.take(locator, SHA256, "AAAA")
    # It came back, and belongs to what is away already.
    file.write_bytes(PICTURE)
    here.take(locator, SHA256, "BBBB")
    with pytest.raises(HoldingsUnreachable, match="upload_guard_held"):
        here.put(locator, BytesContent(PICTURE), {}, "AAAA")
    assert pictures(blog) == {}
    here.put(locator, BytesContent(PICTURE), {}, "BBBB")
    here.put(locator, BytesContent(PICTURE), {}, "AAAA")
    assert (pictures(blog), blog.attachments()) == (before, status)


def test_one_whose_files_are_still_moved_is_neither_there_nor_away(
    blog: WordPress, here: WordPresses
) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before = pictures(blog)
    here.take(locator, SHA256)
    set_state(blog, "moving")
    for act in (lambda: here.take(locator, SHA256), lambda: here.put(locator, BytesContent(PICTURE), {})):
        with pytest.raises(HoldingsUnreachable, match="upload_guard_moving"):
            act()
    set_state(blog, "held")
    here.put(locator, BytesContent(PICTURE), {})
    assert pictures(blog) == before


def set_state(blog: WordPress, state: str) -> None:
    """Of all that is put away, as if PHP had been ended half way."""
    blog.wp(
        "eval",
        "foreach ( ( new Upload_Guard_Rows( Upload_Guard_Quarantine::PREFIX ) )->all() as $one ) {"
        f" $one['state'] = '{state}';"
        " update_option( Upload_Guard_Quarantine::PREFIX . $one['id'], $one ); }",
    )


def test_another_file_is_left_alone(blog: WordPress, here: WordPresses) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before = pictures(blog)
    with pytest.raises(ChangedInPlace):
        here.take(locator, digest_of(b"meant").sha256)
    assert pictures(blog) == before
    with pytest.raises(GoneFromPlace):
        here.take("wordpress://blog/999", SHA256)


def test_a_hit_on_it_is_a_case_and_a_release_gives_it_back(
    blog: WordPress, here: WordPresses, tmp_path: Path
) -> None:
    locator = here.locate("blog", address(blog, "photo.jpg"))
    assert locator is not None
    before = pictures(blog), blog.attachments()
    opened = open_acting(settings_in(tmp_path))
    acting = replace(opened, placements=replace(opened.placements, holdings={"wordpress": here}))
    number = acting.act(Found(locator, "blog", SHA256, VERDICT, FINDINGS))
    assert pictures(blog) == {}
    Decisions(acting.placements.database, lambda _: FINDINGS).release(number, "eve", "harmless")
    assert Following(acting.placements).run() == Followed(done=1)
    assert (pictures(blog), blog.attachments()) == before


def test_nobody_else_is_answered(blog: WordPress, here: WordPresses, guard: Sidecar) -> None:
    forged = replace(here, credentials=lambda _: Credentials(guard.key.key_id, "a guess"))
    with pytest.raises(HoldingsUnreachable, match="status 401"):
        forged.locate("blog", address(blog, "photo.jpg"))
    # Nor an administrator of the site: this is no door for people.
    answer = blog.rest("POST", "/upload-guard/v1/files/look", json={"attachment": 1})
    assert answer.status_code == 403


def test_a_request_that_was_answered_is_not_answered_again(
    blog: WordPress, here: WordPresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def kept(session: requests.Session, request: requests.PreparedRequest, **how: object) -> object:
        sent.append(request)
        return send(session, request, **how)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", kept)
        here.locate("blog", address(blog, "photo.jpg"))
    with quiet(requests.Session()) as session:
        assert session.send(sent[0], timeout=60).status_code == 401


def test_where_no_administrator_has_said_so_there_is_no_such_door(site: WordPress, here: WordPresses) -> None:
    closed = replace(here, sites={"blog": WordPressSite(site.url)})
    with pytest.raises(HoldingsUnreachable, match="UPLOAD_GUARD_REMOTE_FILES"):
        closed.locate("blog", f"{site.url}/wp-content/uploads/a.jpg")
