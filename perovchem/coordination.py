"""Which ligands are bound to each center: shells, bond lengths, speciation, denticity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from perovchem._kernels.shells import compose
from perovchem.convert import as_frames
from perovchem.cutoffs import Cutoff, bond_cutoffs
from perovchem.equilibration import averaging_note
from perovchem.errors import UsageError, nearest, warn
from perovchem.frames import Floats, Frames, Integers
from perovchem.molecules import Molecules, find_molecules
from perovchem.pairs import TOO_CLOSE, Bonds, PairSearch, kinds, overlapping
from perovchem.provenance import input_files
from perovchem.result import Provenance, Result, dataframe
from perovchem.uncertainty import BlockAverage, block_average, ratio_average

if TYPE_CHECKING:
    import pandas as pd


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
        counts = self._composition[0][:, self.ligands.index(symbol)]
        return counts.reshape(self.bonds.counts.shape).astype(np.int64)

    @cached_property
    def _composition(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Bound atoms by element and bound molecules by name, (n_frames * n_centers, n); denticity, (n_names, n)."""
        names = self._molecule_names
        kind = np.array([names.index(name) for name in self.parts.names], np.int64)
        atoms = self.ligand_atoms
        return compose(
            self.bonds.offsets, self.bonds.ligand, self.bonds.image,
            kinds(self.frames.species, atoms, self.ligands), self.parts.label[atoms],
            self.parts.image[atoms], kind, len(self.ligands), len(names),
        )  # fmt: skip

    @cached_property
    def parts(self) -> Molecules:
        """The molecules as ligands: a network, and what a center is part of, count as their atoms."""
        found, species = self.molecules, self.frames.species
        loose = np.flatnonzero(np.isin(found.label, [*found.periodic, *found.label[self.centers]]))
        label, image = found.label.copy(), found.image.copy()
        label[loose] = len(found.names) + np.arange(len(loose))
        image[loose] = 0
        single = tuple(species[k] for k in loose)
        return Molecules(label, image, (*found.names, *single), (*found.formulas, *single))

    @cached_property
    def _molecule_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.parts.names))

    @cached_property
    def mean_coordination_number(self) -> BlockAverage:
        """Mean over frames and centers; its standard error from blocks of frames."""
        return block_average(self.coordination_numbers.mean(axis=1))

    def bonds_of(self, pair: str) -> tuple[Floats, Integers]:
        """Return length, Å, and frame of every bond of a pair ("Pb-I")."""
        center, ligand = self.cutoffs[pair].pair
        center_kind = kinds(self.frames.species, self.centers, self.center)[self.bonds.center]
        ligand_kind = kinds(self.frames.species, self.ligand_atoms, self.ligands)[self.bonds.ligand]
        mine = (center_kind == self.center.index(center)) & (ligand_kind == self.ligands.index(ligand))
        return self.bonds.distance[mine], self.bonds.frame[mine]

    @cached_property
    def bond_lengths(self) -> dict[str, BondLength]:
        """Bond lengths by pair ("Pb-I"); NaN where a pair never binds."""
        element = kinds(self.frames.species, self.ligand_atoms, self.ligands)
        shape = len(self.center), len(self.ligands), len(self.frames)
        counts, sums = np.zeros(shape, np.int64), np.zeros(shape)
        for begin, bonds in self.bonds.blocks():
            rows = self._pair_and_frame(begin, bonds, element)
            counts += np.bincount(rows, minlength=counts.size).reshape(shape)
            sums += np.bincount(rows, bonds.distance, minlength=counts.size).reshape(shape)
        totals = counts.sum(axis=2)
        means = np.divide(sums.sum(axis=2), totals, out=np.full(shape[:2], np.nan), where=totals > 0)
        squares = np.zeros(shape[:2])
        for begin, bonds in self.bonds.blocks():
            pair = self._pair_and_frame(begin, bonds, element) // shape[2]
            deviation = bonds.distance - means.ravel()[pair]
            squares += np.bincount(pair, deviation**2, minlength=means.size).reshape(shape[:2])
        found = {}
        for name, cutoff in self.cutoffs.items():
            k = self.center.index(cutoff.pair[0]), self.ligands.index(cutoff.pair[1])
            n_bonds = int(totals[k])
            average = ratio_average(sums[k], counts[k])
            sd = float(np.sqrt(squares[k] / (n_bonds - 1))) if n_bonds > 1 else float("nan")
            found[name] = BondLength(average.mean, sd, average.standard_error, n_bonds, average.converged)
        return found

    def _pair_and_frame(self, begin: int, bonds: Bonds, element: Integers) -> Integers:
        """Return (center element, ligand element, frame) of each bond as one number; ``begin`` is the first frame."""
        center = kinds(self.frames.species, self.centers, self.center)[bonds.center]
        pair = center * len(self.ligands) + element[bonds.ligand]
        numbers: Integers = pair * len(self.frames) + begin + bonds.frame
        return numbers

    @cached_property
    def speciation(self) -> dict[str, dict[str, float]]:
        """Fractions of frames x centers: "by_element" (PbI3O2) and "by_molecule" (PbI3(2-ME)2)."""
        by_element, by_name, _ = self._composition
        names = self._molecule_names
        bound = np.flatnonzero(by_name.any(axis=0)).tolist()
        lone = {s for s, f in zip(self.parts.names, self.parts.formulas, strict=True) if s == f}
        single = [name in lone and name in self.ligands for name in names]
        order = sorted(bound, key=lambda k: (not single[k], names[k]))
        words = [names[k] if single[k] else f"({names[k]})" for k in order]
        return {
            "by_element": self._species(by_element, list(self.ligands)),
            "by_molecule": self._species(by_name[:, order], words),
        }

    def _species(self, counts: NDArray[Any], words: list[str]) -> dict[str, float]:
        """Return the fraction of each composition, the most frequent first."""
        center_kind = np.tile(kinds(self.frames.species, self.centers, self.center), len(self.frames))
        first, many = _distinct(np.column_stack([center_kind.astype(np.int32), counts]))
        found: dict[str, float] = {}
        for k in np.argsort(-many, kind="stable"):
            number, composition = center_kind[first[k]], counts[first[k]].tolist()
            label = self.center[number] + "".join(
                word + (str(n) if n > 1 else "") for word, n in zip(words, composition, strict=True) if n
            )
            found[label] = found.get(label, 0.0) + float(many[k] / many.sum())
        return found

    @cached_property
    def denticity(self) -> dict[str, dict[int, float]]:
        """For each molecule that binds: fraction of its bound appearances with 1, 2, ... atoms on one center."""
        found: dict[str, dict[int, float]] = {}
        for name, many in zip(self._molecule_names, self._composition[2], strict=True):
            if many.any():
                found[name] = {int(v): float(many[v] / many.sum()) for v in np.flatnonzero(many)}
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
            columns[f"n_{symbol}"] = self._composition[0][:, k]
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

    Ligand j is bound to center i in image n when ``|r_j + n - r_i|`` is below the cutoff of their pair of
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


