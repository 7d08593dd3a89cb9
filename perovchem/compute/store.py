"""Results of a search as plain files: conformers that ``read_calculation`` reads, and a table of all starts."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from perovchem.calculation import Calculation
from perovchem.calculation_reading import read_calculation, write_calculation
from perovchem.compute.engine import Engine, level_of
from perovchem.compute.journal import Trial
from perovchem.compute.modes import vibrations
from perovchem.compute.result import SpeciesRow
from perovchem.compute.search import distinct, twins
from perovchem.compute.species import Request
from perovchem.compute.study import Found
from perovchem.units import HARTREE

COLUMNS = (
    "kind", "number", "origin", "energy_hartree", "above_lowest_eV", "gradient_norm_hartree_per_bohr", "steps", "fate",
    "twin_of", "fragments",
)  # fmt: skip
"""Of the table of starts."""


def conformer_files(request: Request, name: str) -> tuple[Path, ...]:
    """Return the conformers of a species that are there, lowest first."""
    found: list[Path] = []
    while (path := request.results / f"{name}_{len(found) + 1}.toml").is_file():
        found.append(path)
    return tuple(found)


def starts_file(request: Request, name: str) -> Path:
    """Return where the table of starts of a species stands."""
    return request.results / f"{name}_starts.csv"


def in_words(fragments: Mapping[str, int]) -> str:
    """Return "CH5N + ClH", "3 C2H6OS"."""
    return " + ".join(f"{n} {what}" if n > 1 else what for what, n in fragments.items())


def write(request: Request, found: Found, engine: Engine, engines: Mapping[str, Engine]) -> None:
    """Write conformers, their energies in implicit solvents, and the table of starts; older conformers go.

    Parameters
    ----------
    request : Request
    found : Found
    engine : Engine
    engines : mapping of str to Engine
        By solvent, for the single points.
    """
    for old in (
        *conformer_files(request, found.name),
        *request.results.glob(f"{found.name}_[0-9]_ALPB_*.toml"),
    ):
        old.unlink()
    for number, trial in enumerate(found.kept, 1):
        calculation = _calculation(request, found, engine, trial, number)
        write_calculation(calculation, request.results / f"{calculation.name}.toml")
        for solvent, other in engines.items():
            energy, _ = other.energy_and_gradient(calculation.species, calculation.positions, found.charge)
            once = replace(
                calculation,
                energy=energy,
                level=level_of(other),
                vibrations=None,
                name=f"{calculation.name}_ALPB_{solvent}",
                notes=(f"single point at the structure of {calculation.name}",),
            )
            write_calculation(once, request.results / f"{once.name}.toml")
    _write_starts(request, found)


def _calculation(request: Request, found: Found, engine: Engine, trial: Trial, number: int) -> Calculation:
    level = level_of(engine)
    positions = np.round(trial.positions, 8)
    modes = None
    if trial.wavenumbers:
        source = "central differences of gradients"
        hessian = None if trial.hessian is None else np.round(trial.hessian, 6)
        modes = vibrations(np.round(trial.wavenumbers, 3), hessian, found.species, source=source)
    n_distinct = len(distinct(found.species, found.trials))
    notes = (
        f"conformer {number} of {len(found.kept)} kept, of {n_distinct} distinct minima "
        f"from {len(found.trials)} starts (seed {request.seed}); found by: {trial.origin}",
        f"arranged as {in_words(trial.fragments)}",
        f"gradient norm {trial.gradient_norm:.1e} hartree/bohr",
    )
    return Calculation(
        species=found.species,
        positions=positions,
        energy=trial.energy,
        energy_unit="hartree",
        energy_label="total energy, GFN2-xTB",
        level=level,
        charge=found.charge,
        vibrations=modes,
        name=f"{found.name}_{number}",
        notes=notes,
    )


def _write_starts(request: Request, found: Found) -> None:
    of = twins(found.species, found.trials)
    lowest = min((trial.energy for trial in found.trials if trial.fate == "relaxed"), default=math.nan)
    with starts_file(request, found.name).open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle, lineterminator="\n")
        rows.writerow(COLUMNS)
        for trial in (*found.trials, *found.kept, *found.saddles):
            known = math.isfinite(trial.energy)
            rows.writerow(
                [
                    trial.kind,
                    trial.number,
                    trial.origin,
                    f"{trial.energy:.8f}" if known else "",
                    f"{(trial.energy - lowest) * HARTREE:.5f}" if known else "",
                    f"{trial.gradient_norm:.1e}" if known else "",
                    trial.steps,
                    trial.fate if trial.is_minimum else f"imaginary mode, {trial.wavenumbers[0]:.1f} 1/cm",
                    of.get(trial.named, ""),
                    in_words(trial.fragments),
                ]
            )


def row_of(request: Request, name: str) -> SpeciesRow:
    """Return what the files of a species say of its search; the files are the record, whoever computed them."""
    files = conformer_files(request, name)
    kept = [read_calculation(path) for path in files]
    with starts_file(request, name).open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] not in ("refined", "final")]
    relaxed = [row for row in rows if row["fate"] == "relaxed"]
    alone = sorted(float(row["above_lowest_eV"]) for row in relaxed if not row["twin_of"])
    best = next(row for row in relaxed if not row["twin_of"] and float(row["above_lowest_eV"]) == alone[0])
    label = f"{best['kind']} {best['number']}"
    energies = [one.energy_ev for one in kept]
    waves = [float(one.vibrations.wavenumbers.min()) for one in kept if one.vibrations is not None]
    notes = kept[0].notes if kept else ()
    return SpeciesRow(
        name=name,
        formula=kept[0].formula if kept else "",
        charge=request.charge_of(name),
        level=str(kept[0].level) if kept else "",
        n_starts=len(rows),
        n_relaxed=len(relaxed),
        n_distinct=len(alone),
        n_lowest=1 + sum(row["twin_of"] == label for row in relaxed),
        electronic_energy=energies[0] if energies else math.nan,
        energy_range=alone[-1],
        second_lowest=alone[1] if len(alone) > 1 else math.nan,
        kept_range=energies[-1] - energies[0] if energies else math.nan,
        lowest_wavenumber=min(waves, default=math.nan),
        arranged=next(
            (note.removeprefix("arranged as ") for note in notes if note.startswith("arranged as ")), ""
        ),
        files=tuple(path.name for path in files),
    )
