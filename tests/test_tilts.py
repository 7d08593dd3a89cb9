"""Octahedral tilts: turned in a known way, by symmetry, against scipy's rotations; vacancies, guests, hops, memory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from builders import frames_of, perovskite, recell, rotations
from builders_tilts import about_z, all_out_of_phase, turned
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from validation import algebra, implementation, symmetry

import perovchem as pc
from perovchem._kernels import octahedra
from perovchem.errors import UsageError
from perovchem.tilts import MODES
from perovchem.tilts.forgetting import memory
from perovchem.tilts.glazer import glazer, patterns

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
CUTOFF = {"Pb-I": 4.2}
PLACES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)


def tilts_of(crystal, **options) -> pc.Tilts:
    species, places, cell = crystal
    frames = frames_of(species, places, cell, **options)
    return pc.tilts(pc.coordination(frames, ligands="I", cutoffs=CUTOFF))


def one(bonds, *, least: int = 6):
    """Angles, modes and numbers of a single center with these bonds."""
    angles, modes, numbers = np.empty((1, 3)), np.empty((1, 4)), np.empty((1, 2), np.int64)
    offsets = np.array([0, len(bonds)])
    octahedra.tilt(offsets, np.ascontiguousarray(bonds), np.eye(3)[None], 1, least, angles, modes, numbers)
    return angles[0], modes[0], numbers[0]


# constructed systems ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", [(8, 0, 0), (5, 5, 0), (6, 6, 6), (3, 7, 11), (-4, 9, 2)])
def test_octahedra_turned_by_turns(vector, validate) -> None:
    found = tilts_of(all_out_of_phase(vector))
    signs = np.array([(-1) ** sum(cell) for cell in itertools.product((0, 1), repeat=3)])
    validate(
        "Octahedral tilts", "tilt", f"2 x 2 x 2 rigid octahedra turned by ±{vector} degree", unit="degree",
        ours=found.angles[0], truth=signs[:, None] * np.array(vector, float),
        source=algebra("neighbors (R + R^T) e_k apart share their corners exactly"), absolute=1e-9,
    )  # fmt: skip
    assert np.allclose(found.modes, 0, atol=1e-9)
    assert np.allclose([found.phases[k, k].mean for k in range(3) if vector[k]], -1)


@pytest.mark.parametrize(
    ("vector", "symbol", "group"),
    [
        ((0, 0, 8), "a0a0c-", "I4/mcm"),
        ((8, 0, 8), "a-b0a-", "Imma"),
        ((7, 7, 7), "a-a-a-", "R-3c"),
        ((0, 5, 9), "a0b-c-", "C2/m"),
        ((5, 5, 9), "a-a-c-", "C2/c"),
        ((3, 6, 9), "a-b-c-", "P-1"),
    ],
)
def test_symbol_and_space_group(vector, symbol, group) -> None:
    crystal = all_out_of_phase(vector)
    system = tilts_of(crystal).glazer
    assert (system.symbol, system.space_group) == (symbol, group)
    # spglib, which knows nothing of tilts, agrees
    species, places, cell = crystal
    assert pc.symmetry(pc.read_structure(frames_of(species, places, cell))).symbol == group


@pytest.mark.parametrize(
    ("in_phase", "symbol", "group"), [(True, "a0a0c+", "P4/mbm"), (False, "a0a0c-", "I4/mcm")]
)
def test_one_axis(in_phase, symbol, group, validate) -> None:
    found = tilts_of(about_z(9.3, in_phase=in_phase))
    validate(
        "Octahedral tilts", "tilt", f"about z alone, {'in' if in_phase else 'out of'} phase along it, 9.3 degree",
        unit="degree", ours=np.abs(found.angles[0, :, 2]), truth=np.full(8, 9.3),
        source=algebra("rigid octahedra 2 b cos θ apart"), absolute=1e-9,
    )  # fmt: skip
    assert (found.glazer.symbol, found.glazer.space_group) == (symbol, group)
    assert found.phases[2, 2].mean == pytest.approx(1 if in_phase else -1)
    assert found.phases[2, 0].mean == pytest.approx(-1)


def test_published_crystal(validate) -> None:
    """CsPbBr3 in Pbnm: the tilt about c by the in-plane bromide, and space group to symbol and back."""
    found = pc.tilts(pc.coordination(pc.read_frames("CsPbBr3_Pbnm"), ligands="Br"))
    assert (found.glazer.symbol, found.glazer.space_group) == ("a-a-c+", "Pnma")
    other = pc.tilts(pc.coordination(pc.read_frames("CsPbBr3_Pnma"), ligands="Br"))
    assert (other.glazer.symbol, other.glazer.space_group) == ("a-b+a-", "Pnma")
    validate(
        "Octahedral tilts", "lasting tilt", "CsPbBr3, Pbnm against Pnma setting", unit="degree",
        ours=found.lasting, truth=other.lasting[[0, 2, 1]], source=symmetry("the same crystal, axes renamed"),
        absolute=1e-9,
    )  # fmt: skip


def test_cubic() -> None:
    found = tilts_of(recell(*perovskite(), 2 * np.eye(3)))
    assert found.glazer.symbol == "a0a0a0"
    assert np.allclose(found.angles, 0, atol=1e-10)
    assert np.isnan(found.in_phase).all()


# one octahedron -----------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.integers(0, 2**31))
@settings(max_examples=100)
def test_against_scipy(vector, seed) -> None:
    """Kabsch's rotation of unit vectors, in another implementation."""
    noise = np.random.default_rng(seed).normal(scale=0.1, size=(6, 3))
    bonds = 3 * PLACES @ turned(vector).T + noise
    angles, modes, _ = one(bonds)
    unit = bonds / np.linalg.norm(bonds, axis=1)[:, None]
    best, _ = Rotation.align_vectors(unit, PLACES)
    assert angles == pytest.approx(best.as_rotvec(degrees=True), abs=1e-7)
    # the modes, and what is left in breathing and turning, make the whole displacement
    left = bonds @ best.as_matrix() - np.linalg.norm(bonds, axis=1).mean() * PLACES
    breathing = (left * PLACES).sum() / np.sqrt(6)
    turning = [(left * np.cross(np.eye(3)[k], PLACES)).sum() / 2 for k in range(3)]
    squares = (left**2).sum() - breathing**2 - np.square(turning).sum()
    assert (modes**2).sum() == pytest.approx(squares, abs=1e-9)


