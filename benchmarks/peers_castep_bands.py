"""The peers that read a CASTEP .bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.constants import physical_constants

HARTREE = physical_constants["Hartree energy in eV"][0]


class AseBands:
    """Its reader: k-points, weights, energies in eV with constants of 2014, in the order of the file."""

    def __init__(self, inputs: Path) -> None:
        from ase.io.castep import read_bands, units_CODATA2002

        self.read, self.path = read_bands, str(inputs / "castep_bands/run.bands")
        self.factor = HARTREE / units_CODATA2002["Eh"]

    def run(self) -> Any:
        return self.read(self.path)

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        kpoints, _, energies, _ = result
        return _in_order(np.asarray(kpoints), np.asarray(energies).transpose(0, 1, 2) * self.factor)


class SumoBands:
    """Its reader of header and eigenvalues; the structure it makes besides is not asked for."""

    def __init__(self, inputs: Path) -> None:
        from sumo.io.castep import read_bands_eigenvalues, read_bands_header

        self.header, self.read = read_bands_header, read_bands_eigenvalues
        self.path = str(inputs / "castep_bands/run.bands")

    def run(self) -> Any:
        return self.read(self.path, self.header(self.path))

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        kpoints, _, energies = result
        first = next(iter(energies.values()))
        return {"energies": np.asarray(first).T[None], "kpoints": np.array([k[:3] for k in kpoints], float)}


class CastepOutputsBands:
    """Dictionaries of every point."""

    def __init__(self, inputs: Path) -> None:
        from castep_outputs.parsers import parse_bands_file

        self.read, self.path = parse_bands_file, inputs / "castep_bands/run.bands"

    def run(self) -> Any:
        with self.path.open() as file:
            return self.read(file)

    def answer(self, result: Any) -> dict[str, np.ndarray]:
        points = result["bands"]
        energies = np.array([point["band"] for point in points]) * HARTREE
        return _in_order(np.array([point["qpt"] for point in points]), energies[None])


def _in_order(kpoints: np.ndarray, energies: np.ndarray) -> dict[str, np.ndarray]:
    """Return points in the order of the path, which is straight: the file shuffles them."""
    order = np.argsort(kpoints @ [1.0, 1e-3, 1e-6], kind="stable")
    return {"energies": energies[:, order], "kpoints": kpoints[order]}
