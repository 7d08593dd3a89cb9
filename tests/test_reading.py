"""The front door: names, ranges and discards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_run import walk, xdatcar

import perovchem as pc
from perovchem.errors import InputError, MissingDataError, PerovchemWarning, UsageError

quiet = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Forty frames, no time step beside them."""
    target = tmp_path / "XDATCAR"
    target.write_text(xdatcar(walk(40)))
    return target


def test_a_file_by_path_and_by_text(path: Path) -> None:
    for name in (path, str(path)):
        run = pc.read_frames(name)
        assert (len(run), run.times, run.discarded) == (40, None, 0)
        np.testing.assert_array_equal(run.fractional_positions, walk(40))


def test_a_time_step_gives_times(path: Path) -> None:
    assert np.diff(pc.read_frames(path, timestep=2.0).times).tolist() == [2.0] * 39


@pytest.mark.parametrize(
    ("options", "numbers", "discarded"),
    [
        ({"start": 5}, range(5, 40), 5),
        ({"stop": 7}, range(7), 0),
        ({"stride": 10}, range(0, 40, 10), 0),
        ({"start": 3, "stop": 30, "stride": 9}, range(3, 30, 9), 3),
        ({"start": -4}, range(36, 40), 36),
        ({"start": -100}, range(40), 0),
        ({"stop": -38}, range(2), 0),
        ({"discard": 6}, range(6, 40), 6),
        ({"discard": "6"}, range(6, 40), 6),
        ({"discard": "6 frames"}, range(6, 40), 6),
        ({"discard": "6", "start": 4}, range(10, 40), 10),
        ({"discard": "20fs", "timestep": 2.0}, range(10, 40), 10),
        ({"discard": " 0.02 ps ", "timestep": 2.0}, range(10, 40), 10),
        ({"discard": ".02ps", "timestep": 2.0, "stride": 10}, range(10, 40, 10), 10),
        ({"discard": "0ps", "timestep": 2.0}, range(40), 0),
    ],
)
def test_ranges_and_discards(path: Path, options, numbers, discarded: int) -> None:
    run = pc.read_frames(path, **options)
    assert run.frame_numbers.tolist() == list(numbers)
    assert run.discarded == discarded


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 0}, "a stride of 0"),
        ({"stride": -1}, "a stride of -1"),
        ({"start": 40}, "leave no frame"),
        ({"start": 5, "stop": 5}, "leave no frame"),
        ({"discard": 40}, "leaves nothing"),
        ({"discard": "-3"}, "cannot discard '-3'"),
        ({"discard": "2 minutes"}, "write 2ps, 500fs"),
        ({"discard": "1.5"}, "a whole number"),
        ({"discard": "nan ps"}, "cannot discard"),
        ({"discard": "2ps; rm"}, "cannot discard"),
        ({"discard": "1ps", "timestep": 2.0}, "leaves nothing"),
        ({"timestep": 0.0}, "time step"),
        ({"timestep": float("nan")}, "time step"),
    ],
)
def test_senseless_choices(path: Path, options, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pc.read_frames(path, **options)


def test_a_discard_in_time_needs_a_time_step(path: Path) -> None:
    with pytest.raises(MissingDataError, match="timestep="):
        pc.read_frames(path, discard="1ps")


# names --------------------------------------------------------------------------------------------------------


def test_bundled_names() -> None:
    assert pc.read_frames("CsPbCl3_cubic").formula == "Cl3CsPb"


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(UsageError, match="did you mean 'gbl_solution'"):
        pc.read_frames("gbl_solutoin")


def test_faults_of_a_bundled_trajectory_are_said_and_kept() -> None:
    entry = pc.reference.entry("gbl_solution")
    with pytest.warns(PerovchemWarning) as caught:
        run = pc.read_frames("gbl_solution", stop=2)
    for fault in entry.faults:
        sentence = f"gbl_solution: {fault}"
        assert sentence in run.warnings
        assert any(sentence == str(w.message) for w in caught)
    assert len(entry.faults) >= 5


@quiet
def test_a_time_step_may_be_given_for_a_bundled_trajectory() -> None:
    """5 fs from trajectories.toml, unless said otherwise; 0 is refused as for any file."""
    assert np.diff(pc.read_frames("gbl_solution", stop=3).times).tolist() == [5.0, 5.0]
    assert np.diff(pc.read_frames("gbl_solution", stop=3, timestep=2.0).times).tolist() == [2.0, 2.0]
    with pytest.raises(UsageError, match="time step"):
        pc.read_frames("gbl_solution", timestep=0.0)


def test_a_file_beside_us_wins_over_a_bundled_name(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "gbl_solution").write_text(xdatcar(walk(3)))
    monkeypatch.chdir(tmp_path)
    assert len(pc.read_frames("gbl_solution")) == 3


@pytest.mark.parametrize(
    "name", ["nowhere/XDATCAR", "XDATCAR.gz", "", "a" * 5000, "no/" + "a" * 5000, "no\0name", "no/\0name"]
)
def test_what_is_not_there(name: str) -> None:
    with pytest.raises((InputError, UsageError)):
        pc.read_frames(name)


def test_no_segments() -> None:
    with pytest.raises((InputError, UsageError)):
        pc.read_frames([])


def test_segments_are_joined(tmp_path: Path) -> None:
    whole = walk(20)
    paths = []
    for k, part in enumerate((whole[:12], whole[12:])):
        target = tmp_path / f"XDATCAR_{k}"
        target.write_text(xdatcar(part))
        paths.append(target)
    with pytest.warns(PerovchemWarning):
        run = pc.read_frames(paths)
    np.testing.assert_array_equal(run.fractional_positions, whole)
