"""What an engine does, and which one is there: tblite with geomeTRIC (from PyPI), or the xtb program."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, cast

from perovchem.arrays import Floats
from perovchem.errors import MissingDataError, UsageError, nearest
from perovchem.level_of_theory import LevelOfTheory

Tightness = Literal["loose", "normal", "tight"]
EngineName = Literal["auto", "tblite", "xtb"]
ENGINES: Final[tuple[EngineName, ...]] = ("auto", "tblite", "xtb")
GRADIENT_LIMIT: Final[dict[Tightness, float]] = {"loose": 4e-3, "normal": 1e-3, "tight": 2e-4}
"""hartree/bohr: norm of the gradient below which a structure counts as relaxed (loose, normal, vtight of ANCOPT)."""
INSTALL: Final = "pip install 'perovchem[compute]', or install the program xtb"


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A structure after relaxation.

    Attributes
    ----------
    positions : float64 (N, 3)
        Å.
    energy : float
        Hartree.
    gradient_norm : float
        Hartree/bohr, over all 3 N components.
    steps : int
        Of the optimizer.
    converged : bool
        As the optimizer says.
    """

    positions: Floats
    energy: float
    gradient_norm: float
    steps: int
    converged: bool


class Engine(Protocol):
    """A program that computes molecules with GFN2-xTB; closed shells only."""

    name: str
    version: str
    solvent: str

    def energy_and_gradient(
        self, species: Sequence[str], positions: Floats, charge: int
    ) -> tuple[float, Floats]:
        """Return the energy (hartree) and its gradient (hartree/bohr)."""

    def charges(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return the atomic partial charges, e."""

    def relax(self, species: Sequence[str], positions: Floats, charge: int, tightness: Tightness) -> Relaxed:
        """Return the structure at the nearest minimum."""

    def hessian(self, species: Sequence[str], positions: Floats, charge: int) -> Floats:
        """Return the second derivatives, eV/Å2."""


def level_of(engine: Engine) -> LevelOfTheory:
    """Return the level of theory at which an engine computes."""
    return LevelOfTheory(
        code=engine.name,
        functional="GFN2-xTB",
        dispersion="D4",
        solvent=f"ALPB({engine.solvent.upper()})" if engine.solvent else "none",
        version=engine.version,
        smearing="Fermi, 300 K",
    )


def installed() -> tuple[EngineName, ...]:
    """Return the engines that are here, the preferred one first."""
    found: list[EngineName] = []
    if importlib.util.find_spec("tblite") and importlib.util.find_spec("geometric"):
        found.append("tblite")
    if shutil.which("xtb"):
        found.append("xtb")
    return tuple(found)


def engine_for(name: str = "auto", *, solvent: str = "") -> Engine:
    """Return an engine.

    Parameters
    ----------
    name : "auto", "tblite" or "xtb"
        "auto" takes tblite where it is installed, else the program xtb.
    solvent : str
        Of the implicit solvent model ALPB ("dmso", "water", ...); "" for the gas phase.

    Raises
    ------
    UsageError
        If there is no such engine.
    MissingDataError
        If it is not installed.
    """
    if name not in ENGINES:
        raise UsageError(f"there is no engine {name!r}", fix=nearest(name, ENGINES))
    here = installed()
    chosen = cast("EngineName", name if name != "auto" else (here or ("",))[0])
    if chosen not in here:
        wanted = "no engine for GFN2-xTB" if name == "auto" else f"the engine {name}"
        raise MissingDataError(f"{wanted} is {'here' if name == 'auto' else 'not installed'}", fix=INSTALL)
    if chosen == "tblite":
        from perovchem.compute.tight_binding import Tblite

        return Tblite(solvent=solvent)
    from perovchem.compute.xtb_program import XtbProgram

    return XtbProgram(solvent=solvent)
