"""What was published of absorbed fractions, to stand beside ours; never an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Published:
    """A statement.

    Attributes
    ----------
    material : str
        Formula.
    thickness : float
        mm.
    energies : (float, float)
        keV; spectra whose highest energy lies within stand beside it.
    words : str
        What is said.
    source : str
        DOI.
    """

    material: str
    thickness: float
    energies: tuple[float, float]
    words: str
    source: str


STATEMENTS: Final = (
    Published(
        "CsPbCl3", 1.0, (20.0, 70.0), "99.8 % of a 70 kVp beam, spectrum and weighting not stated",
        "10.1007/s40820-026-02272-y",
    ),
    Published(
        "Cs0.02FA0.2MA0.78PbI3", 0.06, (8.0, 8.0), "practically all of 8 keV photons", "10.1038/s41467-024-46712-y"
    ),
)  # fmt: skip


def published(formula: str, thickness: float, energy: float) -> Published | None:
    """Return what was published of a material, thickness (mm) and highest energy (keV), if anything.

    Examples
    --------
    >>> published("CsPbCl3", 1.0, 70.0).source
    '10.1007/s40820-026-02272-y'
    """
    for one in STATEMENTS:
        low, high = one.energies
        if one.material == formula and abs(one.thickness - thickness) < 1e-9 and low <= energy <= high:
            return one
    return None
