"""Whether an exact digest is what its name says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from upload_guard.records import SignalType
from upload_guard.testing.conformance import demand
from upload_guard.testing.pictures import drawing, png


def check_exact_type(kind: SignalType, digest: Callable[[bytes], bytes]) -> None:
    """Demands of `digest`, the raw digest of all bytes of a file, that it is `kind`; else `NotConformant`.

    By hashlib as the judge: of nothing, of a file, of more than one block, and of one changed bit.
    """
    demand(kind.exact, f"{kind} is a likeness: see check_signal_plugin")
    picture = png(drawing(1))
    changed = bytes([picture[0] ^ 1]) + picture[1:]
    for data in (b"", b"abc", picture, changed, bytes(3 << 20)):
        found = digest(data)
        demand(len(found) == kind.size, f"{kind}: a digest of {len(found)} bytes, not {kind.size}")
        judged = hashlib.new(kind.value, data, usedforsecurity=False).digest()
        demand(found == judged, f"{kind} of {len(data)} bytes is not what hashlib says")
        demand(digest(data) == found, f"{kind} digests the same bytes in two ways")
