"""Images that stay while atoms cross boundaries, batches, and input that must be refused."""

from __future__ import annotations

import numpy as np
import pytest
from builders import frames_of, perovskite
from oracles import table

from perovchem._kernels.neighbors import FARTHEST, LOWEST_HEIGHT
from perovchem.errors import FormatError, UsageError
from perovchem.frames import Frames
from perovchem.pairs import LONGEST_CUTOFF, Bonds, PairSearch, kinds


def search(frames: Frames, cutoff: float = 3.5) -> PairSearch:
    symbols = np.array(frames.species)
    lead, iodine = np.flatnonzero(symbols == "Pb"), np.flatnonzero(symbols == "I")
    return PairSearch(frames, lead, iodine, np.zeros_like(lead), np.zeros_like(iodine), np.array([[cutoff]]))


def drifting(n_frames: int = 120, *, wrap: bool, cells=None, seed: int = 3) -> Frames:
    """Two Pb and eight I that jitter while everything drifts several cells along a diagonal."""
    rng = np.random.default_rng(seed)
    start = rng.random((1, 10, 3))
    jitter = np.cumsum(rng.normal(0, 0.01, (n_frames, 10, 3)), axis=0)
    jitter[0] = 0.0  # the first frame of the wrapped twin then holds the same numbers
    drift = np.arange(n_frames)[:, None, None] * np.array([0.031, -0.024, 0.007])
    cell = np.array([[7.0, 0, 0], [3.0, 8.0, 0], [-4.0, 2.0, 9.0]]) if cells is None else cells
    return frames_of(["Pb"] * 2 + ["I"] * 8, start + jitter + drift, cell, fractional=True, wrap=wrap)


