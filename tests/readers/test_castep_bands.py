"""CASTEP .bands: numbers, order, spins, path and names; what is broken is one error with its line."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import numpy as np
import pytest
from builders_castep_bands import (
    HARTREE,
    castep_bands,
    castep_cell,
    castep_log,
    castep_pdos,
    write_castep_bands,
)
from hypothesis import given
from hypothesis import strategies as st

from perovchem.bands import Bands
from perovchem.errors import FormatError, MissingDataError
from perovchem.readers.castep_bands import read_castep_bands
from perovchem.readers.castep_log_bands import read_castep_log_bands
from perovchem.readers.castep_path import restored_rows
from perovchem.readers.filebytes import FileBytes, open_bytes

REAL = os.environ.get("PEROVCHEM_REALDATA")
needs_real = pytest.mark.skipif(not REAL, reason="PEROVCHEM_REALDATA names no folder of real files")
CASTEP = Path(REAL or ".") / "castep"

CELL = np.eye(3) * 5.87
SPECIES = ("Cs", "Pb", "Br", "Br", "Br")
PLACES = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
POINTS = {"X": (0, 0.5, 0), "R": (0.5, 0.5, 0.5), "M": (0.5, 0.5, 0), "Γ": (0, 0, 0)}


def walk(corners: str, steps: int) -> np.ndarray:
    """Return the points of a path through corners, each joint once."""
    places = [np.array(POINTS[name], float) for name in corners]
    rows = [places[0]]
    for first, second in itertools.pairwise(places):
        rows += [first + (second - first) * k / steps for k in range(1, steps + 1)]
    return np.array(rows)


def levels(kpoints: np.ndarray, n_bands: int = 6) -> np.ndarray:
    """Return smooth bands, eV, on the grid of eight decimals of a hartree that a .bands can hold."""
    waves = np.cos(2 * np.pi * kpoints).sum(axis=1)
    energies = np.arange(n_bands) * 2.0 - 5 + 0.2 * waves[:, None] * (-1) ** np.arange(n_bands)
    return np.round(energies / HARTREE, 8) * HARTREE


def read(text: str, path: Path = Path("seed.bands")) -> Bands:
    return read_castep_bands(FileBytes(path, text.encode()))


KPOINTS = walk("XRMΓ", 4)
PLAIN = castep_bands(CELL, KPOINTS, levels(KPOINTS), 6.0, fermi_energy=0.0)


# numbers --------------------------------------------------------------------------------------------------


def test_numbers_are_those_written() -> None:
    """Truth: the arrays the file was made of; eight decimals of a hartree give them back to the last bit but one."""
    bands = read(PLAIN)
    assert np.abs(bands.energies[0] - levels(KPOINTS)).max() < 1e-14
    assert np.abs(bands.kpoints - KPOINTS).max() < 1e-8
    assert np.abs(bands.cell - CELL).max() < 5e-7
    assert bands.electrons == (6.0,)
    assert bands.energy_step == pytest.approx(1e-8 * HARTREE)
    assert bands.fermi_energy == 0
    assert bands.path == "X-R-M-Γ"
    assert (bands.weights == 0).all()


@given(st.permutations(range(len(KPOINTS))))
def test_the_order_of_the_blocks_does_not_matter(order: list[int]) -> None:
    bands = read(castep_bands(CELL, KPOINTS, levels(KPOINTS), 6.0, order=order))
    assert (bands.energies == read(PLAIN).energies).all()
    assert (bands.kpoints == read(PLAIN).kpoints).all()
    assert bands.segments == read(PLAIN).segments


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends(line_end: str) -> None:
    bands = read(castep_bands(CELL, KPOINTS, levels(KPOINTS), 6.0, line_end=line_end))
    assert (bands.energies == read(PLAIN).energies).all()


def test_spins_with_unequal_electrons_and_bands() -> None:
    """7 electrons up of 8 bands, 5 down of 6: rows of the file, cut to the six bands that both have."""
    up, down = levels(KPOINTS, 8), levels(KPOINTS, 6) + 0.1
    bands = read(castep_bands(CELL, KPOINTS, [up, down], (7.0, 5.0), fermi_energy=(0.5, 0.2)))
    assert bands.spin == "collinear"
    assert bands.electrons == (7.0, 5.0)
    assert bands.occupied == (7.0, 5.0)
    assert np.abs(bands.energies[0] - up[:, :6]).max() < 1e-7
    assert np.abs(bands.energies[1] - down).max() < 1e-7
    assert bands.fermi_energy == pytest.approx(0.5, abs=1e-4)
    assert any("8 bands and spin down 6" in note for note in bands.notes)
    assert any("Fermi energy of its own" in note for note in bands.notes)


def test_a_fermi_energy_within_bands_is_told_and_not_used() -> None:
    """3 of 6 bands are filled by 6 electrons; a Fermi energy above the fourth says 4."""
    bands = read(castep_bands(CELL, KPOINTS, levels(KPOINTS), 6.0, fermi_energy=2.0))
    (note,) = [one for one in bands.notes if "Fermi" in one]
    assert "above 4 bands" in note
    assert "fill 3" in note
    assert bands.occupied == (3.0,)
    between = read(castep_bands(CELL, KPOINTS, levels(KPOINTS), 6.0, fermi_energy=0.0))
    assert not any("Fermi" in one for one in between.notes)


# spinors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed.castep", castep_log(CELL, SPECIES, PLACES, spin="non-collinear", spin_orbit=True)),
        ("seed.castep", castep_log(CELL, SPECIES, PLACES, spin_orbit=True)),
        ("seed.param", "task : spectral\nspin_orbit_coupling : true\n"),
        ("seed.param", "SPIN_TREATMENT=VECTOR\n"),
    ],
)
def test_spinors_are_told_by_log_or_param(tmp_path: Path, name: str, text: str) -> None:
    write_castep_bands(tmp_path / "seed.bands", CELL, KPOINTS, levels(KPOINTS), 4.0)
    (tmp_path / name).write_text(text)
    bands = read_castep_bands(open_bytes(tmp_path / "seed.bands"))
    assert bands.spin == "noncollinear"
    assert bands.occupied == (4.0,)


def test_spinors_are_told_by_kramers_pairs_where_no_file_says() -> None:
    doubled = np.repeat(levels(KPOINTS, 3), 2, axis=1)
    assert read(castep_bands(CELL, KPOINTS, doubled, 4.0)).spin == "noncollinear"
    split = doubled + 1e-3 * (np.arange(6) % 2) * (np.abs(KPOINTS).sum(axis=1) % 0.5 > 1e-6)[:, None]
    assert read(castep_bands(CELL, KPOINTS, split, 4.0)).spin == "noncollinear"  # Rashba: pairs where -k is k
    assert read(castep_bands(CELL, KPOINTS, levels(KPOINTS), 4.0)).spin == "none"
    away = KPOINTS[:5]  # without Γ nothing can be told
    assert read(castep_bands(CELL, away, doubled[:5], 4.0)).spin == "none"


def test_a_log_that_says_otherwise_beats_the_pairs(tmp_path: Path) -> None:
    write_castep_bands(tmp_path / "seed.bands", CELL, KPOINTS, np.repeat(levels(KPOINTS, 3), 2, axis=1), 4.0)
    (tmp_path / "seed.castep").write_text(castep_log(CELL, SPECIES, PLACES))
    assert read_castep_bands(open_bytes(tmp_path / "seed.bands")).spin == "none"


# path -----------------------------------------------------------------------------------------------------


def merged(kpoints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points, weights and rows as CASTEP lists them: what comes again is listed once, with all weight."""
    _, first, inverse, counts = np.unique(
        np.round(kpoints, 9), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    kept = np.sort(first)
    weights = counts[inverse.ravel()[kept]] / len(kpoints)
    return kpoints[kept], weights, kept


def test_a_point_the_path_visits_again_is_put_back() -> None:
    """X-R-M-Γ-R, the path of the CsPbBr3 of Nature 561:88: CASTEP lists R once, with twice the weight."""
    kpoints = walk("XRMΓR", 5)
    listed, weights, _ = merged(kpoints)
    assert len(listed) == len(kpoints) - 1
    bands = read(castep_bands(CELL, listed, levels(listed), 6.0, weights=weights))
    assert bands.path == "X-R-M-Γ-R"
    assert np.abs(bands.kpoints - kpoints).max() < 1e-8
    assert np.abs(bands.energies[0] - levels(kpoints)).max() < 1e-7
    assert any("comes back" in note for note in bands.notes)


def test_weights_of_a_mesh_put_nothing_back() -> None:
    mesh = np.array([[0, 0, 0], [0.25, 0, 0], [0.25, 0.25, 0], [0.25, 0.25, 0.25]])
    weights = np.array([1, 6, 12, 8]) / 27
    assert restored_rows(mesh, weights).tolist() == [0, 1, 2, 3]
    bands = read(castep_bands(CELL, mesh, levels(mesh), 6.0, weights=weights))
    assert len(bands.kpoints) == 4
    assert not bands.segments
    assert np.abs(bands.weights - weights).max() < 1e-8


def test_path_and_names_of_the_cell_file(tmp_path: Path) -> None:
    """Names of the comments count; BREAK parts the path; rows are those between the corners."""
    kpoints = np.concatenate([walk("ΓX", 4), walk("RM", 3)])
    corners = [
        (POINTS["Γ"], "\\Gamma"),
        (POINTS["X"], "X"),
        (None, ""),
        (POINTS["R"], "R point"),
        (POINTS["M"], "M"),
    ]
    path = write_castep_bands(
        tmp_path / "seed.bands",
        CELL,
        kpoints,
        levels(kpoints),
        6.0,
        species=SPECIES,
        fractional=PLACES,
        corners=corners,
    )
    bands = read_castep_bands(open_bytes(path))
    assert bands.path == "Γ-X|R-M"
    assert [(part.start, part.stop) for part in bands.segments] == [(0, 5), (5, 9)]
    assert bands.structure is not None
    assert bands.structure.formula == "Br3CsPb"


@pytest.mark.parametrize("keyword", ["BS_KPOINT_PATH", "spectral_kpoints_path", "BS_KPOINTS_PATH"])
def test_every_name_of_the_block(tmp_path: Path, keyword: str) -> None:
    corners = [(POINTS[name], f"{name}1") for name in "XRMΓ"]
    (tmp_path / "seed.bands").write_text(PLAIN)
    (tmp_path / "seed.cell").write_text(castep_cell(CELL, SPECIES, PLACES, path=corners, keyword=keyword))
    assert read_castep_bands(open_bytes(tmp_path / "seed.bands")).path == "X_1-R_1-M_1-Γ1"


def test_corners_by_name_alone_and_a_path_that_is_not_that_of_the_points(tmp_path: Path) -> None:
    (tmp_path / "seed.bands").write_text(PLAIN)
    cell = castep_cell(CELL, SPECIES, PLACES)
    (tmp_path / "seed.cell").write_text(
        cell + "%block spectral_kpoint_path\nX\nR\nM\nG\n%endblock spectral_kpoint_path\n"
    )
    assert read_castep_bands(open_bytes(tmp_path / "seed.bands")).path == "X-R-M-Γ"
    other = [(POINTS["Γ"], "Γ"), (POINTS["X"], "X")]
    (tmp_path / "seed.cell").write_text(castep_cell(CELL, SPECIES, PLACES, path=other))
    bands = read_castep_bands(open_bytes(tmp_path / "seed.bands"))
    assert bands.path == "X-R-M-Γ"
    assert any("path of the .cell is not" in note for note in bands.notes)


def test_the_atoms_of_another_lattice_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "seed.bands").write_text(PLAIN)
    (tmp_path / "seed.cell").write_text(castep_cell(CELL * 1.02, SPECIES, PLACES))
    bands = read_castep_bands(open_bytes(tmp_path / "seed.bands"))
    assert bands.structure is None
    assert any("lattice of seed.cell is not" in note for note in bands.notes)


