"""Missing species of a cycle: conformer search and vibrations with GFN2-xTB (extra ``perovchem[compute]``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from perovchem.compute.engine import engine_for
from perovchem.compute.result import ComputedSpecies, SpeciesRow
from perovchem.compute.species import Request, read_request
from perovchem.compute.store import conformer_files, row_of, starts_file, write
from perovchem.compute.study import study
from perovchem.errors import UsageError, nearest
from perovchem.provenance import input_files
from perovchem.result import Provenance

__all__ = ["ComputedSpecies", "Request", "SpeciesRow", "compute_species", "read_request"]


def compute_species(
    source: str | Path, *, only: Sequence[str] = (), again: Sequence[str] = (), engine: str = ""
) -> ComputedSpecies:
    """Compute the species of a file that are missing: conformer search, vibrations, energies in implicit solvents.

    Every species starts from ``starts`` random placements of its ions and molecules, and from ``relocations`` of one of
    them in a low-lying structure; each is relaxed with GFN2-xTB. Twins go (energy, moments of inertia and sorted
    distances, so that neither rotation nor permutation nor reflection matters). The lowest are relaxed tightly, get a
    Hessian by finite differences, and follow imaginary modes downhill. Relatives (``like``), as clusters that differ in
    a halide, try one another's lowest structures. All is fixed by the seed; finished starts are kept in a journal, and
    an interrupted search goes on where it stopped.

    Parameters
    ----------
    source : str or Path
        Species file: see :func:`read_request`.
    only : sequence of str
        Species that are looked at; all if empty.
    again : sequence of str
        Species that are searched although their files are there; finished starts still come from the journal.
    engine : {"", "auto", "tblite", "xtb"}
        In the place of the one that the file names.

    Returns
    -------
    ComputedSpecies
        Of all species looked at; those that were there before are read from their files.

    Raises
    ------
    UsageError
        If a species or an engine does not exist.
    MissingDataError
        If something is to be computed and no engine is installed, or no start relaxed.
    FormatError
        If the species file makes no sense.

    Notes
    -----
    GFN2-xTB: Bannwarth, Ehlert & Grimme 2019, doi 10.1021/acs.jctc.8b01176. ALPB: Ehlert, Stahn, Spicher & Grimme
    2021, doi 10.1021/acs.jctc.1c00471.
    """
    request = read_request(source)
    for name in (*only, *again):
        if name not in request.species:
            raise UsageError(f"no species is called {name!r}", fix=nearest(name, request.species))
    asked = [name for name in request.species if not only or name in only or name in again]
    missing = [
        name
        for name in asked
        if name in again or not (conformer_files(request, name) and starts_file(request, name).is_file())
    ]
    if missing:
        chosen = engine_for(engine or request.engine, solvent=request.solvent)
        solvated = {solvent: engine_for(chosen.name, solvent=solvent) for solvent in request.single_points}
        for found in study(request, missing, chosen):
            write(request, found, chosen, solvated)
    rows = tuple(row_of(request, name) for name in asked)
    settings = {
        "engine": engine or request.engine, "solvent": request.solvent, "seed": request.seed,
        "single_points": list(request.single_points), "computed": missing,
        "species": {name: {"parts": dict(request.species[name].parts), "starts": request.species[name].starts,
                           "relocations": request.species[name].relocations, "keep": request.species[name].keep,
                           "like": list(request.species[name].like)} for name in asked},
    }  # fmt: skip
    return ComputedSpecies(
        species=rows,
        folder=str(request.results),
        provenance=Provenance(input=str(source), inputs=input_files([Path(source)]), settings=settings),
    )
