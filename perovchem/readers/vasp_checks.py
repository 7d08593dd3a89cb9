"""What both logs of a VASP run must answer before it counts as a calculation: finished, converged, at rest?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.errors import FormatError, PerovchemError
from perovchem.readers.clock import neighbors
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.incar import number, read_incar
from perovchem.readers.vasp_level import VaspSetup, is_true

FINITE_DIFFERENCES: Final = (5, 6)
LINEAR_RESPONSE: Final = (7, 8)
VIBRATIONS: Final = (*FINITE_DIFFERENCES, *LINEAR_RESPONSE)
_RELAXATIONS: Final = (1, 2, 3, 44)
LARGEST_FORCE: Final = 0.05
"""eV/Å; beyond, a structure is told not to be at rest."""
FINISH: Final = "run it to its end, or give the file of a run that finished"


@dataclass(frozen=True, slots=True, eq=False)
class VaspRun:
    """What a log says about the course of its run.

    Attributes
    ----------
    name : str
        Path of the file.
    settings : mapping of str to str
    energies : float64 (n_steps,)
        energy(sigma->0) of each ionic step, eV.
    converged : float64 (n_steps,)
        1, 0, or NaN where the log does not say.
    step_lines : mapping of int to str
        "line n: ..." by ionic step, for what has to be shown.
    finished : bool
        Whether VASP closed the log.
    end : str
        "line n: ..." of the last line.
    accuracy_reached : bool
        "reached required accuracy" is printed.
    """

    name: str
    settings: Mapping[str, str]
    energies: Floats
    converged: Floats
    step_lines: Mapping[int, str]
    finished: bool
    end: str
    accuracy_reached: bool

    @property
    def ibrion(self) -> int:
        """IBRION; -1 where nothing moves."""
        value = number(self.settings, "IBRION")
        steps = number(self.settings, "NSW") or 0
        if value is None:
            return 0 if steps > 0 else -1
        return -1 if steps == 0 and value in (*_RELAXATIONS, 0) else int(value)

    @property
    def chosen_step(self) -> int:
        """Ionic step whose energy counts: the undisplaced first of vibrations, else the last."""
        return 0 if self.ibrion in VIBRATIONS else len(self.energies) - 1


def judge(run: VaspRun) -> list[str]:
    """Refuse a run that is no calculation of a species; return notes on one that is.

    Raises
    ------
    FormatError
        If it was killed, did not converge, or moved its atoms in time.
    """
    ibrion = run.ibrion
    if ibrion == 0 or is_true(run.settings, "ML_LMLFF"):
        what = "molecular dynamics (IBRION = 0)" if ibrion == 0 else "a machine-learned force field"
        raise FormatError(
            f"the run is {what}, and its energies belong to no geometry at rest",
            where=run.name,
            fix="relax the structure, or compute its vibrations (IBRION = 5 to 8), and give that run",
        )
    if (number(run.settings, "ICHARG") or 0) >= 10:
        raise FormatError(
            f"ICHARG = {run.settings['ICHARG']}: the density was kept, and the energy is not that of a "
            "self-consistent ground state",
            where=run.name,
            fix="give the self-consistent run before it",
        )
    if not run.finished:
        raise FormatError(f"VASP did not finish this run: it ends at {run.end}", where=run.name, fix=FINISH)
    if not len(run.energies):
        raise FormatError("the run has no finished ionic step", where=run.name, fix=FINISH)
    chosen = run.chosen_step
    failed = np.flatnonzero(run.converged == 0)
    if ibrion not in FINITE_DIFFERENCES:
        failed = failed[failed == chosen]
    if len(failed):
        step = int(failed[0])
        raise FormatError(
            f"the electrons of ionic step {step + 1} did not converge within NELM = "
            f"{run.settings.get('NELM', '?')} steps: {run.step_lines.get(step, '')}",
            where=run.name,
            fix="raise NELM or change ALGO and mixing, and run it again",
        )
    if not math.isfinite(run.energies[chosen]):
        raise FormatError(
            f"the energy of ionic step {chosen + 1} cannot be read: {run.step_lines.get(chosen, '')}",
            where=run.name,
            fix="restore the file, or run it again",
        )
    if ibrion in _RELAXATIONS and not run.accuracy_reached:
        raise FormatError(
            f"the relaxation stopped after {len(run.energies)} of NSW = {run.settings.get('NSW', '?')} steps without "
            f"'reached required accuracy': {run.step_lines.get(chosen, run.end)}",
            where=run.name,
            fix="go on from the CONTCAR until the forces are below EDIFFG; for a single point set NSW = 0",
        )
    if ibrion not in (-1, *_RELAXATIONS, *VIBRATIONS):
        raise FormatError(
            f"IBRION = {ibrion} gives no energy of a species at rest",
            where=run.name,
            fix="give a single point, a relaxation (1, 2, 3) or vibrations (5 to 8)",
        )
    notes = []
    if np.isnan(run.converged[chosen]):
        notes.append("the log does not say whether the electrons converged")
    earlier = int((run.converged[:chosen] == 0).sum()) if ibrion in _RELAXATIONS else 0
    if earlier:
        notes.append(
            f"electrons did not converge in {earlier} earlier steps of the relaxation; they did in the last"
        )
    return notes


def tell_forces(forces: Floats) -> list[str]:
    """Return a note where the structure that vibrates is not at rest; forces (N, 3), eV/Å."""
    # beyond any sense, how large a force is does not matter
    largest = float(np.linalg.norm(np.clip(forces, -1e6, 1e6), axis=1).max()) if len(forces) else 0.0
    if not largest > LARGEST_FORCE:
        return []
    return [
        f"the largest force on the undisplaced structure is {largest:.3f} eV/Å: it is not at rest, and its modes are "
        "not those of a minimum"
    ]


def incar_beside(path: Path, keys: tuple[str, ...]) -> dict[str, str]:
    """Return some settings of the INCAR of the same run, {} where none can be read."""
    for one in neighbors(path, "INCAR")[:1]:
        try:
            found = read_incar(open_bytes(one))
        except PerovchemError:
            return {}
        return {key: found[key] for key in keys if key in found}
    return {}


def charge_of(setup: VaspSetup, name: str) -> tuple[int, list[str]]:
    """Return the charge from NELECT and the valences, and notes."""
    charge = setup.charge
    if math.isnan(charge):
        return 0, ["the file does not say its charge; taken as neutral"]
    nearest = round(charge)
    if abs(charge - nearest) > 0.01:
        raise FormatError(
            f"NELECT leaves a charge of {charge:+.4f}, which is no whole number",
            where=name,
            fix="set NELECT to a whole number of electrons, and run it again",
        )
    return nearest, ([f"charge {nearest:+d} from NELECT"] if nearest else [])


def multiplicity_of(setup: VaspSetup, magnetization: float, n_electrons: float) -> tuple[int, list[str]]:
    """Return 2S + 1 from NUPDOWN, else the magnetization (Bohr magnetons), and notes."""
    fixed = number(setup.settings, "NUPDOWN")
    spin = number(setup.settings, "ISPIN") == 2
    if spin and fixed is not None and fixed >= 0:
        return round(fixed) + 1, [f"multiplicity {round(fixed) + 1} from NUPDOWN"]
    odd = math.isfinite(n_electrons) and round(n_electrons) % 2 == 1
    if is_true(setup.settings, "LSORBIT"):
        return (2 if odd else 1), ["multiplicity from the parity of the electrons: the spin is noncollinear"]
    if not spin:
        told = "an odd number of electrons without spin polarization (ISPIN = 1); taken as a doublet"
        return (2, [told]) if odd else (1, [])
    if not math.isfinite(magnetization):
        return (2 if odd else 1), ["the file does not print the magnetization; multiplicity from the parity"]
    multiplicity = round(abs(magnetization)) + 1
    notes = [f"multiplicity {multiplicity} from a magnetization of {magnetization:.3f}"]
    if abs(abs(magnetization) - round(abs(magnetization))) > 0.1:
        notes.append(
            f"the magnetization {magnetization:.3f} is no whole number: smeared occupations, or a metal"
        )
    if odd == (multiplicity % 2 == 1):
        notes.append(f"multiplicity {multiplicity} does not fit {n_electrons:g} electrons")
    return multiplicity, notes
