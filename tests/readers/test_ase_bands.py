"""Band structures of ASE (JSON and object) and of pymatgen: the same numbers, labels, electrons counted or given."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perovchem.bands import Bands
from perovchem.errors import FormatError, MissingDataError, PerovchemError, UsageError
from perovchem.readers.ase_bands import as_bands, read_ase_bands
from perovchem.readers.filebytes import open_bytes

CELL = np.eye(3) * 5.87
POINTS = {"X": [0, 0.5, 0], "R": [0.5, 0.5, 0.5], "M": [0.5, 0.5, 0], "G": [0, 0, 0]}


def ase_object(n_spins: int = 1, reference: float = 0.0) -> Any:
    """Return a BandStructure of ASE along X-R-M-Γ-R with 10 points a line; 3 of 5 bands lie below 0."""
    from ase.cell import Cell
    from ase.dft.kpoints import BandPath
    from ase.spectrum.band_structure import BandStructure

    corners = [np.array(POINTS[name], float) for name in "XRMGR"]
    rows = [corners[0]]
    for first, second in itertools.pairwise(corners):
        rows += [first + (second - first) * k / 10 for k in range(1, 11)]
    kpoints = np.array(rows)
    waves = np.cos(2 * np.pi * kpoints).sum(axis=1)
    energies = np.array([-5.0, -3, -1, 1, 3]) + 0.1 * waves[:, None]
    path = BandPath(Cell(CELL), kpts=kpoints, special_points=POINTS, path="XRMGR")
    return BandStructure(path, np.stack([energies + 0.01 * s for s in range(n_spins)]), reference=reference)


def written(folder: Path, thing: Any, toml: str = "") -> Path:
    path = folder / "bands.json"
    thing.write(path)
    if toml:
        path.with_suffix(".toml").write_text(toml)
    return path


def read(path: Path, **options: Any) -> Bands:
    return read_ase_bands(open_bytes(path), **options)


def test_json_and_object_give_the_same(tmp_path: Path) -> None:
    thing = ase_object()
    by_file, by_object = read(written(tmp_path, thing)), as_bands(thing)
    for bands in (by_file, by_object):
        assert np.abs(bands.energies - thing.energies).max() == 0
        assert np.abs(bands.cell - CELL).max() < 1e-12
        assert bands.path == "X-R-M-Γ-R"
        assert bands.electrons == (6.0,)
        assert any("counted from the bands below the reference" in note for note in bands.notes)


def test_the_toml_says_what_json_cannot(tmp_path: Path) -> None:
    toml = """
