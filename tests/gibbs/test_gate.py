"""GoodVibes' values for its own Gaussian examples, to 1e-6 hartree; VASP and ORCA runs of molecules."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from builders_molecules import goodvibes
from validation import Source, algebra, implementation, published

from perovchem.calculation_reading import read_calculation
from perovchem.gibbs import gibbs
from perovchem.units import HARTREE, KILOJOULE_PER_MOLE

REAL = os.environ.get("PEROVCHEM_REALDATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="PEROVCHEM_REALDATA names no folder of real files")
VALUES = goodvibes()
GATE = 1e-6
GOODVIBES = Source("other code: GoodVibes 4.4, its Gaussian examples")
THEIRS = {"G_rrho": "rrho", "G_grimme": "grimme", "G_truhlar": "truhlar", "G_q": "grimme-head-gordon"}


def vib(name: str) -> Path:
    return Path(REAL or "") / "vib" / name


@pytest.mark.parametrize("temperature", ["298.15", "400.0"])
@pytest.mark.parametrize("name", VALUES)
def test_goodvibes(name: str, temperature: str, validate) -> None:
    calculation = read_calculation(vib(f"gaussian/{name}"))
    truth = VALUES[name][temperature]
    options = {
        "temperature": float(temperature),
        "stationary_point": "transition_state" if name == "HCN_triplet.out" else "minimum",
    }
    as_printed = {**options, "symmetry_number": VALUES[name]["sigma_print"]}
    found = gibbs(calculation, **as_printed)
    assert found.energy_hartree == pytest.approx(truth["E"], abs=1e-10)
    assert found.zpe / HARTREE == pytest.approx(truth["ZPE"], abs=GATE)
    third = "GoodVibes examples"
    system = f"{name.partition('.')[0]}, {float(temperature):g} K"
    validate(
        "Gibbs energies", "enthalpy", system, unit="hartree", ours=found.enthalpy_hartree, truth=truth["H"],
        source=GOODVIBES, absolute=GATE, digits=9, third_party=third,
    )  # fmt: skip
    for key, treatment in THEIRS.items():
        validate(
            "Gibbs energies", "Gibbs energy", f"{system}, {treatment}, 1 atm", unit="hartree",
            ours=found.by_treatment[treatment] / HARTREE, truth=truth[key], source=GOODVIBES, absolute=GATE, digits=9,
            third_party=third,
        )  # fmt: skip
    validate(
        "Gibbs energies", "Gibbs energy", f"{system}, grimme, 1 mol/L", unit="hartree",
        ours=gibbs(calculation, concentration=1.0, **as_printed).gibbs_hartree, truth=truth["G_grimme_1M"],
        source=GOODVIBES, absolute=GATE, digits=9, third_party=third,
    )  # fmt: skip
    validate(
        "Gibbs energies", "Gibbs energy", f"{system}, grimme, symmetry of the point group", unit="hartree",
        ours=gibbs(calculation, **options).gibbs_hartree, truth=truth["G_grimme_symm"],
        source=GOODVIBES, absolute=GATE, digits=9, third_party=third,
    )  # fmt: skip


def test_water_in_a_box_has_three_vibrations_of_nine_modes(validate) -> None:
    found = gibbs(read_calculation(vib("H2O_IBRION5_OUTCAR")))
    assert found.mode_table.count == {"vibration": 3, "translation": 3, "rotation": 3}
    assert (found.point_group, found.symmetry_number) == ("C2v", 2)
    kept = sorted(mode.wavenumber for mode in found.modes if mode.kind == "vibration")
    # three rotations at 64 to 115 1/cm are real, and stiffer than many a vibration: a cut keeps them
    assert max(mode.wavenumber for mode in found.modes if mode.kind == "rotation") > 100
    validate(
        "Gibbs energies", "vibrations of a molecule", "H2O in a box, OUTCAR with 9 modes", unit="1/cm", ours=kept,
        truth=[1535.727129, 3703.479948, 3821.717493], source=published("printed by VASP in that file"), absolute=0.01,
        third_party="pMuTT tests",
    )  # fmt: skip
    validate(
        "Gibbs energies", "zero-point energy", "H2O in a box, OUTCAR with 9 modes", unit="eV", ours=found.zpe,
        truth=0.561705, source=algebra("half the sum of the three printed vibrations"), absolute=1e-6, digits=6,
        third_party="pMuTT tests",
    )  # fmt: skip


def test_ase_agrees_on_water(validate) -> None:
    thermochemistry = pytest.importorskip("ase.thermochemistry")
    from ase import Atoms

    calculation = read_calculation(vib("H2O_IBRION5_OUTCAR"))
    ours = gibbs(calculation, treatment="rrho", temperature=350.0, pressure=2e5)
    assert calculation.vibrations is not None
    atoms = Atoms(calculation.species, calculation.positions, masses=calculation.vibrations.masses)
    energies = [
        mode.wavenumber * 1.239841984e-4 for mode in ours.modes if mode.kind == "vibration"
    ]  # the three alone: given all nine, ASE would take the six of highest energy
    theirs = thermochemistry.IdealGasThermo(
        np.array(energies), "nonlinear", potentialenergy=ours.energy, atoms=atoms, symmetrynumber=2, spin=0
    )
    validate(
        "Gibbs energies", "Gibbs energy", "H2O in a box, 350 K and 2 bar, rrho", unit="eV", ours=ours.gibbs,
        truth=theirs.get_gibbs_energy(350.0, 2e5, verbose=False), source=implementation("ase", "IdealGasThermo"),
        absolute=1e-6, third_party="pMuTT tests",
    )  # fmt: skip


def test_methanimine_in_a_box() -> None:
    found = gibbs(read_calculation(vib("vasp5_imine/OUTCAR.gz")))
    assert found.mode_table.count == {"vibration": 9, "translation": 3, "rotation": 3}
    kept = sorted((mode.wavenumber for mode in found.modes if mode.kind == "vibration"), reverse=True)
    printed = [3344.181, 3043.141, 2947.368, 1664.454, 1445.891, 1320.499, 1129.799, 1052.823, 1034.338]
    assert kept == pytest.approx(printed, abs=0.05)  # fates of the three printed as imaginary: rotations
    assert all(mode.kind == "rotation" for mode in found.modes if mode.wavenumber < -20)


def test_carbon_monoxide_far_from_rest_is_doubted() -> None:
    found = gibbs(read_calculation(vib("vasp_CO/OUTCAR")))
    assert found.mode_table.count == {"vibration": 1, "translation": 3, "rotation": 2}
    assert found.zpe == pytest.approx(0.5 * 3991.362529 * 1.239841984e-4, abs=1e-6)  # the one vibration
    assert any("1336 1/cm" in warning for warning in found.provenance.warnings)


def test_crystal_keeps_33_of_36_modes() -> None:
    found = gibbs(read_calculation(vib("Li2O_IBRION6_OUTCAR.gz")))
    assert found.mode_table.count == {"vibration": 33, "translation": 3}
    assert "no translation" in found.standard_state
    assert {term.name for term in found.terms} == {
        "electronic energy", "zero-point energy", "vibration", "electronic degeneracy",
    }  # fmt: skip


def test_orca_prints_the_same(validate) -> None:
    found = gibbs(read_calculation(vib("orca/dvb_ir_orca6.out")), symmetry_number=1)
    validate(
        "Gibbs energies", "enthalpy", "divinylbenzene, 298.15 K", unit="hartree", ours=found.enthalpy_hartree,
        truth=-381.86823509, source=published("printed by ORCA 6.0 in that file"), absolute=2e-6, digits=9,
        third_party="cclib data",
    )  # fmt: skip
    validate(
        "Gibbs energies", "Gibbs energy", "divinylbenzene, 298.15 K, grimme, symmetry of the point group", unit="hartree",
        ours=gibbs(read_calculation(vib("orca/dvb_ir_orca6.out"))).gibbs_hartree, truth=-381.91114546,
        source=published("printed by ORCA 6.0 in that file"), absolute=2e-6, digits=9, third_party="cclib data",
    )  # fmt: skip


def test_solvation_cluster_differs_by_treatment() -> None:
    first, second = (
        gibbs(
            read_calculation(vib(f"gaussian/r1-li-3thf-{name}.log.gz")), treatment="rrho", symmetry_number=1
        )
        for name in ("c1", "c9")
    )
    # from the two Gibbs energies that Gaussian prints
    assert (first.gibbs - second.gibbs) / KILOJOULE_PER_MOLE == pytest.approx(5.92, abs=0.01)
    assert first.spread / KILOJOULE_PER_MOLE > 10
    assert first.by_treatment["grimme"] / HARTREE == pytest.approx(-1311.871067, abs=GATE)
    assert second.by_treatment["grimme"] / HARTREE == pytest.approx(-1311.872547, abs=GATE)
