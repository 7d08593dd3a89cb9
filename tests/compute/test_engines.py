"""tblite beside the program xtb: two implementations of GFN2-xTB.

Energies (hartree) and wavenumbers (1/cm) of xtb 6.5.1, of its own Hessian code: ``xtb MOLECULE.xyz --gfn 2 --ohess
extreme --acc 0.05``, and of ``xtb xtbopt.xyz --gfn 2 --alpb dmso`` at that structure. Nothing in them comes from us.
"""

from __future__ import annotations

import numpy as np
import pytest

from perovchem.compute import engine as engines
from perovchem.compute.engine import GRADIENT_LIMIT, engine_for, installed, level_of
from perovchem.compute.modes import masses_of, normal_modes
from perovchem.errors import InputError, MissingDataError, UsageError
from perovchem.units import BOHR

ENGINES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name not in installed(), reason=f"{name} is not installed: pip install 'perovchem[compute]'"
        ),
    )
    for name in ("tblite", "xtb")
]
STARTS = {
    "H2O": ("OHH", [[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]]),
    "CH4": ("CHHHH", [[0, 0, 0], [0.6, 0.6, 0.6], [-0.65, -0.63, 0.63], [0.63, -0.63, -0.63], [-0.63, 0.63, -0.63]]),
    "DMSO": (
        ("S", "O", "C", "C", "H", "H", "H", "H", "H", "H"),
        [
            [0.00, 0.23, -0.44], [0.00, 1.49, 0.38], [1.36, -0.82, 0.18], [-1.36, -0.82, 0.18], [2.30, -0.30, 0.01],
            [1.34, -1.77, -0.35], [1.22, -1.00, 1.24], [-2.30, -0.30, 0.01], [-1.34, -1.77, -0.35], [-1.22, -1.00, 1.24],
        ],
    ),
}  # fmt: skip
#: Structures that xtb relaxed, Å.
RELAXED = {
    "H2O": (
        "O H H",
        [
            [0.00000007, 0.01396491, -0.00000002],
            [0.77218155, 0.58301350, -0.00000371],
            [-0.77217544, 0.58302159, 0.00000168],
        ],
    ),
    "CH4": (
        "C H H H H",
        [
            [-0.00000000, 0.00000000, -0.00000000],
            [0.62479365, 0.62478601, 0.62478492],
            [-0.62478929, -0.62478383, 0.62479147],
            [0.62478274, -0.62479256, -0.62478929],
            [-0.62478711, 0.62479038, -0.62478711],
        ],
    ),
    "DMSO": (
        "C S O C H H H H H H",
        [
            [1.35209378, 0.22291731, -0.14584680],
            [0.02794114, -1.06891018, -0.20328162],
            [0.07073388, -1.74278199, 1.09293124],
            [-1.36718632, 0.14269452, -0.09777957],
            [2.30895722, -0.28868167, -0.14877550],
            [1.25208774, 0.80397925, 0.76398107],
            [1.26377709, 0.85131492, -1.02424155],
            [-1.26952987, 0.72959284, 0.80855066],
            [-2.29174165, -0.42440948, -0.06744438],
            [-1.34713305, 0.77428447, -0.97809358],
        ],
    ),
}  # fmt: skip
#: Energy in the gas phase, in implicit DMSO at the same structure, wavenumbers.
XTB = {
    "H2O": (-5.070544447737, -5.083498872800, [1539.50, 3643.05, 3651.19]),
    "CH4": (
        -4.175218520036,
        -4.175450131112,
        [1385.84, 1385.84, 1385.84, 1557.33, 1557.33, 3090.07, 3103.94, 3103.94, 3103.94],
    ),
    "DMSO": (
        -14.621179726506,
        -14.633358549565,
        [
            117.74, 177.77, 269.76, 305.55, 361.95, 654.14, 664.10, 818.18, 866.75, 898.85, 937.99, 1144.10,
            1283.12, 1289.95, 1431.08, 1442.92, 1452.14, 1463.24, 3054.12, 3055.04, 3064.60, 3068.59, 3073.44, 3077.07,
        ],
    ),
}  # fmt: skip


def start_of(molecule: str) -> tuple[tuple[str, ...], np.ndarray]:
    species, positions = STARTS[molecule]
    return tuple(species), np.array(positions, dtype=float)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("molecule", list(XTB))
def test_as_xtb(name, molecule):
    """At the structure that xtb relaxed: energies to 1e-6 hartree, wavenumbers to .5 1/cm."""
    symbols, rows = RELAXED[molecule]
    species, positions = tuple(symbols.split()), np.array(rows)
    energy, solvated, truth = XTB[molecule]
    engine = engine_for(name)
    found, gradient = engine.energy_and_gradient(species, positions, 0)
    assert found == pytest.approx(energy, abs=1e-7)
    assert np.linalg.norm(gradient) < GRADIENT_LIMIT["tight"]
    waves, _ = normal_modes(engine.hessian(species, positions, 0), positions, masses_of(species))
    assert waves == pytest.approx(truth, abs=0.5)
    wet = engine_for(name, solvent="dmso")
    assert wet.energy_and_gradient(species, positions, 0)[0] == pytest.approx(solvated, abs=1e-6)
    assert level_of(wet).solvent == "ALPB(DMSO)"


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("molecule", list(XTB))
def test_relaxed(name, molecule):
    """From a bent start to the minimum that xtb found with its extreme criteria."""
    species, positions = start_of(molecule)
    found = engine_for(name).relax(species, positions, 0, "tight")
    assert found.converged
    assert found.gradient_norm < GRADIENT_LIMIT["tight"]
    assert found.energy == pytest.approx(XTB[molecule][0], abs=2e-6)


@pytest.mark.parametrize("name", ENGINES)
def test_gradient_and_charges(name):
    """The gradient is the slope of the energy; charges add up to the charge."""
    species, positions = (
        ("N", "H", "H", "H", "H"),
        np.array([[0, 0, 0], [0.6, 0.6, 0.6], [-0.65, -0.6, 0.6], [0.6, -0.6, -0.6], [-0.6, 0.6, -0.6]]),
    )
    engine = engine_for(name)
    _, gradient = engine.energy_and_gradient(species, positions, 1)
    step = np.zeros((5, 3))
    step[1, 0] = 1e-3
    high, low = (engine.energy_and_gradient(species, positions + sign * step, 1)[0] for sign in (1, -1))
    assert (high - low) / 2e-3 * BOHR == pytest.approx(gradient[1, 0], abs=1e-6)
    assert engine.charges(species, positions, 1).sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", ENGINES)
def test_what_an_engine_cannot(name):
    species, positions = start_of("H2O")
    with pytest.raises(InputError, match="gave no energy"):
        engine_for(name, solvent="honey").energy_and_gradient(species, positions, 0)


def test_not_installed(monkeypatch):
    """The message says what to install."""
    monkeypatch.setattr(engines.shutil, "which", lambda _name: None)
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingDataError, match=r"pip install 'perovchem\[compute\]'"):
        engine_for("auto")
    with pytest.raises(MissingDataError, match="the engine xtb is not installed"):
        engine_for("xtb")
    with pytest.raises(UsageError, match="did you mean 'tblite'"):
        engine_for("tblit")
