"""Every analysis under every way of writing the same system down: one table says what must happen.

A new analysis needs a row in TABLE and an entry in ``measures.ANALYSES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures import ANALYSES, Numbers
from transformations import TRANSFORMATIONS, Change, System

import perovchem as pc

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")

WORDS: Final = {
    "same": (),  # the very numbers
    "turns": ("turn",),  # vectors turn with the cell; all else is the same
    "follows": ("atoms",),  # the numbers of an atom go where it goes
    "copies": ("atoms", "copies"),  # every copy has the same; counts multiply
    "named": ("lattice",),  # the same, when directions are given by the new cell vectors
    "named,copies": ("lattice", "copies"),
    "amount": ("copies",),  # the same; counts multiply
    "reverses": ("backwards",),  # what came went, what began ended
    "starts": ("start",),  # the first frame's time is added to times of events
    "times": ("time",),  # times multiply, rates divide
    "lengths": ("length",),  # by the power of length that a number has
}

TABLE: Final = """
                     turned mirrored moved wrapped scattered permuted sorted_otherwise supercell    recelled renamed backwards later  slower larger
aggregation          same   same     same  same    same      follows  follows          copies       same     same    reverses  starts times  lengths
bond_cutoffs         same   same     same  same    same      same     same             amount       same     same    reverses    same   same   (a)
compare_coordination same   same     same  same    same      same     same             amount       same     same    same      same   same   lengths
coordination         turns  turns    same  same    same      follows  follows          copies       same     same    reverses  same   same   lengths
density              same   same     same  same    same      same     same             amount       same     same    same      same   same   lengths
diffusion            turns  turns    same  same    same      same     same             amount       same     same    (b)       same   times  (c)
exafs                same   same     same  same    same      same     same             amount       same     same    same      same   same   (e)
exchange             same   same     same  same    same      same     same             amount       same     same    reverses  same   times  lengths
find_molecules       turns  turns    same  same    same      follows  follows          copies       same     same    (d)       (d)    (d)    (a)
frames               same   same     same  same    same      same     same             amount       same     same    reverses  same   same   lengths
hydrogen_bonds       same   same     same  same    same      follows  follows          copies       same     same    reverses  same   times  (a)
orientation          same   same     same  same    same      same     same             named,copies named    named   reverses  same   times  (a)
pair_distribution    same   same     same  same    same      same     same             amount       same     same    same      same   same   lengths
parent_cell          same   same     same  same    same      same     same             amount       same     same    (d)       (d)    (d)    lengths
polyhedra            same   same     same  same    same      follows  follows          copies       same     same    reverses  same   same   lengths
solvation_pmf        same   same     same  same    same      same     same             amount       same     same    same      same   same   lengths
structure_factors    same   same     same  same    same      same     same             amount       same     same    same      same   same   lengths
symmetry             same   same     same  same    same      same     same             same         same     same    (d)       (d)    (d)    same
to_ase               same   same     same  same    same      same     same             amount       same     same    reverses  same   same   lengths
to_mdanalysis        same   same     same  same    same      follows  follows          copies       same     same    reverses  same   same   lengths
to_pymatgen          same   same     same  same    same      same     same             amount       same     same    reverses  same   same   lengths
unwrap               turns  turns    same  same    same      follows  follows          copies       same     same    reverses  same   same   lengths
"""

NOT: Final = {
    "(a)": "radii of atoms, bins and gaps are lengths of nature: larger matter is other matter",
    "(b)": "another choice of the range would be as good: see test_cases",
    "(c)": "a cage of 3 Å is a length of nature: see test_cases",
    "(d)": "asks one frame",
    "(e)": "a mean free path is a length of nature",
}

ELSEWHERE: Final = {
    "block_average": "of a series, not of atoms: test_series",
    "suggest_discard": "of a series, not of atoms: test_series",
    "binding": "of declared cycles: binding/test_properties",
    "bond_differences": "of results: exafs/test_exafs",
    "absorbed_fraction": "of a composition: test_attenuation",
    "attenuation": "of a composition: test_attenuation",
    "cevns": "of a composition: test_cevns",
    "growth": "of a solution in one dimension: test_growth",
    "mean_cross_section": "of a composition: test_cevns",
    "read_photon_spectrum": "of files: test_attenuation",
    "check_substitution": "of tabulated radii, not of atoms in a cell",
    "compare_patterns": "of two lists of reflections: diffraction/test_comparison",
    "composition_from_shift": "of a measured pattern: peaks/test_composition",
    "compute_species": "of parts placed at random: compute/test_placing, compute/test_conformers",
    "confinement": "of one exciton: test_exciton",
    "crystallite_size": "of a measured pattern: peaks/test_fit",
    "fit_peaks": "of a measured pattern: peaks/test_fit",
    "gibbs": "of one species: gibbs/test_gibbs, gibbs/test_modes, test_point_group",
    "index_peaks": "of a measured pattern: peaks/test_cell",
    "lattice_parameters": "of a measured pattern: peaks/test_cell",
    "packing_dipole": "of a crystal with charges: test_packing",
    "powder_pattern": "of a crystal with its symmetry: diffraction/test_invariance",
    "read_feff_path": "of files: readers/test_feff_path",
    "read_frames": "of files: test_units",
    "read_lattice": "of files: diffraction/test_positions",
    "read_pattern": "of files: readers/test_patterns",
    "read_structure": "of files; of objects in the row of symmetry",
    "read_workflow": "of a file: workflow/test_model",
    "run_information": "of files: test_units",
    "run_workflow": "of other commands: workflow/test_run",
    "to_cif": "of one asymmetric unit: readers/test_cif",
    "write_cif": "of one asymmetric unit: readers/test_cif",
    "band_edges": "of bands on k-points: test_band_edges",
    "defect_formation": "of energies: doping_energetics/test_defects",
    "doping_energetics": "of energies: doping_energetics/test_doping_file",
    "mixing": "of energies: doping_energetics/test_mixing",
    "doping": "of columns of evidence: test_doping",
    "evidence_from": "of columns of a table: test_solubility",
    "rank_correlation": "of columns of numbers: test_rank_correlation",
    "read_measured": "of files: test_measured_reading",
    "solubility": "of columns of evidence: test_solubility",
    "density_of_states": "of a spectrum: test_density_of_states",
    "edge_character": "of bands on k-points: test_band_edges",
    "effective_masses": "of bands on k-points, turned there: effective_mass/test_invariance",
    "exciton": "of masses; a turned permittivity in test_exciton",
    "read_bands": "of files",
    "read_calculation": "of files",
    "read_dielectric": "of files",
    "read_state_density": "of files",
    "write_calculation": "of files",
    "tilts": "names its axes by the cell: test_tilts turns, moves, wraps, permutes, and changes the setting",
}

_COLUMNS: Final = TABLE.split("\n")[1].split()
_ROWS: Final = {line.split()[0]: line.split()[1:] for line in TABLE.strip().split("\n")[1:]}
CELLS: Final = [
    (row, way, word) for row, words in _ROWS.items() for way, word in zip(_COLUMNS, words, strict=True)
]


def assert_same(new: Any, old: Any, what: str, *, rtol: float = 1e-9) -> None:
    """Integers and texts exactly, floats to 1e-9, of the largest where they are of either sign; NaN is NaN."""
    if isinstance(old, Mapping):
        assert new.keys() == old.keys(), what
        for key, value in old.items():
            assert_same(new[key], value, f"{what}: {key}", rtol=rtol)
        return
    found, expected = np.asarray(new), np.asarray(old)
    if expected.dtype.kind in "iub" and found.dtype.kind in "iub":
        np.testing.assert_array_equal(found, np.broadcast_to(expected, found.shape), err_msg=what)
    elif expected.dtype.kind in "fiu":
        scale = float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
        np.testing.assert_allclose(
            found, np.broadcast_to(expected, found.shape), rtol=rtol, atol=rtol * scale, err_msg=what
        )
    else:
        assert new == old, what


def compare(new: Numbers, old: Numbers) -> None:
    """What is said of the transformed system is said of the other."""
    assert new and new.keys() <= old.keys()
    for name, value in new.items():
        fitted = name.endswith("times")  # a search for the best curve ends near it, elsewhere in other units
        assert_same(value, old[name], name, rtol=1e-6 if fitted else 1e-9)


@pytest.mark.parametrize(
    ("analysis", "way", "word"),
    [pytest.param(*cell, id=f"{cell[0]}-{cell[1]}: {cell[2]}") for cell in CELLS if cell[2] not in NOT],
)
def test_the_table_holds(analysis: str, way: str, word: str) -> None:
    @settings(max_examples=4)
    @given(st.integers(0, 2**32 - 1))
    def holds(seed: int) -> None:
        system, numbers = before(analysis, seed)
        moved, change = TRANSFORMATIONS[way](system, np.random.default_rng([seed, _COLUMNS.index(way)]))
        compare(ANALYSES[analysis][1](moved, change.only(*WORDS[word])), numbers)

    holds()


@lru_cache(maxsize=16)
def before(analysis: str, seed: int) -> tuple[System, Numbers]:
    """One system and what is said of it; hypothesis draws the same seeds for every cell of the table."""
    make, measure = ANALYSES[analysis]
    system = make(np.random.default_rng(seed))
    return system, measure(system, Change())


def test_the_table_is_whole() -> None:
    """A public analysis without a row, or a row without an analysis, is forgotten work."""
    public = {name for name in pc.__all__ if callable(getattr(pc, name)) and name.islower()}
    assert public == {*_ROWS, *ELSEWHERE} & public, "give the new analysis a row"
    assert set(_ROWS) == set(ANALYSES)
    assert list(TRANSFORMATIONS) == _COLUMNS
    assert {word for _, _, word in CELLS} <= {*WORDS, *NOT}
