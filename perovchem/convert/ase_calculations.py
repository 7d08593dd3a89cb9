"""ase.Atoms with the results of a calculator, as a calculation."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from perovchem.calculation import Calculation
from perovchem.errors import FormatError, MissingDataError
from perovchem.level_of_theory import LevelOfTheory

_KIND: Final = "ase.Atoms"
_LARGEST_FORCE: Final = 0.05
"""eV/Å; beyond, the structure is told not to be at rest."""
_BUILT_IN_DISPERSION: Final = {"GFN1-xTB": "D3(BJ)", "GFN2-xTB": "D4"}


def from_atoms(atoms: Any) -> Calculation:
    """Return the calculation of ase.Atoms from what its calculator has computed; nothing is computed here.

    ``atoms.info`` may hold "charge" and "multiplicity".

    Raises
    ------
    MissingDataError
        If there is no calculator, or it has no energy of the present positions.
    """
    calculator = atoms.calc
    results = getattr(calculator, "results", None)
    if not results or "energy" not in results:
        raise MissingDataError(
            "these Atoms have no energy", where=_KIND, fix="compute it first: atoms.get_potential_energy()"
        )
    check = getattr(calculator, "check_state", None)
    changed = check(atoms) if callable(check) else []
    if changed:
        raise MissingDataError(
            f"the energy belongs to other {', '.join(map(str, changed))}",
            where=_KIND,
            fix="compute it again: atoms.get_potential_energy()",
        )
    energy = results.get("energy")
    label = "energy of the calculator"
    pbc = np.asarray(atoms.pbc, bool)
    cell = np.array(atoms.cell[:], np.float64) if pbc.all() else None
    if pbc.any() and not pbc.all():
        raise FormatError(
            "periodic along some axes only", where=_KIND, fix="set atoms.pbc to True or to False"
        )
    notes = []
    forces = results.get("forces")
    if forces is not None and len(forces):
        largest = float(np.linalg.norm(np.asarray(forces, np.float64), axis=1).max())
        if not largest <= _LARGEST_FORCE:
            notes.append(f"the largest force is {largest:.3f} eV/Å: the structure is not at rest")
    parameters = getattr(calculator, "parameters", None) or {}
    charge, multiplicity = _charge(atoms, parameters, notes)
    return Calculation(
        species=tuple(atoms.get_chemical_symbols()),
        positions=np.array(atoms.positions, np.float64),
        energy=float(energy) if isinstance(energy, int | float | np.floating) else math.nan,
        energy_unit="eV",
        energy_label=label,
        level=_level(calculator, parameters),
        periodicity="molecule" if cell is None else "crystal",
        cell=cell,
        charge=charge,
        multiplicity=multiplicity,
        name=str(atoms.info.get("name", "")),
        notes=tuple(notes),
    )


def _charge(atoms: Any, parameters: Any, notes: list[str]) -> tuple[int, int]:
    """Return charge and multiplicity: of atoms.info, the calculator's settings, or the initial charges and moments."""
    charge = atoms.info.get("charge", parameters.get("charge"))
    if charge is None:
        charge = float(atoms.get_initial_charges().sum())
    multiplicity = atoms.info.get("multiplicity", parameters.get("multiplicity"))
    if multiplicity is None:
        multiplicity = round(abs(float(np.sum(atoms.get_initial_magnetic_moments())))) + 1
    if not isinstance(charge, int | float | np.number) or abs(charge - round(float(charge))) > 1e-3:
        raise FormatError(
            f"a charge of {charge}", where=_KIND, fix="set atoms.info['charge'] to a whole number"
        )
    if not isinstance(multiplicity, int | np.integer) or multiplicity < 1:
        raise FormatError(
            f"a multiplicity of {multiplicity}", where=_KIND, fix="set atoms.info['multiplicity'] to 2S + 1"
        )
    if round(float(charge)):
        notes.append(f"charge {round(float(charge)):+d}")
    return round(float(charge)), int(multiplicity)


def _level(calculator: Any, parameters: Any) -> LevelOfTheory:
    """Return what the calculator says of its method."""
    code = str(getattr(calculator, "name", None) or type(calculator).__name__)
    method = next((str(parameters[key]) for key in ("method", "xc", "model") if parameters.get(key)), "")
    return LevelOfTheory(
        code=code,
        functional=method,
        dispersion=_BUILT_IN_DISPERSION.get(method, ""),
        basis=str(parameters.get("basis") or ""),
        solvent=str(parameters.get("solvent") or ""),
    )
