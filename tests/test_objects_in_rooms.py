"""Every room takes what lies in memory, here a list of ase.Atoms, as it takes the file it came from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import perovchem as pc
from perovchem.convert import as_frames
from perovchem.errors import MissingDataError, UsageError
from perovchem.frames import Frames
from perovchem.unwrapping import unwrap

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
LIGANDS = ("I", "O")


@pytest.fixture(scope="module")
def frames() -> Frames:
    return pc.read_frames("gbl_solution", discard="4ps", stop=60)


@pytest.fixture(scope="module")
def atoms(frames) -> list[Any]:
    return pc.to_ase(frames)


TIMELESS: dict[str, Callable[[Any], Any]] = {
    "bond_cutoffs": lambda run: {
        n: c.value for n, c in pc.bond_cutoffs(run, center="Pb", ligands=LIGANDS).items()
    },
    "bond_cutoffs of several": lambda run: {
        n: c.value for n, c in pc.bond_cutoffs([run, run], center="Pb", ligands=LIGANDS).items()
    },
    "coordination": lambda run: pc.coordination(run, ligands=LIGANDS).coordination_numbers,
    "polyhedra": lambda run: pc.polyhedra(pc.coordination(run, ligands=LIGANDS)).volumes,
    "aggregation": lambda run: pc.aggregation(pc.coordination(run, ligands=LIGANDS)).cluster_sizes,
    "compare_coordination": lambda run: [
        pc.compare_coordination(run, ligands=LIGANDS).shells[0].coordination_numbers,
        pc.compare_coordination([run], ligands=LIGANDS).polyhedra[0].volumes,
        pc.compare_coordination({"a": run}, ligands=LIGANDS).aggregation[0].cluster_sizes,
    ],
    "pair_distribution": lambda run: pc.pair_distribution(run, pairs="Pb-I").curves["Pb-I"].pair_distribution,
    "structure_factors": lambda run: pc.structure_factors(run, elements=("Pb", "I")).ashcroft_langreth,
    "unwrap": lambda run: unwrap(run, of="MA").positions,
}
TIMED: dict[str, Callable[[Any], Any]] = {
    "diffusion": lambda run: pc.diffusion(run, of="GBL").msd,
    "exchange": lambda run: (
        pc.exchange(pc.coordination(run, ligands=LIGANDS)).kinetics["Pb-O"].survival["continuous"].values
    ),
    "orientation": lambda run: pc.orientation(run, molecule="MA", axis="C-N").correlations[1].values,
}


def equal(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        one, other = list(one.values()), list(other.values())
    for found, wanted in zip(*((x if isinstance(x, list) else [x]) for x in (one, other)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("room", TIMELESS)
def test_atoms_as_their_file(room, frames, atoms) -> None:
    equal(TIMELESS[room](atoms), TIMELESS[room](frames))


@pytest.mark.parametrize("room", TIMED)
def test_atoms_as_their_file_where_times_are_needed(room, frames, atoms) -> None:
    equal(TIMED[room](atoms), TIMED[room](frames))
    timeless = [one.copy() for one in atoms]
    for one in timeless:
        one.info.clear()
    with pytest.raises(MissingDataError, match=r"needs times, and ase.Atoms states none.*read_frames"):
        TIMED[room](timeless)
    interval = float(np.diff(frames.times)[0])
    equal(TIMED[room](as_frames(timeless, timestep=interval)), TIMED[room](frames))


def test_an_error_names_objects_where_there_is_no_file(atoms) -> None:
    run = as_frames(atoms, timestep=1.0)
    with pytest.raises((UsageError, MissingDataError), match=r"fs lie between frames.*Atoms"):
        pc.diffusion(run[[*range(45), *range(46, 60)]], of="GBL")
    with pytest.raises(MissingDataError, match=r"needs a temperature.*Atoms"):
        pc.diffusion(run, of="GBL", viscosity=1.0)
    assert "Atoms" in pc.diffusion(run, of="GBL").provenance.input
