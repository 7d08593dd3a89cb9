"""The peers that read projected bands from a vasprun.xml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


class VasprunrsBands:
    """Parsed in Rust, handed over as arrays."""

    def __init__(self, inputs: Path) -> None:
        from vasprunrs import Vasprun

        self.read, self.path = Vasprun, str(inputs / "bands/vasprun.xml")

    def run(self) -> Any:
        run = self.read(self.path, parse_dos=False, parse_eigen=True, parse_projected=True)
        return run.eigenvalues, run.kpoints, run.projected["data"]

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        eigenvalues, _, projected = result
        return {"energies": np.asarray(eigenvalues)[..., 0], "projections": np.asarray(projected)}


class PymatgenBands:
    """Its own reader of vasprun.xml, projections included."""

    def __init__(self, inputs: Path) -> None:
        from pymatgen.electronic_structure.core import Spin
        from pymatgen.io.vasp.outputs import Vasprun

        self.read, self.up, self.path = Vasprun, Spin.up, inputs / "bands/vasprun.xml"

    def run(self) -> Any:
        return self.read(self.path, parse_dos=False, parse_projected_eigen=True, parse_potcar_file=False)

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        return {
            "energies": result.eigenvalues[self.up][None, ..., 0],
            "kpoints": np.array(result.actual_kpoints),
            "projections": result.projected_eigenvalues[self.up][None],
        }
