"""The PDQ hashes of a picture in its eight positions, from one transform.

Mirroring turns the sign of every odd frequency, and lying on its side swaps rows and columns, so the spectrum
of the plain picture holds those of all eight. Source: the PDQ paper of 2019, "dihedral" hashes; the reference
computes each median anew, because the lower median of negated numbers is not the negated lower median.

This covers the eight orientations of EXIF as well: whichever a viewer applies, its hash is among these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upload_guard.imaging.pdq import Floats, Luma, PdqHash, Spectrum, hash_of, spectrum_of


@dataclass(frozen=True, slots=True)
class Position:
    """How the picture is put: first mirrored left to right or not, then turned counter-clockwise.

    The flags say the same of its spectrum: signs turned across, then down, then rows for columns.
    """

    name: str
    across: bool
    down: bool
    swapped: bool


POSITIONS = (
    Position("", across=False, down=False, swapped=False),
    Position("turned 90", across=True, down=False, swapped=True),
    Position("turned 180", across=True, down=True, swapped=False),
    Position("turned 270", across=False, down=True, swapped=True),
    Position("mirrored, turned 180", across=False, down=True, swapped=False),
    Position("mirrored", across=True, down=False, swapped=False),
    Position("mirrored, turned 90", across=False, down=False, swapped=True),
    Position("mirrored, turned 270", across=True, down=True, swapped=True),
)
"""In the order of the reference, which tests rely on."""

# Frequencies count from 1, so the odd ones stand at even places.
_SIGNS = np.where(np.arange(16) % 2 == 0, -1, 1).astype(np.float32)


def dihedral(luma: Luma) -> tuple[tuple[str, PdqHash], ...]:
    """Name of the position and hash, the plain one (name "") first."""
    spectrum = spectrum_of(luma)
    if spectrum is None:
        return (("", PdqHash(bytes(32), 0)),)
    return tuple((position.name, hash_of(_put(spectrum, position))) for position in POSITIONS)


def _put(spectrum: Spectrum, position: Position) -> Spectrum:
    values: Floats = spectrum.values
    if position.across:
        values = values * _SIGNS[None, :]
    if position.down:
        values = values * _SIGNS[:, None]
    return Spectrum(values.T if position.swapped else values, spectrum.quality)
