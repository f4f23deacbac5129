"""The conformance suite: every signal type there is passes, and each kind of wrong one is caught."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from tests.onnx_model import files_in, upright
from upload_guard.digests import Digester
from upload_guard.imaging.builtin import BUILT_IN, PDQ
from upload_guard.imaging.dihedral import POSITIONS
from upload_guard.imaging.onnx import OnnxHash
from upload_guard.imaging.plugin import Declared, Hashed, SignalPlugin
from upload_guard.records import EXACT_TYPES, SignalType, View
from upload_guard.testing import NotConformant, check_exact_type, check_in_sandbox, check_signal_plugin

EVERY_POSITION = frozenset(position.name for position in POSITIONS)


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    return files_in(tmp_path_factory.mktemp("model")).declared()


# What conforms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugin", BUILT_IN, ids=lambda plugin: plugin.type)
def test_a_built_in_type_conforms(plugin: SignalPlugin) -> None:
    known = EVERY_POSITION if plugin.type is SignalType.PDQ else {""}
    assert check_signal_plugin(plugin) == known


def test_the_built_in_types_are_all_that_are_no_digest() -> None:
    assert {plugin.type for plugin in BUILT_IN} == set(SignalType) - EXACT_TYPES


def test_a_model_with_a_matrix_conforms_in_every_position(declared: Declared) -> None:
    assert check_signal_plugin(OnnxHash(declared)) == EVERY_POSITION


def test_asked_for_upright_pictures_alone_it_states_so(declared: Declared) -> None:
    assert check_signal_plugin(OnnxHash(upright(declared))) == {""}


def test_a_model_with_a_matrix_works_in_the_sandbox(declared: Declared) -> None:
    check_in_sandbox(declared, OnnxHash(declared))


def digest(kind: SignalType, data: bytes) -> bytes:
    digester = Digester()
    for start in range(0, len(data), 1000):
        digester.update(data[start : start + 1000])
    return next(signal.value for signal in digester.finish().signals() if signal.type is kind)


@pytest.mark.parametrize("kind", sorted(EXACT_TYPES))
def test_an_exact_type_is_what_its_name_says(kind: SignalType) -> None:
    check_exact_type(kind, partial(digest, kind))


# What does not ------------------------------------------------------------------------------------


@dataclass
class Odd:
    """PDQ of upright pictures, with one thing wrong in a class below."""

    type: SignalType = SignalType.PDQ
    limit: int = 31
    colours: bool = False
    seen: list[object] = field(default_factory=list)

    def hashes(self, view: View) -> Iterable[Hashed]:
        for one in PDQ.hashes(view):
            if not one.variant:
                yield self.changed(one, view)

    def changed(self, one: Hashed, view: View) -> Hashed:
        return one


class Short(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        return replace(one, value=one.value[1:])


class Boasting(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        return replace(one, quality=101)


class Illegible(Odd):
    def hashes(self, view: View) -> Iterable[Hashed]:
        yield from super().hashes(view)
        yield Hashed(bytes(32), "turned\n90")


class Counting(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        self.seen.append(view.name)
        return replace(one, value=bytes([len(self.seen) % 256]) + one.value[1:])


class Remembering(Odd):
    """The same picture twice gives one hash; another one in between changes it."""

    def changed(self, one: Hashed, view: View) -> Hashed:
        before = [other for other in self.seen if other != one.value]
        self.seen.append(one.value)
        return replace(one, value=bytes([len(before) % 256]) + one.value[1:])


class Brittle(Odd):
    """Half of the bits follow the very last pixel value."""

    def changed(self, one: Hashed, view: View) -> Hashed:
        total = sum(view.image.tobytes())
        return replace(one, value=total.to_bytes(16, "big") * 2 if total % 2 else bytes(16) + one.value[16:])


class Blind(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        return replace(one, value=bytes(32))


class Painting(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        view.image.putpixel((0, 0), 255 - view.image.getpixel((0, 0)))  # type: ignore[operator]
        return one


class Tinting(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        if view.colours:
            view.colours.putpixel((0, 0), (1, 2, 3))
        return one


class Demanding(Odd):
    """Fails where no other plug-in asks for colours."""

    def changed(self, one: Hashed, view: View) -> Hashed:
        assert view.colours
        return one


class Peeking(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        return one if view.colours else replace(one, value=bytes([one.value[0] ^ 1]) + one.value[1:])


class Squeamish(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        if view.image.width > 10 * view.image.height:
            raise ValueError("too wide")
        return one


class Halfway(Odd):
    """Names one position and knows not the others."""

    def hashes(self, view: View) -> Iterator[Hashed]:
        for one in PDQ.hashes(view):
            if one.variant in {"", "turned 90"}:
                yield one


class Staying(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        if not self.seen:
            done = threading.Event()
            threading.Thread(target=done.wait, daemon=True).start()
            self.seen.append(done)
        return one


class Holding(Odd):
    def changed(self, one: Hashed, view: View) -> Hashed:
        if not self.seen:
            self.seen.append(Path(__file__).open("rb"))  # noqa: SIM115 - left open on purpose
        return one


class Mute(Odd):
    def hashes(self, view: View) -> Iterable[Hashed]:
        return ()


WRONG: dict[type[Odd], str] = {
    Short: "a hash of 31 bytes, not 32",
    Boasting: "a quality of 101",
    Illegible: "is not short and printable",
    Counting: "hashes one picture in two ways",
    Remembering: "by the one before it",
    Brittle: "bits away, its limit is 31",
    Blind: "two drawings are 0 bits apart",
    Painting: "changes the view",
    Tinting: "changes the view",
    Demanding: "fails at a view in grey: AssertionError",
    Peeking: "looks at colours without asking",
    Squeamish: "fails at 3000 x 33: ValueError: too wide",
    Halfway: "does not recognise",
    Staying: "leaves 1 threads running",
    Holding: "leaves 1 files open",
    Mute: "has no hash of a drawing",
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_what_is_wrong_is_named(wrong: type[Odd]) -> None:
    plugin = wrong()
    with pytest.raises(NotConformant, match=WRONG[wrong]):
        check_signal_plugin(plugin)
    for left in plugin.seen:
        if isinstance(left, threading.Event):
            left.set()
        elif hasattr(left, "close"):
            left.close()


def test_the_type_that_all_these_are_made_from_conforms() -> None:
    assert check_signal_plugin(Odd()) == {""}


def test_a_limit_that_takes_strangers_in_is_refused() -> None:
    with pytest.raises(NotConformant, match="its limit 65 is not from 0 to 64"):
        check_signal_plugin(Odd(limit=65))


def test_a_digest_is_no_likeness_and_a_likeness_no_digest() -> None:
    with pytest.raises(NotConformant, match="see check_exact_type"):
        check_signal_plugin(Odd(type=SignalType.SHA256))
    with pytest.raises(NotConformant, match="see check_signal_plugin"):
        check_exact_type(SignalType.PHASH, lambda _: bytes(8))


def test_a_digest_of_the_beginning_alone_is_caught() -> None:
    with pytest.raises(NotConformant, match="is not what hashlib says"):
        check_exact_type(SignalType.SHA256, lambda data: digest(SignalType.SHA256, data[: 1 << 20]))


# In the sandbox -----------------------------------------------------------------------------------


def test_a_plug_in_that_is_not_installed_does_not_start(declared: Declared) -> None:
    with pytest.raises(NotConformant, match="no installed package has a plug-in 'nobody'"):
        check_in_sandbox(replace(declared, plugin="nobody"), OnnxHash(declared))


def test_a_model_that_is_not_the_pinned_one_does_not_start(declared: Declared) -> None:
    other = replace(declared, options={**declared.options, "model_sha256": "00" * 32})
    with pytest.raises(NotConformant, match="model_sha256 says 0000"):
        check_in_sandbox(other, OnnxHash(declared))


def test_another_hash_in_the_sandbox_than_here_is_caught(declared: Declared) -> None:
    class Other(OnnxHash):
        def hashes(self, view: View) -> Iterator[Hashed]:
            for one in super().hashes(view):
                yield replace(one, value=bytes([one.value[0] ^ 1]) + one.value[1:])

    with pytest.raises(NotConformant, match="another hash in the sandbox than here"):
        check_in_sandbox(declared, Other(declared))
