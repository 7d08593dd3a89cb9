"""All species of a file: parts, searches, structures taken over from relatives, vibrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from perovchem.compute.engine import Engine
from perovchem.compute.journal import Journal, Trial
from perovchem.compute.placing import Part
from perovchem.compute.search import TAKEN, Search, distinct
from perovchem.compute.species import Request


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search for one species found.

    Attributes
    ----------
    name : str
    species : tuple of str
    charge : int
    trials : tuple of Trial
        Every start and where it ended.
    kept : tuple of Trial
        Lowest conformers with vibrations, by energy; those that kept an imaginary mode are not among them.
    saddles : tuple of Trial
        Those.
    """

    name: str
    species: tuple[str, ...]
    charge: int
    trials: tuple[Trial, ...]
    kept: tuple[Trial, ...]
    saddles: tuple[Trial, ...] = ()


def study(request: Request, wanted: Sequence[str], engine: Engine) -> Iterator[Found]:
    """Search the conformers of the species named; what stands in their journals is not computed again.

    Relatives whose structures are taken over are searched as well.

    Parameters
    ----------
    request : Request
    wanted : sequence of str
    engine : Engine

    Yields
    ------
    Found
        One species after the other, when it is finished.
    """
    relatives = {other for name in wanted for other in request.species[name].like}
    parts: dict[str, Part] = {}
    searches = {
        name: _search(request, name, engine, parts)
        for name in request.species
        if name in wanted or name in relatives
    }
    explored = {name: search.explore() for name, search in searches.items()}
    for name in wanted:
        search = searches[name]
        trials = list(explored[name])
        for other in search.asked.like:
            trials += search.take_over(other, distinct(searches[other].species, explored[other])[:TAKEN])
        refined = search.refine(trials)
        kept = tuple(trial for trial in refined if trial.is_minimum)
        saddles = tuple(trial for trial in refined if not trial.is_minimum)
        yield Found(name, search.species, search.charge, tuple(trials), kept, saddles)


def _search(request: Request, name: str, engine: Engine, known: dict[str, Part]) -> Search:
    parts = _parts(request, name, engine, known)
    heading = {
        "species": name,
        "engine": engine.name,
        "version": engine.version,
        "solvent": engine.solvent,
        "seed": request.seed,
        "parts": {
            part: [number, request.parts[part].charge, list(request.parts[part].species)]
            for part, number in request.species[name].parts.items()
        },
    }
    journal = Journal(request.results / "journal" / f"{name}.jsonl", heading)
    return Search(request.species[name], parts, request.charge_of(name), request.seed, engine, journal)


def _parts(request: Request, name: str, engine: Engine, known: dict[str, Part]) -> list[Part]:
    """Return the parts of a species: molecules relaxed, with the engine's charges, each computed once."""
    for part in request.species[name].parts:
        declared = request.parts[part]
        if part not in known and len(declared.species) == 1:
            charges = np.array([float(declared.charge)])
            known[part] = Part(part, declared.species, declared.positions, charges)
        elif part not in known:
            relaxed = engine.relax(declared.species, declared.positions, declared.charge, "tight").positions
            charges = engine.charges(declared.species, relaxed, declared.charge)
            charges = charges + (declared.charge - charges.sum()) / len(charges)
            known[part] = Part(part, declared.species, relaxed, charges)
    return [known[part] for part, number in request.species[name].parts.items() for _ in range(number)]
