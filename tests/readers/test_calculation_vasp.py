"""OUTCAR and vasprun.xml as calculations: a harmonic model in a box; what is no calculation is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_calculations import TO_WAVENUMBER, WATER, OutcarCalculation, Springs, vasprun
from builders_vasprun import MASSES, liquid

from perovchem import read_calculation
from perovchem.calculation import Calculation
from perovchem.errors import FormatError, UsageError


def read(tmp_path: Path, text: bytes, name: str = "OUTCAR", **given: object) -> Calculation:
    folder = tmp_path / "water"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text)
    return read_calculation(folder / name, **given)  # type: ignore[arg-type]


def frequencies_of(found: Calculation) -> np.ndarray:
    assert found.vibrations is not None
    assert found.vibrations.hessian is not None
    root = np.sqrt(np.repeat(found.vibrations.masses, 3))
    values = np.linalg.eigvalsh(found.vibrations.hessian / np.outer(root, root))
    return np.sort(np.sign(values) * np.sqrt(np.abs(values)) * TO_WAVENUMBER)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("ibrion", [5, 6, 7, 8])
def test_outcar_of_vibrations(ibrion: int, twice: bool, tmp_path: Path) -> None:
    """Energy and structure of the first step, every mode once, all nine of them."""
    run = OutcarCalculation(ibrion=ibrion, twice=twice)
    found = read(tmp_path, run.text())
    assert found.energy == -14.5  # not that of the last displacement
    assert found.energy_label == "energy(sigma->0) of the undisplaced first step"
    assert found.name == "water"  # the folder's: OUTCAR says nothing
    vibrations = found.vibrations
    assert vibrations is not None
    wavenumbers, vectors = WATER.modes
    order = np.argsort(-wavenumbers)
    assert vibrations.wavenumbers.shape == (1, 9)
    assert vibrations.wavenumbers[0, :3] == pytest.approx(wavenumbers[order[:3]], abs=1e-4)
    assert np.abs(vibrations.wavenumbers[0, 3:]).max() < 1e-3  # six translations and rotations
    assert vibrations.displacements is not None
    flat = vibrations.displacements.reshape(9, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(9), atol=1e-5)
    true = vectors[order[:3]].reshape(3, -1)
    np.testing.assert_allclose(np.abs((flat[:3] * true).sum(1)), 1, atol=1e-5)
    np.testing.assert_allclose(vibrations.hessian, WATER.hessian, atol=1e-6)  # VASP prints the negative
    assert vibrations.masses == pytest.approx(WATER.masses, abs=1e-5)
    assert vibrations.moved == (0, 1, 2)
    assert not vibrations.projected


def test_molecule_in_a_box_is_made_whole(tmp_path: Path) -> None:
    found = read(tmp_path, OutcarCalculation().text())
    assert found.periodicity == "molecule"
    distances = np.linalg.norm(found.positions[:, None] - found.positions[None], axis=2)
    true = np.linalg.norm(WATER.positions[:, None] - WATER.positions[None], axis=2)
    np.testing.assert_allclose(distances, true, atol=1e-7)
    assert any("a molecule in a box, by gaps of" in note for note in found.notes)
    assert found.level.cell == "12 × 12 × 12 Å"
    assert read(tmp_path, OutcarCalculation().text(), periodicity="crystal").periodicity == "crystal"
    small = read(tmp_path, OutcarCalculation(box=5.8).text())
    assert small.periodicity == "crystal"
    assert any("of which a molecule would have 5 Å" in note for note in small.notes)
    tight = read(tmp_path, OutcarCalculation(box=5.0).text())
    assert any("its rotations count as vibrations" in note for note in tight.notes)
    assert read(tmp_path, OutcarCalculation(box=5.8).text(), periodicity="molecule").periodicity == "molecule"


def test_selective_dynamics(tmp_path: Path) -> None:
    """The oxygen atom is held: six modes, of the six coordinates that moved."""
    found = read(tmp_path, OutcarCalculation(held=(0,)).text())
    vibrations = found.vibrations
    assert vibrations is not None
    root = np.sqrt(np.repeat(WATER.masses[1:], 3))
    values = np.linalg.eigvalsh(WATER.hessian[3:, 3:] / np.outer(root, root))
    expected = np.sort(np.sqrt(np.abs(values)))[::-1] * TO_WAVENUMBER
    assert vibrations.wavenumbers[0] == pytest.approx(expected, abs=2e-3)
    assert vibrations.moved == (1, 2)
    assert vibrations.hessian is None  # not all of it is known
    assert any("2 of 3 atoms were displaced" in note for note in found.notes)


def test_level_of_theory(tmp_path: Path) -> None:
    settings = (
        "   IVDW    =     12\n   LDAUTYPE = 2\n   LDAU    =      T\n   angular momentum for each species LDAUL =    -1    2\n"
        "   U (eV)           for each species LDAUU =   0.0  4.0\n   J (eV)           for each species LDAUJ =   0.0  0.5\n"
    )
    level = read(tmp_path, OutcarCalculation(settings=settings).text()).level
    assert (level.code, level.functional, level.dispersion) == ("VASP", "PBE", "D3(BJ)")
    assert level.hubbard == {"H": "U(d) = 4 eV, J = 0.5 eV"}
    assert level.pseudopotentials == {"O": "PAW_PBE O 08Apr2002", "H": "PAW_PBE H 08Apr2002"}
    assert (level.cutoff, level.precision, level.spin_orbit, level.solvent) == (
        520.0,
        "Accurate",
        False,
        "none",
    )
    assert (level.k_mesh, level.smearing) == ("1 k-point", "Gaussian, 0.05 eV")


@pytest.mark.parametrize(
    ("settings", "functional", "dispersion"),
    [
        ({"GGA": "PS"}, "PBEsol", "none"),
        ({"GGA": "RP", "IVDW": "13"}, "RPBE", "D4"),
        ({"LHFCALC": "T", "AEXX": "0.25", "HFSCREEN": "0.2"}, "HSE06", "none"),
        ({"LHFCALC": "T", "AEXX": "0.25"}, "PBE0", "none"),
        (
            {"LHFCALC": "T", "AEXX": "0.4", "HFSCREEN": "0.2"},
            "PBE hybrid (AEXX = 0.4, HFSCREEN = 0.2)",
            "none",
        ),
        ({"METAGGA": "R2SCAN", "IVDW": "11"}, "r2SCAN", "D3"),
        ({"GGA": "BO", "LUSE_VDW": "T"}, "optB88", "optB88-vdW"),
        ({"GGA": "BO", "LUSE_VDW": "T", "IVDW_NL": "3"}, "optB88", "vdW-DF3-opt1"),
        ({"GGA": "MK", "LUSE_VDW": "T", "ZAB_VDW": "-1.8867"}, "optB86b", "rev-vdW-DF2"),
        ({"GGA": "PE", "LUSE_VDW": "F", "IVDW_NL": "-1"}, "PBE", "none"),
        ({"METAGGA": "SCAN", "LUSE_VDW": "T"}, "SCAN", "rVV10"),
        ({"IVDW": "202"}, "PBE", "MBD"),
    ],
)
def test_functionals(settings: dict[str, str], functional: str, dispersion: str) -> None:
    """As the VASP wiki's pages of GGA, METAGGA, LHFCALC and IVDW name them."""
    from perovchem.readers.vasp_level import VaspSetup, vasp_level

    level = vasp_level(
        VaspSetup({"LEXCH": "8", **settings}, ("Pb",), (1,), ("PAW_PBE Pb 08Apr2002",), (4.0,))
    )
    assert (level.functional, level.dispersion) == (functional, dispersion)


