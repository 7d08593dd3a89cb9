"""Gaussian, ORCA and xtb: energy, structure, level of theory and modes of a harmonic model; what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_calculations import (
    SADDLE,
    TO_WAVENUMBER,
    WATER,
    GaussianJob,
    OrcaJob,
    Springs,
    gaussian,
    turned,
    xtb,
)

from perovchem import read_calculation, read_frames
from perovchem.calculation import Calculation
from perovchem.errors import FormatError, InputError


def read(tmp_path: Path, text: bytes, name: str = "water.log") -> Calculation:
    path = tmp_path / name
    path.write_bytes(text)
    return read_calculation(path)


def frequencies_of(found: Calculation) -> np.ndarray:
    """Wavenumbers that the second derivatives of a calculation give, by numpy alone."""
    assert found.vibrations is not None
    assert found.vibrations.hessian is not None
    root = np.sqrt(np.repeat(found.vibrations.masses, 3))
    values = np.linalg.eigvalsh(found.vibrations.hessian / np.outer(root, root))
    return np.sort(np.sign(values) * np.sqrt(np.abs(values)) * TO_WAVENUMBER)


def bond_lengths(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions[:, None] - positions[None], axis=2)


# Gaussian -----------------------------------------------------------------------------------------------------


def test_gaussian_frequencies(tmp_path: Path) -> None:
    found = read(tmp_path, gaussian(GaussianJob(dispersion="Grimme-D3(BJ)", solvent="DiMethylSulfoxide")))
    wavenumbers, _ = WATER.vibrations
    assert found.energy == -76.4089533  # as printed, in hartree
    assert found.energy_unit == "hartree"
    assert found.energy_label == "SCF Done: E(RB3LYP)"
    assert (found.charge, found.multiplicity, found.symmetry_number, found.name) == (0, 1, 2, "water")
    assert found.formula == "H2O"
    assert found.cell is None
    assert str(found.level) == "Gaussian B3LYP-D3(BJ), 6-31G(d) (6D, 7F), SMD(DiMethylSulfoxide)"
    assert (found.level.precision, found.level.version) == ("UltraFine", "16 C.01")
    vibrations = found.vibrations
    assert vibrations is not None
    assert vibrations.projected
    assert vibrations.masses == pytest.approx(WATER.masses)
    assert vibrations.wavenumbers[0] == pytest.approx(wavenumbers, abs=6e-5)
    np.testing.assert_allclose(bond_lengths(found.positions), bond_lengths(WATER.positions), atol=1e-9)
    # eight decimals of the archive, hartree/bohr2
    assert frequencies_of(found)[-3:] == pytest.approx(wavenumbers, abs=0.01)


def test_gaussian_vectors_stand_in_the_frame_of_the_second_derivatives(tmp_path: Path) -> None:
    """Table and archive are of two orientations; both must give the modes of one molecule."""
    found = read(tmp_path, gaussian(GaussianJob(fine=True)))
    vibrations = found.vibrations
    assert vibrations is not None
    assert vibrations.displacements is not None
    assert vibrations.hessian is not None
    np.testing.assert_allclose(found.positions, turned(WATER)[0], atol=1e-9)
    root = np.sqrt(np.repeat(vibrations.masses, 3))
    weighted = vibrations.hessian / np.outer(root, root)
    vectors = vibrations.displacements.reshape(3, 9)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-4)
    curvatures = np.einsum("ai,ij,aj->a", vectors, weighted, vectors)
    assert np.sqrt(curvatures) * TO_WAVENUMBER == pytest.approx(vibrations.wavenumbers[0], rel=1e-5)


def test_gaussian_without_archive_keeps_the_standard_orientation(tmp_path: Path) -> None:
    found = read(tmp_path, gaussian(GaussianJob(archive=False)))
    np.testing.assert_allclose(found.positions, WATER.positions, atol=1e-6)
    assert found.vibrations is not None
    assert found.vibrations.hessian is None
    assert found.vibrations.displacements is not None


def test_gaussian_imaginary_mode_is_kept(tmp_path: Path) -> None:
    found = read(tmp_path, gaussian(GaussianJob(SADDLE)))
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers[0, 0] < -100
    assert found.vibrations.wavenumbers[0] == pytest.approx(SADDLE.vibrations[0], abs=6e-5)


def test_gaussian_takes_the_last_frequency_job_and_tells_of_another_level(tmp_path: Path) -> None:
    optimization = GaussianJob(
        route="#p B3LYP/6-31G(d) Opt Freq", frequencies=False, archive=False, energy=-76.40
    )
    single = GaussianJob(
        route="#p M062X/def2TZVP Geom=AllCheck", method="RM062X", basis="def2TZVP (5D, 7F)", frequencies=False, energy=-76.5
    )  # fmt: skip
    found = read(tmp_path, gaussian(optimization, GaussianJob(), single))
    assert found.energy == -76.4089533
    assert found.level.functional == "B3LYP"
    assert any("M062X" in note and "not used" in note for note in found.notes)
    alone = read(tmp_path, gaussian(optimization), "opt.log")
    assert (alone.energy, alone.vibrations) == (-76.40, None)
    assert any("ends before they were computed" in note for note in alone.notes)


def test_gaussian_methods_beyond_scf(tmp_path: Path) -> None:
    mp2 = " E2 =    -0.2D+00 EUMP2 =    -0.76261234567800D+02\n"
    found = read(
        tmp_path, gaussian(GaussianJob(route="#p MP2/6-31G(d)", method="RHF", more=mp2, frequencies=False))
    )
    assert (found.energy, found.energy_label, found.level.functional) == (-76.2612345678, "EUMP2", "MP2")
    assert found.level.precision == ""
    coupled = " Largest amplitude= 2.2D-02\n CCSD(T)= -0.76270000000000D+02\n"
    found = read(
        tmp_path,
        gaussian(GaussianJob(route="#p CCSD(T)/cc-pVTZ", method="RHF", more=coupled, frequencies=False)),
    )
    assert (found.energy, found.level.functional) == (-76.27, "CCSD(T)")


@pytest.mark.parametrize(
    ("route", "line", "energy", "functional"),
    [
        ("QCISD(T)/6-311G(d,p)", " QCISD(T)= -0.76280000000000D+02\n", -76.28, "QCISD(T)"),
        ("QCISD/6-311G(d,p)", "", -76.26, "QCISD"),
        ("CCSD(T,T1Diag)/cc-pVTZ", " CCSD(T)= -0.76290000000000D+02\n", -76.29, "CCSD(T)"),
        ("CCSD=(FC,T)/cc-pVTZ", " CCSD(T)= -0.76290000000000D+02\n", -76.29, "CCSD(T)"),
        ("CCSD(T1Diag)/cc-pVTZ", "", -76.26, "CCSD"),
    ],
)
def test_gaussian_triples_are_told_from_their_options(
    route: str, line: str, energy: float, functional: str, tmp_path: Path
) -> None:
    more = " DE(Corr)= -0.20 E(CORR)= -0.76260000000000D+02\n" + line
    job = GaussianJob(route=f"#p {route}", method="RHF", more=more, frequencies=False)
    found = read(tmp_path, gaussian(job))
    assert (found.energy, found.level.functional) == (energy, functional)


def test_gaussian_route_cut_within_a_word(tmp_path: Path) -> None:
    route = "# opt=maxcycles=200 freq=noraman m062x geom=connectivity def2tzvpp emp" + "iricaldispersion=gd3"
    job = GaussianJob(route=route, method="RM062X", frequencies=False, archive=False)
    second = GaussianJob(
        route="#N Geom=AllCheck Guess=TCheck SCRF=Check GenChk RM062X/def2TZVPP Freq", method="RM062X"
    )
    assert read(tmp_path, gaussian(job, second)).level.dispersion == "D3"


def test_gaussian_single_atom(tmp_path: Path) -> None:
    atom = Springs(("Cl",), np.zeros((1, 3)), np.array([34.96885]), ())
    job = GaussianJob(atom, charge=-1, frequencies=False, archive=False)
    found = read(tmp_path, gaussian(job))
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers.shape == (1, 0)
    assert repr(found).startswith("<Calculation Cl (-1): -76.408953 hartree, 0 modes")


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (GaussianJob(normal=False), ["no 'Normal termination'", "line "]),
        (
            GaussianJob(normal=False, more=" Convergence failure -- run terminated.\n"),
            ["Convergence failure"],
        ),
        (GaussianJob(normal=False, more=" Error termination via Lnk1e\n"), ["Error termination via Lnk1e"]),
        (GaussianJob(converged=False), ["SCF did not converge", "Convergence criterion not met"]),
        (
            GaussianJob(route="#p B3LYP/6-31G(d) Opt", stationary=False, frequencies=False),
            ["stationary point", "SCF Done"],
        ),
        (GaussianJob(frequencies=False), ["frequency job without frequencies"]),
        (GaussianJob(route="#p TD B3LYP/6-31G(d)", frequencies=False), ["excited state"]),
        (GaussianJob(route="#p G4", frequencies=False), ["composite method"]),
        (
            GaussianJob(route="#p CASSCF(6,6)/6-31G", frequencies=False),
            ["not read from logs", "'#p CASSCF(6,6)"],
        ),
        (GaussianJob(route="#p BD(T)/6-31G", frequencies=False), ["not read from logs"]),
        (GaussianJob(route="#p B3LYP/6-31G(d) Counterpoise=2", frequencies=False), ["fragments"]),
        (
            GaussianJob(
                route="#p B3LYP/6-31G(d) Opt",
                more=" Summary of Optimized Potential Surface Scan\n",
                frequencies=False,
            ),
            ["a scan"],
        ),
    ],
)
def test_gaussian_refuses(job: GaussianJob, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, gaussian(job))
    assert all(word in str(caught.value) for word in words)
    assert "water.log" in str(caught.value)


def test_gaussian_log_of_two_species(tmp_path: Path) -> None:
    atom = Springs(("Cl",), np.zeros((1, 3)), np.array([34.96885]), ())
    text = gaussian(GaussianJob(atom, frequencies=False, archive=False), GaussianJob())
    with pytest.raises(FormatError, match="jobs of other atoms"):
        read(tmp_path, text)


def test_gaussian_frequencies_without_energy(tmp_path: Path) -> None:
    text = b"\n".join(line for line in gaussian(GaussianJob()).split(b"\n") if b"SCF Done" not in line)
    with pytest.raises(FormatError, match="no SCF energy"):
        read(tmp_path, text)


@pytest.mark.parametrize("share", [0.15, 0.4, 0.6, 0.8, 0.95])
def test_gaussian_cut(share: float, tmp_path: Path) -> None:
    whole = gaussian(GaussianJob())
    with pytest.raises(FormatError):
        read(tmp_path, whole[: int(share * len(whole))])


def test_gaussian_modes_that_are_missing(tmp_path: Path) -> None:
    text = gaussian(GaussianJob()).replace(b"Frequencies --", b"Frequencies __")
    with pytest.raises(FormatError, match="without frequencies"):
        read(tmp_path, text)
    fewer = Springs(
        ("O", "H", "H", "H"), np.vstack([WATER.positions, [[0.9, 0, 0]]]), np.ones(4), ((0, 1, 1.0),)
    )
    four = gaussian(GaussianJob(fewer, archive=False))
    start = four.index(b"                      4  ")
    stop = four.index(b" - Thermochemistry")
    with pytest.raises(FormatError, match="3 modes for 4 atoms"):
        read(tmp_path, four[:start] + four[stop:])


def test_frames_are_not_read_from_a_log_and_the_door_is_named(tmp_path: Path) -> None:
    path = tmp_path / "water.log"
    for text in (gaussian(GaussianJob()), OrcaJob().text(), xtb()):
        path.write_bytes(text)
        with pytest.raises(InputError, match="read_calculation"):
            read_frames(path)


# ORCA ---------------------------------------------------------------------------------------------------------


def test_orca_frequencies(tmp_path: Path) -> None:
    found = read(
        tmp_path, OrcaJob(multiplicity=1, more_input=("%cpcm", "smd true", 'SMDsolvent "dmso"', "end")).text()
    )
    assert (found.energy, found.energy_unit) == (-76.3541, "hartree")
    assert found.energy_label == "FINAL SINGLE POINT ENERGY"
    assert str(found.level) == "ORCA PBE0-D4, def2-TZVP, SMD(dmso)"
    assert (found.level.version, found.level.precision) == ("6.0.1", "DefGrid2")
    assert (found.charge, found.multiplicity, found.symmetry_number) == (0, 1, 2)
    vibrations = found.vibrations
    assert vibrations is not None
    assert vibrations.wavenumbers[0] == pytest.approx(WATER.vibrations[0], abs=0.0051)
    assert vibrations.projected
    assert vibrations.displacements is not None
    flat = vibrations.displacements.reshape(3, -1)
    true = WATER.vibrations[1].reshape(3, -1)
    np.testing.assert_allclose(np.abs((flat * true).sum(1)), 1, atol=1e-3)


def test_orca_scaled_frequencies_are_unscaled(tmp_path: Path) -> None:
    found = read(tmp_path, OrcaJob(scaling=0.95).text())
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers[0] == pytest.approx(WATER.vibrations[0], abs=0.006)
    assert any("undone" in note for note in found.notes)


def test_orca_without_frequencies(tmp_path: Path) -> None:
    found = read(
        tmp_path, OrcaJob(words="B3LYP D3BJ def2-SVP CPCM(water)", basis="def2-SVP", frequencies=False).text()
    )
    assert found.vibrations is None
    assert str(found.level) == "ORCA B3LYP-D3(BJ), def2-SVP, CPCM(water)"


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("RHF 6-31G(d)", "ORCA HF, 6-31G*"),
        ("r2SCAN-3c", "ORCA r2SCAN-3c, 6-31G*"),
        ("wB97X-D3 def2-TZVP def2/J RIJCOSX", "ORCA wB97X-D3, 6-31G*"),
        ("def2-TZVP B3LYP D3BJ", "ORCA B3LYP-D3(BJ), 6-31G*"),
    ],
)
def test_orca_basis_sets_are_no_functionals(words: str, level: str, tmp_path: Path) -> None:
    assert str(read(tmp_path, OrcaJob(words=words, basis="6-31G*", frequencies=False).text()).level) == level


def test_orca_optimized(tmp_path: Path) -> None:
    assert (
        read(tmp_path, OrcaJob(words="PBE0 def2-TZVP Opt Freq", optimization=True).text()).energy == -76.3541
    )


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (OrcaJob(normal=False), ["ORCA TERMINATED NORMALLY", "line "]),
        (
            OrcaJob(normal=False, failed="     SCF NOT CONVERGED AFTER 125 CYCLES"),
            ["SCF NOT CONVERGED AFTER 125"],
        ),
        (
            OrcaJob(remark="  (Wavefunction not fully converged!)"),
            ["did not converge", "not fully converged"],
        ),
        (OrcaJob(optimization=False), ["optimization did not converge", "CYCLE   1".replace("   ", " ")]),
        (OrcaJob(frequencies=False), ["frequencies were asked for"]),
        (OrcaJob(failed="    RELAXED SURFACE SCAN STEP   3"), ["a scan"]),
        (OrcaJob(more_input=("%tddft nroots 3", "end")), ["excited state"]),
    ],
)
def test_orca_refuses(job: OrcaJob, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, job.text())
    assert all(word in str(caught.value) for word in words)


def test_orca_a_second_run_that_was_killed(tmp_path: Path) -> None:
    """The first one of the file ended normally; the last energy did not."""
    first = OrcaJob(words="PBE0 def2-TZVP Opt", optimization=True, frequencies=False).text()
    second = OrcaJob(words="PBE0 def2-TZVP", frequencies=False, normal=False, energy=-75.9).text()
    with pytest.raises(FormatError, match="ORCA TERMINATED NORMALLY"):
        read(tmp_path, first + second)


def test_mass_that_is_none(tmp_path: Path) -> None:
    """Found by fuzzing: the root of a negative mass."""
    with pytest.raises(FormatError, match="a mass of -5 u"):
        read(tmp_path, OrcaJob().text().replace(b"    15.995", b"    -5.000"))
    with pytest.raises(FormatError, match="a mass of -5 u"):
        read(tmp_path, gaussian(GaussianJob()).replace(b"mass  15.99490", b"mass  -5.00000"))


def test_orca_frequencies_without_energy(tmp_path: Path) -> None:
    text = OrcaJob().text().replace(b"FINAL SINGLE POINT ENERGY", b"FINAL")
    with pytest.raises(FormatError, match="no FINAL SINGLE POINT ENERGY"):
        read(tmp_path, text)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.95])
def test_orca_cut(share: float, tmp_path: Path) -> None:
    whole = OrcaJob().text()
    with pytest.raises(InputError):
        read(tmp_path, whole[: int(share * len(whole))])


# xtb ----------------------------------------------------------------------------------------------------------


def test_xtb(tmp_path: Path) -> None:
    standard = Springs(masses=np.array([15.999, 1.008, 1.008]))
    found = read(tmp_path, xtb(standard), "water.out")
    assert (found.energy, found.energy_label) == (-5.0835054, "TOTAL ENERGY")
    assert str(found.level) == "xtb GFN2-xTB-D4, ALPB(dmso)"
    assert found.vibrations is not None
    assert found.vibrations.wavenumbers[0] == pytest.approx(standard.vibrations[0], abs=0.0051)
    assert found.vibrations.hessian is None
    np.testing.assert_allclose(found.positions, WATER.positions)


def test_xtb_second_derivatives_beside_it(tmp_path: Path) -> None:
    """A file "hessian" is taken where it gives the printed frequencies, and left where it is of another run."""
    from builders_calculations import BOHR, HARTREE

    standard = Springs(masses=np.array([15.999, 1.008, 1.008]))
    hartree = standard.hessian * BOHR**2 / HARTREE
    (tmp_path / "hessian").write_text("$hessian\n" + " ".join(f"{x:.10f}" for x in hartree.ravel()) + "\n")
    found = read(tmp_path, xtb(standard), "water.out")
    assert found.vibrations is not None
    assert found.vibrations.hessian == pytest.approx(standard.hessian, abs=1e-6)
    assert len(found.provenance.inputs) == 2
    other = replace(standard, springs=((0, 1, 40.0), (0, 2, 40.0), (1, 2, 8.0)))
    found = read(tmp_path, xtb(other), "water.out")
    assert found.vibrations is not None
    assert found.vibrations.hessian is None


def test_xtb_refuses(tmp_path: Path) -> None:
    failed = xtb(failed="   *** convergence criteria cannot be satisfied within 250 iterations ***")
    with pytest.raises(FormatError, match="cannot be satisfied within 250"):
        read(tmp_path, failed)
    with pytest.raises(FormatError, match="did not finish"):
        read(tmp_path, xtb(ended=False))


def test_gaussian_numerical_frequencies_have_the_energy_of_the_undisplaced_structure(tmp_path: Path) -> None:
    displaced = " Re-enter D2Numr: IAtom= 1 IXYZ=1 IStep= 1.\n SCF Done:  E(RB3LYP) = -76.4012345678     A.U. after    9 cycles\n"
    found = read(tmp_path, gaussian(GaussianJob(route="#p B3LYP/6-31G(d) Freq=Num", more=displaced)))
    assert found.energy == GaussianJob().energy
    assert found.vibrations is not None
    later = " CCSD(T)= -0.76270000000000D+02\n" + displaced + " CCSD(T)= -0.76260000000000D+02\n"
    job = GaussianJob(route="#p CCSD(T)/cc-pVTZ Freq", method="RHF", more=later)
    assert read(tmp_path, gaussian(job)).energy == -76.27


def test_gaussian_frequencies_of_the_first_structure_of_an_optimization_do_not_count(tmp_path: Path) -> None:
    """Opt=(CalcFC) prints the frequencies of the structure that it begins with."""
    first = GaussianJob(route="#p B3LYP/6-31G(d) Opt=CalcFC", archive=False, normal=False, stationary=False)
    last = (
        " SCF Done:  E(RB3LYP) = -76.4100000000     A.U. after    9 cycles\n    -- Stationary point found.\n"
    )
    end = " Normal termination of Gaussian 16 at Thu Mar 17 13:22:29 2016.\n"
    found = read(tmp_path, gaussian(first) + (last + end).encode())
    assert (found.energy, found.vibrations) == (-76.41, None)
    assert any("of another structure" in note for note in found.notes)
    # Opt=CalcAll prints those of the last one, too
    tables = GaussianJob().tables()
    found = read(tmp_path, gaussian(first) + (last + tables + end).encode())
    assert found.energy == -76.41
    assert found.vibrations is not None


def test_gaussian_conductor_model_is_another_solvent_model(tmp_path: Path) -> None:
    text = gaussian(GaussianJob(solvent="Water")).replace(b"SMD-Coulomb.", b"UFF (Universal Force Field).")
    assert read(tmp_path, text).level.solvent == "PCM(Water)"
    text = text.replace(b" Atomic radii ", b" Model                : C-PCM.\n Atomic radii ")
    assert read(tmp_path, text).level.solvent == "CPCM(Water)"


def test_orca_frequencies_of_the_first_structure_of_an_optimization_do_not_count(tmp_path: Path) -> None:
    """%geom Calc_Hess true computes them to begin with."""
    first = OrcaJob(words="PBE0 def2-TZVP Opt", optimization=False, normal=False).text()
    last = OrcaJob(words="PBE0 def2-TZVP Opt", optimization=True, frequencies=False, energy=-76.36).text()
    found = read(tmp_path, first + last[last.index(b"            *                GEOMETRY") :])
    assert (found.energy, found.vibrations) == (-76.36, None)
    assert any("of another structure" in note for note in found.notes)


def test_xtb_file_of_second_derivatives_that_is_too_large_is_left_alone(tmp_path: Path) -> None:
    standard = Springs(masses=np.array([15.999, 1.008, 1.008]))
    with (tmp_path / "hessian").open("wb") as file:
        file.write(b"$hessian\n")
        file.truncate(1 << 40)  # a hole: reading it would fill the memory
    found = read(tmp_path, xtb(standard), "water.out")
    assert found.vibrations is not None
    assert found.vibrations.hessian is None
