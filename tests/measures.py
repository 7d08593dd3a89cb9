"""What each analysis says of a system, brought back to how the system was before it was transformed.

Each function takes a system and the change that made it, and returns numbers by name. Those of a transformed
system, with what the change does to their kind undone, must be those of the system before. Values with a last
axis of copies (of a supercell) are compared copy by copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from builders_hydrogen_bonds import wet
from builders_pairs import cations
from builders_pairs import walk as turning
from numpy.typing import NDArray
from transformations import Array, Change, Random, System, crystal, distances, liquid, triclinic, with_cutoffs

import perovchem as pc
from perovchem.frames import Frames
from perovchem.units import BOLTZMANN
from perovchem.unwrapping import unwrap

Numbers = dict[str, Any]
HUGE = 1_000_000


# shells ------------------------------------------------------------------------------------------------------


def shells_of(system: System) -> pc.Coordination:
    cutoffs = {name: values[1] for name, values in system.cutoffs.items()}
    return pc.coordination(system.frames(), ligands=("I", "O"), cutoffs=cutoffs)


def divided(counted: Counter[Any], change: Change) -> dict[Any, float]:
    """Return how often things of one cell occur, those of a supercell by copy."""
    return {what: many / change.copies for what, many in counted.items()}


def histories(rows: list[tuple[Any, ...]], n_frames: int, change: Change) -> dict[Any, float]:
    """Count (who, label, frame, what): for each label of a bond or link, who it joins and what was when."""
    by_label: dict[Any, list[Any]] = {}
    for who, label, frame, what in rows:
        when = n_frames - 1 - frame if change.backwards else frame
        by_label.setdefault((who, label), []).append((when, what))
    return divided(Counter((who, tuple(sorted(times))) for (who, _), times in by_label.items()), change)


def coordination(system: System, change: Change) -> Numbers:
    shells = shells_of(system)
    bonds, n_frames = shells.bonds, len(shells.frames)
    center, ligand = change.old(shells.centers[bonds.center]), change.old(shells.ligand_atoms[bonds.ligand])
    frame = n_frames - 1 - bonds.frame if change.backwards else bonds.frame
    order = np.lexsort((bonds.distance, ligand, center, frame))
    vectors = change.vectors(bonds.vector)[order]
    rows = [
        ((int(i), int(j)), (c, a, *n), t, 1)
        for i, j, c, a, n, t in zip(
            center, ligand, bonds.center.tolist(), bonds.ligand.tolist(), bonds.image.tolist(), bonds.frame.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    lengths = shells.bond_lengths
    return {
        "numbers": change.of_atoms(change.over_time(shells.coordination_numbers), shells.centers),
        "numbers of O": change.of_atoms(change.over_time(shells.numbers_of("O")), shells.centers),
        "bonds": np.moveaxis(vectors.reshape(-1, change.copies, 3), 1, 2),
        "which bond is which over time": histories(rows, n_frames, change),
        "mean": shells.mean_coordination_number.mean,
        "error": shells.mean_coordination_number.standard_error,
        "bond lengths": [(b.mean / change.length, _spread(b) / change.length) for b in lengths.values()],
        "errors of bond lengths": [b.standard_error / change.length for b in lengths.values()],
        "bonds by pair": [b.n_bonds / change.copies for b in lengths.values()],
        "speciation": shells.speciation["by_element"],
        "concentration": shells.concentration * change.length**3,
        **_by_molecule(shells, change),
    }


def _by_molecule(shells: pc.Coordination, change: Change) -> Numbers:
    """What depends on the molecules of the first frame, whose radii are lengths of nature."""
    if change.backwards or change.length != 1:
        return {}
    return {"speciation by molecule": shells.speciation["by_molecule"], "denticity": shells.denticity}


def _spread(bonds: Any) -> float:
    """Return the spread over n bonds, not n - 1, which copies do not change."""
    return float(bonds.sd * np.sqrt(1 - 1 / bonds.n_bonds)) if bonds.n_bonds else float("nan")


def polyhedra(system: System, change: Change) -> Numbers:
    shells = shells_of(system)
    found = pc.polyhedra(shells)

    def each(values: Array, power: int) -> Array:
        return change.of_atoms(change.over_time(values / change.length**power), shells.centers)

    return {
        "volumes": each(found.volumes, 3),
        "center inside": each(np.sign(found.depth), 0),
        "depth": each(found.depth, 1),
        "elongation": each(found.distortion[..., 0], 0),
        "angle variance": each(found.distortion[..., 1], 0),
        "Baur's index": each(found.distortion[..., 2], 0),
        "off-centering": each(found.distortion[..., 3], 1),
        "undefined": found.n_undefined / change.copies,
        "outside": found.n_off_center / change.copies,
        "mean volume": found.mean_volume.mean / change.length**3,
        "error": found.mean_volume.standard_error / change.length**3,
    }


def aggregation(system: System, change: Change) -> Numbers:
    shells = shells_of(system)
    found = pc.aggregation(shells, persistence=3 * system.step)
    links, n_frames = found.links, len(shells.frames)
    ends = np.sort(change.old(shells.centers[links.pair]), axis=1)
    rows = [
        (tuple(pair), (*label, *image), t, order)
        for pair, label, image, t, order in zip(
            ends.tolist(), links.pair.tolist(), links.image.tolist(), links.frame.tolist(), links.order.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    lasting: Counter[Any] = Counter()
    for link in found.lasting_links():
        who = tuple(sorted(change.old(shells.centers[[link.i, link.j]]).tolist()))
        begin, end = ((t - system.start) / system.step for t in (link.begin, link.end))
        when = (round(begin), round(end), link.from_start, link.to_end)
        if change.backwards:
            when = (n_frames - 1 - when[1], n_frames - 1 - when[0], when[3], when[2])
        lasting[who, when] += 1
    transitions = found.transitions.T if change.backwards else found.transitions
    sizes = found.cluster_sizes
    finite = np.where(found.dimension == 0, sizes, 0)  # networks: see test_supercells
    first = [(value - change.start) / change.time for value in found.first_lasting.values()]

    def each(values: NDArray[Any]) -> NDArray[Any]:
        return change.of_atoms(change.over_time(values), shells.centers)

    return {
        "strongest": each(found.strongest),
        "dimension": each(found.dimension),
        "sizes of finite clusters": each(finite),
        "ends": change.over_time(found.link_ends) / change.copies,
        "which link is which over time": histories(rows, n_frames, change),
        "lasting": divided(lasting, change),
        "transitions": transitions / change.copies,
        "sharing": found.sharing,
        "links per center": found.links_per_center,
        "network": found.network_dimension,
        "aggregate volumes of finite clusters": np.where(
            each(finite) > 0,
            each(found.aggregate_volumes(pc.polyhedra(shells)) / change.length**3),
            np.nan,
        ),
        **({} if change.backwards else {"first lasting": first}),
    }


def exchange(system: System, change: Change) -> Numbers:
    shells = shells_of(system)
    limits = {name: (inner, outer) for name, (inner, _, outer) in system.cutoffs.items()}
    # molecules are those of the first frame, and radii are lengths of nature
    ways = ("atom",) if change.backwards or change.length != 1 else ("atom", "molecule")
    numbers: Numbers = {}
    for by in ways:
        found = pc.exchange(shells, by=by, hysteresis=limits, tolerance=2 * system.step)
        if not change.backwards:  # in which the earliest go first
            numbers[f"replacements by {by}"] = divided(Counter(found.replacements), change)
        for name, kind in found.kinetics.items():
            numbers |= {f"{name} by {by}: {what}": value for what, value in _kinetics(kind, change).items()}
    return numbers


def _kinetics(kind: Any, change: Change) -> Numbers:
    came, went = kind.counts.associations, kind.counts.dissociations
    numbers: Numbers = {
        "bonds": kind.n_bonds / change.copies,
        "mean bound": kind.mean_bound,
        "came, went": np.array((went, came) if change.backwards else (came, went)) / change.copies,
        "observed": kind.observed / change.time,
    }
    if change.backwards:  # origins are the first frames, and a stable state begins nearer than it ends
        return numbers
    numbers |= {
        "exchanges": kind.counts.exchanges / change.copies,
        "rate of escape": kind.escape.value * change.time,
        "bound time": kind.escape.time / change.time / change.copies,
    }
    for way, one in kind.survival.items():
        numbers |= {f"{way} lags": one.lags / change.time, f"{way} values": one.values}
        if change.copies == 1 or way != "intermittent":  # whose chance is that of one pair of the cell
            numbers[f"{way} times"] = np.array([one.fit.value, one.integral.value]) / change.time
        if change.copies == 1:  # copies are no knowledge
            numbers[f"{way} errors"] = one.standard_error
    if change.copies == 1:
        numbers["interval"] = np.array(kind.interval) / change.time
    return numbers


def compare_coordination(system: System, change: Change) -> Numbers:
    """Beside a run that stays as it is (which lengths of another scale would not suit)."""
    cutoffs = {name: values[1] for name, values in system.cutoffs.items()}
    runs = {"one": system.frames()}
    if change.length == 1:
        runs["other"] = liquid(np.random.default_rng(5), 4).frames()
    found = pc.compare_coordination(runs, ligands=("I", "O"), cutoffs=cutoffs, persistence=3 * system.step)
    numbers: Numbers = {}
    for label, row in found.to_dict().items():
        volume = change.length**3 if label == "one" else 1.0
        numbers |= {
            f"{label}: number": row["mean_coordination_number"],
            f"{label}: distribution": row["coordination_number_distribution"],
            f"{label}: sharing": row["sharing"],
            f"{label}: volume": _or_nan(row["volume"]["mean"]) / volume,
            f"{label}: density": row["density"] * volume,
        }
    return numbers


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


# distances ---------------------------------------------------------------------------------------------------


def pair_distribution(system: System, change: Change) -> Numbers:
    unit = change.length
    found = pc.pair_distribution(
        system.frames(), pairs=["Pb-I", "I-I", "I-O"], range=(0.3 * unit, 6.3 * unit), bin_width=0.25 * unit,
        cutoffs={"Pb-I": system.cutoffs["Pb-I"][1], "I-I": 4.0 * unit, "I-O": 3.5 * unit},
    )  # fmt: skip
    numbers: Numbers = {}
    for name, curve in found.curves.items():
        n = curve.counted.n_centers // change.copies
        # of N alike atoms each has N - 1 partners, of n copies nN - 1; a lone atom counts as its own partner
        alike = change.copies * max(n - 1, 1) / (change.copies * n - 1) if change.copies > 1 else 1.0
        factor = alike if name == "I-I" else 1.0
        numbers |= {
            f"{name} counts": curve.counts / change.copies,
            f"{name} g": curve.pair_distribution / factor,
            f"{name} error of g": curve.standard_error / factor,
            f"{name} n": curve.running_coordination,
            f"{name} error of n": curve.running_standard_error,
            f"{name} number": found.coordination_numbers[name].mean,
            f"{name} distances": curve.distances / unit,
        }
    return numbers


def exafs(system: System, change: Change) -> Numbers:
    """Errors are left out of peaks: which maxima count is a choice that rounding may turn."""
    cutoffs = {name: system.cutoffs[name][1] for name in ("Pb-I", "Pb-O")}
    found = pc.exafs(system.frames(), pairs=("Pb-I", "Pb-O"), cutoffs=cutoffs)
    numbers: Numbers = {"everything": found.everything, "first shells": found.first_shells}
    for name, one in found.pairs.items():
        shell = one.shell
        numbers |= {f"{name} χ(k)": one.chi, f"{name} |χ(R)|": one.corrected.magnitude}
        for kind, said in (("real", shell.real), ("effective", shell.effective)):
            averages = (shell.coordination_number, said.mean_distance, said.variance, said.third_cumulant)
            numbers[f"{name} {kind}"] = [average.mean for average in averages]
            numbers[f"{name} {kind}, errors"] = [average.standard_error for average in averages]
        numbers[f"{name} neighboring"] = [one.real.variance.mean for one in one.neighboring]
    return numbers


def solvation_pmf(system: System, change: Change) -> Numbers:
    unit = change.length
    distribution = pc.pair_distribution(
        system.frames(), pairs=["Pb-I", "I-O"], range=(0.3 * unit, 6.3 * unit), bin_width=0.25 * unit,
        cutoffs={"Pb-I": system.cutoffs["Pb-I"][1], "I-O": 3.5 * unit},
    )  # fmt: skip
    found = pc.solvation_pmf(distribution, temperature=300.0)
    numbers: Numbers = {}
    for name, one in found.pairs.items():
        numbers |= {
            f"{name} W": one.free_energy,
            f"{name} error of W": one.free_energy_error,
            f"{name} minimum": np.array(one.minimum) / (unit, 1.0),
            f"{name} barrier": one.barrier,
            f"{name} K": one.association_constant / unit**3,
            **(
                {f"{name} tail": one.tail} if change.copies == 1 else {}
            ),  # half of a larger cell lies farther
            f"{name} ΔG": one.gibbs_energy + BOLTZMANN * 300 * np.log(unit**3),
        }
    return numbers


def structure_factors(system: System, change: Change) -> Numbers:
    unit = 1 / change.length
    found = pc.structure_factors(
        system.frames(), elements=("Pb", "I"), range=(0.15 * unit, 2.55 * unit), bin_width=0.3 * unit,
        vectors_per_bin=HUGE,
    )  # fmt: skip
    amplitude = change.copies**2
    numbers: Numbers = {"sums": found.sums.sum(axis=0) / amplitude}
    if change.copies == 1:  # else there are vectors between, where nothing scatters
        numbers |= {
            "vectors": found.vectors.sum(axis=0),
            "lengths": found.lengths / unit,
            "Ashcroft-Langreth": found.ashcroft_langreth,
            "Faber-Ziman": found.faber_ziman,
            "error": found.standard_error,
        }
    return numbers


def bond_cutoffs(system: System, change: Change) -> Numbers:
    """From a gap in few frames; from g(r) in all."""
    frames = system.frames()
    numbers: Numbers = {}
    for how, chosen in {"gap": frames[3::4] if change.backwards else frames[::4], "g": frames}.items():
        if how == "g" and change.copies > 1:
            continue  # more pairs make g(r) less noisy, and so another dip significant
        for name, cutoff in pc.bond_cutoffs(chosen, ligands=("I", "O")).items():
            numbers |= {f"{name} by {how}": cutoff.value, f"{name} by {how}, why": cutoff.source}
    return numbers


# molecules ---------------------------------------------------------------------------------------------------


def find_molecules(system: System, change: Change) -> Numbers:
    cell = system.every_cell()[0]
    found = pc.find_molecules(system.species, system.fractional[0], cell)
    places = (system.fractional[0] + found.image) @ cell
    finite: Counter[Any] = Counter()
    networks: Counter[Any] = Counter()
    extents = []
    for number, (name, formula) in enumerate(zip(found.names, found.formulas, strict=True)):
        atoms = np.flatnonzero(found.label == number)
        atoms = atoms[np.argsort(change.old(atoms), kind="stable")]
        members = tuple(change.old(atoms).tolist())
        if number in found.periodic:
            networks[name, formula, members] += 1
            continue
        finite[name, formula, members] += 1
        vectors = change.vectors(places[atoms] - places[atoms[0]])
        extents.append((members, vectors.ravel().tolist()))
    extents.sort(key=lambda one: one[0])
    numbers: Numbers = {
        "molecules": divided(finite, change),
        "shapes": np.array([x for _, values in extents[:: change.copies] for x in values]),  # made whole
    }
    if change.copies == 1:  # what bonds to its own images is larger in more cells
        numbers |= {"networks": dict(networks), "census": found.census}
    return numbers


def orientation(system: System, change: Change) -> Numbers:
    lattice = np.rint(change.copies * np.linalg.inv(change.lattice)).astype(int)  # a, b, c of before
    found = pc.orientation(
        system.frames(), molecule="MA", axis="C-N", lattice=tuple(tuple(row) for row in lattice.tolist())
    )
    numbers: Numbers = {
        "mean": [one.mean for one in found.mean_orientation],
        "order": found.order_parameter,
        "cubic moment": found.cubic_moment.mean,
        "preference": [one.mean for one in found.preference.values()],
        "error of the cubic moment": found.cubic_moment.standard_error,
    }
    for order, one in found.correlations.items():
        numbers[f"C{order}"] = one.values
        numbers[f"C{order}: lags"] = one.lags / change.time
        if (
            change.copies == 1 and not change.backwards
        ):  # copies are no knowledge; blocks of origins hold other lags
            numbers[f"C{order}: error"] = one.standard_error
            times = (one.integral_time, one.decay_time, one.lower_bound, *one.fit_range)
            numbers[f"C{order}: times"] = np.array(times) / change.time
    return numbers


def diffusion(system: System, change: Change) -> Numbers:
    numbers: Numbers = {}
    for of in ("Pb", "water"):
        found = pc.diffusion(system.frames(), of=of)
        square = change.length**2
        rate = square / change.time
        numbers |= {
            f"{of}: lags": found.lags / change.time,
            f"{of}: MSD": found.msd / square,
            f"{of}: particles": found.n_particles / change.copies,
        }
        right_angles = (np.abs(change.turn) < 1e-12).sum() == 6
        if right_angles:  # x, y and z are told apart
            numbers[f"{of}: MSD along axes"] = found.msd_axes @ np.abs(change.turn).T / square
        if change.copies == 1:  # copies are no knowledge, and the fit weighs by knowledge
            numbers |= {
                f"{of}: D": np.array([found.diffusion_coefficient, found.upper_bound]) / rate,
                f"{of}: errors": np.array([found.standard_error, *found.interval_95]) / rate,
                f"{of}: range": np.array(found.fitted_range) / change.time,
                f"{of}: intercept": found.intercept / square,
                f"{of}: exponent": found.exponent,
                f"{of}: verdict": found.verdict,
            }
    return numbers


def paths(system: System, change: Change) -> Numbers:
    """Unwrapped: only displacements have a meaning."""
    numbers: Numbers = {}
    atoms = np.flatnonzero(np.array(system.species) == "Pb")
    for drift in (False, True):
        found = unwrap(system.frames(), of="Pb", remove_drift=drift).positions
        vectors = change.vectors(change.over_time(found))
        vectors = vectors - vectors[:1]
        numbers[f"drift removed: {drift}"] = change.of_atoms(np.moveaxis(vectors, 2, 1), atoms)
    return numbers


# the run -----------------------------------------------------------------------------------------------------


def density(system: System, change: Change) -> Numbers:
    frames = system.frames()
    volume = change.length**3
    return {
        "density": frames.density * volume,
        "concentration": frames.concentration("Pb") * volume,
        "volume": frames.mean_volume / volume / change.copies,
        "atoms": frames.n_atoms / change.copies,
    }


def places(frames: Frames, change: Change) -> Numbers:
    """Distances of all pairs of elements by trying every image, and volumes: what no way of writing changes."""
    there = System(frames.species, frames.fractional_positions, frames.cells)
    found = distances(there, "Pb", "I", 4.5 * change.length) / change.length
    return {
        "distances": np.sort(found).reshape(-1, change.copies),
        "volumes": np.sort(np.abs(np.linalg.det(frames.cells))) / change.length**3 / change.copies,
        "species": divided(Counter(frames.species), change),
    }


def chosen(system: System, change: Change) -> Numbers:
    """Selecting atoms and frames: the same ones whatever they are called."""
    frames = system.frames().select(species=("Pb", "I"))
    if change.backwards:
        return places(frames[: len(frames) - 4], change)
    picoseconds = 3.5 * system.step / 1000  # the fourth frame is the first behind
    assert len(frames.discard(picoseconds=picoseconds)) == len(frames) - 4
    return places(frames.discard(frames=4), change)


def four(system: System, change: Change) -> Frames:
    """The first four frames, as they were numbered before."""
    return system.frames()[-4:] if change.backwards else system.frames()[:4]


def to_ase(system: System, change: Change) -> Numbers:
    return places(pc.read_frames(pc.to_ase(four(system, change))), change)


def to_pymatgen(system: System, change: Change) -> Numbers:
    return places(pc.read_frames(pc.to_pymatgen(four(system, change))), change)


def to_mdanalysis(system: System, change: Change) -> Numbers:
    """In single precision: shells, which no distance is near the end of, and volumes to six digits."""
    back = pc.read_frames(pc.to_mdanalysis(four(system, change)))
    cutoffs = {name: values[1] for name, values in system.cutoffs.items()}
    shells = pc.coordination(back, ligands=("I", "O"), cutoffs=cutoffs)
    return {
        "numbers": change.of_atoms(change.over_time(shells.coordination_numbers), shells.centers),
        "volumes": round(back.mean_volume / change.length**3 / change.copies, 2),
    }


# systems of molecules ----------------------------------------------------------------------------------------


def solution(random: Random) -> System:
    """Water, Pb and I that wander through a triclinic cell, far apart, water turning."""
    cell = triclinic(random, 11.0**3)
    n_frames, water = 64, 2
    grid = (random.permutation(np.array(list(np.ndindex(2, 2, 2))))[: water + 3] + 0.5) / 2 @ cell
    walk = np.cumsum(random.normal(0, 0.35, (n_frames, water + 3, 3)), axis=0)
    middle = grid + walk
    bent = np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    parts, species = [middle[:, :3]], ["Pb", "Pb", "I"]
    for k in range(water):
        angles = np.cumsum(random.normal(0, 0.2, n_frames))
        turns = np.array([[[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]] for a in angles])
        parts.append(middle[:, 3 + k, None] + bent @ turns)
        species += ["O", "H", "H"]
    positions = np.concatenate(parts, axis=1)
    return System(tuple(species), positions @ np.linalg.inv(cell), cell)


def crowded(random: Random) -> System:
    """C, O and H at random: molecules of any shape, also such as bond to their own images."""
    species = ("C",) * 3 + ("O",) * 3 + ("H",) * 3 + ("Pb",)
    cell = triclinic(random, float(random.uniform(4, 20)) * len(species))
    return System(species, random.uniform(-1, 2, (1, len(species), 3)), cell)


def ammonium(random: Random) -> System:
    """Two CH3NH3 that turn, in a cell near enough to a cube to have cubic directions."""
    cell = 13.0 * (np.eye(3) + random.uniform(-0.02, 0.02, (3, 3)))
    vectors = turning(64, 2, 0.35, int(random.integers(1 << 30)))
    frames = cations(vectors, cell, wrap=False)
    return System(frames.species, frames.fractional_positions, cell, step=10.0)


def shells(random: Random) -> System:
    return (liquid if random.random() < 0.75 else crystal)(random)


def exchanged(random: Random) -> System:
    """Also molecules as partners, of water that wanders among Pb."""
    return shells(random) if random.random() < 0.7 else with_cutoffs(solution(random))


def water_or_crowd(random: Random) -> System:
    return (crowded if random.random() < 0.7 else solution)(random)


def cubic(random: Random) -> System:
    """CsPbI3, Pm-3m, as exact as a file has it."""
    places = np.array([[[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]])
    return System(("Cs", "Pb", "I", "I", "I"), places, float(random.uniform(5.6, 6.6)) * np.eye(3))


def symmetry(system: System, change: Change) -> Numbers:
    found = pc.symmetry(pc.read_structure(pc.to_ase(system.frames())[0]))
    return {"space group": found.number, "in words": repr(found)}


def parent_cell(system: System, change: Change) -> Numbers:
    found = pc.parent_cell(pc.read_structure(pc.to_ase(system.frames())[0]))
    return {
        "cells": found.n_cells / change.copies,
        "edges": np.linalg.norm(found.cell, axis=1) / change.length,
    }


def watered(random: Random) -> System:
    """Rigid water, NH4 and Cl near enough to bond, that shake a little: bonds break and come back."""
    start = wet(random, 1, volume=330.0, water=3, ammonium=1, chloride=1)
    parts = np.repeat(np.arange(5), [3, 3, 3, 5, 1])
    shake = random.normal(0, 0.06, (24, 5, 3))[:, parts]  # about places, so that molecules stay the same
    return replace(start, fractional=start.fractional + shake @ np.linalg.inv(start.cells))


def hydrogen_bonds(system: System, change: Change) -> Numbers:
    """At limits that no distance is near."""
    numbers: Numbers = {}
    limits = {"O": 2.4123, "N": 2.4123, "Cl": 2.7123}
    for mode, longer, angle in (("h_a", 0.0, 113.7), ("d_a", 0.9, 121.3)):
        distance = {name: value + longer for name, value in limits.items()}
        found = pc.hydrogen_bonds(
            system.frames(), distance=distance, angle=angle, mode=mode, intramolecular=True,
            acceptors=("O", "N", "Cl"), of="donor" if mode == "d_a" else "hydrogen",
        )  # fmt: skip
        bonds, n_frames = found.bonds, len(found.frames)
        who = [change.old(atoms).tolist() for atoms in (bonds.donor, bonds.hydrogen, bonds.acceptor)]
        labels = np.column_stack([bonds.donor, bonds.hydrogen, bonds.acceptor, bonds.image]).tolist()
        rows = [
            (tuple(atoms), tuple(label), t, kind)
            for *atoms, label, t, kind in zip(
                *who, labels, bonds.frame.tolist(), bonds.kind.tolist(), strict=True
            )
        ]
        frame = n_frames - 1 - bonds.frame if change.backwards else bonds.frame
        order = np.lexsort((bonds.h_a, who[2], who[1], who[0], frame))
        geometry = np.column_stack([bonds.h_a, bonds.d_a, bonds.angle])[order]
        numbers |= {
            f"{mode}: which bond is which over time": histories(rows, n_frames, change),
            f"{mode}: count": change.over_time(found.counts) / change.copies,
            f"{mode}: inside": change.over_time(found.inside) / change.copies,
            f"{mode}: geometry": np.moveaxis(geometry.reshape(-1, change.copies, 3), 1, 2),
            f"{mode}: histogram": found.angle_histogram / change.copies,
            f"{mode}: bifurcated": found.bifurcated.mean,
            f"{mode}: bonded hydrogens": found.bonded_hydrogens.mean,
            f"{mode}: occupancies": {pair.name: pair.occupancy.mean for pair in found.pairs},
            f"{mode}: per acceptor": {pair.name: pair.per_acceptor for pair in found.pairs},
        }
        for name, lives in found.lifetimes.items():
            numbers[f"{mode}: {name}: bonds"] = lives.n_bonds / change.copies
            if not change.backwards:  # origins are the first frames; breaks that are not seen again
                numbers[f"{mode}: {name}: rate"] = lives.breaking.value * change.time
                numbers[f"{mode}: {name}: longest"] = lives.longest / change.time
                if lives.continuous is not None:
                    numbers[f"{mode}: {name}: survival"] = lives.continuous.values
    return numbers


ANALYSES: dict[str, tuple[Callable[[Random], System], Callable[[System, Change], Numbers]]] = {
    "aggregation": (shells, aggregation),
    "bond_cutoffs": (shells, bond_cutoffs),
    "compare_coordination": (liquid, compare_coordination),
    "coordination": (shells, coordination),
    "density": (shells, density),
    "diffusion": (solution, diffusion),
    "exafs": (liquid, exafs),
    "exchange": (exchanged, exchange),
    "find_molecules": (water_or_crowd, find_molecules),
    "frames": (liquid, chosen),
    "hydrogen_bonds": (watered, hydrogen_bonds),
    "orientation": (ammonium, orientation),
    "pair_distribution": (liquid, pair_distribution),
    "parent_cell": (cubic, parent_cell),
    "polyhedra": (shells, polyhedra),
    "solvation_pmf": (liquid, solvation_pmf),
    "structure_factors": (liquid, structure_factors),
    "symmetry": (cubic, symmetry),
    "to_ase": (liquid, to_ase),
    "to_mdanalysis": (liquid, to_mdanalysis),
    "to_pymatgen": (liquid, to_pymatgen),
    "unwrap": (solution, paths),
}
"""Analysis: the system it is asked about, and what it says."""