def test_a_broken_file_beside_is_told_and_no_harm(tmp_path: Path) -> None:
    (tmp_path / "seed.bands").write_text(PLAIN)
    (tmp_path / "seed.cell").write_text("%BLOCK LATTICE_CART\n5 0 0\n")
    bands = read_castep_bands(open_bytes(tmp_path / "seed.bands"))
    assert any(note.startswith("seed.cell could not be used") for note in bands.notes)


# projections ----------------------------------------------------------------------------------------------


def test_projections_go_to_the_right_atoms_and_orbitals(tmp_path: Path) -> None:
    """The file numbers species by atomic number (Br Cs Pb), the .cell lists Cs Pb Br: each weight names its place."""
    path = write_castep_bands(
        tmp_path / "seed.bands", CELL, KPOINTS, levels(KPOINTS), 6.0, species=SPECIES, fractional=PLACES
    )
    orbitals = [(1, ion, momentum) for ion in (1, 2, 3) for momentum in (0, 1, 1, 1)] + [
        (2, 1, 0),
        (3, 1, 0),
        (3, 1, 1),
        (3, 1, 1),
        (3, 1, 1),
    ]
    source = np.random.default_rng(5)
    weights = source.random((1, len(KPOINTS), 6, len(orbitals)))
    order = source.permutation(len(KPOINTS))
    (tmp_path / "seed.pdos_bin").write_bytes(castep_pdos(KPOINTS, weights, orbitals, order=list(order)))
    bands = read_castep_bands(open_bytes(path))
    assert bands.projections is not None
    assert bands.projections.orbitals == ("s", "px", "py", "pz")
    assert bands.projections.species == SPECIES
    read_back = bands.projections.weights(slice(2, 4))
    assert read_back.shape == (1, len(KPOINTS), 2, 5, 4)
    for ion in range(3):  # Br 1 to 3 are atoms 2 to 4
        assert (read_back[0, :, :, 2 + ion] == weights[0, :, 2:4, 4 * ion : 4 * ion + 4]).all()
    assert (read_back[0, :, :, 0, 0] == weights[0, :, 2:4, 12]).all()
    assert (read_back[0, :, :, 0, 1:] == 0).all()
    assert (read_back[0, :, :, 1] == weights[0, :, 2:4, 13:]).all()