def _distinct(rows: NDArray[Any]) -> tuple[Integers, Integers]:
    """Return the place of each distinct row of small whole numbers (n, m), in their order, and how many there are."""
    sizes = [int(column.max(initial=0)) + 1 for column in rows.T]
    if math.prod(sizes) >= 2**62:  # too many columns to number the rows
        _, first, many = np.unique(rows, axis=0, return_index=True, return_counts=True)
        return first, many
    numbers = np.zeros(len(rows), np.int64)
    for column, size in zip(rows.T, sizes, strict=True):
        numbers = numbers * size + column
    _, first, many = np.unique(numbers, return_index=True, return_counts=True)
    return first, many


def _later_clash(shells: Coordination) -> list[tuple[int, int, float, int]]:
    """Return the shortest center-ligand pair and its frame where it is shorter than any bond."""
    shortest: tuple[int, int, float, int] | None = None
    for begin, bonds in shells.bonds.blocks():
        distance = bonds.distance
        if not len(distance) or distance.min() >= (shortest[2] if shortest else TOO_CLOSE):
            continue
        k = int(distance.argmin())
        frame = int(shells.frames.frame_numbers[begin + bonds.frame[k]])
        i, j = int(shells.centers[bonds.center[k]]), int(shells.ligand_atoms[bonds.ligand[k]])
        shortest = i, j, float(distance[k]), frame
    return [shortest] if shortest else []


def judge(shells: Coordination) -> list[str]:
    """Return what the reader of these shells must know."""
    notes = []
    clashes = [(i, j, d, int(shells.frames.frame_numbers[0])) for i, j, d in overlapping(shells.frames)]
    if not clashes:
        clashes = _later_clash(shells)
    if clashes:
        i, j, apart, frame = clashes[0]
        more = f", and {len(clashes) - 1} more pairs" if len(clashes) > 1 else ""
        notes.append(
            f"atoms {i} ({shells.frames.species[i]}) and {j} ({shells.frames.species[j]}) are only {apart:.2f} Å "
            f"apart in frame {frame}{more}: they lie on top of each other"
        )
    averaging = averaging_note(
        shells.frames, shells.coordination_numbers.mean(axis=1), "the coordination number"
    )
    return [*notes, averaging] if averaging else notes
