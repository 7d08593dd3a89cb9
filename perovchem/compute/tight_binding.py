"""GFN2-xTB by the library tblite, relaxed by geomeTRIC: both from PyPI, in this process."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

import gemmi
import numpy as np

from perovchem.arrays import Floats
from perovchem.compute.engine import GRADIENT_LIMIT, INSTALL, Relaxed, Tightness
from perovchem.compute.modes import finite_differences
from perovchem.errors import InputError, MissingDataError
from perovchem.units import BOHR

MOST_STEPS: Final = 500
"""Of the optimizer."""
TRUST: Final = (0.2, 0.5)
"""Å: first and largest trust radius."""
ACCURACY: Final = 0.1
"""Of the self-consistent field, relative to the library's default."""


class Tblite:
    """GFN2-xTB by tblite (LGPL, used as a library), relaxed by geomeTRIC in translation-rotation internal coordinates.

    Bannwarth, Ehlert & Grimme 2019, doi 10.1021/acs.jctc.8b01176; Wang & Song 2016, doi 10.1063/1.4952956.

    Attributes
    ----------
    name, version, solvent : str
    """

    name = "tblite"

    def __init__(self, *, solvent: str = "") -> None:
        try:
            for name in ("geometric", "tblite.interface"):
                importlib.import_module(name)
        except ImportError as error:
            raise MissingDataError(f"{error.name} is not installed", fix=INSTALL) from None
        self.version = importlib.metadata.version("tblite")
        self.solvent = solvent
        self._last: tuple[tuple[str, ...], int, Any, Any] | None = None

    def energy_and_gradient(
        self, species: Sequence[str], positions: Floats, charge: int
    ) -> tuple[float, Floats]:
        """Return the energy (hartree) and its gradient (hartree/bohr)."""
        result = self._computed(species, positions, charge)
        return float(result.get("energy")), np.array(result.get("gradient"), dtype=float)

    def charges(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return Mulliken charges, e."""
        return np.array(self._computed(species, positions, charge).get("charges"), dtype=float)

    def relax(self, species: Sequence[str], positions: Floats, charge: int, tightness: Tightness) -> Relaxed:
        """Return the structure at the nearest minimum."""
        if len(species) == 1:
            energy, gradient = self.energy_and_gradient(species, positions, charge)
            return Relaxed(positions, energy, float(np.linalg.norm(gradient)), 0, True)
        from geometric.engine import Engine as Driver
        from geometric.errors import GeomOptNotConvergedError
        from geometric.internal import DelocalizedInternalCoordinates
        from geometric.molecule import Molecule
        from geometric.optimize import Optimizer
        from geometric.params import OptParams

        self._last = None  # the same start gives the same steps, whatever came before
        outer = self

        class OneEngine(Driver):  # type: ignore[misc]  # geomeTRIC carries no types
            """What geomeTRIC asks for an energy."""

            def calc_new(self, coordinates: Floats, _folder: str) -> dict[str, Any]:
                found = outer.energy_and_gradient(species, coordinates.reshape(-1, 3) * BOHR, charge)
                return {"energy": found[0], "gradient": found[1].ravel()}

        molecule = Molecule()
        molecule.elem, molecule.xyzs = list(species), [np.array(positions, dtype=float)]
        rms = GRADIENT_LIMIT[tightness] / np.sqrt(3 * len(species))
        parameters = OptParams(
            convergence_energy=1e-6, convergence_grms=rms, convergence_gmax=4 * rms, convergence_drms=4e-3,
            convergence_dmax=1e-2, trust=TRUST[0], tmax=TRUST[1], maxiter=MOST_STEPS,
        )  # fmt: skip
        parameters.xyzout = parameters.qdata = None
        with _silent(), tempfile.TemporaryDirectory() as folder:
            molecule.build_topology()
            inner = DelocalizedInternalCoordinates(molecule, build=True, connect=False, addcart=False)
            start = np.array(positions, dtype=float).ravel() / BOHR
            optimizer = Optimizer(start, molecule, inner, OneEngine(molecule), folder, parameters)
            try:
                optimizer.optimizeGeometry()
                converged = True
            except GeomOptNotConvergedError:
                converged = False
        relaxed = np.array(optimizer.X, dtype=float).reshape(-1, 3) * BOHR
        energy, gradient = self.energy_and_gradient(species, relaxed, charge)
        norm = float(np.linalg.norm(gradient))
        return Relaxed(
            relaxed, energy, norm, int(optimizer.Iteration), converged or norm < GRADIENT_LIMIT[tightness]
        )

    def hessian(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return the second derivatives by central differences of gradients, eV/Å2."""
        return finite_differences(self, species, positions, charge)

    def _computed(self, species: Sequence[str], positions: Floats, charge: int) -> Any:
        """Return tblite's result; the density of the last one of the same species is the guess."""
        from tblite.interface import Calculator

        key = tuple(species)
        place = np.array(positions, dtype=float) / BOHR
        try:
            if self._last is not None and self._last[:2] == (key, charge):
                calculator, before = self._last[2:]
                calculator.update(place)
                result = calculator.singlepoint(before)
            else:
                calculator = Calculator(
                    "GFN2-xTB",
                    np.array([gemmi.Element(symbol).atomic_number for symbol in species]),
                    place,
                    charge=float(charge),
                )
                calculator.set("verbosity", 0)
                calculator.set("accuracy", ACCURACY)
                if self.solvent:
                    calculator.add("alpb-solvation", self.solvent)
                result = calculator.singlepoint()
        except (RuntimeError, ValueError, TypeError) as error:
            self._last = None
            raise InputError(
                f"tblite gave no energy: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                where=f"{len(species)} atoms, charge {charge:+d}",
                fix="look at the starting structure, the charge and the name of the solvent",
            ) from None
        self._last = (key, charge, calculator, result)
        return result


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep geomeTRIC's tables off the screen."""
    loggers = [
        logging.getLogger(name)
        for name in ("geometric", *logging.root.manager.loggerDict)
        if "geometric" in name
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
