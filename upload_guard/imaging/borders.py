"""Plain borders around a picture, found so that it can be hashed without them.

A border is a run of lines, from an edge inwards, that all have the colour of that edge. JPEG leaves noise in
them, most of it beside the picture, so a line may stray: a few of its pixels by anything, the rest a little.
"""

from __future__ import annotations

import numpy as np

from upload_guard.imaging.pdq import Luma

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, the last two outside."""

# Steps of luma that a border may stray from its colour. A low bound cuts clean borders to the pixel where the
# picture is about as bright; a high one survives strong compression. Either may be right, so both are tried.
_STRAYS = (8, 24)
# Share of a line's pixels that may be anything at all.
_ODD = 0.02
# Each answer costs eight hashes.
_MOST = 4
# Frames within frames.
_ROUNDS = 3
# A border at one edge and an even sky at another look alike, so edges of each colour are also cut alone.
_SAME_COLOUR = 8


def trimmed(luma: Luma) -> tuple[Luma, ...]:
    """The picture without its plain borders, as often as there are different answers; none if it has none."""
    whole = (0, 0, luma.shape[1], luma.shape[0])
    colours: list[int | None] = [None, *_edge_colours(luma)]
    boxes = {_box(luma, stray, colour) for stray in _STRAYS for colour in colours}
    boxes |= {_even(box, luma) for box in boxes}
    boxes.discard(whole)
    # The widest first: where more answers differ than are hashed, those that cut least are the likelier ones.
    chosen = sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:_MOST]
    return tuple(luma[top:bottom, left:right] for left, top, right, bottom in chosen)


def _even(box: Box, luma: Luma) -> Box:
    """As much off at opposite edges: a sky as bright as the border hides where one of them ends."""
    height, width = luma.shape
    left, top, right, bottom = box
    across, down = min(left, width - right), min(top, height - bottom)
    return across, down, width - across, height - down


def _edge_colours(luma: Luma) -> list[int]:
    """The colours of the four edges, those that are nearly the same once."""
    found: list[int] = []
    for edge in (luma[0], luma[-1], luma[:, 0], luma[:, -1]):
        colour = int(np.median(edge))
        if all(abs(colour - other) > _SAME_COLOUR for other in found):
            found.append(colour)
    return found


def _box(luma: Luma, stray: int, colour: int | None) -> Box:
    """What is left within borders of `colour`, or of any, each edge its own."""
    left, top, right, bottom = 0, 0, luma.shape[1], luma.shape[0]
    for round_ in range(_ROUNDS):
        part = luma[top:bottom, left:right]
        above, below = _plain_rows(part, stray, colour), _plain_rows(part[::-1], stray, colour)
        if above + below >= part.shape[0]:
            break  # one flat picture: nothing is inside the border
        middle = part[above : part.shape[0] - below].T
        before, behind = _plain_rows(middle, stray, colour), _plain_rows(middle[::-1], stray, colour)
        if before + behind >= middle.shape[0]:
            break
        if round_ and colour is None and not (above and below and before and behind):
            break  # what is even at one edge only, inside a frame, is rather the sky of the picture
        top, bottom, left, right = top + above, bottom - below, left + before, right - behind
        if not above + below + before + behind:
            break
    return left, top, right, bottom


def _plain_rows(luma: Luma, stray: int, colour: int | None) -> int:
    """How many rows from the first on have its colour, which is to be `colour` if that is given."""
    if not luma.size:
        return 0
    own = int(np.median(luma[0]))
    if colour is not None and abs(own - colour) > _SAME_COLOUR:
        return 0
    low, high = max(own - stray, 0), min(own + stray, 255)
    # The first row alone, then in stretches: most pictures have no border, and need no further look.
    start, step = 0, 1
    while start < luma.shape[0]:
        part = luma[start : start + step]
        odd = ((part < low) | (part > high)).mean(axis=1) > _ODD
        if odd.any():
            return start + int(odd.argmax())
        start, step = start + len(part), 64
    return start
