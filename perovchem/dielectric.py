"""Dielectric: the static tensors that screen charges in a crystal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from perovchem.arrays import Floats
from perovchem.result import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Dielectric:
    """Relative permittivity: of the electrons alone, and with the ions.

    Attributes
    ----------
    electronic : float64 (3, 3)
        Optical (high-frequency) tensor, of clamped ions; NaN where the file has none.
    ionic : float64 (3, 3)
        What the ions add; electronic + ionic is the static tensor. NaN where the file has none.
    source : str
        Where in which file it stood, and by which approximation: "vasprun.xml, epsilon_scf (with local fields)".
    notes : tuple of str
    provenance : Provenance
    """

    electronic: Floats
    ionic: Floats = field(default_factory=lambda: np.full((3, 3), np.nan))
    source: str = ""
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __repr__(self) -> str:
        """Return one line: mean permittivities and where they are from."""
        optical, static = (float(np.trace(tensor)) / 3 for tensor in (self.electronic, self.static))
        parts = [
            f"{name} {x:.3f}" for name, x in (("optical", optical), ("static", static)) if np.isfinite(x)
        ]
        return f"<Dielectric: {', '.join(parts) or 'none'}; {self.source or 'given'}>"

    @property
    def static(self) -> Floats:
        """Tensor with the ions, (3, 3); NaN where their part is unknown."""
        total: Floats = self.electronic + self.ionic
        return total
