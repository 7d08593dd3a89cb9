"""Per-frame arrays: what xarray reads is what was computed, with units and origin."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray
from builders_report import crystals

from perovchem.aggregation import CLASSES
from perovchem.errors import UsageError
from perovchem.report import Variable
from perovchem.report.netcdf import write

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return crystals(tmp_path_factory.mktemp("runs"), labels=("one", "two"))


def test_a_crystal_that_slides(report, tmp_path) -> None:
    assert list(report.arrays) == ["per_frame_one", "per_frame_two"]
    write(report, "per_frame_one", report.arrays["per_frame_one"](), tmp_path / "a.nc")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf", decode_timedelta=False) as found:
        assert dict(found.sizes) == {"frame": 9, "center": 1, "bond": 54, "axis": 3}
        # by symmetry: six ligands at a/2, volume a^3/6, a network that shares corners
        assert (found["coordination_number"] == 6).all()
        assert found["volume"].values == pytest.approx(np.full((9, 1), 5.605**3 / 6), rel=1e-6)
        assert found["volume"].attrs["units"] == "angstrom3"
        assert found["bond_length"].values == pytest.approx(np.full(54, 5.605 / 2), rel=1e-6)
        assert found["time"].values == pytest.approx(
            0.1 * np.arange(4, 13)
        )  # VASP writes the first frame after the first step
        assert found["time"].attrs["units"] == "ps"
        assert found["frame"].values.tolist() == list(range(3, 12))
        flags = dict(
            zip(
                found["sharing"].attrs["flag_values"],
                found["sharing"].attrs["flag_meanings"].split(),
                strict=True,
            )
        )
        assert {flags[k] for k in found["sharing"].values.ravel()} == {"corner"}
        assert tuple(flags.values()) == CLASSES
        assert (found["network_dimension"] == 3).all()
        for name, variable in found.variables.items():
            assert variable.attrs["long_name"] and variable.attrs["units"], name
        assert found.attrs["source"].startswith("perovchem ")
        (file, _) = json.loads(found.attrs["perovchem_inputs"])
        assert len(file["sha256"]) == 64
        assert "volume" in json.loads(found.attrs["perovchem_settings"])["definitions"]


def test_what_is_undefined_stays_so_and_long_arrays_are_packed(report, tmp_path) -> None:
    values = np.arange(4000.0)
    values[::7] = np.nan
    variables = {"x": Variable(("frame",), values, "Å2", "Some x: Å, ±.")}
    write(report, "x", variables, tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as found:
        np.testing.assert_array_equal(found["x"].values, values)
        assert found["x"].attrs["long_name"] == "Some x: Å, ±."
    write(report, "x", variables, tmp_path / "y.nc")
    assert (tmp_path / "x.nc").read_bytes() == (tmp_path / "y.nc").read_bytes()


def test_texts_name_the_places_along_an_axis(report, tmp_path) -> None:
    names = np.array(["Pb–I", "Pb–O", ""])
    write(report, "x", {"pair": Variable(("pair",), names, "1", "Which pair.")}, tmp_path / "x.nc")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as found:
        assert found["pair"].values.tolist() == names.tolist()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"x": Variable(("a", "b"), np.zeros(3), "1", "x")}, "1 axes, not 2"),
        (
            {"x": Variable(("a",), np.zeros(3), "1", "x"), "y": Variable(("a",), np.zeros(4), "1", "y")},
            "a is 3 long, and 4 in y",
        ),
    ],
)
def test_axes_must_fit(report, tmp_path, variables, words) -> None:
    with pytest.raises(UsageError, match=words):
        write(report, "x", variables, tmp_path / "x.nc")
