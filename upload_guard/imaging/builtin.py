"""The perceptual signal types that need no plug-in, in a plug-in's form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import imagehash
import numpy as np
import scipy.fftpack  # type: ignore[import-untyped]  # noqa: F401 - or imagehash does, too late in a sandbox
from PIL import Image

from upload_guard.imaging.dihedral import dihedral
from upload_guard.imaging.pdq import Luma, squashed
from upload_guard.imaging.plugin import Hashed, SignalPlugin
from upload_guard.records import SignalType, View

# pHash looks at 32 x 32 pixels and dHash at 9 x 8. Averaging down to eight times that first moves them by a
# fraction of a bit, and spares a filter over the whole picture for each.
_COARSE = 256


@dataclass(frozen=True, slots=True)
class Pdq:
    """Both forms of PDQ, in all eight positions, each with its quality."""

    type: SignalType = SignalType.PDQ
    limit: int = 31
    colours: bool = False

    def hashes(self, view: View) -> Iterator[Hashed]:
        return self.of_luma(np.asarray(view.image))

    def of_luma(self, luma: Luma) -> Iterator[Hashed]:
        """Of 8-bit grey, rows down."""
        for form, samples in (("", luma), ("squashed", squashed(luma))):
            if samples is None:
                continue
            for position, hashed in dihedral(samples):
                yield Hashed(hashed.value, both(form, position), hashed.quality)


@dataclass(frozen=True, slots=True)
class Coarse:
    """64 bits as imagehash orders them (row by row, most significant first), of the view as it is."""

    type: SignalType
    function: Callable[[Image.Image], imagehash.ImageHash]
    limit: int = 8
    colours: bool = False

    def hashes(self, view: View) -> Iterator[Hashed]:
        yield Hashed(np.packbits(self.function(averaged(view.image)).hash.reshape(-1)).tobytes())


def averaged(image: Image.Image) -> Image.Image:
    """As much of a grey picture as the coarse hashes need; one that is so small already is left as it is."""
    factor = min(image.size) // _COARSE
    return image.reduce(factor) if factor > 1 else image


PDQ = Pdq()
COARSE = (Coarse(SignalType.PHASH, imagehash.phash), Coarse(SignalType.DHASH, imagehash.dhash))
BUILT_IN: tuple[SignalPlugin, ...] = (PDQ, *COARSE)


def both(*changes: str) -> str:
    """A variant of several changes."""
    return ", ".join(change for change in changes if change)
