"""Whether a perceptual signal type keeps the contract of `upload_guard.imaging.plugin.SignalPlugin`."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
from PIL import Image

from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.dihedral import POSITIONS
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.plugin import Hashed, SignalPlugin
from upload_guard.imaging.signals import LEAST_SIDE, image_signals
from upload_guard.records import View
from upload_guard.testing.conformance import NotConformant, demand, distance, nothing_left_behind
from upload_guard.testing.pictures import copies, drawing, odd_pictures, png, view_of

_DRAWINGS = 6
_LONGEST_VARIANT = 200


def check_signal_plugin(plugin: SignalPlugin) -> frozenset[str]:
    """Raises `NotConformant` at the first clause that does not hold.

    Returns the positions (names as in PDQ's variants, "" for upright) in which the type recognises a picture
    of which only the upright hash is listed. A plug-in that names a variant of a position has to recognise
    all eight; one that names none states thereby that it knows upright pictures alone.
    """
    with nothing_left_behind(plugin.type):
        _check_form(plugin)
        _check_hashes(plugin)
        _check_same_each_time(plugin)
        _check_colours(plugin)
        _check_copies(plugin)
        _check_different_drawings(plugin)
        _check_odd_pictures(plugin)
        return _check_positions(plugin)


def _check_form(plugin: SignalPlugin) -> None:
    kind = plugin.type
    demand(not kind.exact, f"{kind} is an exact digest: see check_exact_type")
    most = kind.size * 8 // 4
    demand(
        0 <= plugin.limit <= most, f"{kind}: its limit {plugin.limit} is not from 0 to {most}, of its bits"
    )


def _check_hashes(plugin: SignalPlugin) -> None:
    for seed in range(_DRAWINGS):
        found = hashes(plugin, drawing(seed))
        demand(bool(found), f"{plugin.type} has no hash of a drawing")
        demand(
            found[0].variant == "", f"{plugin.type}: the first hash is of {found[0].variant!r}, not as it is"
        )
        variants = [one.variant for one in found]
        demand(len(set(variants)) == len(variants), f"{plugin.type} names two hashes by one variant")
        for one in found:
            _check_hash(plugin, one)


def _check_hash(plugin: SignalPlugin, one: Hashed) -> None:
    kind = plugin.type
    demand(type(one.value) is bytes, f"{kind}: a hash is {type(one.value).__name__}, not bytes")
    demand(len(one.value) == kind.size, f"{kind}: a hash of {len(one.value)} bytes, not {kind.size}")
    in_range = one.quality is None or (type(one.quality) is int and 0 <= one.quality <= 100)
    demand(in_range, f"{kind}: a quality of {one.quality!r}, not from 0 to 100")
    readable = one.variant.isprintable() and len(one.variant) <= _LONGEST_VARIANT
    demand(readable, f"{kind}: the variant {one.variant!r} is not short and printable")


def _check_same_each_time(plugin: SignalPlugin) -> None:
    first = hashes(plugin, drawing(1))
    demand(hashes(plugin, drawing(1)) == first, f"{plugin.type} hashes one picture in two ways")
    hashes(plugin, drawing(2))
    demand(hashes(plugin, drawing(1)) == first, f"{plugin.type} hashes a picture by the one before it, too")
    view = view_of(drawing(1))
    before = _pixels(view)
    list(plugin.hashes(view))
    demand(_pixels(view) == before, f"{plugin.type} changes the view that it is given")


def _pixels(view: View) -> tuple[bytes, bytes]:
    return view.image.tobytes(), view.colours.tobytes() if view.colours else b""


def _check_colours(plugin: SignalPlugin) -> None:
    """Views have colours only where some plug-in asks for them, and another's wish must change no hash."""
    if plugin.colours:
        return
    view = view_of(drawing(1))
    try:
        found = list(plugin.hashes(replace(view, colours=None)))
    except Exception as error:
        raise NotConformant(f"{plugin.type} fails at a view in grey: {type(error).__name__}") from error
    demand(found == list(plugin.hashes(view)), f"{plugin.type} looks at colours without asking for them")


def _check_copies(plugin: SignalPlugin) -> None:
    for seed in range(_DRAWINGS):
        listed = plain(plugin, drawing(seed))
        for name, copy in copies(drawing(seed)):
            away = distance(plain(plugin, copy), listed)
            demand(
                away <= plugin.limit,
                f"{plugin.type}: {name} is {away} bits away, its limit is {plugin.limit}",
            )


def _check_different_drawings(plugin: SignalPlugin) -> None:
    found = [plain(plugin, drawing(seed)) for seed in range(_DRAWINGS)]
    for one, other in combinations(found, 2):
        away = distance(one, other)
        demand(
            away > plugin.limit,
            f"{plugin.type}: two drawings are {away} bits apart, its limit is {plugin.limit}",
        )


def _check_odd_pictures(plugin: SignalPlugin) -> None:
    for name, image in odd_pictures():
        if min(image.size) >= LEAST_SIDE:
            _check_fails_not(plugin, name, image)
        # As it is asked in earnest: most of these are too small or plain for any hash.
        budget = Budget(ScanLimits(colours=True))
        found = image_signals(io.BytesIO(png(image)), ImageFormat.PNG, budget, [plugin])
        demand(not found.unscannable, f"{plugin.type} fails at {name}: {', '.join(found.degraded)}")


def _check_fails_not(plugin: SignalPlugin, name: str, image: Image.Image) -> None:
    try:
        found = hashes(plugin, image)
    except Exception as error:
        raise NotConformant(f"{plugin.type} fails at {name}: {type(error).__name__}: {error}") from error
    for one in found:
        _check_hash(plugin, one)


def _check_positions(plugin: SignalPlugin) -> frozenset[str]:
    listed = plain(plugin, drawing(1))
    known = frozenset(
        position.name
        for position in POSITIONS
        if any(
            distance(one.value, listed) <= plugin.limit
            for one in hashes(plugin, _put(drawing(1), position.name))
        )
    )
    stated = any("turned" in one.variant or "mirrored" in one.variant for one in hashes(plugin, drawing(1)))
    missed = sorted(position.name for position in POSITIONS if position.name not in known)
    demand(not (stated and missed), f"{plugin.type} names positions, and does not recognise {missed}")
    return known


def _put(image: Image.Image, position: str) -> Image.Image:
    """Mirrored or not, then turned counter-clockwise, as `dihedral.Position` says."""
    pixels = np.asarray(image)
    if "mirrored" in position:
        pixels = pixels[:, ::-1]
    quarters = int(position.rpartition(" ")[2]) // 90 if "turned" in position else 0
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, quarters)))


def hashes(plugin: SignalPlugin, image: Image.Image) -> list[Hashed]:
    """What a plug-in makes of one picture, all its variants."""
    return list(plugin.hashes(view_of(image)))


def plain(plugin: SignalPlugin, image: Image.Image) -> bytes:
    """The hash of the picture as it is."""
    return hashes(plugin, image)[0].value
