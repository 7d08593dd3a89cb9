"""Exchange: hand-made histories with counted events, images, gaps, molecules, and what is refused."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from builders import frames_of
from builders_exchange import stays
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import perovchem as pc
from perovchem.cutoffs import Cutoff
from perovchem.errors import MissingDataError, UsageError
from perovchem.exchange import exchange_or_reason
from perovchem.exchange.thresholds import doubt, from_distribution, thresholds
from perovchem.frames import Frames
from perovchem.result import jsonable

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")

LIMITS = {"Pb-I": (3.5, 5.0)}
IN, NEAR, FAR, OUT = 3.0, 3.8, 4.5, 7.0  # within 3.5, within the cutoff of 4, within 5, beyond


def found(frames: Frames, **options) -> pc.Exchange:
    """Exchange with a cutoff of 4 Å, bound within 3.5 and lost beyond 5 Å."""
    shells = pc.coordination(frames, ligands="I", cutoffs={"Pb-I": 4.0})
    return pc.exchange(shells, **{"hysteresis": LIMITS, "tolerance": 0.0, **options})


def test_counted_by_hand() -> None:
    """Two ligands, a frame every 100 fs.

    The first: bound from the start, over the cutoff and back (no event), lost in frame 5, comes near in 7 and is
    bound in 8 (an association), still there at the end. The second comes within the cutoff but not within the
    reactant cutoff: nothing; later it is bound for one frame.
    """
    first = [IN, IN, FAR, NEAR, FAR, OUT, OUT, NEAR, IN, IN, IN, IN]
    second = [OUT, NEAR, NEAR, OUT, OUT, OUT, OUT, OUT, OUT, IN, OUT, OUT]
    result = found(stays(np.column_stack([first, second])))
    kind = result.kinetics["Pb-I"]
    assert (kind.counts.associations, kind.counts.dissociations) == (2, 2)
    rows = result.to_dataframe()
    assert rows["begin_ps"].tolist() == pytest.approx([0.0, 0.8, 0.9])
    assert rows["end_ps"].tolist() == pytest.approx([0.5, 1.1, 1.0])
    assert rows["begin_seen"].tolist() == [False, True, True]
    assert rows["end_seen"].tolist() == [True, False, True]
    # steps that begin bound: 0 to 4 (the last one loses), 8 to 10, 9 (loses)
    assert kind.escape.time == pytest.approx(900.0)
    assert kind.escape.value == pytest.approx(-math.log(1 - 2 / 9) / 100)
    assert kind.residence_time == pytest.approx(-100 / math.log(1 - 2 / 9))
    # within 4 Å: frames 0, 1, 3, 7 to 11 of the first, 1, 2, 9 of the second
    assert kind.mean_bound == pytest.approx(11 / 12)
    continuous = kind.survival["continuous"]
    assert continuous.values[:3].tolist() == pytest.approx([1.0, 6 / 10, 3 / 9])
    # lag 2: origins 0, 1, 3, 7, 8, 9 and 1, 2, 9; there again: 1 (in 3), 7, 8, 9
    assert kind.survival["intermittent"].values[2] == pytest.approx(4 / 9)
    assert kind.survival["continuous"].lags[:3].tolist() == [0.0, 100.0, 200.0]


def test_bridged_by_the_tolerance() -> None:
    """Away in frames 2 and 3, 200 fs: bridged by 200 fs, not by 199."""
    pattern = [[d] for d in [IN, IN, FAR, FAR, IN, IN, IN, IN, IN, IN]]
    for tolerance, n in ((199.0, 2), (200.0, 1)):
        values = found(stays(pattern), tolerance=tolerance).kinetics["Pb-I"].survival["tolerant"].values
        # lag 4 from frames 0, 1, 4, 5: with a break only the last two get there
        assert values[4] == pytest.approx(2 / 4 if n == 2 else 1.0)


def test_exchanges_pair_one_lost_with_another_gained() -> None:
    """a leaves, b enters: an exchange. c enters, b leaves: another. c leaves and comes back: none."""
    a = [IN, IN, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT]
    b = [OUT, OUT, OUT, IN, IN, IN, OUT, OUT, OUT, OUT, OUT, OUT]
    c = [OUT, OUT, OUT, OUT, OUT, IN, IN, IN, OUT, OUT, IN, IN]
    result = found(stays(np.column_stack([a, b, c])))
    counts = result.kinetics["Pb-I"].counts
    assert (counts.associations, counts.dissociations, counts.exchanges) == (3, 3, 2)
    assert result.replacements == {"Pb-I -> Pb-I": 2}
    row = result.to_dict()["kinetics"]["Pb-I"]
    assert row["exchanges_per_center"] == pytest.approx(2 / 1.1)  # 1.1 ps, one center
    assert row["associations_per_center"] == pytest.approx(3 / 1.1)


def test_exchange_of_one_element_for_another() -> None:
    """I leaves and O comes: one exchange of I for O, none of either among itself."""
    away = [[3.0, 0, 0], [0, 7.0, 0]], [[7.0, 0, 0], [0, 3.0, 0]]
    places = np.array([[[0, 0, 0], *away[0]]] * 3 + [[[0, 0, 0], *away[1]]] * 3, float)
    frames = frames_of(["Pb", "I", "O"], places, 40 * np.eye(3), step=50.0)
    shells = pc.coordination(frames, ligands=("I", "O"), cutoffs={"Pb-I": 4.0, "Pb-O": 4.0})
    result = pc.exchange(shells, hysteresis=1.0)
    assert result.replacements == {"Pb-I -> Pb-O": 1}
    assert {name: kind.counts.exchanges for name, kind in result.kinetics.items()} == {"Pb-I": 0, "Pb-O": 0}
    assert result.kinetics["Pb-O"].counts.associations == 1


def test_a_ligand_that_comes_back_as_another_image_is_another_bond() -> None:
    """It leaves to the right and is seen again from the left, 12 Å further: one lost, one gained, never the same bond."""
    x = np.array([3, 3, 3, 3, 6, 9, 9, 9, 9, 9], float)
    places = np.zeros((10, 2, 3))
    places[:, 1, 0] = x
    for wrap in (False, True):
        result = found(frames_of(["Pb", "I"], places, 12 * np.eye(3), step=100.0, wrap=wrap))
        kind = result.kinetics["Pb-I"]
        assert kind.n_bonds == 2
        assert (kind.counts.associations, kind.counts.dissociations, kind.counts.exchanges) == (1, 1, 1)
        # bound in 0 to 3 and 5 to 9; lag 4 from 0 to 3 and 5: only the last is still, or again, there
        assert kind.survival["intermittent"].values[4] == pytest.approx(1 / 5)
        assert result.stays.image[:, 0].tolist() == [-1, 0]


def random_history(seed: int, n_frames: int = 120, n_ligands: int = 6) -> np.ndarray:
    """Distances that jump among the four zones now and then."""
    random = np.random.default_rng(seed)
    zone = random.integers(0, 4, (n_frames, n_ligands))
    for t in range(1, n_frames):
        keep = random.random(n_ligands) < 0.8
        zone[t, keep] = zone[t - 1, keep]
    return np.array([IN, NEAR, FAR, OUT])[zone]


def numbers(result: pc.Exchange) -> dict:
    """What must not change."""
    row = result.to_dict()
    row.pop("warnings")
    curves = {way: f.values.tolist() for way, f in result.kinetics["Pb-I"].survival.items()}
    errors = {way: f.standard_error.tolist() for way, f in result.kinetics["Pb-I"].survival.items()}
    return {"row": row, "curves": curves, "errors": errors}


@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_atoms_start_of_time_and_drift_change_nothing(seed) -> None:
    history = random_history(seed)
    here = numbers(found(stays(history)))
    order = np.random.default_rng(seed).permutation(history.shape[1])
    frames = stays(history)
    later = replace(frames, times=frames.times + 12345.0)
    for other in (stays(history[:, order]), later, stays(history, drift=1.7)):
        there = numbers(found(other))
        assert there["curves"] == here["curves"]
        for way, values in here["errors"].items():
            np.testing.assert_allclose(there["errors"][way], values, rtol=1e-9, atol=1e-12)
        for name, value in here["row"]["kinetics"]["Pb-I"].items():
            if isinstance(value, float):
                assert there["row"]["kinetics"]["Pb-I"][name] == pytest.approx(value, rel=1e-9, nan_ok=True)
            elif name not in ("survival", "notes", "residence_time_interval", "escape_rate_interval"):
                assert there["row"]["kinetics"]["Pb-I"][name] == value


def test_batches_change_nothing(monkeypatch) -> None:
    frames = stays(random_history(3), drift=1.7)
    whole = numbers(found(frames))
    monkeypatch.setitem(Frames.batches.__kwdefaults__, "memory", 1)
    assert repr(numbers(found(frames))) == repr(whole)  # NaN is NaN


def test_two_centers_far_apart_are_two_samples_of_one() -> None:
    """The same history at both: the same functions, twice the events and the time, half the variance of the rate."""
    history = random_history(4)
    one = stays(history, box=40.0)
    places = np.concatenate([one.positions, one.positions + np.array([20.0, 0, 0])], axis=1)
    both = frames_of(one.species * 2, places, 40 * np.eye(3), step=100.0)
    single, double = (found(frames).kinetics["Pb-I"] for frames in (one, both))
    for way, function in single.survival.items():
        if way != "intermittent":
            np.testing.assert_allclose(double.survival[way].values, function.values)
    assert double.counts.dissociations == 2 * single.counts.dissociations
    assert double.escape.value == pytest.approx(single.escape.value)
    assert double.escape.high - double.escape.low == pytest.approx(
        (single.escape.high - single.escape.low) / math.sqrt(2), rel=0.05
    )


def test_a_gap_ends_stays_unseen() -> None:
    """Bound before and after a gap of a picosecond: two stays, of which nothing is known to end; no event."""
    frames = stays([[IN]] * 20)
    times = np.concatenate([np.arange(10) * 100.0, 2000 + np.arange(10) * 100.0])
    result = found(replace(frames, times=times))
    kind = result.kinetics["Pb-I"]
    assert len(result.stays) == 2 and not result.stays.end_seen.any() and not result.stays.begin_seen.any()
    assert (kind.counts.associations, kind.counts.dissociations) == (0, 0)
    assert kind.escape.time == pytest.approx(1800.0)  # nine steps each
    assert kind.observed == pytest.approx(1800.0)
    assert kind.survival["continuous"].lags[-1] == 400.0  # half of a stretch, not of both


def test_no_event_gives_a_bound_and_says_why() -> None:
    """Six ligands for 49 steps of 100 fs: 29.4 ps, k < 2.996 / 29.4 ps."""
    with pytest.warns(pc.PerovchemWarning, match=r"no ligand was lost in 29.4 ps .* above 9.81 ps \(95 %\)"):
        result = found(stays(np.full((50, 6), IN)))
    kind = result.kinetics["Pb-I"]
    assert math.isnan(kind.residence_time)
    assert kind.lower_bound == pytest.approx(29400 / -math.log(0.05))
    assert kind.interval[1] == math.inf
    assert all(math.isnan(function.fit.value) for function in kind.survival.values())
    row = result.to_dict()["kinetics"]["Pb-I"]
    assert row["residence_time_lower_bound_95"] == pytest.approx(29.4 / 2.9957, rel=1e-4)
    assert "fallen only to 1.00" in row["survival"]["continuous"]["refused"]
    assert "> 9.81 ps" in repr(result)


def test_nothing_ever_bound() -> None:
    with pytest.warns(pc.PerovchemWarning, match="no bond was ever there"):
        result = found(stays(np.full((50, 2), OUT)))
    kind = result.kinetics["Pb-I"]
    assert kind.survival == {} and kind.mean_bound == 0
    assert math.isnan(kind.residence_time) and math.isnan(kind.lower_bound)
    assert "undefined" in repr(result)
    assert len(result.to_dataframe()) == 0


def test_one_event_is_called_one() -> None:
    with pytest.warns(pc.PerovchemWarning, match="rests on 1 event only"):
        found(stays([[IN]] * 30 + [[OUT]] * 30))


def test_a_time_beyond_the_run_says_what_it_rests_on() -> None:
    """One of six lost in 2.9 ps: about 17 ps."""
    with pytest.warns(pc.PerovchemWarning, match=r"longer than the run \(2.9 ps without a gap\)"):
        found(stays([[IN] * 6] * 20 + [[IN] * 5 + [OUT]] * 10))


def test_frames_too_far_apart_are_warned_about() -> None:
    with pytest.warns(pc.PerovchemWarning, match="frames lie 100 fs apart"):
        found(stays([[IN], [IN], [FAR], [OUT]] * 20))


def test_all_stays_of_one_frame_give_no_rate() -> None:
    with pytest.warns(pc.PerovchemWarning, match="too far apart for a rate"):
        kind = found(stays([[IN], [OUT]] * 20)).kinetics["Pb-I"]
    assert math.isnan(kind.residence_time)


def test_molecules_bind_by_any_of_their_atoms() -> None:
    """CO2 turns over: one O leaves and the other comes; as atoms two stays, as a molecule one."""
    one = [[0, 0, 0], [4.2, 0, 0], [3.0, 0, 0], [5.4, 0, 0]]
    other = [[0, 0, 0], [4.2, 0, 0], [5.4, 0, 0], [3.0, 0, 0]]
    places = np.array([one] * 5 + [other] * 5, float)
    frames = frames_of(["Pb", "C", "O", "O"], places + 1.0, 20 * np.eye(3), step=100.0)
    shells = pc.coordination(frames, ligands="O", cutoffs={"Pb-O": 4.0}, names={"CO2": "carbon dioxide"})
    atoms = pc.exchange(shells, hysteresis=1.0)
    assert (atoms.kinetics["Pb-O"].counts.dissociations, atoms.kinetics["Pb-O"].n_bonds) == (1, 2)
    whole = pc.exchange(shells, by="molecule", hysteresis=1.0)
    kind = whole.kinetics["Pb-carbon dioxide"]
    assert (kind.counts.dissociations, kind.n_bonds) == (0, 1)
    assert kind.mean_bound == 1


def test_molecules_across_the_boundary_are_one_partner() -> None:
    """The same, the molecule cut by the boundary, so that its two O lie in different images."""
    one = [[0, 0, 0], [4.2, 0, 0], [3.0, 0, 0], [5.4, 0, 0]]
    other = [[0, 0, 0], [4.2, 0, 0], [5.4, 0, 0], [3.0, 0, 0]]
    places = np.array([one] * 5 + [other] * 5, float) + np.array([15.5, 0, 0])
    frames = frames_of(["Pb", "C", "O", "O"], places, 20 * np.eye(3), step=100.0, wrap=True)
    shells = pc.coordination(frames, ligands="O", cutoffs={"Pb-O": 4.0})
    kind = pc.exchange(shells, by="molecule", hysteresis=1.0).kinetics["Pb-CO2"]
    assert (kind.counts.dissociations, kind.n_bonds, kind.mean_bound) == (0, 1, 1)


def test_bundled_solutions() -> None:
    """Within the cutoff: the coordination numbers; the thermostat and what was discarded are said."""
    frames = pc.read_frames("2me_solution", discard="4ps")
    shells = pc.coordination(frames, ligands=("I", "O"))
    result = pc.exchange(shells)
    for symbol in ("I", "O"):
        kind = result.kinetics[f"Pb-{symbol}"]
        assert kind.mean_bound == pytest.approx(shells.numbers_of(symbol).mean())
    assert any("Langevin" in sentence for sentence in result.warnings)
    assert result.to_dict()["discarded_frames"] == frames.discarded > 0
    assert result.provenance.settings["discarded_frames"] == frames.discarded
    for name, limit in result.thresholds.items():
        assert limit.reactant <= shells.cutoffs[name].value <= limit.product, limit
    row = json.loads(result.to_json())["results"][0]
    assert row["kinetics"]["Pb-I"]["survival"]["continuous"]["residence_time"] is None  # refused
    assert set(result.survival_table["bond"]) == {"Pb-I", "Pb-O"}


def valley(lowest: float, far: float) -> Cutoff:
    """Straight pieces: 0 at 2.5, 10 at 3.0, ``lowest`` at 4.0, ``far`` at 5.0 and beyond."""
    r = np.arange(0.025, 6.4, 0.05)
    g = np.interp(r, [2.5, 3.0, 4.0, 5.0], [0.0, 10.0, lowest, far])
    return Cutoff(("Pb", "I"), 4.0, "first minimum", r, g)


def test_thresholds_stand_where_g_crosses_one() -> None:
    """By algebra: from 10 down to .4 over 1 Å it is 1 at 3 + 9/9.6; from .4 up to 2 at 4 + .6/1.6."""
    limit = from_distribution(valley(0.4, 2.0))
    assert limit.reactant == pytest.approx(3 + 9 / 9.6, abs=0.01)
    assert limit.product == pytest.approx(4 + 0.6 / 1.6, abs=0.01)


def test_thresholds_of_a_shallow_minimum_stand_half_way() -> None:
    """From 10 to 2 half way is 6, at 3.5; from 2 up to 4 it is 3, at 4.5. Below 1 all along: from .2 to .6, .4 at 4.5. A bin is .05 Å."""
    limit = from_distribution(valley(2.0, 4.0))
    assert (limit.reactant, limit.product) == (pytest.approx(3.5, abs=0.05), pytest.approx(4.5, abs=0.05))
    assert from_distribution(valley(0.2, 0.6)).product == pytest.approx(4.5, abs=0.05)


def test_a_g_that_stays_above_one_parts_nothing_and_says_so() -> None:
    for lowest, far, words in ((2.0, 4.0, "no gap parts bound from lost"), (0.4, 2.0, "")):
        cutoff = valley(lowest, far)
        note = doubt("Pb-I", cutoff, from_distribution(cutoff))
        assert words in note and bool(note) == bool(words)
        assert doubt("Pb-I", cutoff, thresholds({"Pb-I": cutoff}, 0.5)["Pb-I"]) == ""  # given


def test_the_minimum_of_the_thin_solution_alone_is_no_gap() -> None:
    """2-ME has iodide at 4 Å for a while: its own g(r) does not fall below 1 before."""
    shells = pc.coordination(pc.read_frames("2me_solution", discard="4ps"), ligands=("I", "O"))
    notes = pc.exchange(shells).notes
    assert any(note.startswith("Pb-I: g(r) is still") for note in notes)
    assert not any(note.startswith("Pb-O: g(r) is still") for note in notes)


def test_thresholds_without_g_say_so() -> None:
    none = np.empty(0)
    limit = from_distribution(Cutoff(("Pb", "I"), 4.0, "given", none, none))
    assert (limit.reactant, limit.product) == (4.0, 4.5)
    assert "no g(r)" in limit.source
    assert "does not rise again" in from_distribution(valley(0.0, 0.0)).source


@given(
    arrays(np.int64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=st.integers(0, 3)),
    st.booleans(),
)
def test_any_history_gives_numbers_or_says_why_not(zone, gap) -> None:
    frames = stays(np.array([IN, NEAR, FAR, OUT])[zone])
    times = frames.times + np.where(gap & (np.arange(len(zone)) > len(zone) // 2), 5000.0, 0.0)
    result = found(replace(frames, times=times), tolerance=150.0)
    kind = result.kinetics["Pb-I"]
    json.dumps(jsonable(result.to_dict()), allow_nan=False)
    repr(result)
    result.to_dataframe()
    result.survival_table  # noqa: B018  it must not fail
    assert kind.mean_bound == pytest.approx((zone <= 1).sum() / len(zone))
    assert math.isnan(kind.residence_time) or kind.interval[0] <= kind.residence_time <= kind.interval[1]
    assert kind.notes or not any(math.isnan(function.fit.value) for function in kind.survival.values())
    for function in kind.survival.values():
        assert function.values[0] == 1
        known = function.values[np.isfinite(function.values)]
        assert (known >= 0).all() and (known <= 1).all()
    if kind.survival:
        several = kind.survival["continuous"].values, kind.survival["tolerant"].values
        assert (
            np.nan_to_num(several[0]) <= np.nan_to_num(kind.survival["intermittent"].values) + 1e-12
        ).all()


def test_beside_other_analyses_it_gives_a_reason() -> None:
    """A crystal has no exchange; nothing is raised, and nothing warned of beside the result."""
    crystal = pc.coordination(pc.read_frames("CsPbCl3_cubic"), ligands="Cl")
    nothing, reason = exchange_or_reason(crystal)
    assert nothing is None and "needs times" in reason
    shells = pc.coordination(stays([[IN]] * 30), ligands="I", cutoffs={"Pb-I": 4.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        something, reason = exchange_or_reason(shells, hysteresis=LIMITS)
    assert reason == "" and something is not None
    assert any("no ligand was lost" in note for note in something.warnings)


def test_without_times_it_says_how_to_give_them() -> None:
    shells = pc.coordination(replace(stays([[IN]] * 5), times=None), ligands="I", cutoffs={"Pb-I": 4.0})
    with pytest.raises(MissingDataError, match="exchange needs times"):
        pc.exchange(shells)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "atoms"}, "did you mean 'atom'"),
        ({"tolerance": -1.0}, "tolerance"),
        ({"tolerance": math.nan}, "tolerance"),
        ({"hysteresis": -0.1}, "hysteresis"),
        ({"hysteresis": math.inf}, "hysteresis"),
        ({"hysteresis": {"Pb-J": (3.0, 5.0)}}, "did you mean 'Pb-I'"),
        ({"hysteresis": {"Pb-I": (4.2, 5.0)}}, "cutoff of the shell"),
        ({"hysteresis": {"Pb-I": (3.5, 3.9)}}, "cutoff of the shell"),
        ({"hysteresis": {"Pb-I": (math.nan, 5.0)}}, "cutoff of the shell"),
        ({"hysteresis": 1000.0}, "cutoff of the shell"),
    ],
)
def test_senseless_arguments_are_refused(options, words) -> None:
    with pytest.raises(UsageError, match=words):
        found(stays([[IN]] * 5), **options)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0, 100, 200, 200, 300], "back in time"),
        ([0, 100, 50, 200, 300], "back in time"),
        ([0, 1, 3, 10, 40], "uneven"),
    ],
)
def test_times_that_make_no_sequence_are_refused(times, words) -> None:
    with pytest.raises(UsageError, match=words):
        found(replace(stays([[IN]] * 5), times=np.array(times, float)))


def test_one_frame_is_no_trajectory() -> None:
    with pytest.raises(UsageError, match="1 frames"):
        found(stays([[IN]]))
