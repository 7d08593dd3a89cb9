"""Links over time: which last, when the first began, and what a center goes through."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import frames_of, history, joined, perovskite

import perovchem as pc
from perovchem.errors import MissingDataError, UsageError
from perovchem.frames import Frames

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def spans(found: pc.Aggregation, least_order: int = 1) -> list[tuple[float, float]]:
    return [(link.begin, link.end) for link in found.lasting_links(least_order)]


def test_a_link_must_hold_for_the_persistence() -> None:
    """Frames every 100 fs: six frames in a row span 500 fs, five span 400."""
    assert spans(joined(history([0, 1, 1, 1, 1, 1, 1, 0]), 3.0)) == [(100.0, 600.0)]
    assert spans(joined(history([0, 1, 1, 1, 1, 1, 0, 1]), 3.0)) == []


def test_a_break_of_one_frame_starts_anew() -> None:
    assert spans(joined(history([1] * 5 + [0] + [1] * 5), 3.0)) == []
    assert spans(joined(history([1] * 6 + [0] + [1] * 7), 3.0)) == [(0.0, 500.0), (700.0, 1300.0)]


@pytest.mark.parametrize(
    ("persistence", "n"), [(0.0, 1), (100.0, 2), (299.9, 4), (300.0, 4), (300.1, 5), (1000.0, 11)]
)
def test_the_boundary_of_the_persistence(persistence: float, n: int) -> None:
    """A stretch of n frames spans (n - 1) 100 fs; equal to the persistence is long enough."""
    assert len(spans(joined(history([0] + [1] * n + [0]), 3.0, persistence=persistence))) == 1
    if n > 1:
        assert spans(joined(history([0] + [1] * (n - 1) + [0]), 3.0, persistence=persistence)) == []


def test_links_at_the_start_and_the_end_count() -> None:
    assert spans(joined(history([1] * 6 + [0] * 5), 3.0)) == [(0.0, 500.0)]
    assert spans(joined(history([0] * 5 + [1] * 6), 3.0)) == [(500.0, 1000.0)]
    assert spans(joined(history([1] * 12), 3.0)) == [(0.0, 1100.0)]


def test_the_order_may_change_within_a_lasting_link() -> None:
    """Corner, then edge, then corner again: one lasting link; its time as an edge counts by itself."""
    found = joined(history([1] * 4 + [2] * 6 + [1] * 4 + [2] * 3 + [0]), 3.0)
    assert spans(found) == [(0.0, 1600.0)]
    assert spans(found, 2) == [(400.0, 900.0)]
    assert spans(found, 3) == []
    assert found.first_lasting == {"corner": 0.0, "edge": 400.0, "face": pytest.approx(math.nan, nan_ok=True)}


def test_times_begin_where_the_frames_do() -> None:
    found = joined(history([0] * 4 + [3] * 8)[2:], 3.0)
    assert found.first_lasting == {"corner": 400.0, "edge": 400.0, "face": 400.0}
    link = found.lasting_links(3)[0]
    assert (link.i, link.j, link.image) == (0, 1, (0, 0, 0))


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("drift", [(2.3, 0, 0), (-1.7, 3.1, 0.9)])
def test_crossing_the_boundary_breaks_no_link(wrap: bool, drift) -> None:
    """Everything drifts through several cells; each atom wraps at its own time."""
    found = joined(history([0] + [1] * 40, drift=drift, wrap=wrap), 3.0)
    if wrap:
        assert np.abs(np.diff(found.shells.frames.fractional_positions, axis=0)).max() > 0.5
    assert spans(found) == [(100.0, 4000.0)]


def bridges(pattern: list[tuple[int, int]], *, step: float | None = 100.0) -> Frames:
    """Pb at 0 and 4 Å in a cell of 8 Å: I at 2 Å bridges them inside, I at 6 Å through the boundary."""
    places = []
    for inside, outside in pattern:
        y = 4.0 * (1 - np.array([inside, outside]))
        places.append([[0, 0, 0], [4, 0, 0], [2, y[0], 0], [6, y[1], 0]])
    return frames_of(["Pb", "Pb", "I", "I"], np.array(places, float), np.diag([8.0, 20, 20]), step=step)


def test_links_to_two_images_are_two_links() -> None:
    """The pair is linked all the time, but after five frames it is another image: neither of the two lasts."""
    found = joined(bridges([(1, 0)] * 5 + [(0, 1)] * 5), 2.5)
    assert found.links.order.tolist() == [1] * 10
    assert (found.strongest == 1).all()
    assert spans(found) == []
    assert spans(joined(bridges([(0, 1)] * 5 + [(1, 0)] * 5), 2.5)) == []
    found = joined(bridges([(1, 0)] * 6 + [(0, 1)] * 6), 2.5)
    assert spans(found) == [(0.0, 500.0), (600.0, 1100.0)]
    assert [link.image for link in found.lasting_links()] == [(0, 0, 0), (-1, 0, 0)]
    both = joined(bridges([(1, 1)] * 6), 2.5)
    assert len(both.lasting_links()) == 2
    assert (both.dimension == 1).all()


def test_exchanging_the_shared_ligand_keeps_the_link() -> None:
    """A link is (i, j, image): which atom makes it may change."""
    angle = [[2.0, 1.0, 0.0], [2.0, -1.0, 0.0]]
    away = [[2.0, 8.0, 0.0], [2.0, -8.0, 0.0]]
    places = [[[0, 0, 0], [4, 0, 0], angle[0], away[1]]] * 4 + [[[0, 0, 0], [4, 0, 0], away[0], angle[1]]] * 4
    found = joined(
        frames_of(["Pb", "Pb", "I", "I"], np.array(places, float), 30 * np.eye(3), step=100.0), 3.0
    )
    assert spans(found) == [(0.0, 700.0)]


def test_without_times_nothing_lasts() -> None:
    frames = bridges([(1, 0)] * 12, step=None)
    found = joined(frames, 2.5)
    assert all(math.isnan(value) for value in found.first_lasting.values())
    assert not found.transitions.any()
    with pytest.raises(MissingDataError, match="persistence of links needs times"):
        found.lasting_links()
    assert found.to_dict()["transitions"] is None


@pytest.mark.parametrize("step", [5.0, 0.1, 7.3, 1 / 3])
def test_times_that_are_no_round_numbers(step: float) -> None:
    """n steps of 1/3 fs last n/3 fs whatever the rounding."""
    found = joined(history([0] + [1] * 31 + [0], step=step), 3.0, persistence=30 * step)
    assert len(spans(found)) == 1


def test_transitions_between_lasting_classes() -> None:
    """Isolated, corner for 300 fs only, isolated, edge, corner for 200 fs, face; each kept long enough but the short ones."""
    pattern = [0] * 8 + [1] * 4 + [0] * 8 + [2] * 8 + [1] * 3 + [3] * 8
    found = joined(history(pattern), 3.0)
    expected = np.zeros((4, 4), int)
    expected[0, 2] = expected[2, 3] = 2  # both centers
    np.testing.assert_array_equal(found.transitions, expected)
    assert found.to_dict()["transitions"] == {"isolated -> edge": 2, "edge -> face": 2}


def test_transitions_need_one_of_before_and_after() -> None:
    assert not joined(history([1] * 3), 3.0).transitions.any()
    assert not joined(history([2] * 30), 3.0).transitions.any()
    assert joined(history([1] * 6 + [0] * 6), 3.0).transitions[1, 0] == 2


def test_sharing_over_time() -> None:
    pattern = [0, 1, 2, 3, 1]
    found = joined(history(pattern), 3.0)
    np.testing.assert_array_equal(found.sharing_over_time, np.eye(4)[pattern])
    assert found.sharing == {"isolated": 0.2, "corner": 0.4, "edge": 0.2, "face": 0.2}
    assert found.links_per_center == {"corner": 0.4, "edge": 0.2, "face": 0.2}
    assert found.links.frame.tolist() == [1, 2, 3, 4]
    assert found.links.offsets.tolist() == [0, 0, 1, 2, 3, 4]
    rows = found.to_dataframe()
    assert rows["sharing"].tolist()[:6] == ["isolated"] * 2 + ["corner"] * 2 + ["edge"] * 2
    assert rows["cluster_size"].tolist()[:4] == [1, 1, 2, 2]


def test_batches_change_no_history(monkeypatch) -> None:
    frames = history([0] + [1] * 20 + [2] * 9, drift=(-1.7, 3.1, 0.9), wrap=True)
    whole = joined(frames, 3.0)
    monkeypatch.setitem(Frames.batches.__kwdefaults__, "memory", 1)
    pieces = joined(frames, 3.0)
    np.testing.assert_array_equal(pieces.links.image, whole.links.image)
    assert pieces.lasting_links() == whole.lasting_links()


@pytest.mark.parametrize("persistence", [-1.0, math.nan, math.inf])
def test_senseless_persistence_is_refused(persistence: float) -> None:
    with pytest.raises(UsageError, match="persistence"):
        joined(frames_of(*perovskite()), persistence=persistence)


def test_a_gap_in_time_breaks_a_link() -> None:
    """A link seen in every frame, but 300 fs + 300 fs with a gap of a picosecond between, does not last 500 fs."""
    from dataclasses import replace

    import perovchem as pc

    crystal = pc.read_frames("CsPbCl3_cubic")
    times = np.concatenate([np.arange(0, 301, 100.0), np.arange(1300, 1601, 100.0)])
    frames = replace(crystal, frame_numbers=np.zeros(len(times), np.int64), times=times)
    joined = pc.aggregation(pc.coordination(frames, ligands="Cl"))
    assert joined.lasting_links() == []
    whole = replace(frames, times=np.arange(len(times)) * 100.0)
    assert len(pc.aggregation(pc.coordination(whole, ligands="Cl")).lasting_links()) == 3  # along a, b and c


def test_frames_further_apart_than_the_persistence_are_warned_about() -> None:
    shells = pc.coordination(frames_of(*perovskite(), n_frames=5, step=1000.0), ligands="I")
    with pytest.warns(pc.PerovchemWarning, match="further than the persistence"):
        pc.aggregation(shells, persistence=500)
