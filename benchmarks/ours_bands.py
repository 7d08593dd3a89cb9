"""Our side of the rows about bands, through the public functions only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from make_bands import FILLED

import perovchem as pc


class ProjectedBands:
    """Everything that a projected vasprun.xml holds."""

    bands = slice(None)

    def __init__(self, inputs: Path) -> None:
        self.path = inputs / "bands/vasprun.xml"

    def run(self) -> Any:
        bands = pc.read_bands(self.path)
        assert bands.projections is not None
        return bands, bands.projections.weights(self.bands)

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        bands, weights = result
        found = {"energies": bands.energies, "kpoints": bands.kpoints, "projections": weights}
        return found if self.bands == slice(None) else {"energies": bands.energies}


class EdgeBands(ProjectedBands):
    """Eigenvalues, and the weights of two bands on either side of the gap."""

    bands = slice(FILLED - 2, FILLED + 2)


class CastepBands:
    """A .bands with the path and the names of its points."""

    def __init__(self, inputs: Path) -> None:
        self.path = inputs / "castep_bands/run.bands"

    def run(self) -> Any:
        return pc.read_bands(self.path)

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        return {"energies": result.energies, "kpoints": result.kpoints}
