"""The front door for calculations: folders, objects, names, what is overruled, what is none; and the real files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from builders_calculations import GaussianJob, OutcarCalculation, gaussian
from builders_xdatcar import Xdatcar, walk

from perovchem import read_calculation
from perovchem.errors import FormatError, InputError, MissingDataError, PerovchemError, UsageError

REAL = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REAL is None, reason="PEROVCHEM_REALDATA names no folder of real files")


def real_file(name: str) -> Path:
    assert REAL is not None
    return Path(REAL) / name


def test_packed_file_and_its_name(tmp_path: Path) -> None:
    path = tmp_path / "DMSO.log.gz"
    path.write_bytes(gzip.compress(gaussian(GaussianJob())))
    found = read_calculation(path)
    assert (found.name, found.provenance.input) == ("DMSO", str(path))
    assert read_calculation(str(path), name="solvent").name == "solvent"
    assert read_calculation(found) is found
    path.write_bytes(gzip.compress(gaussian(GaussianJob()))[:-400])
    with pytest.raises(InputError):
        read_calculation(path)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no calculation in it"):
        read_calculation(tmp_path)
    (tmp_path / "water.log").write_bytes(gaussian(GaussianJob()))
    (tmp_path / "notes.out").write_text("nothing\n")
    assert read_calculation(tmp_path).level.code == "Gaussian"
    (tmp_path / "again.log").write_bytes(gaussian(GaussianJob()))
    with pytest.raises(InputError, match=r"several calculations: again\.log, water\.log"):
        read_calculation(tmp_path)
    (tmp_path / "OUTCAR.gz").write_bytes(gzip.compress(OutcarCalculation().text()))
    assert read_calculation(tmp_path).level.code == "VASP"


def test_what_is_no_calculation(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text, words in (
        (Xdatcar(walk(3, 5), counts=(2, 3)).text(), "this is XDATCAR"),
        (b'{"energy": 1}', "a JSON file without perovchem_calculation"),
        (b"hello\n", "no format known"),
    ):
        path.write_bytes(text)
        with pytest.raises(InputError) as caught:
            read_calculation(path)
        assert words in str(caught.value)
    for thing in (3, None, [1]):
        with pytest.raises(UsageError, match="is no calculation"):
            read_calculation(thing)
    with pytest.raises(UsageError):
        read_calculation(path, periodicity="slab")  # type: ignore[arg-type]


def test_overruled_without_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "water.log"
    path.write_bytes(gaussian(GaussianJob()))
    with pytest.raises(UsageError, match="without a cell"):
        read_calculation(path, periodicity="crystal")
    found = read_calculation(path, charge=1, multiplicity=2)
    assert (found.charge, found.multiplicity) == (1, 2)
    assert "charge 1 was given; the file has 0" in found.notes


# ase.Atoms ----------------------------------------------------------------------------------------------------


def atoms_with_energy():
    ase = pytest.importorskip("ase")
    from ase.calculators.emt import EMT

    atoms = ase.Atoms("N2", [[0, 0, 0], [0, 0, 1.1]], calculator=EMT())
    atoms.get_potential_energy()
    return atoms


def test_atoms_with_results() -> None:
    atoms = atoms_with_energy()
    atoms.info["charge"] = 1
    atoms.info["multiplicity"] = 2
    found = read_calculation(atoms, name="nitrogen")
    assert found.energy == atoms.calc.results["energy"]
    assert (found.name, found.charge, found.multiplicity, found.energy_unit) == ("nitrogen", 1, 2, "eV")
    assert (found.periodicity, found.level.code) == ("molecule", "emt")
    np.testing.assert_array_equal(found.positions, atoms.positions)


def test_periodic_atoms_are_judged_by_their_gaps() -> None:
    atoms = atoms_with_energy()
    atoms.cell, atoms.pbc = np.diag([9.0, 9.0, 9.0]), True
    atoms.get_potential_energy()
    assert read_calculation(atoms).periodicity == "molecule"
    atoms.cell = np.diag([9.0, 9.0, 3.0])
    atoms.get_potential_energy()
    assert read_calculation(atoms).periodicity == "crystal"


def test_atoms_whose_energy_is_of_other_positions() -> None:
    atoms = atoms_with_energy()
    atoms.positions[0, 0] += 0.1
    with pytest.raises(MissingDataError, match="belongs to other positions"):
        read_calculation(atoms)
    atoms.calc = None
    with pytest.raises(MissingDataError, match="no energy"):
        read_calculation(atoms)
    atoms = atoms_with_energy()
    atoms.info["charge"] = 0.5
    with pytest.raises(FormatError, match=r"a charge of 0\.5"):
        read_calculation(atoms)


# real files: facts of the text, as PROVENANCE.md of the collection lists them ----------------------------------


@real
@pytest.mark.parametrize(
    ("name", "energy", "first", "n_modes", "imaginary"),
    [
        ("vib/H2O_IBRION5_OUTCAR", -14.82769588, [3821.717493, 3703.479948, 1535.727129, 115.153397], 9, 3),
        ("vib/vasp_CO/OUTCAR", -11.56218989, [3991.362529, 1.080751, 1.079048, -0.282524, -1335.599297], 6, 3),
        ("vib/vasp5_imine/OUTCAR.gz", -27.39901130, [3344.181249, 3043.140989, 2947.368364], 15, 3),
        ("vib/Li2O_IBRION6_OUTCAR.gz", -57.054012, [712.892411, 712.892411], 36, 3),
        ("vib/lepsilon_IBRION8_OUTCAR.gz", 241.55228287, [13912.749672, 0.094504, 0.094504, -0.136422, -8988.135764], 6, 3),
    ],
)  # fmt: skip
def test_real_outcar(name: str, energy: float, first: list[float], n_modes: int, imaginary: int) -> None:
    """Energies of the first, undisplaced step (sigma -> 0); every mode, also the unphysical ones."""
    found = read_calculation(real_file(name))
    assert found.energy == energy
    assert found.vibrations is not None
    wavenumbers = found.vibrations.wavenumbers[0]
    assert wavenumbers[: len(first)].tolist() == first
    assert len(wavenumbers) == n_modes
    assert (wavenumbers < 0).sum() == imaginary
    # the second derivatives give what VASP printed, to the rounding of its masses and constants
    assert found.vibrations.hessian is not None
    root = np.sqrt(np.repeat(found.vibrations.masses, 3))
    values = np.linalg.eigvalsh(found.vibrations.hessian / np.outer(root, root))
    own = np.sort(np.sign(values) * np.sqrt(np.abs(values)) * 521.4709)
    np.testing.assert_allclose(own, np.sort(wavenumbers), atol=0.01)


@real
def test_real_sums_of_modes() -> None:
    """Half the sum of the real modes, eV (1 eV = 8065.544 1/cm), and of the three vibrations of water alone."""
    water = read_calculation(real_file("vib/H2O_IBRION5_OUTCAR"))
    assert water.vibrations is not None
    modes = water.vibrations.wavenumbers[0]
    assert modes[modes > 0].sum() / 2 / 8065.544 == pytest.approx(0.579370, abs=1e-6)
    assert modes[:3].sum() / 2 / 8065.544 == pytest.approx(0.561705, abs=1e-6)
    assert (water.periodicity, water.charge, water.multiplicity) == ("molecule", 0, 1)
    oxide = read_calculation(real_file("vib/Li2O_IBRION6_OUTCAR.gz"))
    assert oxide.vibrations is not None
    modes = oxide.vibrations.wavenumbers[0]
    assert modes[modes > 0].sum() / 2 / 8065.544 == pytest.approx(0.893428, abs=1e-6)
    assert oxide.periodicity == "crystal"


@real
def test_real_vasprun() -> None:
    found = read_calculation(real_file("vib/SrTiO3_phonons_vasprun.xml"))
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers.shape == (1, 120)
    assert found.vibrations.wavenumbers[0, 0] == pytest.approx(
        np.sqrt(615.852169) * 33.35641, abs=1e-4
    )  # THz2
    assert str(found.level) == "VASP PBE-D3(BJ), 500 eV, Ti U(d) = 3 eV"
    assert found.energy == -312.58821115  # of the first of nine <calculation>
    displaced = read_calculation(real_file("vib/Cr_displaced_vasprun.xml.xz"))
    assert displaced.energy == -163.97890938
    assert displaced.level.functional == "PBEsol"


@real
@pytest.mark.parametrize(
    ("name", "energy", "lowest", "count", "sigma", "level"),
    [
        ("Al_298K.out", -242.328707909, None, 0, 0, "Gaussian B97D-D2, 6-31G(d) (6D, 7F)"),
        ("H2O.out", -76.3681281356, 1694.8284, 3, 2, "Gaussian B97D-D2, 6-31G(d) (6D, 7F)"),
        ("HCN_singlet.out", -93.3588512430, 738.9845, 4, 1, "Gaussian B97D-D2, 6-31G(d) (6D, 7F)"),
        ("HCN_triplet.out", -93.1537874991, -1327.0114, 4, 1, "Gaussian B97D-D2, 6-31G(d) (6D, 7F)"),
        ("benzene.out", -232.227201096, 413.5004, 30, 1, "Gaussian M062X-D3, def2TZVPP (5D, 7F)"),
        ("dvb_ir_g16.out", -382.308266602, 53.1981, 54, 2, "Gaussian B3LYP, STO-3G (5D, 7F)"),
        ("ethane.out", -79.8304209466, 313.8806, 18, 1, "Gaussian B3LYP, 6-31G(d) (6D, 7F)"),
        ("methane.log", -40.5183831835, 1373.5436, 9, 12, "Gaussian B3LYP, 6-31G(d) (6D, 7F)"),
        ("r1-li-3thf-c1.log.gz", -1312.49166657, 32.1085, 222, 1, "Gaussian wB97XD-D2, 6-31+G(d) (6D, 7F), SMD(TetraHydroFuran)"),
        ("r1-li-3thf-c9.log.gz", -1312.49218619, 20.4178, 222, 1, "Gaussian wB97XD-D2, 6-31+G(d) (6D, 7F), SMD(TetraHydroFuran)"),
        ("thf.log", -232.393145012, 22.6769, 33, 1, "Gaussian wB97XD-D2, 6-31+G(d) (6D, 7F), SMD(TetraHydroFuran)"),
    ],
)  # fmt: skip
def test_real_gaussian(
    name: str, energy: float, lowest: float | None, count: int, sigma: int, level: str
) -> None:
    found = read_calculation(real_file(f"vib/gaussian/{name}"))
    assert (found.energy, found.energy_unit, found.symmetry_number) == (energy, "hartree", sigma)
    assert str(found.level) == level
    assert found.vibrations is not None
    wavenumbers = found.vibrations.wavenumbers[0]
    assert len(wavenumbers) == count
    if lowest is not None:
        assert wavenumbers.min() == lowest
        vectors = found.vibrations.displacements
        hessian = found.vibrations.hessian
        assert vectors is not None
        assert hessian is not None
        # the archive's second derivatives, along the printed vectors of two decimals, in one frame
        root = np.sqrt(np.repeat(found.vibrations.masses, 3))
        flat = vectors.reshape(count, -1)
        curvatures = np.einsum("ai,ij,aj->a", flat, hessian / np.outer(root, root), flat)
        high = wavenumbers > 1000
        np.testing.assert_allclose(np.sqrt(curvatures[high]) * 521.4709, wavenumbers[high], rtol=0.02)


@real
def test_real_orca() -> None:
    """Its printed zero-point energy is half the sum of the modes."""
    found = read_calculation(real_file("vib/orca/dvb_ir_orca6.out"))
    assert found.energy == -382.055107107616
    assert (found.symmetry_number, found.level.version) == (2, "6.0.1")
    assert str(found.level) == "ORCA B3LYP, STO-3G"
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers.shape == (1, 54)
    assert found.vibrations.wavenumbers.sum() / 2 / 219474.63 == pytest.approx(0.17701463, abs=1e-7)


@real
@pytest.mark.parametrize(
    ("name", "energy", "label"),
    [
        ("BC2N_Raman_gamma_phonon.castep", -660.6805773779, "Final energy"),
        ("H2_geom.castep", -31.69654969917, "Final energy"),
        ("Si2_occ.castep", -215.3698919332, "NB est. 0K energy (E-0.5TS)"),
        ("Si8_sp.castep", -1381.697860747, "NB est. 0K energy (E-0.5TS)"),
        ("TiO2_geom.castep", -2293.737752256, "Final energy"),
    ],
)
def test_real_castep(name: str, energy: float, label: str) -> None:
    found = read_calculation(real_file(f"castep/{name}"))
    assert (found.energy, found.energy_label) == (energy, label)
    if name.startswith("BC2N"):
        assert found.vibrations is not None
        assert found.vibrations.wavenumbers.shape == (1, 12)  # those by direction (LO-TO) are twelve more
        assert found.vibrations.wavenumbers[0, [0, -1]].tolist() == [-0.049572, 1290.768470]


@real
def test_real_phonons() -> None:
    from perovchem.readers.castep_phonon import read_phonon
    from perovchem.readers.filebytes import open_bytes

    hydride = read_phonon(open_bytes(real_file("castep/NaH.phonon")))
    assert (hydride.species, hydride.wavenumbers.shape, hydride.is_mesh) == (("H", "Na"), (2, 6), True)
    assert hydride.wavenumbers[0].tolist() == [
        91.847109,
        91.847109,
        166.053018,
        564.508299,
        564.508299,
        884.068976,
    ]
    sulfide = read_phonon(open_bytes(real_file("castep/ZnS.phonon")))
    assert (sulfide.wavenumbers.shape, sulfide.is_mesh) == ((453, 6), False)  # a path
    assert sulfide.wavenumbers[0, :3].tolist() == [-0.020236, -0.020236, 0.492972]
    quartz = read_phonon(open_bytes(real_file("castep/quartz_nosplit.phonon")))
    assert quartz.wavenumbers.shape == (9, 27)
    assert quartz.wavenumbers[0, 3] == 127.938312


@real
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken/OUTCAR_crashed", "ended before it said"),
        ("broken/OUTCAR_nelm_breach_partial", "without 'reached required accuracy'"),
        ("broken/OUTCAR_stopped.gz", "stopped"),
        ("broken/OUTCAR_unfinished", "did not finish"),
        ("broken/OUTCAR_unfinished_scf", "did not finish"),
        ("broken/OUTCAR_ch4_1step_stars", "molecular dynamics"),
        ("broken/vasprun_bad.xml.gz", "did not finish"),
        ("broken/vasprun_broken.xml", "did not finish"),
        ("broken/vasprun_truncated.xml", "did not finish"),
        ("broken/vasprun_unfinished.xml", "no ionic step"),
        ("broken/vasprun_unconverged.xml.gz", "did not converge within NELM = 100"),
        ("aimd/TiO2_md_OUTCAR", "molecular dynamics"),
        ("aimd/h2o_md_vasprun.xml", "molecular dynamics"),
        ("castep/N2_md.castep", "molecular dynamics"),
        ("castep/BaTiO3.castep", "no 'Final energy'"),
        ("castep/NaH.phonon", "frequencies without an energy"),
        ("vib/vasp5_imine/INCAR", "this is INCAR"),
    ],
)
def test_real_refusals(name: str, words: str) -> None:
    with pytest.raises(PerovchemError) as caught:
        read_calculation(real_file(name))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" CP2K| version string: CP2K version 8.1\n", "a log of CP2K, and no calculation is read from it"),
        (
            "          Northwest Computational Chemistry Package (NWChem) 7.0.0\n",
            "a log of NWChem, and no calculation",
        ),
    ],
)
def test_other_codes_are_told_of_by_name(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "run.out"
    path.write_text(text)
    with pytest.raises(FormatError, match=words) as caught:
        read_calculation(path)
    assert "write_calculation" in caught.value.fix


def test_names_that_no_file_can_have() -> None:
    with pytest.raises(InputError, match="no file can be called so") as caught:
        read_calculation("a" * 10_000)
    assert len(str(caught.value)) < 300
    with pytest.raises(InputError, match="cannot be read"):
        read_calculation("a\0b")
