"""Frames as they are drawn: whole molecules, whole clusters, and the hulls that were counted."""

from __future__ import annotations

import numpy as np
import pytest
from builders import CELLS, CUBE, OCTAHEDRON, around, corner_chain, dimer, frames_of, joined, perovskite
from hypothesis import given
from hypothesis import strategies as st

import perovchem as pc
from perovchem.scene import Scene, of_polyhedra

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def drawn(frames, cutoff: float = 3.6, **options) -> Scene:
    """The scene of the first frame, with Pb-I polyhedra."""
    found = joined(frames, cutoff)
    return of_polyhedra(found, pc.polyhedra(found.shells), run="run", **options)[0]


def spokes(scene: Scene) -> list[np.ndarray]:
    """From each drawn center to the corners of its hull, sorted by length, Å."""
    return [
        np.sort(
            np.linalg.norm(scene.positions[np.unique(hull.facets)] - scene.positions[hull.center], axis=1)
        )
        for hull in scene.polyhedra
    ]


def volume(scene: Scene, number: int = 0) -> float:
    """Of one hull, by the divergence theorem over facets that must face outward, Å3."""
    hull = scene.polyhedra[number]
    corners = scene.positions[hull.facets] - scene.positions[hull.center]
    return float(np.linalg.det(corners).sum() / 6)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("wrap", [False, True])
def test_an_octahedron_has_eight_facets_and_its_volume(cell, wrap) -> None:
    scene = drawn(around(3 * OCTAHEDRON, cell, at=(0.2, -0.3, 0.1), wrap=wrap))
    (hull,) = scene.polyhedra
    assert (len(hull.facets), len(hull.edges)) == (8, 12)
    assert volume(scene) == pytest.approx(4 * 3**3 / 3)  # 4 r^3/3
    assert not scene.copies.any()
    assert len(scene.bonds) == 6
    assert scene.symbols == ("Pb", *"IIIIII")


def test_the_halves_of_a_square_are_one_face() -> None:
    (hull,) = drawn(around(2 * CUBE, CELLS["cubic"])).polyhedra
    assert (len(hull.facets), len(hull.edges)) == (12, 12)  # a cube has twelve edges; its diagonals are none


@pytest.mark.parametrize(("shared", "name"), [(1, "corner"), (2, "edge"), (3, "face")])
@given(at=st.tuples(*[st.floats(0, 24)] * 3), cells=st.lists(st.integers(-2, 2), min_size=3, max_size=3))
def test_a_cluster_across_the_boundary_is_drawn_whole(shared, name, at, cells) -> None:
    """Wherever it lies and however its atoms are written, nothing is drawn twice and nothing is cut."""
    places = dimer(shared)
    species = ["Pb", "Pb"] + ["I"] * (len(places) - 2)
    far = np.array(cells) * np.arange(len(places))[:, None] % 3  # atoms written in other cells
    scene = drawn(frames_of(species, (places + at) / 24 % 1 + far, CELLS["cubic"], fractional=True))
    assert not scene.copies.any()
    assert len(scene.positions) == len(places)
    inside = np.linalg.norm(scene.positions[:, None] - scene.positions[None], axis=2)
    truth = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert inside == pytest.approx(truth[np.ix_(scene.atoms, scene.atoms)], abs=1e-6)
    assert {hull.group for hull in scene.polyhedra} == {shared}
    middle = scene.positions.mean(axis=0)
    assert ((middle > -6) & (middle < 30)).all()  # near the cell


def test_a_molecule_across_the_boundary_is_drawn_whole() -> None:
    water = np.array([[0.1, 5, 5], [-0.6, 5.6, 5], [0.1, 4.1, 5]])
    places = np.concatenate([3 * OCTAHEDRON + 8, [[8, 8, 8]], water]) / 16 % 1
    frames = frames_of([*"IIIIII", "Pb", "O", "H", "H"], places, 16 * np.eye(3), fractional=True)
    scene = drawn(frames)
    oxygen = scene.symbols.index("O")
    partners = [int(b) if a == oxygen else int(a) for a, b in scene.bonds if oxygen in (a, b)]
    assert [scene.symbols[k] for k in partners] == ["H", "H"]
    lengths = np.linalg.norm(scene.positions[partners] - scene.positions[oxygen], axis=1)
    assert lengths == pytest.approx([np.hypot(0.7, 0.6), 0.9])
    assert scene.names[oxygen] == "water"
    assert not scene.attached[oxygen]
    assert scene.attached[scene.symbols.index("Pb")]