def test_charge_and_multiplicity(tmp_path: Path) -> None:
    cation = read(tmp_path, OutcarCalculation(nelect=7.0, magnetization=1.0).text())
    assert (cation.charge, cation.multiplicity) == (1, 2)
    assert any("from a magnetization of 1.000" in note for note in cation.notes)
    assert read(tmp_path, OutcarCalculation(magnetization=2.0).text()).multiplicity == 3
    assert read(tmp_path, OutcarCalculation().text(), charge=-1, multiplicity=2).charge == -1
    with pytest.raises(FormatError, match="no whole number"):
        read(tmp_path, OutcarCalculation(nelect=7.5).text())
    with pytest.raises(UsageError):
        read(tmp_path, OutcarCalculation().text(), multiplicity=0)


def test_single_point_and_relaxation(tmp_path: Path) -> None:
    single = read(tmp_path, OutcarCalculation(ibrion=-1, nsw=0, energies=(-14.5,)).text())
    assert (single.energy, single.energy_label, single.vibrations) == (-14.5, "energy(sigma->0)", None)
    relaxed = OutcarCalculation(ibrion=2, nsw=20, reached=True)
    found = read(tmp_path, relaxed.text())
    assert found.energy == -14.3  # the last
    inside = (
        found.positions - relaxed.positions - 0.03
    ) / relaxed.box  # where the last step has put the atoms
    np.testing.assert_allclose(inside, np.rint(inside), atol=1e-6)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (OutcarCalculation(electronic_steps=(9, 60, 9)), ["ionic step 2", "NELM = 60", "Iteration 2( 60)"]),
        (
            OutcarCalculation(ibrion=-1, nsw=0, energies=(-14.5,), electronic_steps=(60,)),
            ["did not converge", "line "],
        ),
        (
            OutcarCalculation(version="6.4.2", said="aborting loop EDIFF was not reached (unconverged)"),
            ["did not converge"],
        ),
        (OutcarCalculation(ibrion=2, nsw=3), ["3 of NSW = 3", "reached required accuracy"]),
        (OutcarCalculation(ibrion=0, nsw=3), ["molecular dynamics"]),
        (OutcarCalculation(tail=""), ["did not finish", "line "]),
        (OutcarCalculation(settings="   ICHARG =     11    charge: 1-file\n"), ["ICHARG = 11"]),
    ],
)
def test_outcar_refuses(run: OutcarCalculation, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, run.text())
    assert all(word in str(caught.value) for word in words), caught.value