def equal(a: Bonds, b: Bonds) -> None:
    """Bit for bit."""
    for name in ("offsets", "ligand", "image", "vector"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert (a.n_frames, a.n_centers) == (b.n_frames, b.n_centers)


def test_wrapping_changes_no_image() -> None:
    """Unwrapped positions need no bookkeeping; the wrapped twin must give the same images in every frame."""
    free, wrapped = search(drifting(wrap=False), 4.5).all(), search(drifting(wrap=True), 4.5).all()
    assert np.abs(free.image).max() > 0
    for t in range(120):
        one, other = table(free, t), table(wrapped, t)
        assert one.keys() == other.keys()
        for bond, vector in one.items():
            np.testing.assert_allclose(other[bond], vector, atol=1e-10)


def test_a_bond_keeps_its_image_over_the_boundary() -> None:
    """Pb and I 2 Å apart travel twice through a cell of 10 Å: one bond, one image, from the first frame to the last."""
    x = 0.2 * np.arange(100)[:, None, None]
    places = np.array([[[0.0, 5, 5], [2.0, 5, 5]]]) + x * [1.0, 0, 0]
    bonds = search(frames_of(["Pb", "I"], places, 10 * np.eye(3), wrap=True)).all()
    assert len(bonds.ligand) == 100
    assert not bonds.image.any()
    np.testing.assert_allclose(bonds.vector, [[2.0, 0, 0]] * 100, atol=1e-12)


def test_a_ligand_that_moves_on_to_the_next_image_changes_it() -> None:
    """An I that leaves Pb for the next image of Pb is, seen from the first Pb, the I one cell back."""
    x = np.linspace(2.0, 8.0, 61)
    places = np.array([[[0.0, 5, 5], [v, 5, 5]] for v in x])
    bonds = search(frames_of(["Pb", "I"], places, 10 * np.eye(3)), 3.0).all()
    assert {tuple(n) for n in bonds.image[bonds.frame < 30].tolist()} == {(0, 0, 0)}
    assert {tuple(n) for n in bonds.image[bonds.frame > 30].tolist()} == {(-1, 0, 0)}


@pytest.mark.parametrize("memory", [1, 24 * 10 * 7, 24 * 10 * 119])
@pytest.mark.parametrize("varying", [False, True])
def test_batches_change_nothing(monkeypatch, memory: int, varying: bool) -> None:
    """One frame a batch, a few, many: the same bits as in one piece; the windings pass on."""
    grow = 1 + 0.001 * np.arange(120)[:, None, None]
    cells = grow * np.array([[7.0, 0, 0], [3.0, 8.0, 0], [-4.0, 2.0, 9.0]]) if varying else None
    frames = drifting(wrap=True, cells=cells)
    whole = search(frames, 4.5).all()
    defaults = Frames.batches.__kwdefaults__
    monkeypatch.setitem(defaults, "memory", memory)
    pieces = list(search(frames, 4.5))
    assert len(pieces) >= -(-120 // max(1, memory // 240))  # more, for the bonds take room too
    assert max(len(batch) for batch, _ in pieces) <= max(1, memory // 240)
    equal(search(frames, 4.5).all(), whole)


def test_walking_twice_gives_the_same() -> None:
    walk = search(drifting(wrap=True), 4.5)
    equal(walk.all(), walk.all())


def test_crowded_shells_need_more_room_than_first_guessed() -> None:
    """Far more than eight bonds a center: frames are resumed, and images survive the resumption."""
    free, wrapped = search(drifting(wrap=False), 9.0).all(), search(drifting(wrap=True), 9.0).all()
    assert free.counts.min() > 20
    np.testing.assert_array_equal(free.counts, wrapped.counts)
    assert all(table(free, t).keys() == table(wrapped, t).keys() for t in (0, 1, 50, 119))


def test_selections_of_frames_and_atoms_number_what_they_hold() -> None:
    frames = drifting(wrap=False)
    whole = search(frames, 4.5).all()
    part = search(frames[40:60], 4.5).all()
    np.testing.assert_array_equal(part.counts, whole.counts[40:60])
    fewer = frames.select(atoms=[1, 3, 4, 9])
    bonds = search(fewer, 4.5).all()
    expected = [sum(1 for (i, j, _) in table(whole, t) if i == 1 and j + 2 in (3, 4, 9)) for t in range(120)]
    assert bonds.counts[:, 0].tolist() == expected


def test_properties_of_bonds() -> None:
    species, places, cell = perovskite(6.0)
    bonds = search(frames_of(species, places, cell, n_frames=3)).all()
    assert bonds.counts.tolist() == [[6]] * 3
    assert bonds.frame.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert bonds.center.tolist() == [0] * 18
    np.testing.assert_allclose(bonds.distance, 3.0, rtol=1e-14)


def test_kinds_are_places_in_the_order() -> None:
    assert kinds(("Pb", "I", "O", "I"), np.array([1, 2, 3]), ("O", "I")).tolist() == [1, 0, 1]


# what must be refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cutoff", [np.nan, np.inf, -1.0, LONGEST_CUTOFF + 1e-9])
def test_senseless_cutoffs_are_refused(cutoff: float) -> None:
    with pytest.raises(UsageError, match="a cutoff of"):
        search(drifting(wrap=False), cutoff)


@pytest.mark.parametrize("cartesian", [False, True])
@pytest.mark.parametrize(
    "cell",
    [
        np.zeros((3, 3)),
        np.diag([5, 5, 0.99 * LOWEST_HEIGHT]),
        np.diag([5, 5, np.nan]),
        np.ones((3, 3)),
        np.diag([5, np.inf, 5]),
    ],
)
def test_flat_and_broken_cells_are_refused(cell, cartesian: bool) -> None:
    frames = frames_of(["Pb", "I"], np.zeros((2, 3)), cell, fractional=True, cartesian=cartesian)
    with pytest.raises(FormatError, match="frame 0 is flatter"):
        search(frames).all()


def test_the_flattest_allowed_cell_works() -> None:
    """Height .5 Å, cutoff 3.5 Å: Pb sees I at 0 and every .5 Å on both sides, 7 + 6 images of it."""
    frames = frames_of(["Pb", "I"], [[0, 0, 0], [0.5, 0, 0]], np.diag([0.5, 9.0, 9.0]))
    assert search(frames).all().counts.tolist() == [[13]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2 * FARTHEST])
@pytest.mark.parametrize("memory", [1, 10**6])
def test_broken_positions_are_refused_with_their_place(monkeypatch, bad: float, memory: int) -> None:
    monkeypatch.setitem(Frames.batches.__kwdefaults__, "memory", memory)
    places = np.array(drifting(wrap=False).fractional_positions)
    places[70, 4, 1] = bad
    with pytest.raises(FormatError, match=r"atom 4 of frame 70 lies .* cells away"):
        search(frames_of(["Pb"] * 2 + ["I"] * 8, places, 8 * np.eye(3), fractional=True)).all()


@pytest.mark.parametrize("memory", [1, 10**6])
def test_the_frame_of_a_bad_cell_is_named_as_the_file_counts_it(monkeypatch, memory: int) -> None:
    monkeypatch.setitem(Frames.batches.__kwdefaults__, "memory", memory)
    cells = np.repeat(8.0 * np.eye(3)[None], 120, axis=0)
    cells[17, 2] = cells[17, 1]
    frames = frames_of(["Pb", "I"], np.zeros((120, 2, 3)), cells, fractional=True)[5:]
    with pytest.raises(FormatError, match="frame 17 is flatter"):
        search(frames).all()
