"""The program xtb, run in a folder of its own and read from its files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.compute.engine import GRADIENT_LIMIT, Relaxed, Tightness
from perovchem.compute.modes import finite_differences
from perovchem.errors import InputError, MissingDataError
from perovchem.progress import tell
from perovchem.units import BOHR, HARTREE

LONGEST_RUN: Final = 3600.0
"""Seconds that one run of the program may take."""
MOST_STEPS: Final = 500
"""Of the optimizer, per round."""
ACCURACY: Final = "0.1"
"""Of the self-consistent field behind a gradient, relative to the program's default; its differences are a Hessian."""
FEW: Final = 3
"""Atoms up to which the Hessian is not left to the program."""
ROUNDS: Final = 3
"""Times that the optimizer starts again, with a fresh model Hessian, where it has not converged."""
_LEVELS: Final[dict[Tightness, str]] = {"loose": "loose", "normal": "normal", "tight": "vtight"}
_ENERGY: Final = re.compile(r"TOTAL ENERGY\s+(-?\d+\.\d+)\s+Eh")
_NORM: Final = re.compile(r"GRADIENT NORM\s+(\d+\.\d+)\s+Eh")
_STEPS: Final = re.compile(r"GEOMETRY OPTIMIZATION (?:CONVERGED AFTER|IN) +(\d+) ITERATIONS")
_VERSION: Final = re.compile(r"xtb version (\S+)")


class XtbProgram:
    """GFN2-xTB by the program xtb (LGPL; a separate process), relaxed by its own optimizer ANCOPT.

    Bannwarth, Ehlert & Grimme 2019, doi 10.1021/acs.jctc.8b01176; ALPB: Ehlert et al. 2021,
    doi 10.1021/acs.jctc.1c00471.

    Attributes
    ----------
    name, version, solvent : str
    """

    name = "xtb"

    def __init__(self, *, solvent: str = "") -> None:
        path = shutil.which("xtb")
        if path is None:
            raise MissingDataError("the program xtb is not installed", fix="install it, or use tblite")
        self._path = path
        self.solvent = solvent
        with tempfile.TemporaryDirectory() as folder:
            found = _VERSION.search(self._start(["--version"], Path(folder)))
        self.version = found[1] if found else ""

    def energy_and_gradient(
        self, species: Sequence[str], positions: Floats, charge: int
    ) -> tuple[float, Floats]:
        """Return the energy (hartree) and its gradient (hartree/bohr)."""
        with tempfile.TemporaryDirectory() as folder:
            text = self._run(species, positions, charge, ["--grad", "--acc", ACCURACY], Path(folder))
            rows = Path(folder, "gradient").read_text(encoding="utf-8").splitlines()
            first = 2 + len(species)  # $grad, the energy, the coordinates
            gradient = np.array([row.split() for row in rows[first : first + len(species)]], dtype=float)
        return _energy(text), gradient

    def charges(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return Mulliken charges, e."""
        with tempfile.TemporaryDirectory() as folder:
            self._run(species, positions, charge, [], Path(folder))
            return np.loadtxt(Path(folder, "charges"), ndmin=1)

    def relax(self, species: Sequence[str], positions: Floats, charge: int, tightness: Tightness) -> Relaxed:
        """Return the structure at the nearest minimum; the optimizer starts again where it gave up."""
        steps = 0
        here = positions
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                asked = ["--opt", _LEVELS[tightness], "--cycles", str(MOST_STEPS)]
                text = self._run(species, here, charge, asked, Path(folder))
                converged = "GEOMETRY OPTIMIZATION CONVERGED" in text
                here = _positions(Path(folder, "xtbopt.xyz" if converged else "xtblast.xyz"))
            steps += int(found[1]) if (found := _STEPS.search(text)) else 0
            if converged:
                break
        energy, gradient = self.energy_and_gradient(species, here, charge)
        norm = float(np.linalg.norm(gradient))
        return Relaxed(here, energy, norm, steps, converged or norm < GRADIENT_LIMIT[tightness])

    def hessian(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return the second derivatives, eV/Å2: the program's own central differences, in one process.

        Version 6.5.1 crashes on diatomic molecules there; up to three atoms are displaced from here.
        """
        if len(species) <= FEW:
            return finite_differences(self, species, positions, charge)
        tell(f"Hessian of {len(species)} atoms", 0, 1)
        with tempfile.TemporaryDirectory() as folder:
            self._run(species, positions, charge, ["--hess", "--acc", ACCURACY], Path(folder))
            words = Path(folder, "hessian").read_text(encoding="utf-8").split()[1:]
        values = np.array(words, dtype=float).reshape((3 * len(species),) * 2)
        return np.asarray((values + values.T) / 2 * HARTREE / BOHR**2)

    def _run(
        self, species: Sequence[str], positions: Floats, charge: int, asked: list[str], folder: Path
    ) -> str:
        rows = [f"{s} {x:.12f} {y:.12f} {z:.12f}" for s, (x, y, z) in zip(species, positions, strict=True)]
        structure = folder / "structure.xyz"
        structure.write_text("\n".join([str(len(rows)), "", *rows, ""]), encoding="utf-8")
        solvent = ["--alpb", self.solvent] if self.solvent else []
        text = self._start(
            ["structure.xyz", "--gfn", "2", "--chrg", str(charge), "--norestart", *solvent, *asked], folder
        )
        if "convergence criteria cannot be satisfied" in text or not _ENERGY.search(text):
            raise InputError(
                "xtb gave no energy" + (": " + _complaint(text) if _complaint(text) else ""),
                where=f"{len(species)} atoms, charge {charge:+d}",
                fix="look at the starting structure, the charge and the name of the solvent",
            )
        return text

    def _start(self, arguments: list[str], folder: Path) -> str:
        environment = {**os.environ, "OMP_STACKSIZE": "1G"}
        environment.setdefault("OMP_NUM_THREADS", "1")
        try:
            done = subprocess.run(
                [self._path, *arguments], cwd=folder, capture_output=True, text=True, errors="replace",
                timeout=LONGEST_RUN, check=False, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise InputError(
                f"xtb ran longer than {LONGEST_RUN:g} s", fix="start from another structure, or a smaller one"
            ) from None
        return done.stdout + done.stderr


def _energy(text: str) -> float:
    found = _ENERGY.findall(text)
    return float(found[-1]) if found else float("nan")


def _positions(path: Path) -> Floats:
    rows = path.read_text(encoding="utf-8").splitlines()
    return np.array([row.split()[1:4] for row in rows[2 : 2 + int(rows[0])]], dtype=float)


def _complaint(text: str) -> str:
    """Return the first sentence in which the program says what is wrong."""
    said = [row.strip() for row in text.splitlines() if re.search(r"^-\d+-|\[ERROR\]|###.*ERROR", row)]
    return said[0] if said else ""