def test_rotation_many(validate) -> None:
    random = np.random.default_rng(3)
    bonds = 3 * PLACES + random.normal(scale=0.3, size=(500, 6, 3))
    ours, truth = [], []
    for places in bonds:
        angles, *_ = one(places)
        ours.append(angles)
        unit = places / np.linalg.norm(places, axis=1)[:, None]
        truth.append(Rotation.align_vectors(unit, PLACES)[0].as_rotvec(degrees=True))
    validate(
        "Octahedral tilts", "tilt", "500 octahedra of ligands displaced by .3 Å (seed 3)", unit="degree",
        ours=ours, truth=truth, source=implementation("scipy", "Rotation.align_vectors"), absolute=1e-6,
    )  # fmt: skip


PURE = {
    # ligand displacements in units of an amplitude of 1, rows in the order of PLACES
    "Eg": np.array([[1, 0, 0], [-1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]) / 2,
    "T2g": np.array([[0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 0], [0, 0, 0]]) / 2,
    "T1u": np.array([[1, 0, 0]] * 6) / np.sqrt(6),
    "T2u": np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [-1, 0, 0], [-1, 0, 0]]) / 2,
}


@pytest.mark.parametrize("name", MODES)
def test_pure_modes(name, validate) -> None:
    amplitude = 1e-4
    _, modes, _ = one(3 * PLACES + amplitude * PURE[name])
    validate(
        "Octahedral tilts", "amplitude of a mode", f"ligands displaced along {name} by 10⁻⁴ Å", unit="Å",
        ours=modes, truth=[amplitude * (mode == name) for mode in MODES],
        source=symmetry("species of the octahedron"), absolute=2e-8,
    )  # fmt: skip


def test_a_missing_ligand() -> None:
    bonds = 3 * PLACES @ turned((4, -5, 6)).T
    for k in range(6):
        rest = np.delete(bonds, k, axis=0)
        angles, modes, numbers = one(rest, least=5)
        assert angles == pytest.approx([4, -5, 6])
        assert np.isnan(modes).all()
        assert numbers.tolist() == [5, 0]
        assert np.isnan(one(rest)[0]).all()


def test_a_seventh_ligand() -> None:
    bonds = 3 * PLACES @ turned((4, -5, 6)).T
    more = np.concatenate([bonds, [[2.2, 2.1, 2.3], [3.6, 0.5, 0.4]]])
    angles, _, numbers = one(more)
    assert angles == pytest.approx([4, -5, 6])
    assert numbers.tolist() == [6, 2]


# invariance ---------------------------------------------------------------------------------------------------


