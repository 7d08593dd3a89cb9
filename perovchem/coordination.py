"""Which ligands are bound to each center: shells, bond lengths, speciation, denticity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.convert import as_frames
from perovchem.cutoffs import Cutoff, bond_cutoffs
from perovchem.errors import UsageError, nearest, warn
from perovchem.frames import Floats, Frames, Integers
from perovchem.molecules import Molecules, find_molecules
from perovchem.pairs import TOO_CLOSE, Bonds, PairSearch, kinds, overlapping
from perovchem.provenance import input_files
from perovchem.result import Provenance, Result, dataframe
from perovchem.uncertainty import BlockAverage, block_average, ratio_average, suggest_discard

if TYPE_CHECKING:
    import pandas as pd

LEAST_TO_DISCARD: Final = 10
"""Frames; fewer are no trajectory with an equilibration."""


@dataclass(frozen=True, slots=True)
class BondLength:
    """Bond lengths of one pair of elements over all frames.

    Attributes
    ----------
    mean, sd : float
        Å; sd is the spread of single bonds.
    standard_error : float
        Of the mean, Å, from blocks of frames; NaN for one frame.
    n_bonds : int
    converged : bool
        False where the standard error is only a lower bound.
    """

    mean: float
    sd: float
    standard_error: float
    n_bonds: int
    converged: bool


@dataclass(frozen=True, eq=False, repr=False)
class Coordination(Result):
    """Shells around the centers of every frame.

    Attributes
    ----------
    frames : Frames
        What was analyzed.
    center, ligands : tuple of str
        Chemical symbols.
    cutoffs : mapping of str to Cutoff
        By pair ("Pb-I"): value, Å, and where it comes from.
    centers, ligand_atoms : int64 (n,)
        Atom numbers.
    bonds : Bonds
        Every center-ligand bond of every frame with its periodic image.
    molecules : Molecules
        From the bonds of the first frame.
    warnings : tuple of str
    """

    frames: Frames
    center: tuple[str, ...]
    ligands: tuple[str, ...]
    cutoffs: Mapping[str, Cutoff]
    centers: Integers
    ligand_atoms: Integers
    bonds: Bonds
    molecules: Molecules
    warnings: tuple[str, ...] = field(default=())

    command: ClassVar[str] = "coordination"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "n_frames": "n_frames",
        "density": "density",
        "concentration": "concentration",
        "cutoffs": "cutoff",
        "mean_coordination_number": "mean_coordination_number",
        "mean_coordination_number_standard_error": "mean_coordination_number",
        "coordination_number_distribution": "fraction",
        "bond_lengths": "bond_length",
        "speciation": "speciation",
        "denticity": "fraction",
    }

    def __repr__(self) -> str:
        """Return one line: composition of the shells and the cutoffs."""
        cutoffs = ", ".join(f"{name} < {cutoff.value:.2f} Å" for name, cutoff in self.cutoffs.items())
        return (
            f"<Coordination of {len(self.centers)} {'/'.join(self.center)} in {len(self.frames)} frames: "
            f"mean number {self.mean_coordination_number.mean:.2f} ({cutoffs})>"
        )

    @property
    def coordination_numbers(self) -> Integers:
        """Bound ligand atoms, (n_frames, n_centers)."""
        return self.bonds.counts

    def numbers_of(self, symbol: str) -> Integers:
        """Return how many bound ligand atoms are of one element, (n_frames, n_centers)."""
        return self._counts_by_element[:, self.ligands.index(symbol)].reshape(self.bonds.counts.shape)

    @cached_property
    def _ligand_kinds(self) -> Integers:
        return kinds(self.frames.species, self.ligand_atoms, self.ligands)

    @cached_property
    def _owners(self) -> Integers:
        """Flat number frame * n_centers + center of each bond, (n_bonds,)."""
        return np.repeat(np.arange(len(self.bonds.offsets) - 1), np.diff(self.bonds.offsets))

    @cached_property
    def _counts_by_element(self) -> Integers:
        """(n_frames * n_centers, n_elements)."""
        size = len(self.bonds.offsets) - 1
        flat = self._owners * len(self.ligands) + self._ligand_kinds[self.bonds.ligand]
        return np.bincount(flat, minlength=size * len(self.ligands)).reshape(size, len(self.ligands))

    @cached_property
    def mean_coordination_number(self) -> BlockAverage:
        """Mean over frames and centers; its standard error from blocks of frames."""
        return block_average(self.coordination_numbers.mean(axis=1))

    def bonds_of(self, pair: str) -> tuple[Floats, Integers]:
        """Return length, Å, and frame of every bond of a pair ("Pb-I")."""
        center, ligand = self.cutoffs[pair].pair
        center_kind = kinds(self.frames.species, self.centers, self.center)[self.bonds.center]
        mine = (center_kind == self.center.index(center)) & (
            self._ligand_kinds[self.bonds.ligand] == self.ligands.index(ligand)
        )
        return self.bonds.distance[mine], self.bonds.frame[mine]

    @cached_property
    def bond_lengths(self) -> dict[str, BondLength]:
        """Bond lengths by pair ("Pb-I"); NaN where a pair never binds."""
        found = {}
        for name in self.cutoffs:
            length, frame = self.bonds_of(name)
            counts = np.bincount(frame, minlength=len(self.frames))
            sums = np.bincount(frame, length, minlength=len(self.frames))
            average = ratio_average(sums, counts)
            sd = float(length.std(ddof=1)) if len(length) > 1 else float("nan")
            found[name] = BondLength(average.mean, sd, average.standard_error, len(length), average.converged)
        return found

    @cached_property
    def _bound_molecules(self) -> tuple[Integers, Integers, Integers]:
        """Owner, molecule and denticity of every bound molecule, each image for itself."""
        atoms = self.ligand_atoms[self.bonds.ligand]
        molecule = self.molecules.label[atoms]
        image = self.bonds.image - self.molecules.image[atoms]
        order = np.lexsort((*image.T, molecule, self._owners))
        rows = np.column_stack([self._owners, molecule, image])[order]
        if not len(rows):
            return (np.empty(0, np.int64),) * 3
        first = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]).any(axis=1)))
        denticity = np.diff(np.append(first, len(rows)))
        return rows[first, 0], rows[first, 1], denticity

    @cached_property
    def speciation(self) -> dict[str, dict[str, float]]:
        """Fractions of frames x centers: "by_element" (PbI3O2) and "by_molecule" (PbI3(2-ME)2)."""
        owners, molecule, _ = self._bound_molecules
        names = tuple(dict.fromkeys(self.molecules.names[k] for k in np.unique(molecule)))
        kind = np.array([names.index(n) if n in names else 0 for n in self.molecules.names], np.int64)
        size = len(self.bonds.offsets) - 1
        flat = owners * max(len(names), 1) + kind[molecule]
        by_molecule = np.bincount(flat, minlength=size * len(names)).reshape(size, len(names))
        lone = {s for s, f in zip(self.molecules.names, self.molecules.formulas, strict=True) if s == f}
        single = [name in lone and name in self.ligands for name in names]
        order = sorted(range(len(names)), key=lambda k: (not single[k], names[k]))
        words = [names[k] if single[k] else f"({names[k]})" for k in order]
        return {
            "by_element": self._species(self._counts_by_element, list(self.ligands)),
            "by_molecule": self._species(by_molecule[:, order], words),
        }

    def _species(self, counts: Integers, words: list[str]) -> dict[str, float]:
        """Return the fraction of each composition, the most frequent first."""
        center_kind = np.tile(kinds(self.frames.species, self.centers, self.center), len(self.frames))
        rows, many = np.unique(np.column_stack([center_kind, counts]), axis=0, return_counts=True)
        found: dict[str, float] = {}
        for k in np.argsort(-many, kind="stable"):
            number, *composition = rows[k].tolist()
            label = self.center[number] + "".join(
                word + (str(n) if n > 1 else "") for word, n in zip(words, composition, strict=True) if n
            )
            found[label] = found.get(label, 0.0) + float(many[k] / many.sum())
        return found

    @cached_property
    def denticity(self) -> dict[str, dict[int, float]]:
        """For each molecule that binds: fraction of its bound appearances with 1, 2, ... atoms on one center."""
        _, molecule, atoms_bound = self._bound_molecules
        names = np.array(self.molecules.names)[molecule]
        found: dict[str, dict[int, float]] = {}
        for name in dict.fromkeys(self.molecules.names):
            values, many = np.unique(atoms_bound[names == name], return_counts=True)
            if len(values):
                found[name] = {int(v): float(n / many.sum()) for v, n in zip(values, many, strict=True)}
        return found

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these shells."""
        return Provenance(
            input=" + ".join(str(path) for path in self.frames.source.files) or self.frames.source.origin,
            inputs=input_files(self.frames.source.files),
            settings={
                "center": self.center,
                "ligands": self.ligands,
                "cutoffs": {name: cutoff.value for name, cutoff in self.cutoffs.items()},
                "frames": [int(k) for k in self.frames.frame_numbers[[0, -1]]],
                "discarded_frames": self.frames.discarded,
            },
            warnings=self.warnings,
        )

    @property
    def concentration(self) -> float:
        """Centers per volume, mol/L."""
        return sum(self.frames.concentration(symbol) for symbol in self.center)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        number = self.mean_coordination_number
        values, many = np.unique(self.coordination_numbers, return_counts=True)
        return {
            "formula": self.frames.formula,
            "n_frames": len(self.frames),
            "n_centers": len(self.centers),
            "discarded_frames": self.frames.discarded,
            "density": self.frames.density,
            "concentration": self.concentration,
            "cutoffs": {n: {"value": c.value, "source": c.source} for n, c in self.cutoffs.items()},
            "mean_coordination_number": number.mean,
            "mean_coordination_number_standard_error": number.standard_error,
            "coordination_number_distribution": {
                str(v): float(n / many.sum()) for v, n in zip(values, many, strict=True)
            },
            "bond_lengths": {
                name: {"mean": b.mean, "sd": b.sd, "standard_error": b.standard_error, "n_bonds": b.n_bonds}
                for name, b in self.bond_lengths.items()
            },
            "speciation": self.speciation,
            "denticity": {name: {str(k): v for k, v in d.items()} for name, d in self.denticity.items()},
            "molecules": self.molecules.census,
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per frame and center: time, coordination number, ligands by element."""
        n_frames, n_centers = self.coordination_numbers.shape
        times = np.full(n_frames, np.nan) if self.frames.times is None else self.frames.times / 1000
        columns: dict[str, Any] = {
            "frame": np.repeat(self.frames.frame_numbers, n_centers),
            "time_ps": np.repeat(times, n_centers),
            "center_atom": np.tile(self.centers, n_frames),
            "coordination_number": self.coordination_numbers.ravel(),
        }
        for k, symbol in enumerate(self.ligands):
            columns[f"n_{symbol}"] = self._counts_by_element[:, k]
        quantities = {"time_ps": "time", "coordination_number": "coordination_number"}
        return dataframe(columns, quantity_names=quantities)


def coordination(
    frames: Frames | Any,
    *,
    center: str | Sequence[str] = "Pb",
    ligands: str | Sequence[str],
    cutoffs: Mapping[str, float | Cutoff] | None = None,
    names: Mapping[str, str] | None = None,
) -> Coordination:
    """Find the ligands bound to each center in every frame, periodic images included.

    Ligand j is bound to center i in image n when |r_j + n - r_i| is below the cutoff of their pair of
    elements; a bond carries that image, so a 5-atom CsPbX3 cell has six bonds to three atoms.

    Parameters
    ----------
    frames : Frames
        A trajectory or a crystal; any triclinic cell. Or an object that :func:`perovchem.read_frames` takes.
    center, ligands : str or sequence of str
        Chemical symbols.
    cutoffs : mapping, optional
        Pair ("Pb-I") to length, Å, or to a Cutoff; pairs that are left out are measured on the frames, see
        :func:`perovchem.bond_cutoffs`. To compare trajectories, measure once on all of them and pass that.
    names : mapping, optional
        Formula to name for molecules beyond the known ones.

    Returns
    -------
    Coordination

    Raises
    ------
    UsageError
        If there are no frames, an element is not there, or a cutoff makes no sense.

    Examples
    --------
    >>> import perovchem as pc
    >>> crystal = pc.read_frames(pc.reference.path("CsPbCl3_cubic"))
    >>> shells = pc.coordination(crystal, center="Pb", ligands="Cl")
    >>> shells.coordination_numbers.tolist(), shells.bond_lengths["Pb-Cl"].mean
    ([[6]], 2.8025)
    """
    frames = as_frames(frames)
    centers = tuple(dict.fromkeys([center] if isinstance(center, str) else center))
    partners = tuple(dict.fromkeys([ligands] if isinstance(ligands, str) else ligands))
    table = bond_cutoffs(frames, center=centers, ligands=partners, given=cutoffs)
    shells = find_shells(frames, centers, partners, table, names)
    notes = judge(shells)
    for note in notes:
        warn(note)
    return replace(shells, warnings=(*frames.warnings, *notes))


def find_shells(
    frames: Frames,
    centers: tuple[str, ...],
    partners: tuple[str, ...],
    table: Mapping[str, Cutoff],
    names: Mapping[str, str] | None = None,
) -> Coordination:
    """As :func:`coordination`, with every cutoff at hand and without judging the frames."""
    symbols = np.array(frames.species)
    center_atoms = np.flatnonzero(np.isin(symbols, centers))
    if not len(center_atoms):
        raise UsageError(
            f"no {'/'.join(centers)} among the atoms", fix=nearest(centers[0], set(frames.species))
        )
    ligand_atoms = np.flatnonzero(np.isin(symbols, partners))
    limits = np.array([[table[f"{c}-{p}"].value for p in partners] for c in centers])
    search = PairSearch(
        frames,
        center_atoms,
        ligand_atoms,
        kinds(frames.species, center_atoms, centers),
        kinds(frames.species, ligand_atoms, partners),
        limits,
    )
    bonds = search.all()
    first = frames[:1]
    molecules = find_molecules(
        frames.species, first.fractional_positions[0], first.kernel_cells[0], names=names
    )
    return Coordination(frames, centers, partners, table, center_atoms, ligand_atoms, bonds, molecules)


def judge(shells: Coordination) -> list[str]:
    """Return what the reader of these shells must know."""
    notes = []
    distance = shells.bonds.distance
    clashes = [(i, j, d, int(shells.frames.frame_numbers[0])) for i, j, d in overlapping(shells.frames)]
    if not clashes and len(distance) and distance.min() < TOO_CLOSE:  # later, between center and ligand
        k = int(distance.argmin())
        i, j = int(shells.centers[shells.bonds.center[k]]), int(shells.ligand_atoms[shells.bonds.ligand[k]])
        frame = int(shells.frames.frame_numbers[shells.bonds.frame[k]])
        clashes = [(i, j, float(distance[k]), frame)]
    if clashes:
        i, j, apart, frame = clashes[0]
        more = f", and {len(clashes) - 1} more pairs" if len(clashes) > 1 else ""
        notes.append(
            f"atoms {i} ({shells.frames.species[i]}) and {j} ({shells.frames.species[j]}) are only {apart:.2f} Å "
            f"apart in frame {frame}{more}: they lie on top of each other"
        )
    from_start = shells.frames.discarded == 0 and shells.frames.frame_numbers[:1] == 0
    if from_start and len(shells.frames) >= LEAST_TO_DISCARD:
        series = shells.coordination_numbers.mean(axis=1)
        suggested = suggest_discard(series).frames
        advice = f"the coordination number suggests to discard {suggested or 'no'} frames"
        if shells.frames.times is not None and suggested:
            advice += f" ({(shells.frames.times[suggested] - shells.frames.times[0]) / 1000:.2f} ps)"
        notes.append(f"averages begin at frame 0, nothing was discarded as equilibration; {advice}")
    return notes