def test_outcar_of_two_runs(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="several runs one after the other"):
        read(tmp_path, 2 * OutcarCalculation().text())


def test_outcar_without_frequencies(tmp_path: Path) -> None:
    text = OutcarCalculation().text()
    start, stop = text.index(b" Eigenvectors and"), text.index(b" General timing")
    with pytest.raises(FormatError, match="without its table of frequencies"):
        read(tmp_path, text[:start] + text[stop:])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.75, 0.9, 0.999])
def test_outcar_cut(share: float, tmp_path: Path) -> None:
    whole = OutcarCalculation().text()
    with pytest.raises(FormatError):
        read(tmp_path, whole[: int(share * (len(whole) - 60))])


def test_head_that_does_not_say_which_ions(tmp_path: Path) -> None:
    """What stands behind the modes, as where blocks of the log changed places, is not its head."""
    text = OutcarCalculation().text()
    start = text.index(b"   ions per type")
    line = text[start : text.index(b"\n", start) + 1]
    with pytest.raises(FormatError):
        read(tmp_path, text.replace(line, b"") + line)


def test_mode_that_is_missing_or_damaged(tmp_path: Path) -> None:
    lines = OutcarCalculation().text().split(b"\n")
    second = next(k for k, line in enumerate(lines) if line.startswith(b"   2 f  ="))
    with pytest.raises(FormatError, match="should be mode 2"):
        read(tmp_path, b"\n".join(lines[:second] + lines[second + 6 :]))
    lines[second + 3] = b"  damaged"
    with pytest.raises(FormatError, match="mode vector"):
        read(tmp_path, b"\n".join(lines))


def test_dispersion_that_only_the_incar_tells(tmp_path: Path) -> None:
    assert read(tmp_path, OutcarCalculation().text()).level.dispersion == "none"
    (tmp_path / "water" / "INCAR").write_text("IVDW = 11 ! zero damping\n")
    assert read(tmp_path, OutcarCalculation().text()).level.dispersion == "D3"
    said = OutcarCalculation(settings="   IVDW    =     13\n").text()
    assert read(tmp_path, said).level.dispersion == "D4"  # the log comes first


def test_structure_that_is_not_at_rest(tmp_path: Path) -> None:
    quiet = OutcarCalculation().text()
    assert not any("at rest" in note for note in read(tmp_path, quiet).notes)
    pulled = quiet.replace(
        b"      0.000000      0.000000      0.000000\n", b"      0.300000      0.400000      0.000000\n", 1
    )
    assert any("0.500 eV/Å: it is not at rest" in note for note in read(tmp_path, pulled).notes)


