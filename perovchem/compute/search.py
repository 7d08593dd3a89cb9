"""Conformer search of one species: random starts, relocations, structures of relatives; vibrations of the lowest."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.compute.conformers import fragments, same, skeletons, skeletons_of_parts
from perovchem.compute.engine import Engine, Tightness
from perovchem.compute.journal import Journal, Kind, Trial
from perovchem.compute.modes import MOST_ATOMS_WITH_HESSIAN, masses_of, normal_modes
from perovchem.compute.placing import Part, place, relocate
from perovchem.compute.species import SpeciesAsked
from perovchem.errors import InputError, MissingDataError
from perovchem.progress import tell

POOL: Final = 5
"""Lowest different structures that relocations start from."""
TAKEN: Final = 2
"""Lowest different structures that each relative takes over."""
SPARE: Final = 1
"""Structures that are relaxed tightly beyond those that are kept: the order may change."""
FOLLOWED: Final = 0.15
"""Å by which the fastest atom is moved along an imaginary mode before the structure relaxes again."""
ATTEMPTS: Final = 4
"""Times that imaginary modes are followed downhill."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """All that the trials of one species share.

    Attributes
    ----------
    asked : SpeciesAsked
    parts : sequence of Part
        In the order of the atoms.
    charge : int
    seed : int
    engine : Engine
    journal : Journal
    """

    asked: SpeciesAsked
    parts: Sequence[Part]
    charge: int
    seed: int
    engine: Engine
    journal: Journal

    @property
    def species(self) -> tuple[str, ...]:
        """Element of each atom."""
        return tuple(symbol for part in self.parts for symbol in part.species)

    @property
    def starts(self) -> tuple[int, int]:
        """Random starts and relocations; a single part gives the same structure however it is turned."""
        return (self.asked.starts, self.asked.relocations) if len(self.parts) > 1 else (1, 0)

    def drawn(self, kind: Kind, number: int) -> int:
        """Return the seed of one trial; the species' name is not in it, so that relatives start alike."""
        sequence = np.random.SeedSequence((self.seed, zlib.crc32(kind.encode()), number))
        return int(sequence.generate_state(1)[0])

    def explore(self) -> list[Trial]:
        """Run the random starts, then the relocations.

        Raises
        ------
        MissingDataError
            If no start relaxed.
        """
        starts, relocations = self.starts
        trials: list[Trial] = []
        for number in range(starts):
            tell(f"{self.asked.name}: starts", number, starts + relocations)
            seed = self.drawn("random", number)
            trials.append(self._trial("random", number, "", partial(place, self.parts, seed=seed)))
        if not any(trial.fate == "relaxed" for trial in trials):
            raise MissingDataError(
                f"none of {starts} starts of {self.asked.name} relaxed",
                fix="look at its parts and charges, or ask for more starts",
            )
        for number in range(relocations):
            tell(f"{self.asked.name}: starts", starts + number, starts + relocations)
            pool = distinct(self.species, trials)[:POOL]
            parent, seed = pool[number % len(pool)], self.drawn("relocated", number)
            trials.append(
                self._trial(
                    "relocated",
                    number,
                    parent.label,
                    partial(relocate, self.parts, parent.positions, seed=seed),
                )
            )
        return trials

    def take_over(self, name: str, theirs: Sequence[Trial]) -> list[Trial]:
        """Relax the structures of a relative with our elements in the place of its own."""
        taken = []
        for number, trial in enumerate(theirs):
            tell(f"{self.asked.name}: structures of {name}", number, len(theirs))
            origin = f"{name} {trial.label}"
            taken.append(self._trial("exchanged", number, origin, partial(np.asarray, trial.positions)))
        return taken

    def refine(self, trials: Sequence[Trial]) -> list[Trial]:
        """Relax the lowest structures tightly, drop twins, and give the lowest their vibrations.

        Returns
        -------
        list of Trial
            At most ``keep``, by energy; imaginary modes were followed downhill where that was possible.
        """
        wanted = distinct(self.species, trials)[: self.asked.keep + SPARE]
        tight = []
        for number, trial in enumerate(wanted):
            tell(f"{self.asked.name}: lowest structures", number, len(wanted))
            tight.append(self._trial("refined", number, trial.named, partial(np.asarray, trial.positions)))
        kept = distinct(self.species, tight)[: self.asked.keep]
        return distinct(self.species, [self._with_vibrations(trial) for trial in kept])

    def _with_vibrations(self, trial: Trial) -> Trial:
        known = self.journal.find("final", trial.number, trial.origin)
        if known is not None:
            return known
        here, waves, hessian = trial, np.empty(0), None
        masses = masses_of(self.species)
        for _ in range(ATTEMPTS if len(self.species) > 1 else 0):
            hessian = self.engine.hessian(self.species, here.positions, self.charge)
            waves, vectors = normal_modes(hessian, here.positions, masses)
            if waves[0] > 0:
                break
            motion = vectors[0] / np.sqrt(masses)[:, None]
            motion *= FOLLOWED / np.linalg.norm(motion, axis=1).max()
            sides = [self._relaxed(here.positions + sign * motion, "tight") for sign in (1, -1)]
            lower = min(sides, key=_order)
            if lower.fate != "relaxed":
                break
            here = lower
        finished = replace(
            here,
            kind="final",
            number=trial.number,
            origin=trial.origin,
            wavenumbers=tuple(float(value) for value in waves),
            hessian=hessian if len(self.species) <= MOST_ATOMS_WITH_HESSIAN else None,
        )
        self.journal.add(finished)
        return finished

    def _trial(self, kind: Kind, number: int, origin: str, start: Callable[[], Floats]) -> Trial:
        known = self.journal.find(kind, number, origin)
        if known is not None:
            return known
        trial = replace(
            self._relaxed(start(), "tight" if kind == "refined" else "normal"),
            kind=kind,
            number=number,
            origin=origin,
        )
        self.journal.add(trial)
        return trial

    def _relaxed(self, start: Floats, tightness: Tightness) -> Trial:
        try:
            found = self.engine.relax(self.species, start, self.charge, tightness)
        except (
            InputError
        ):  # charges far apart have no self-consistent field: this start is lost, not the search
            return Trial("random", 0, "", start, math.nan, math.nan, 0, "no energy", {})
        whole = skeletons(self.species, found.positions) == skeletons_of_parts(
            [p.species for p in self.parts]
        )
        fate = "relaxed" if found.converged else "not converged"
        return Trial(
            "random",
            0,
            "",
            found.positions,
            found.energy,
            found.gradient_norm,
            found.steps,
            fate if whole else "broken",
            fragments(self.species, found.positions),
        )