@given(
    turn=st.integers(0, 19), wrap=st.booleans(), seed=st.integers(0, 1000),
    setting=st.sampled_from([((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((1, 1, 0), (0, 1, 0), (0, 0, 1)), ((1, 0, 0), (-1, 1, 0), (2, 0, 1)), ((2, 0, 0), (0, 1, 0), (0, 0, 1))]),
)  # fmt: skip
@settings(max_examples=30)
def test_same_in_every_guise(turn, wrap, seed, setting) -> None:
    random = np.random.default_rng(seed)
    species, places, cell = all_out_of_phase((2, 6, 10))
    plain = tilts_of((species, places, cell))
    species, places, cell = recell(species, places, cell, setting)
    order = random.permutation(len(species))
    matrix = rotations(20)[turn]
    moved = (places[order] + random.normal(size=3)) @ matrix
    found = tilts_of((tuple(species[k] for k in order), moved, cell @ matrix), wrap=wrap)
    # which axis is called x goes by the cell; what is turned about the three does not
    assert sorted(found.lasting) == pytest.approx(sorted(plain.lasting), abs=1e-7)
    assert np.linalg.norm(found.angles, axis=2) == pytest.approx(np.linalg.norm([2, 6, 10]), abs=1e-7)
    assert sorted(found.spacings) == pytest.approx(sorted(plain.spacings))
    assert found.out_of_phase == pytest.approx(found.lasting)
    assert found.in_phase == pytest.approx([0, 0, 0], abs=1e-6)
    assert np.linalg.det(found.axes[0]) == pytest.approx(1)


def test_axes_turn_with_the_crystal() -> None:
    species, places, cell = all_out_of_phase((2, 6, 10))
    matrix = rotations(3)[2]
    plain, found = tilts_of((species, places, cell)), tilts_of((species, places @ matrix, cell @ matrix))
    assert found.axes == pytest.approx(plain.axes @ matrix)
    assert found.angles == pytest.approx(plain.angles, abs=1e-9)


def test_changing_cell() -> None:
    """Axes follow a cell that grows and shears; octahedra that are turned with it have no tilt of their own."""
    species, places, cell = recell(*perovskite(), 2 * np.eye(3))
    fractional = places @ np.linalg.inv(cell)
    cells = np.array([cell @ turned([0, 0, 3 * t]).T * (1 + 0.01 * t) for t in range(4)])
    frames = frames_of(species, np.repeat(fractional[None], 4, axis=0), cells, fractional=True)
    found = pc.tilts(pc.coordination(frames, ligands="I", cutoffs=CUTOFF))
    assert np.allclose(found.angles, 0, atol=1e-9)


# vacancies, guests, layers ------------------------------------------------------------------------------------


def test_vacancies_and_water() -> None:
    species, places, cell = recell(*all_out_of_phase((3, 7, 11)), np.diag([2, 1, 1]))
    whole = tilts_of((species, places, cell))
    gone = [k for k, one in enumerate(species) if one == "I"][5]
    kept = [k for k in range(len(species)) if k != gone]
    water = places[species.index("Cs")] + np.array([0.4, 0.3, 0.2])
    guests = water + np.array([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    found = tilts_of(
        ((*(species[k] for k in kept), "O", "H", "H"), np.concatenate([places[kept], guests]), cell)
    )
    assert found.n_incomplete == 2 and found.n_undefined == 0
    assert found.angles == pytest.approx(whole.angles, abs=1e-9)
    assert np.isnan(found.modes[..., 0]).sum() == 2
    assert found.hopping.empty == pytest.approx(1 / 48)
    assert found.glazer == whole.glazer


def test_a_layer() -> None:
    """Two axes share corners; the third stands at right angles and knows no neighbors."""
    places = np.array([[0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3], [0, 0, -3]], float)
    species, corners, cell = recell(
        ("Pb", "I", "I", "I", "I"), places, np.diag([6.0, 6.0, 15.0]), np.diag([2, 2, 1])
    )
    found = tilts_of((species, corners, cell))
    assert np.allclose(found.angles, 0)
    assert (2, 2) not in found.phases and (0, 0) in found.phases
    assert np.allclose(np.abs(found.axes[0]), np.eye(3))


def test_no_perovskite() -> None:
    with pytest.raises(UsageError, match="no network of corner-sharing octahedra"):
        pc.tilts(pc.coordination(pc.read_frames("gbl_solution")[:3], ligands=("I", "O")))


def test_wrong_least() -> None:
    shells = pc.coordination(pc.read_frames("CsPbCl3_cubic"), ligands="Cl")
    with pytest.raises(UsageError, match="4, 5 or 6"):
        pc.tilts(shells, least_ligands=3)


@pytest.mark.parametrize(
    ("in_phase", "out_of_phase", "symbol", "group"),
    [
        ((0, 0, 9), (8, 8, 0), "a-a-c+", "Pnma"),
        ((9, 9, 9), (0, 0, 0), "a+a+a+", "Im-3"),
        ((0, 9, 9), (0, 0, 0), "a0b+b+", "I4/mmm"),
        ((5, 7, 9), (0, 0, 0), "a+b+c+", "Immm"),
        ((7, 7, 0), (0, 0, 9), "a+a+c-", "P4_2/nmc"),
        ((0, 5, 0), (0, 0, 9), "a0b+c-", "Cmcm"),
        ((9, 0, 0), (0, 5, 7), "a+b-c-", "P2_1/m"),
        ((9, 0, 0), (8, 5, 0), "a?b-c0", ""),
    ],
)
def test_table_of_howard_and_stokes(in_phase, out_of_phase, symbol, group) -> None:
    plus, minus = np.array(in_phase, float), np.array(out_of_phase, float)
    found = glazer(plus, minus, np.zeros(3), np.hypot(plus, minus), [False] * 3)
    assert (found.symbol, found.space_group) == (symbol, group)


@given(st.lists(st.floats(0.1, 9), min_size=8, max_size=8))
@settings(max_examples=50)
def test_patterns_of_known_weights(sizes) -> None:
    """A tilt that is the sum of all eight patterns, each with its size."""
    grid = np.array(list(itertools.product(range(4), range(2), range(2))))
    place = {tuple(one): k for k, one in enumerate(grid.tolist())}
    neighbors = np.array(
        [[place[tuple((one + step) % (4, 2, 2))] for one in grid] for step in np.eye(3, dtype=int)]
    )
    waves = list(itertools.product((0, 1), repeat=3))
    tilt = sum(size * (-1.0) ** (grid @ wave) for size, wave in zip(sizes, waves, strict=True))
    parts = patterns(np.repeat(tilt[:, None], 3, axis=1), neighbors)
    expected = np.square(sizes).reshape(2, 2, 2) / np.square(sizes).sum()
    assert parts == pytest.approx(np.stack([expected] * 3), abs=1e-9)


# over time ----------------------------------------------------------------------------------------------------


def test_hops_are_counted(validate) -> None:
    """One iodide goes to a vacancy and back, another trembles half-way; 48 sites, 47 iodides."""
    species, places, cell = recell(*perovskite(6.0), np.diag([4, 2, 2]))
    iodides = [k for k, one in enumerate(species) if one == "I"]
    gone = iodides[0]
    site = places[gone].copy()
    near = min(iodides[1:], key=lambda k: np.linalg.norm(_least(places[k] - site, cell)))
    kept = [k for k in range(len(species)) if k != gone]
    way = _least(site - places[near], cell)
    far = next(k for k in iodides if k not in (gone, near))
    path = []
    for t in range(60):
        now = places.copy()
        part = {True: 0.0, False: 1.0}[t < 20 or t >= 40]
        now[near] += way * part
        now[far] += way * 0.45 * (t % 2)
        path.append(now[kept])
    frames = frames_of([species[k] for k in kept], np.array(path), cell, step=100.0)
    found = pc.tilts(pc.coordination(frames, ligands="I", cutoffs={"Pb-I": 3.9}), least_ligands=4).hopping
    validate(
        "Octahedral tilts", "hops", "an iodide that goes to a vacancy and back, another that only trembles",
        ours=found.n_hops, truth=2, source=algebra("two arrivals"), absolute=0,
    )  # fmt: skip
    assert found.hops[:, 0].tolist() == [20, 40]
    assert len(set(found.hops[:, 1])) == 1
    assert found.hops[0, 2:].tolist() == found.hops[1, 2:][::-1].tolist()
    assert found.empty == pytest.approx(1 / 48)
    # two events of 47 iodides in 59 steps of 100 fs
    assert found.rate.value == pytest.approx(2 / (47 * 59 * 100), rel=0.02)


def _least(vector, cell):
    fraction = vector @ np.linalg.inv(cell)
    return (fraction - np.rint(fraction)) @ cell


def test_memory_of_a_known_process(validate) -> None:
    """Ornstein-Uhlenbeck tilts forget by exp(-t/τ)."""
    random = np.random.default_rng(7)
    n, centers, step, tau = 20000, 12, 10.0, 400.0
    keep = np.exp(-step / tau)
    series = np.empty((n, centers))
    series[0] = random.normal(size=centers)
    for t in range(1, n):
        series[t] = keep * series[t - 1] + np.sqrt(1 - keep**2) * random.normal(size=centers)
    found = memory(8 * series, step)
    validate(
        "Octahedral tilts", "tilt correlation time", "12 octahedra, τ = .4 ps, 200 ps (seed 7)", unit="ps",
        ours=found.time, truth=tau / 1000, source=algebra("exp(-t/τ)"), absolute=3 * found.time_standard_error,
    )  # fmt: skip
    assert 0 < found.time_standard_error < 0.02
    assert np.isnan(found.lower_bound)


def test_memory_that_lasts() -> None:
    found = memory(np.tile([8.0, -8.0, 8.0], (200, 1)), 10.0)
    assert np.isnan(found.time) and found.lower_bound == pytest.approx(1.0)


def swinging(angles) -> pc.Tilts:
    """Rigid octahedra, out of phase about z, whose angle (degrees) is given frame by frame."""
    crystals = [about_z(float(angle), in_phase=False) for angle in angles]
    cells = np.array([cell for _, _, cell in crystals])
    fractional = np.array([places @ np.linalg.inv(cell) for _, places, cell in crystals])
    frames = frames_of(crystals[0][0], fractional, cells, fractional=True, step=100.0)
    return pc.tilts(pc.coordination(frames, ligands="I", cutoffs=CUTOFF))


def test_error_of_a_lasting_tilt() -> None:
    """Of 400 independent angles it is sd/20, however many octahedra turn together."""
    angles = np.random.default_rng(1).normal(8, 3, 400)
    found = swinging(angles)
    assert found.lasting_error[2] == pytest.approx(angles.std(ddof=1) / 20, rel=0.25)
    assert found.lasting[2] == pytest.approx(angles.mean(), abs=0.01)
    assert not any("too short" in note for note in found.warnings)
    assert found.to_dict()["lasting_tilt_standard_error"]["z"] == found.lasting_error[2]


def test_a_tilt_that_may_not_last() -> None:
    """One change of sign in the run: the mean is beyond a degree and tells nothing."""
    found = swinging(np.repeat([9.0, -5.0], 100) + np.random.default_rng(2).normal(0, 0.5, 200))
    assert found.lasting[2] <= 2 * found.lasting_error[2]
    assert not found.lasting_converged[2]
    assert found.lasting[2] < 1 or any("too short to tell" in note for note in found.warnings)


def test_one_frame_has_no_error() -> None:
    found = tilts_of(about_z(9.0, in_phase=False))
    assert np.isnan(found.lasting_error).all()
    assert not any("too short" in note for note in found.warnings)


def test_double_perovskite() -> None:
    """Two centers by turns tilt as one does; their order is told to lower the symmetry."""
    species, places, cell = all_out_of_phase((0, 0, 8))
    centers = iter(["Ag" if sum(k) % 2 else "Bi" for k in itertools.product((0, 1), repeat=3)])
    mixed = tuple(next(centers) if one == "Pb" else one for one in species)
    frames = frames_of(mixed, places, cell)
    shells = pc.coordination(frames, center=("Ag", "Bi"), ligands="I", cutoffs={"Ag-I": 4.2, "Bi-I": 4.2})
    found = pc.tilts(shells)
    assert found.glazer.symbol == "a0a0c-"
    assert found.lasting == pytest.approx([0, 0, 8], abs=1e-9)
    assert any("as alike" in note and "Bi" in note for note in found.warnings)
    # spglib on the ordered crystal: lower than I4/mcm
    assert pc.symmetry(pc.read_structure(frames)).symbol == "I4/m"


def test_bundled_crystal_tells_its_phase() -> None:
    """The cell of the run is that of the orthorhombic crystal, with c doubled: in phase along c."""
    frames = pc.read_frames("cspbbr3_crystal", discard="5ps")
    found = pc.tilts(pc.coordination(frames, ligands="Br"))
    assert found.glazer.symbol.endswith("+") and found.glazer.symbol.count("-") == 2
    assert found.hopping.n_hops == 0 and found.hopping.rate.upper_bound > 0
    table = found.to_dataframe()
    assert len(table) == len(frames) * len(found.shells.centers)
    assert "tilt_x" in table and np.isfinite(table["Eg"]).all()