def test_two_radial_functions_of_one_orbital_are_added(tmp_path: Path) -> None:
    path = write_castep_bands(tmp_path / "seed.bands", CELL, KPOINTS, levels(KPOINTS), 6.0, species=("Pb",))
    orbitals = [(1, 1, momentum) for momentum in (0, 0, 1, 1, 1, 1, 1, 1)]
    weights = np.random.default_rng(1).random((1, len(KPOINTS), 6, 8))
    (tmp_path / "seed.pdos_bin").write_bytes(castep_pdos(KPOINTS, weights, orbitals))
    bands = read_castep_bands(open_bytes(path))
    assert bands.projections is not None
    got = bands.projections.weights(slice(None))
    assert np.allclose(got[:, :, :, 0, 0], weights[..., 0] + weights[..., 1], rtol=1e-15)
    assert np.allclose(got[:, :, :, 0, 1:], weights[..., 2:5] + weights[..., 5:], rtol=1e-15)


@pytest.mark.parametrize("spoil", ["cut", "other points", "other bands", "other atoms", "text", "weight"])
def test_a_pdos_bin_that_does_not_fit_is_told(tmp_path: Path, spoil: str) -> None:
    path = write_castep_bands(
        tmp_path / "seed.bands", CELL, KPOINTS, levels(KPOINTS), 6.0, species=("Pb", "Br")
    )
    orbitals = [(1, 1, 0), (2, 1, 0)] if spoil != "other atoms" else [(1, 1, 0), (1, 2, 0)]
    bands = 5 if spoil == "other bands" else 6
    weights = np.ones((1, len(KPOINTS), bands, 2))
    data = castep_pdos(KPOINTS + 0.01 * (spoil == "other points"), weights, orbitals)
    data = {"cut": data[:-30], "text": b"\0\0\0\x08 no records at all"}.get(spoil, data)
    if spoil == "weight":
        data = data.replace(np.array([1.0], ">f8").tobytes(), np.array([np.nan], ">f8").tobytes())[
            : len(data)
        ]
    (tmp_path / "seed.pdos_bin").write_bytes(data)
    found = read_castep_bands(open_bytes(path))
    if spoil == "weight":  # the version is 1.0 too, and read by nobody
        assert found.projections is not None
        with pytest.raises(FormatError, match="weight of band 1 at k-point 1"):
            found.projections.weights(slice(None))
        return
    assert found.projections is None
    assert any("seed.pdos_bin" in note for note in found.notes)


