"""What a density of states is: curves, zero, gap, and what the edges are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from perovchem.arrays import Floats
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class DensityOfStates(Result):
    """States against energy.

    Attributes
    ----------
    energies : float64 (E,)
        eV above the zero.
    total : float64 (S, E)
        States per eV and cell of each spin channel (both spins together where S is 1).
    integrated : float64 (S, E)
        Number of states below each energy.
    channels : tuple of str
        "Pb s", "Br p" ...: element and kind of orbital.
    projected : float64 (S, n_channels, E)
        States per eV and cell that projections give to each channel; their sum is below the total.
    zero : str
        What the zero is, in words.
    zero_energy : float
        eV, as the file prints energies.
    vbm, cbm : float
        eV above the zero; NaN without a gap.
    gap : float
        eV; 0 for a metal, NaN where the number of electrons is not known.
    gap_source : str
        How edges were found, and how far that can be trusted.
    fermi_energy : float
        eV above the zero, as the file prints it; NaN where it does not.
    electrons : float
        Per cell; NaN where not stated.
    counted : float
        Area below the total up to the middle of the gap, or to the Fermi energy: the electrons, if the energies
        are close enough.
    broadening : float
        Standard deviation of the Gaussians, eV; 0 where the curve is that of the file.
    occupied : float64 (n_channels,)
        States of each channel below the middle of the gap (or the Fermi energy).
    at_vbm, at_cbm : float64 (n_channels,)
        Share of each channel in what is projected within 0.5 eV of the edge; NaN without a gap.
    notes : tuple of str
    provenance : Provenance
    """

    energies: Floats
    total: Floats
    integrated: Floats = field(metadata=DETAIL)
    channels: tuple[str, ...]
    projected: Floats
    zero: str
    zero_energy: float
    vbm: float
    cbm: float
    gap: float
    gap_source: str
    fermi_energy: float
    electrons: float
    counted: float
    broadening: float
    occupied: Floats
    at_vbm: Floats
    at_cbm: Floats
    notes: tuple[str, ...]
    provenance: Provenance

    command: ClassVar[str] = "dos"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "energies": "band_energy",
        "total": "density_of_states",
        "projected": "density_of_states",
        "zero_energy": "band_energy",
        "vbm": "band_energy",
        "cbm": "band_energy",
        "gap": "band_gap",
        "fermi_energy": "band_energy",
        "broadening": "band_energy",
        "at_vbm": "state_fraction",
        "at_cbm": "state_fraction",
    }

    def __repr__(self) -> str:
        """Return one line: range, channels, gap."""
        gap = f"gap {self.gap:.3f} eV" if self.gap > 0 else "no gap"
        low, high = self.energies[[0, -1]]
        return f"<DensityOfStates: {low:.1f} to {high:.1f} eV, {len(self.channels)} channels, {gap}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per energy: total and channels; of each spin where there are two."""
        columns: dict[str, Floats] = {"energy": self.energies}
        names = {"energy": "band_energy"}
        for s in range(len(self.total)):
            suffix = ("_up", "_down")[s] if len(self.total) == 2 else ""
            columns[f"total{suffix}"] = self.total[s]
            columns[f"integrated{suffix}"] = self.integrated[s]
            names[f"total{suffix}"] = "density_of_states"
            for c, channel in enumerate(self.channels):
                name = f"{channel.replace(' ', '_')}{suffix}"
                columns[name] = self.projected[s, c]
                names[name] = "density_of_states"
        return dataframe(columns, quantity_names=names)
