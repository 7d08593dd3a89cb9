"""feffNNNN.dat: what it holds, and what is refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from builders_exafs import feff_file

import perovchem as pc


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        path = tmp_path / "feff0001.dat"
        path.write_text(text)
        return path

    return write


def test_columns(written) -> None:
    """amplitude = mag x red factor; phase = the sum of two columns, without their jumps."""
    path = pc.read_feff_path(written(feff_file()))
    assert repr(path) == "<ScatteringPath Pb-I, L3 edge, at 3.20 Å, k to 20 1/Å>"
    k = np.linspace(0, 20, 21)
    np.testing.assert_allclose(path.wavenumber, k)
    np.testing.assert_allclose(path.amplitude, 0.8 * np.exp(-k / 20) * 0.95, rtol=1e-4)
    np.testing.assert_allclose(path.phase, 5 - 0.3 * k, atol=1e-3)
    np.testing.assert_allclose(path.mean_free_path, 4 + k, rtol=1e-4)
    np.testing.assert_allclose(path.momentum, k + 0.1, rtol=1e-4)
    assert path.source == "Feff8L, feff0001.dat"
    assert path.provenance.inputs[0].path.endswith("feff0001.dat")
    assert path.to_dataframe().attrs["units"]["phase_rad"] == "radian"


def test_packed(tmp_path) -> None:
    path = tmp_path / "feff0001.dat.gz"
    path.write_bytes(gzip.compress(feff_file(number=8, symbol="O").encode()))
    assert pc.read_feff_path(path).name == "Pb-O"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "k chi\n1 2\n", "no scattering path"),
        (lambda text: "", "no scattering path|empty"),
        (lambda text: feff_file(legs=3), "3 legs"),
        (lambda text: feff_file(n_rows=3), "fewer than four rows"),
        (lambda text: feff_file(number=0), "no atomic number"),
        (lambda text: feff_file(number=300), "no atomic number"),
        (lambda text: feff_file(distance=99.0), "a path of 99 Å"),
        (lambda text: text[:-30], "not 7 numbers|missing or broken"),
        (lambda text: text.replace("9.500E-01", "NaN", 1), "missing or broken"),
        (lambda text: text.replace("9.500E-01", "*********", 1), "missing or broken"),
        (lambda text: text.replace("   2.000  ", "   0.500  ", 1), "do not rise"),
        (lambda text: text.replace("   0.000  ", "   1.0000000001  ", 1), "do not rise"),
        (lambda text: "real[2*phc]\n" + text, "no scattering path"),
        (lambda text: text.replace("9.500E-01", "1.000E+307", 1), "beyond all reason"),
    ],
)
def test_refusals(written, change, words) -> None:
    with pytest.raises(pc.PerovchemError, match=words) as caught:
        pc.read_feff_path(written(change(feff_file())))
    assert "Fix: " in str(caught.value)


def test_no_file(tmp_path) -> None:
    with pytest.raises(pc.PerovchemError, match="no such file"):
        pc.read_feff_path(tmp_path / "feff0001.dat")