def test_a_bound_molecule_comes_along_with_its_ligand() -> None:
    """Pb near one face of the cell, water near the other: the O is bound, so its H are drawn beside it."""
    places = np.array([[0.5, 5, 5], [11.0, 5, 5], [10.4, 5.7, 5], [10.4, 4.3, 5]])
    frames = frames_of(["Pb", "O", "H", "H"], places, 12 * np.eye(3))
    shells = pc.coordination(frames, ligands="O", cutoffs={"Pb-O": 3.0})
    found = pc.aggregation(shells)
    (scene,) = of_polyhedra(found, pc.polyhedra(shells), run="run")
    lead = scene.positions[scene.symbols.index("Pb")]
    assert np.linalg.norm(scene.positions - lead, axis=1).max() == pytest.approx(np.hypot(2.1, 0.7))
    assert scene.attached.all()
    assert not scene.polyhedra  # one ligand spans no volume


@pytest.mark.parametrize("made", [perovskite(), corner_chain(3.1)], ids=["network", "chain"])
def test_a_network_is_completed_by_periodic_images(made) -> None:
    species, places, cell = made
    scene = drawn(frames_of(species, places, cell))
    assert scene.copies.any()
    assert all(lengths == pytest.approx(np.full(6, 3.1)) for lengths in spokes(scene))
    # every drawn atom is a periodic image of the atom it stands for
    apart = (scene.positions - places[scene.atoms]) @ np.linalg.inv(cell)
    assert apart == pytest.approx(np.rint(apart), abs=1e-9)
    assert len({(int(a), *np.round(p, 6)) for a, p in zip(scene.atoms, scene.positions, strict=True)}) == len(
        scene.atoms
    )


def test_a_small_crystal_is_repeated_and_a_large_one_is_not() -> None:
    species, places, cell = perovskite(6.2)
    assert len(drawn(frames_of(species, places, cell)).polyhedra) == 8  # twice along each axis
    from builders import recell

    large = recell(species, places, cell, 2 * np.eye(3, dtype=int))
    assert len(drawn(frames_of(*large)).polyhedra) == 8  # its own eight centers, once


def test_a_crystal_that_shakes_keeps_its_layers_together() -> None:
    """Lead on the faces of the cell moves across them; its octahedra are drawn on one side all the same."""
    from builders import recell

    species, places, cell = recell(*perovskite(6.2), 3 * np.eye(3, dtype=int))
    shaken = places + np.random.default_rng(1).normal(0, 0.1, places.shape)
    scene = drawn(frames_of(species, shaken, cell, wrap=True))
    centers = scene.positions[[hull.center for hull in scene.polyhedra]]
    assert len(centers) == 27
    assert (np.ptp(centers, axis=0) < 2 * 6.2 + 1).all()


def test_frames_are_spread_evenly_and_bounded() -> None:
    found = joined(
        frames_of(
            ["Pb", *"IIIIII"],
            np.concatenate([[[0, 0, 0]], 3 * OCTAHEDRON]),
            CELLS["cubic"],
            n_frames=33,
            step=10.0,
        )
    )
    hulls = pc.polyhedra(found.shells)
    captions = [scene.caption for scene in of_polyhedra(found, hulls, run="A", most=5)]
    assert captions == [
        "frame 0, 0.00 ps",
        "frame 8, 0.08 ps",
        "frame 16, 0.16 ps",
        "frame 24, 0.24 ps",
        "frame 32, 0.32 ps",
    ]
    assert len(of_polyhedra(found, hulls, run="A", most_atoms=15)) == 2
    assert of_polyhedra(found, hulls, run="A", most_atoms=6) == []