# broken files ---------------------------------------------------------------------------------------------


def spoiled(pattern: str, by: str, *, count: int = 1) -> str:
    text, done = re.subn(pattern, by, PLAIN, count=count, flags=re.MULTILINE)
    assert done
    return text


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (spoiled(r"^Number of eigenvalues +6", "Number of eigenvalues  7"), "K-point +2.* stands where an energy", 18),
        (spoiled(r"^Number of eigenvalues +6", "Number of eigenvalues  5"), "k-point was expected here.*0.1", 17),
        (spoiled(r"^Number of k-points +13", "Number of k-points 14"), "ends before its last k-point.*13 of 14", None),
        (spoiled(r"^Number of k-points +13", "Number of k-points 12"), "13", None),
        (spoiled(r"^Number of k-points +13", "Number of k-points 999999999"), "more than", None),
        (spoiled(r"^Number of spin components 1", "Number of spin components 2"), "2 numbers of electrons", 3),
        (spoiled(r"^Number of spin components 1", "Number of spin components 4"), "4 spin components", 2),
        (spoiled(r"^Number of electrons +6.000", "Number of electrons  ****"), "1 numbers of electrons", 3),
        (PLAIN[: len(PLAIN) // 2], "ends before its last k-point.*5 of 13", None),
        (PLAIN[:-4], "ends before its last k-point", None),
        (spoiled(r"^ +-0\.\d{8}$", "  **************"), r"'\*+' stands where an energy", 12),
        (spoiled(r"^ +-0\.\d{8}$", "           NaN"), "'NaN' stands where an energy", 12),
        (spoiled(r"^ +-0\.(\d{8})$", r"  -0.\g<1>-0.1"), "an energy was expected", 12),
        (spoiled(r"^K-point +2 ", "K-point        1 "), "stands in the file twice", 18),
        (spoiled(r"^K-point +2 ", "K-point       99 "), "no line of a k-point", 18),
        (spoiled(r"^Spin component 1", "Spin component 2"), "a spin component was expected", 11),
        (spoiled(r"^ +-0\.\d{8}$", "  -0.1E+308"), "an energy was expected", 12),
        (PLAIN + PLAIN, "goes on behind", None),
        (spoiled(r"^ +11\.\d+ +0\.0+ +0\.0+$", "   0.000000   0.000000   0.000000"), "no volume", 7),
        ("no bands at all\n" * 20, "first nine lines", 1),
    ],
)  # fmt: skip
def test_what_is_broken_is_one_paragraph_with_its_line(text: str, what: str, line: int | None) -> None:
    with pytest.raises(FormatError) as caught:
        read(text)
    assert re.search(what, str(caught.value)), str(caught.value)
    if line is not None:
        assert f"line {line}" in caught.value.where
    assert len(str(caught.value)) < 700
    assert "\n" not in str(caught.value)


