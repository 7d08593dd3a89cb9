"""The whole view: what is refused, what is said, what is compared."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from builders_exafs import radial

import perovchem as pc
from perovchem.exafs import bond_differences

quiet = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    return radial(3.0 + 0.05 * rng.normal(size=(64, 4)))


@quiet
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pairs": ()}, "no pairs are named"),
        ({"pairs": "Pb-Br"}, "no Br among the atoms"),
        ({"pairs": "I-Pb"}, "does not begin with the absorber Pb"),
        ({"pairs": "Pb(X)-I"}, "does not begin with the absorber Pb"),
        ({"pairs": "PbI"}, "cannot read the pair"),
        ({"pairs": "Pb-I(DMSO)"}, "no molecule is called 'DMSO'"),
        ({"pairs": "Pb-I", "k_range": (12, 3)}, "a k range of 12 to 3"),
        ({"pairs": "Pb-I", "k_range": (3, 4)}, "at least 2 apart"),
        ({"pairs": "Pb-I", "k_range": (3, float("nan"))}, "a k range"),
        ({"pairs": "Pb-I", "k_range": (3, 1e9)}, "a k range"),
        ({"pairs": "Pb-I", "k_weight": 4}, "a k-weight of 4"),
        ({"pairs": "Pb-I", "window_sill": 20.0}, "a window that rises over 20"),
        ({"pairs": "Pb-I", "longest": 1e6}, "a longest distance"),
        ({"pairs": "Pb-I", "longest": 3.0}, "beyond the longest distance of 3"),
        ({"pairs": "Pb-I", "amplitude_reduction": 0.0}, "an amplitude reduction"),
        ({"pairs": "Pb-I", "phases": "guessed"}, "phases 'guessed'"),
    ],
)  # fmt: skip
def test_refusals(frames, options, words) -> None:
    with pytest.raises(pc.PerovchemError, match=re.escape(words)) as caught:
        pc.exafs(frames, cutoffs={"Pb-I": 4.0}, **options)
    assert "Fix: " in str(caught.value)


def test_no_frames(frames) -> None:
    with pytest.raises(pc.PerovchemError, match="no frames"):
        pc.exafs(frames[:0], pairs="Pb-I")


def test_from_the_first_frame_is_said(frames) -> None:
    with pytest.warns(pc.PerovchemWarning, match="averages begin at frame 0"):
        pc.exafs(frames, pairs="Pb-I")


@quiet
def test_what_it_says(frames) -> None:
    seen = pc.exafs(frames, pairs="Pb-I", cutoffs={"Pb-I": 4.0})
    assert repr(seen).startswith("<Exafs of Pb L3 in 64 frames: Pb-I 4.00 at 3.0")
    row = json.loads(json.dumps(seen.to_dict(), allow_nan=False))
    pair = row["pairs"]["Pb-I"]
    assert pair["coordination_number"]["value"] == 4
    assert pair["real"]["variance"]["value"] == pytest.approx(0.05**2, rel=0.3)
    assert pair["path"]["source"].startswith("FEFF8L")
    assert len(pair["neighboring_cutoffs"]) == 7
    assert seen.units["variance"] == "Å2"
    table = seen.to_dataframe()
    np.testing.assert_array_equal(table["chi_Pb-I"], seen.pairs["Pb-I"].chi)
    assert table.attrs["units"]["wavenumber_1/A"] == "1/Å"
    spectra = seen.spectra_dataframe()
    assert {"R_A", "Pb-I_uncorrected", "Pb-I_phase_corrected", "first_shells_uncorrected"} <= set(
        spectra.columns
    )
    density = seen.pairs["Pb-I"].density
    assert density.sum() * np.diff(seen.pairs["Pb-I"].edges)[0] == pytest.approx(4)


@quiet
def test_where_it_came_from() -> None:
    seen = pc.exafs(pc.read_frames("CsPbCl3_cubic"), pairs="Pb-Cl")
    document = json.loads(seen.to_json())
    assert document["command"] == "exafs"
    assert len(document["inputs"]) == 1
    assert document["settings"]["k_range"] == [3, 12]
    assert document["settings"]["cutoffs"] == {"Pb-Cl": seen.pairs["Pb-Cl"].cutoff.value}


@quiet
def test_elements_without_a_path_are_named() -> None:
    rng = np.random.default_rng(0)
    seen = pc.exafs(
        radial(2.3 + 0.02 * rng.normal(size=(4, 4)), neighbor="F"), pairs="Pb-F", cutoffs={"Pb-F": 3.0}
    )
    assert "F" in seen.unseen
    assert seen.first_shells is None


@quiet
def test_which_bonds_are_shorter() -> None:
    """Bonds built .05 Å apart are told apart; equal ones are not; an error that is a bound decides nothing."""
    rng = np.random.default_rng(4)
    lengths = {"one": 3.0, "other": 3.05, "same": 3.0}
    runs = {
        label: pc.exafs(radial(r + 0.05 * rng.normal(size=(256, 4))), pairs="Pb-I", cutoffs={"Pb-I": 4.0})
        for label, r in lengths.items()
    }
    found = {(one.other, one.measure): one for one in bond_differences(runs)}
    assert len(found) == 6
    for measure in ("mean_distance", "effective_distance", "peak_uncorrected"):
        far, near = found["other", measure], found["same", measure]
        assert far.verdict == "shorter"
        assert far.value == pytest.approx(-0.05, abs=0.02)
        assert "shorter in one" in far.sentence
        assert near.verdict == "undecided"
        assert "undecided" in near.sentence
    still = {
        label: pc.exafs(radial(np.full((20, 4), r)), pairs="Pb-I", cutoffs={"Pb-I": 4.0})
        for label, r in lengths.items()
    }
    assert {one.verdict for one in bond_differences(still)} == {"undecided"}


@quiet
def test_memory_is_that_of_a_batch() -> None:
    """However many frames, the sums are of at most 512 and 64 parts."""
    frames = radial(np.full((3000, 2), 3.0))
    from perovchem.exafs.gathering import gather, members

    sums = gather(frames, "Pb", members(frames, ["Pb-I"]), {"Pb-I": 4.0}, {"Pb-I": 8.0}, 6.0)
    assert sums.moments.shape[0] == 512
    assert sums.table.shape[0] == 64
    assert sums.part_frames.sum() == sums.spectrum_frames.sum() == 3000
    assert sums.table[..., 0].sum() == sums.moments[:, 0, 3, 0, 0].sum() == 6000