electrons = 4
spin_orbit = true
energy_decimals = 6
fermi_level = -1.5
[labels]
"Γ" = [0.0, 0.0, 0.0]
[structure_sites]
Cs = [[0.0, 0.0, 0.0]]
Pb = [[0.5, 0.5, 0.5]]
Br = [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
"""
    bands = read(written(tmp_path, ase_object(), toml))
    assert bands.spin == "noncollinear"
    assert bands.occupied == (4.0,)
    assert bands.energy_step == pytest.approx(1e-6)
    assert bands.fermi_energy == -1.5
    assert bands.structure is not None
    assert bands.structure.formula == "Br3CsPb"
    assert any("Fermi energy of the file, -1.5000 eV, lies above 2 bands" in note for note in bands.notes)
    assert read(tmp_path / "bands.json", electrons=3).electrons == (3.0,)


def test_a_fermi_level_beyond_any_number_is_none(tmp_path: Path) -> None:
    toml = f"electrons = 4\nfermi_level = {'9' * 400}\n"
    assert np.isnan(read(written(tmp_path, ase_object(), toml)).fermi_energy)


def test_projections_of_the_toml(tmp_path: Path) -> None:
    """Columns serve two bands each, element by element, in thousandths."""
    thing = ase_object()
    n_points = thing.energies.shape[1]
    thing = type(thing)(thing.path, thing.energies[:, :, :4], reference=0.0)
    weights = np.arange(n_points * 2 * 4).reshape(n_points, 2, 4) % 900
    table = {
        "definition": "d",
        "species": ["Pb", "Br"],
        "orbitals": ["s", "p"],
        "unit": 0.001,
        "bands_per_column": 2,
    }
    (tmp_path / "p.json").write_text(json.dumps({**table, "weights": weights.tolist()}))
    toml = 'electrons = 2\nspin_orbit = true\n[projections]\nfile = "p.json"\n'
    bands = read(written(tmp_path, thing, toml))
    assert bands.projections is not None
    got = bands.projections.weights(slice(1, 3))
    assert got.shape == (1, n_points, 2, 2, 2)
    assert np.allclose(got[0, :, 0].reshape(n_points, 4), weights[:, 0] / 1000)
    assert np.allclose(got[0, :, 1].reshape(n_points, 4), weights[:, 1] / 1000)


def test_two_spins_need_two_numbers(tmp_path: Path) -> None:
    thing = ase_object(2)
    assert as_bands(thing, electrons=(3, 3)).electrons == (3.0, 3.0)
    assert as_bands(thing).electrons == (3.0, 3.0)
    with pytest.raises(PerovchemError, match="for 2 spin"):
        as_bands(thing, electrons=6)


def test_a_reference_within_bands_counts_nothing() -> None:
    with pytest.raises(MissingDataError, match="how many electrons"):
        as_bands(ase_object(reference=-1.0))


def test_pymatgen_object() -> None:
    """Labels at the corners, branches of line mode, projections (band, k, orbital, atom) by element."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.electronic_structure.bandstructure import BandStructureSymmLine
    from pymatgen.electronic_structure.core import Spin

    thing = ase_object()
    kpoints, energies = thing.path.kpts, thing.energies[0]
    lattice = Lattice(CELL)
    structure = Structure(lattice, ["Cs", "Pb"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    weights = np.random.default_rng(0).random((5, len(kpoints), 9, 2))
    labels = {"\\Gamma" if name == "G" else name: point for name, point in POINTS.items()}
    line = BandStructureSymmLine(
        [list(point) for point in kpoints], {Spin.up: energies.T}, lattice.reciprocal_lattice, 0.0, labels,
        structure=structure, projections={Spin.up: weights},
    )  # fmt: skip
    bands = as_bands(line)
    assert (bands.energies[0] == energies).all()
    assert np.abs(bands.cell - CELL).max() < 1e-12
    assert bands.path == "X-R-M-Γ-R"
    assert bands.structure is not None
    assert bands.projections is not None
    got = bands.projections.weights(slice(2, 3))
    assert np.allclose(got[0, 7, 0], weights[2, 7].T)
    assert bands.projections.orbitals[:4] == ("s", "py", "pz", "px")


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be made of a dict"):
        as_bands({})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda tree: tree.pop("__ase_objtype__"), "no band structure of ASE"),
        (lambda tree: tree.pop("path"), "path or its cell is missing"),
        (lambda tree: tree["energies"]["__ndarray__"][2].pop(), "array of energies is damaged"),
        (lambda tree: tree["energies"]["__ndarray__"].__setitem__(0, [10**9, 10**9, 1]), "damaged"),
        (lambda tree: tree["energies"]["__ndarray__"].__setitem__(1, "object"), "damaged"),
        (lambda tree: tree["energies"]["__ndarray__"][2].__setitem__(3, float("nan")), "not finite numbers"),
        (lambda tree: tree["energies"]["__ndarray__"][2].__setitem__(3, 10**400), "not finite numbers"),
        (lambda tree: tree["path"]["kpts"]["__ndarray__"].__setitem__(0, [3, 41]), "not finite numbers of the shape"),
        (lambda tree: tree["path"]["cell"].__setitem__("array", [[1, 0, 0]] * 3), "no volume"),
    ],
)  # fmt: skip
def test_what_is_broken_in_json(tmp_path: Path, change: Any, what: str) -> None:
    path = written(tmp_path, ase_object())
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(FormatError, match=what):
        read(path)


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("electrons = ", "no sound TOML"),
        ("electrons = 400", "electrons are 400"),
        ('electrons = "six"', "electrons are six"),
        ("electrons = [3, 3]", "for 1 spin"),
        ("labels = 3", "labels is no table"),
        ("[labels]\nX = [0, 1]", "labels are not finite numbers"),
        ("[structure_sites]\nXx = [[0, 0, 0]]", "no element"),
        ('[projections]\nfile = "../secret.json"', "no plain name"),
        ('[projections]\nfile = "gone.json"', "no such file"),
    ],
)
def test_what_is_broken_in_toml(tmp_path: Path, toml: str, what: str) -> None:
    with pytest.raises(PerovchemError, match=what):
        read(written(tmp_path, ase_object(), toml))


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bands.json"
    path.write_text("[" * 200_000)
    with pytest.raises(FormatError, match="no sound JSON"):
        read(path)