# the log as fallback --------------------------------------------------------------------------------------


def tables(kpoints: np.ndarray, energies: np.ndarray, *, style: str) -> str:
    """Write eigenvalues as a .castep does: in the table of occupancies, or in that of a band structure."""
    text = ""
    for k, point in enumerate(kpoints):
        places = " ".join(f"{x:9.6f}" for x in point)
        if style == "occupancies":
            text += f"Spin 1, kpoint ({places} ) weight = {1 / len(kpoints):.6f}\n+----+\n|  Band  |  <- occ\n+----+\n"
            text += "".join(
                f"|{b + 1:6d}  |{e:17.6f}   |   1.00000      |   <- occ\n" for b, e in enumerate(energies[k])
            )
            text += "+----+\n"
        else:
            text += f"  +  Spin=1 kpt={k + 1:5d} ({places}) kpt-group=  1       +\n  +      +\n"
            text += "".join(f"  +{b + 1:8d}{e:22.6f}          +\n" for b, e in enumerate(energies[k]))
            text += "  =======================\n"
    return text


ELECTRONS = " number of  electrons                           :  6.000    \n"


@pytest.mark.parametrize("style", ["occupancies", "bands"])
def test_eigenvalues_of_a_log(style: str) -> None:
    energies = np.round(levels(KPOINTS), 6)
    text = castep_log(CELL, SPECIES, PLACES, tail=ELECTRONS + 2 * tables(KPOINTS, energies, style=style))
    bands = read_castep_log_bands(FileBytes(Path("seed.castep"), text.encode()))
    assert np.abs(bands.energies[0] - energies).max() < 1e-12
    assert bands.electrons == (6.0,)
    assert bands.path == "X-R-M-Γ"
    assert bands.structure is not None