def _order(trial: Trial) -> tuple[bool, float]:
    return trial.fate != "relaxed", trial.energy


def distinct(species: Sequence[str], trials: Sequence[Trial]) -> list[Trial]:
    """Return the relaxed structures by energy, the first of each set of twins.

    Parameters
    ----------
    species : sequence of str
    trials : sequence of Trial

    Returns
    -------
    list of Trial
        Ascending energy.
    """
    found: list[Trial] = []
    for trial in sorted((trial for trial in trials if trial.fate == "relaxed"), key=_order):
        one = (trial.energy, trial.positions)
        if not any(same(species, one, (other.energy, other.positions)) for other in reversed(found)):
            found.append(trial)
    return found


def twins(species: Sequence[str], trials: Sequence[Trial]) -> dict[str, str]:
    """Return, of each relaxed trial that ended in the same structure as a lower one, the label of that one.

    Keys are labels with origins; structures that stand alone are left out.
    """
    found: list[Trial] = []
    of: dict[str, str] = {}
    for trial in sorted((trial for trial in trials if trial.fate == "relaxed"), key=_order):
        one = (trial.energy, trial.positions)
        for other in reversed(found):
            if same(species, one, (other.energy, other.positions)):
                of[trial.named] = other.label
                break
        else:
            found.append(trial)
    return of