def test_second_derivatives_that_cannot_be_read(tmp_path: Path) -> None:
    text = OutcarCalculation().text()
    place = text.index(b"  2Y ", text.index(b"SECOND DERIVATIVES"))
    place = text.index(b"  2Y ", place + 200)  # its row, not its column
    found = read(tmp_path, text[: place + 12] + b"********" + text[place + 20 :])
    assert found.vibrations is not None
    assert found.vibrations.hessian is None
    assert found.vibrations.wavenumbers.shape == (1, 9)
    assert any("second derivatives cannot be read" in note for note in found.notes)


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """Found by fuzzing: a point for a valence; the charge is then not known."""
    run = OutcarCalculation(ibrion=-1, nsw=0, energies=(-14.5,))
    text = run.text().replace(b"ZVAL   =    6.000", b"ZVAL   =        .")
    found = read(tmp_path, text.replace(b"ZVAL   =    1.000", b"ZVAL   =        ."))
    assert any("does not say its charge" in note for note in found.notes)


# vasprun.xml --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["5.4.4.18Apr17-6-g9f103f2a35", "6.3.0"])
def test_vasprun_of_vibrations(version: str, tmp_path: Path) -> None:
    """<dynmat> in THz2 and in eV/(Å2 u) gives one answer: that of the model with VASP's masses."""
    model = replace(WATER, masses=np.array([MASSES[symbol] for symbol in WATER.species]))
    found = read(tmp_path, vasprun(version=version), "vasprun.xml")
    assert found.energy == -14.5
    assert found.formula == "H2O"
    vibrations = found.vibrations
    assert vibrations is not None
    expected = np.sort(model.modes[0])
    assert np.sort(vibrations.wavenumbers[0])[-3:] == pytest.approx(expected[-3:], abs=1e-3)
    assert vibrations.wavenumbers.shape == (1, 9)
    assert vibrations.masses == pytest.approx(model.masses)
    np.testing.assert_allclose(vibrations.hessian, model.hessian, atol=2e-5)
    assert frequencies_of(found)[-3:] == pytest.approx(expected[-3:], abs=1e-2)
    assert found.periodicity == "molecule"


def test_vasprun_refuses(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="molecular dynamics"):
        read(tmp_path, liquid().text(), "vasprun.xml")
    whole = vasprun()
    with pytest.raises(FormatError, match="did not finish"):
        read(tmp_path, whole[: whole.index(b"<dynmat>")], "vasprun.xml")
    with pytest.raises(FormatError, match="without <dynmat>"):
        read(tmp_path, whole.replace(b"dynmat>", b"matdyn>"), "vasprun.xml")
    with pytest.raises(FormatError, match="9 × 9"):
        read(
            tmp_path,
            whole.replace(b'<varray name="hessian" >\n    <v>', b'<varray name="hessian" >\n    <v> 1.0 '),
            "vasprun.xml",
        )


def test_absurd_forces_of_a_vasprun(tmp_path: Path) -> None:
    """Found by fuzzing: the square of 1e300 eV/Å."""
    whole = vasprun()
    start = whole.index(b"<v>", whole.index(b'name="forces"'))
    found = read(
        tmp_path,
        whole[: start + 3] + b" 1e300 0.0 0.0 </v>" + whole[whole.index(b"</v>", start) + 4 :],
        "vasprun.xml",
    )
    assert any("not at rest" in note for note in found.notes)


def test_absurd_cell_of_a_vasprun(tmp_path: Path) -> None:
    """Found by fuzzing: 1e300 Å times 1e9."""
    text = vasprun().replace(b"12.00000000", b"1.2e300", 40)
    with pytest.raises(FormatError):
        read(tmp_path, text, "vasprun.xml")


def test_saddle_point(tmp_path: Path) -> None:
    saddle = Springs(springs=((0, 1, 50.0), (0, 2, 50.0), (1, 2, -4.0)))
    found = read(tmp_path, OutcarCalculation(saddle).text())
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers[0, -1] == pytest.approx(saddle.modes[0].min(), abs=1e-4)