@pytest.mark.parametrize(
    ("change", "kind", "what"),
    [
        (lambda text: text.replace("kpt=", "k="), MissingDataError, "prints no eigenvalues"),
        (lambda text: re.sub(r"  \+       1 .*\n", "", text), MissingDataError, "only bands near the Fermi"),
        (lambda text: re.sub(r"  \+       3 .*\n", "", text), MissingDataError, "bands are missing"),
        (lambda text: re.sub(r"  \+       6 .*\n", "", text, count=1), FormatError, "6 bands where the first has 5"),
        (lambda text: re.sub(r"  \+       2 +\S+", "  +       2   ********", text), FormatError, "'\\*+' stands"),
        (lambda text: text.replace("number of  electrons", "number of electrons"), MissingDataError, "how many electrons"),
    ],
)  # fmt: skip
def test_a_log_that_lacks_something_is_refused(change: object, kind: type[Exception], what: str) -> None:
    text = castep_log(CELL, SPECIES, PLACES, tail=ELECTRONS + tables(KPOINTS, levels(KPOINTS), style="bands"))
    with pytest.raises(kind, match=what):
        read_castep_log_bands(FileBytes(Path("seed.castep"), change(text).encode()))  # type: ignore[operator]


# real files -----------------------------------------------------------------------------------------------


def gap_of(bands: Bands) -> float:
    """Return the gap over the listed points, by counting electrons."""
    filled = [round(number) for number in bands.occupied]
    top = max(float(one[:, n - 1].max()) for one, n in zip(bands.energies, filled, strict=True))
    return min(float(one[:, n].min()) for one, n in zip(bands.energies, filled, strict=True)) - top


@needs_real
@pytest.mark.parametrize(
    ("name", "gap", "path"),
    [
        ("Si_nsp.bands", 1.1194, "W-L-Γ-X-W-K"),
        ("NiO.bands", 0.9374, ""),
        ("BaTiO3.bands", 1.7761, "M-Γ-X-R"),
        ("NbFeSb.electrons.bands", 1.1529, ""),
    ],
)
def test_gaps_and_paths_of_real_files(name: str, gap: float, path: str) -> None:
    """Truth: PROVENANCE.md of the files, read there with small readers of their own."""
    bands = read_castep_bands(open_bytes(CASTEP / name))
    assert gap_of(bands) == pytest.approx(gap, abs=6e-5)
    assert bands.path == path


@needs_real
def test_real_projections_are_those_of_castepxbin() -> None:
    castepxbin = pytest.importorskip("castepxbin")
    theirs = castepxbin.read_pdos_bin(str(CASTEP / "NiO.pdos_bin"))
    bands = read_castep_bands(open_bytes(CASTEP / "NiO.bands"))
    assert bands.projections is not None
    assert bands.projections.species == ("Ni", "Ni", "O", "O")
    ours = bands.projections.weights(slice(None))
    assert np.allclose(
        ours.sum(axis=(3, 4)), theirs["pdos_weights"].sum(axis=0).transpose(2, 1, 0), atol=1e-12
    )
    nickel = theirs["species"] == 2  # by atomic number: O 1, Ni 2
    of_nickel = theirs["pdos_weights"][nickel].sum(axis=0).transpose(2, 1, 0)
    assert np.allclose(ours[:, :, :, :2].sum(axis=(3, 4)), of_nickel, atol=1e-12)


@needs_real
def test_eigenvalues_of_a_real_log() -> None:
    """Truth: lines 837 to 846 and 173 of the file."""
    bands = read_castep_log_bands(open_bytes(CASTEP / "Si2_occ.castep"))
    assert bands.energies[0, 0].tolist() == [-3.73753, 1.3985, 3.89713, 3.90122, 7.06535]
    assert bands.electrons == (8.0,)
    assert bands.weights.tolist() == [0.222222, 0.444444, 0.296296, 0.037037]
