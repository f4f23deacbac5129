"""Plug-ins of strangers' packages: found by their entry points, loaded once, asked behind the walls."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.sandbox.conftest import SCAN, limits
from tests.support import BytesContent, picture_bytes
from upload_guard.errors import CheckFailed
from upload_guard.imaging.plugin import Declared, Option
from upload_guard.records import Analysis, SignalType
from upload_guard.sandbox.pool import Sandbox

TYPE = SignalType("whorl-64")
PICTURE = picture_bytes(1)
HEAD = """
import threading
from pathlib import Path
from upload_guard.imaging.plugin import Hashed

class Base:
    limit = 8
    colours = False

    def __init__(self, declared):
        self.type = declared.type
        self.made(declared)

    def made(self, declared): ...

    def hashes(self, view):
        yield Hashed(self.value(view))

    def value(self, view):
        return bytes(range(8))
"""


def afterwards(value: str) -> str:
    """One that is sound while it is loaded, and gives `value` once the walls stand."""
    return f"""
class Made(Base):
    asked = 0

    def value(self, view):
        self.asked += 1
        return bytes(range(8)) if self.asked == 1 else {value}
"""


KINDS = {
    "sound": "class Made(Base): ...",
    "short": "class Made(Base):\n    def value(self, view): return bytes(7)",
    "threaded": "class Made(Base):\n    def made(self, declared):\n"
    "        threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "choosy": "class Made(Base):\n    def made(self, declared): raise ValueError(sorted(declared.options))",
    "reading": afterwards("Path(__file__).read_bytes()"),
    "greedy": afterwards("bytes(2 << 30)[:8]"),
    "changing": afterwards("bytes(16)"),
    "coloured": "class Made(Base):\n    colours = True\n    def value(self, view):\n"
    "        return view.colours.mode.encode().ljust(8)",
    "grey": "class Made(Base):\n    def value(self, view):\n"
    "        return (view.image.mode + str(view.colours)).encode()[:8].ljust(8)",
    "mute": "class Made(Base):\n    def hashes(self, view): return []",
    "peeking": "class Made(Base):\n    def value(self, view): return view.colours.tobytes()[:8]",
    "strange": "from upload_guard.records import SignalType\n"
    "class Made(Base):\n    def made(self, declared): self.type = SignalType.PHASH",
    "silenced": afterwards("None"),
    "worded": afterwards("'12345678'"),
    "missing": "import a_module_that_nobody_has\nclass Made(Base): ...",
}

Asked = Callable[..., Analysis]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Installs a package with one plug-in of `KINDS` and asks a sandbox that has it about a picture."""
    folder = tmp_path / "whorl_hash-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: whorl-hash\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[upload_guard.signal_types]\nwhorl = whorl_hash:Made\n")
    monkeypatch.syspath_prepend(tmp_path)
    opened: list[Sandbox] = []

    def ask(kind: str, data: bytes = PICTURE, **options: Option) -> Analysis:
        (tmp_path / "whorl_hash.py").write_text(f"{HEAD}\n{KINDS[kind]}\n")
        declared = Declared(TYPE, 8, "whorl", options)
        opened.append(Sandbox(limits(workers=1), SCAN, plugins=[declared]))
        return opened[-1].analyse(BytesContent(data))

    yield ask
    for sandbox in opened:
        sandbox.close()


def plugged(analysis: Analysis) -> list[bytes]:
    return [signal.value for signal in analysis.signals if signal.type is TYPE]


def test_an_installed_plug_in_is_found_and_asked(asked: Asked) -> None:
    found = asked("sound")
    assert plugged(found) == [bytes(range(8))]
    assert SignalType.PDQ in {signal.type for signal in found.signals}
    assert not found.unscannable


def test_a_picture_inside_an_archive_is_hashed_by_it_too(asked: Asked) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", PICTURE)
    found = asked("sound", file.getvalue())
    assert [signal.view for signal in found.signals if signal.type is TYPE] == ["a.png, frame 0"]


def test_it_gets_colours_where_it_asks_for_them(asked: Asked) -> None:
    assert plugged(asked("coloured")) == [b"RGB".ljust(8)]


def test_and_none_where_it_does_not(asked: Asked) -> None:
    assert plugged(asked("grey")) == [b"LNone".ljust(8)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("mute", "whorl-64: its plug-in gives no hash"),
        ("peeking", "AttributeError: 'NoneType' object has no attribute 'tobytes'"),
        ("strange", "whorl-64: its plug-in computes phash"),
        ("short", "whorl-64: its plug-in gives hashes of 56 bits"),
        ("threaded", "a plug-in leaves 1 threads running"),
        ("choosy", r"ValueError: \['a', 'b'\]"),
        ("missing", "whorl-64: its plug-in needs what is not installed: No module named 'a_module"),
    ],
)
def test_one_that_cannot_be_used_stops_the_start_and_not_in_silence(
    asked: Asked, kind: str, said: str
) -> None:
    with pytest.raises(CheckFailed, match=said):
        asked(kind, a=1, b=2)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("reading", "PermissionError"),
        ("changing", "ValueError"),
        ("silenced", "ValueError"),
        ("worded", "ValueError"),
    ],
)
def test_where_it_fails_the_picture_is_held_and_the_other_signals_stand(
    asked: Asked, kind: str, fault: str
) -> None:
    found = asked(kind)
    assert found.unscannable == "plugin_failed"
    assert found.degraded == (f"frame 0: whorl-64 failed ({fault})",)
    assert plugged(found) == []
    assert SignalType.PDQ in {signal.type for signal in found.signals}


def test_it_does_so_for_a_picture_that_was_only_guessed_at(asked: Asked) -> None:
    """Bytes in a text that are no picture after all are forgiven; this is one."""
    page = b'<p>hello <img src="data:image/png;base64,' + base64.b64encode(PICTURE) + b'"></p>'
    assert asked("sound", page).unscannable == ""
    assert asked("reading", page).unscannable == "plugin_failed"


def test_memory_that_it_takes_is_bounded(asked: Asked) -> None:
    assert asked("greedy").unscannable == "too_much_memory"


def test_a_plug_in_that_nobody_has_installed_is_named() -> None:
    sandbox = Sandbox(limits(workers=1), SCAN, plugins=[Declared(TYPE, 8, "nobody")])
    said = "whorl-64: no installed package has a plug-in 'nobody'"
    with closing(sandbox), pytest.raises(CheckFailed, match=said):
        sandbox.analyse(BytesContent(PICTURE))
