"""Frames of a .castep against the numbers that were printed, the text read by a twin, ASE, and the .md of the run."""

from __future__ import annotations

import gzip
import io
import os
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_castep_frames import Log, bfgs_log, force_lines, geometries, md_log, position_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from perovchem.errors import FormatError, MissingDataError, PerovchemError
from perovchem.frames import Frames
from perovchem.readers.castep_frames import CastepFrames, open_castep_frames
from perovchem.readers.castep_md import open_castep_md
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.run import open_run
from perovchem.units import GPA

REALDATA = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REALDATA is None, reason="PEROVCHEM_REALDATA is not set")
pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def opened(path: Path, text: bytes) -> CastepFrames:
    path.write_bytes(text)
    source = open_castep_frames(open_bytes(path))
    assert isinstance(source, CastepFrames)
    return source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seed.castep"


def every(source: CastepFrames) -> np.ndarray:
    return np.arange(source.n_frames)


def assert_holds(source: CastepFrames, log: Log) -> None:
    """Every number is the one printed; a stress of 1 GPa is .00624 eV/Å3 (CODATA, in units.GPA)."""
    frames = Frames(source, every(source))
    assert np.array_equal(frames.fractional_positions, [step.fractional for step in log.steps])
    cells = [log.cell if step.cell is None else step.cell for step in log.steps]
    assert np.array_equal(frames.cells, cells)
    assert np.array_equal(frames.forces, [step.forces for step in log.steps])
    assert frames.stress == pytest.approx(np.array([step.stress for step in log.steps]) / GPA, rel=1e-15)


# what is printed --------------------------------------------------------------------------------------------


def test_molecular_dynamics(path):
    log = md_log(5)
    source = opened(path, log.text())
    assert_holds(source, log)
    assert source.species == ("Pb", "I", "I", "Cs")
    assert source.complete
    assert source.notes == ()
    assert source.times == pytest.approx([0, 2, 4, 6, 8])
    assert (source.metadata.timestep, source.metadata.version) == (2.0, "24.1")
    energies = np.array([step.energy for step in log.steps])
    scalars = source.scalars()
    assert scalars["energy"] == pytest.approx(energies - 0.125, abs=1e-9)
    assert scalars["free_energy"] == pytest.approx(energies - 0.25, abs=1e-9)
    assert scalars["total_energy"] == pytest.approx(energies + 0.75, abs=1e-6)
    assert scalars["enthalpy"] == pytest.approx(energies + 0.5, abs=1e-6)
    assert scalars["temperature"].tolist() == [300, 302, 304, 306, 308]
    assert scalars["pressure"].tolist() == [0, 0.5, 1, 1.5, 2]
    assert scalars["kinetic_energy"].tolist() == [0.5] * 5
    assert scalars["converged"].tolist() == [1] * 5
    assert not source.fixed_cell


def test_geometry_optimization_has_all_evaluated_geometries(path):
    """Also trial steps; the final configuration, printed once more, is no frame; the cell is that of the start."""
    log = bfgs_log()
    source = opened(path, log.text())
    assert_holds(source, log)
    assert source.n_frames == 4
    assert source.n_finished == 3
    assert source.times is None
    assert source.fixed_cell
    assert source.species == ("H", "O")
    energies = [step.energy for step in log.steps]
    assert source.scalars()["energy"].tolist() == energies
    expected = [float(f"{energy:.8E}") for energy in energies]
    assert source.scalars()["enthalpy"] == pytest.approx([expected[0], np.nan, *expected[2:]], nan_ok=True)
    pressures = [-np.trace(step.stress) / 3 for step in log.steps]
    assert source.scalars()["pressure"] == pytest.approx(pressures, rel=1e-12)
    assert any("trial steps" in note for note in source.notes)
    opened_run = open_run(path)
    assert opened_run.times is None
    assert open_run(path, timestep=1.0).times is None


def test_single_point(path):
    (one,) = geometries(1, ("Si", "Si"))
    log = Log(("Si", "Si"), np.diag([5.0, 5.0, 5.0]), (replace(one, cell=None),))
    source = opened(path, log.text())
    assert_holds(source, log)
    assert (source.n_frames, source.complete, source.is_trajectory) == (1, True, False)


def test_supercells_of_a_phonon_run_are_no_frames(path):
    one, two = geometries(2, ("Si", "Si"))
    log = Log(("Si", "Si"), np.diag([5.0, 5.0, 5.0]), (replace(one, cell=None), two), "phonon calculation")
    source = opened(path, log.text())
    assert source.n_frames == 1
    assert source.scalars()["energy"].tolist() == [one.energy]


def test_chosen_frames_and_atoms(path):
    log = md_log(6)
    source = opened(path, log.text())
    frames, atoms = np.array([5, 0, 2, 2]), np.array([3, 1, 1])
    forces = np.array([step.forces for step in log.steps])
    assert np.array_equal(source.array("forces", frames, atoms), forces[frames][:, atoms])
    assert source.coordinates(frames, atoms).shape == (4, 3, 3)
    assert source.coordinates(np.arange(0), None).shape == (0, 4, 3)


def test_components_of_fixed_atoms_carry_a_word(path):
    log = md_log(3)
    steps = tuple(
        replace(step, suffixes={(0, 0): "(cons'd)", (3, 2): "(cons'd)", (1, 1): "(mixed)"})
        for step in log.steps
    )
    assert_holds(opened(path, replace(log, steps=steps).text()), log)


@pytest.mark.parametrize("title", ["Symmetrised Forces", "Constrained Forces", "Unconstrained Forces"])
def test_titles_of_forces(path, title):
    log = md_log(3)
    assert_holds(
        opened(path, replace(log, steps=tuple(replace(s, forces_title=title) for s in log.steps)).text()), log
    )


def test_unconstrained_forces_do_not_replace_others(path):
    log = Log(("Si", "O"), np.eye(3) * 5, (replace(geometries(1, ("Si", "O"))[0], cell=None),))
    other = tuple(force_lines(log.labels, -log.steps[0].forces, "Unconstrained Forces"))
    text = replace(log, steps=(replace(log.steps[0], after=other),)).text()
    assert_holds(opened(path, text), log)
    symmetrised = text.replace(b"Unconstrained", b"Symmetrised")
    source = opened(path.with_name("b.castep"), symmetrised)
    assert np.array_equal(source.array("forces", every(source), None)[0], -log.steps[0].forces)


def test_dispersion_and_finite_basis_are_added_to_both_energies(path):
    """E = -500, TS = .25; dispersion -1: -501.125 and -501.25; finite basis: F_c = -500.75 is .5 below F."""
    (one,) = geometries(1, ("Si",))
    one = replace(one, energy=-500.0, entropy=0.25, cell=None)
    dispersion = ("Dispersion corrected final energy*, Ecor          =  -501.000000     eV",)
    basis = (" Total energy corrected for finite basis set =    -500.750000 eV",)
    for number, (lines, energy, free) in enumerate(
        [(dispersion, -501.125, -501.25), (basis, -500.625, -500.75), (dispersion + basis, -501.125, -501.25)]
    ):
        log = Log(("Si",), np.eye(3) * 5, (replace(one, more_energies=lines),))
        source = opened(path.with_name(f"{number}.castep"), log.text())
        assert source.scalars()["energy"].tolist() == [energy]
        assert source.scalars()["free_energy"].tolist() == [free]
        assert any("energies include" in note for note in source.notes)


def test_electronic_minimization_that_failed(path):
    log = md_log(3)
    word = "*Warning* max. SCF cycles performed but system has not reached the groundstate."
    steps = (log.steps[0], replace(log.steps[1], title=(*log.steps[1].title, word)), log.steps[2])
    source = opened(path, replace(log, steps=steps).text())
    assert source.scalars()["converged"].tolist() == [1, 0, 1]
    assert any("did not converge" in note for note in source.notes)


def test_stars_in_the_place_of_an_energy(path):
    log = md_log(3)
    text = log.text().replace(f"{log.steps[1].energy:18.10f}".encode(), b"*" * 18)
    source = opened(path, text)
    assert np.isnan(source.scalars()["free_energy"]).tolist() == [False, False, False]
    assert np.isfinite(source.scalars()["energy"][[0, 2]]).all()
    assert any("in the place of a number" in note for note in source.notes)


# joined, cut, broken ----------------------------------------------------------------------------------------


def test_a_continuation_is_a_seam(path):
    first, second = md_log(4), md_log(4, seed=1, first=3)
    path.write_bytes(first.text() + second.text())
    frames = open_run(path)
    assert any("2 runs" in warning for warning in frames.warnings)
    assert frames.times is not None
    assert (np.diff(frames.times) > 0).all()
    source = opened(path, path.read_bytes())
    assert source.times.tolist() == [0, 2, 4, 6, 6, 8, 10, 12]


def test_a_killed_run_before_a_continuation(path):
    killed = replace(md_log(4), ended=False).text()
    killed = killed[: killed.rindex(b"MD Data:") + 200]
    source = opened(path, killed + md_log(2, seed=1, first=2).text())
    assert source.times.tolist() == [0, 2, 4, 4, 6]
    assert not source.complete
    assert any("left out" in note for note in source.notes)


def test_an_appended_run_of_other_atoms(path):
    with pytest.raises(FormatError, match="another order") as caught:
        opened(path, md_log(2).text() + md_log(2, ("I", "Pb", "I", "Cs")).text())
    assert "line" in caught.value.where


def test_what_is_refused(path):
    log = md_log(2)
    mixed = b"\n".join(
        line.replace(b"Cell Contents", b"Cell Contents\n  Mixture atoms") for line in log.text().split(b"\n")
    )
    with pytest.raises(FormatError, match="mixture"):
        opened(path, mixed)
    with pytest.raises(FormatError, match="transition state"):
        opened(path, replace(log, task="transition state search").text())
    with pytest.raises(FormatError, match="banner"):
        opened(path, b"nothing\n")
    with pytest.raises(FormatError, match="unit"):
        opened(path, log.text().replace(b"Real Lattice(A)", b"Real Lattice(furlong)"))
    with pytest.raises(MissingDataError, match="no geometry"):
        opened(path, replace(log, steps=(), ended=False).text())
    with pytest.raises(FormatError, match="Qq"):
        opened(path, md_log(2, ("Qq", "I", "I", "Cs")).text())


@pytest.mark.parametrize(
    ("what", "name"),
    [(" *****", "forces"), ("1.2.3", "forces"), ("nan", "forces"), ("0.5abc", "fractional")],
)
def test_a_broken_row_is_told_with_its_line(path, what, name):
    log = md_log(3)
    number = log.steps[1].forces[2, 1] if name == "forces" else log.steps[1].fractional[2, 1]
    shown = f"{number:13.5f}" if name == "forces" else f"{number:11.6f}"
    text = log.text().decode().replace(shown, what.rjust(len(shown)))
    source = opened(path, text.encode())
    with pytest.raises(FormatError) as caught:
        source.coordinates(every(source), None)
        source.array("forces", every(source), None)
    line = next(n for n, one in enumerate(text.split("\n"), 1) if what in one and one.count("*") < 20)
    assert caught.value.where.endswith(f"line {line}")
    good = np.array([0, 2])
    assert np.array_equal(source.array("forces", good, None)[1], log.steps[2].forces)


def test_a_row_too_many_or_too_few(path):
    log = md_log(3)
    row = position_lines(log.labels, log.steps[1].fractional)[7] + "\n"
    for text in (log.text().decode().replace(row, ""), log.text().decode().replace(row, 2 * row)):
        source = opened(path, text.encode())
        with pytest.raises(FormatError, match="position"):
            source.coordinates(every(source), None)


@pytest.mark.parametrize("which", ["dynamics", "geometry", "single"])
def test_every_cut_gives_true_frames_or_an_error(path, which):
    """Whatever is left of a log, its frames are frames of the whole one, from the first on."""
    if which == "dynamics":
        log = md_log(2, ("Pb", "I"))
    elif which == "geometry":
        log = bfgs_log()
    else:
        log = Log(("Si",), np.eye(3) * 5, (replace(geometries(1, ("Si",))[0], cell=None),))
    text = log.text()
    whole = opened(path, text)
    names = ("coordinates", "forces", "stress")
    truth = {"coordinates": whole.coordinates(every(whole), None)}
    truth |= {name: whole.array(name, every(whole), None) for name in names[1:]}
    energies = whole.scalars()["energy"]
    most = 0
    for cut in range(0, len(text), 7):
        try:
            source = opened(path, text[:cut])
        except PerovchemError:
            continue
        n = source.n_frames
        most = max(n, most)
        assert np.array_equal(source.coordinates(every(source), None), truth["coordinates"][:n])
        for name in source.arrays:
            try:
                found = source.array(name, every(source), None)
            except MissingDataError:
                continue
            assert np.array_equal(found, truth[name][:n])
        assert np.array_equal(source.scalars()["energy"], energies[:n])
        assert not source.complete or cut > text.rindex(b"Total time")
    assert most == whole.n_frames


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_logs_give_numbers_or_errors(data):
    log = data.draw(st.sampled_from([md_log(3, ("Pb", "I")), bfgs_log()]))
    text = bytearray(log.text())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["replace", "delete", "insert"]))
        byte = data.draw(st.sampled_from(b"0123456789 \n.-+exPb*()=:"))
        if kind == "replace":
            text[at] = byte
        elif kind == "insert":
            text.insert(at, byte)
        else:
            del text[at : at + data.draw(st.integers(1, 400))]
            if not text:
                return
    try:
        source = open_castep_frames(FileBytes(Path("a.castep"), bytes(text)))
        frames = Frames(source, np.arange(source.n_frames))
        assert np.isfinite(frames.positions).all()
        _ = frames.scalars
        assert np.isfinite(frames.forces).all()
    except PerovchemError as error:
        assert error.fix


# real files -------------------------------------------------------------------------------------------------


def text_of(name: str) -> str:
    assert REALDATA is not None
    raw = (Path(REALDATA) / "castep" / name).read_bytes()
    return (gzip.decompress(raw) if name.endswith(".gz") else raw).decode("latin-1")


def twin(text: str) -> list[dict[str, object]]:
    """Read evaluated geometries line by line: a table of positions, and what comes before the next one."""
    row = re.compile(r"^\s*[x*]\s+([A-Z][a-z]?)\S*\s+\d+((?:\s+[-+]?\d+\.\d+){3})\s+[x*]\s*$")
    frames: list[dict[str, object]] = []
    cell: list[list[float]] = []
    lines_ = text.split("BFGS: Final Configuration")[0].split("DMD: Final Configuration")[0].split("\n")
    k = 0
    while k < len(lines_):
        line = lines_[k]
        if "Real Lattice(A)" in line:
            cell = [[float(word) for word in lines_[k + j].split()[:3]] for j in (1, 2, 3)]
        tables = {"Fractional coordinates of atoms": "positions", "Forces ***": "forces"}
        name = next((found for title, found in tables.items() if title in line), None)
        if name:
            while not row.match(lines_[k]):
                k += 1
            found = []
            while match := row.match(lines_[k]):
                found.append((match.group(1), [float(word) for word in match.group(2).split()]))
                k += 1
            if name == "positions":
                frames.append({"cell": cell, "species": tuple(s for s, _ in found)})
            frames[-1].setdefault(name, [numbers for _, numbers in found])
        if line.startswith("Final energy") and "forces" not in frames[-1]:
            frames[-1]["final"] = float(line.split("=")[1].split()[0])
        if "Stress Tensor ***" in line:
            while not re.match(r" \*\s+x\s+-?\d", lines_[k]):
                k += 1
            frames[-1].setdefault(
                "stress", [[float(w) for w in lines_[k + j].split()[2:5]] for j in range(3)]
            )
        k += 1
    return frames


REAL = {
    "BC2N_Raman_gamma_phonon.castep": 1,
    "BaTiO3.castep": 1,
    "H2_geom.castep": 8,
    "N2_md.castep": 21,
    "Si2_occ.castep": 1,
    "Si8_md.castep": 3,
    "Si8_md_NPT.castep": 11,
    "Si8_sp.castep": 1,
    "Si_nsp_BS.castep": 1,
    "TiO2_geom.castep": 23,
    "al2o3_aimd.castep.gz": 101,
}


def real_source(name: str) -> CastepFrames:
    assert REALDATA is not None
    source = open_castep_frames(open_bytes(Path(REALDATA) / "castep" / name))
    assert isinstance(source, CastepFrames)
    return source


@real
@pytest.mark.parametrize(("name", "n_frames"), REAL.items())
def test_real_logs_against_a_twin(name, n_frames):
    source = real_source(name)
    expected = twin(text_of(name))
    assert source.n_frames == n_frames == len(expected)
    assert source.complete
    assert all(frame["species"] == source.species for frame in expected)
    assert np.array_equal(source.coordinates(every(source), None), [frame["positions"] for frame in expected])
    assert np.array_equal(source.cells(every(source)), [frame["cell"] for frame in expected])
    assert np.array_equal(
        source.array("forces", every(source), None), [frame["forces"] for frame in expected]
    )
    if "stress" in source.arrays:
        stress = np.array([frame["stress"] for frame in expected]) / GPA
        assert source.array("stress", every(source), None) == pytest.approx(stress, rel=1e-14)
    if "final" in expected[0] and "temperature" not in source.scalars() and name != "Si2_occ.castep":
        assert source.scalars()["energy"].tolist() == [frame["final"] for frame in expected]


#: What ASE 3.29 gives of each: all frames, or only the last geometry of a minimizer that it does not know.
ASE = dict.fromkeys(REAL, True) | {"TiO2_geom.castep": False, "BaTiO3.castep": None, "Si_nsp_BS.castep": None}


@real
@pytest.mark.parametrize(("name", "all_frames"), ASE.items())
def test_real_logs_against_ase(name, all_frames):
    from ase.io.castep.castep_reader import read_castep_castep

    source = real_source(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        handle = io.StringIO(text_of(name))
        handle.name = name
        if all_frames is None:
            with pytest.raises(
                (AttributeError, UnboundLocalError)
            ):  # it stumbles over "Total time to compute"
                read_castep_castep(handle, index=slice(None))
            return
        images = read_castep_castep(handle, index=slice(None))
    chosen = every(source) if all_frames else every(source)[-1:]
    assert len(images) == len(chosen)
    frames = Frames(source, chosen)
    assert frames.species == tuple(images[0].get_chemical_symbols())
    assert frames.positions == pytest.approx(np.array([image.positions for image in images]), abs=1e-12)
    assert frames.cells == pytest.approx(np.array([image.cell[:] for image in images]), rel=1e-14)
    forces = np.array([image.get_forces(apply_constraint=False) for image in images])
    if name in ("N2_md.castep", "al2o3_aimd.castep.gz"):
        # at the end of the run the forces are printed with those of the Langevin thermostat, which ASE then takes
        assert REALDATA is not None
        md = open_castep_md(open_bytes(Path(REALDATA) / "castep" / name.replace(".castep", ".md")))
        assert forces[-1] == pytest.approx(md.array("forces", chosen[-1:], None)[0], abs=2e-5)
        forces[-1] = twin(text_of(name))[-1]["forces"]
    assert frames.forces == pytest.approx(forces)
    energies = np.array([image.calc.results["energy"] for image in images])
    # ASE leaves the correction for the finite basis set out where occupancies are smeared: 9.36 meV here at most
    correction = 0.0094 if name == "Si8_md_NPT.castep" else 1e-9
    assert np.abs(frames.scalars["energy"] - energies).max() < correction
    if "stress" in source.arrays:
        stress = np.array([image.get_stress(voigt=False, apply_constraint=False) for image in images])
        # ASE's constants are of CODATA 2014; it takes the last stress from the table at the end of the run, where
        # CASTEP 16.1 prints it with the other sign: see the pressure below
        assert frames.stress[:-1] == pytest.approx(stress[:-1], rel=1e-7)
        assert frames.stress[-1] == pytest.approx(-stress[-1], rel=1e-7)


@real
@pytest.mark.parametrize(
    ("name", "packed", "langevin"), [("N2_md", "", True), ("Si8_md", "", False), ("al2o3_aimd", ".gz", True)]
)
def test_one_run_through_two_doors(name, packed, langevin):
    """Within half a unit of the last digit that the .castep prints."""
    assert REALDATA is not None
    log = real_source(f"{name}.castep{packed}")
    md = open_castep_md(open_bytes(Path(REALDATA) / "castep" / f"{name}.md{packed}"))
    frames = every(log)
    assert (log.species, log.n_frames) == (md.species, md.n_frames)
    apart = log.coordinates(frames, None) - Frames(md, frames).fractional_positions
    # CASTEP's bohr is of CODATA 2010 or before, 1e-8 from ours
    assert np.abs(apart - np.rint(apart)).max() < 5.2e-7
    # CASTEP's constants are of CODATA 2010 or before: 1e-7 apart
    assert log.times == pytest.approx(md.times, rel=3e-8, abs=1e-6)
    for scalar, tolerance in (("kinetic_energy", 3e-6), ("free_energy", 5e-5), ("total_energy", 5e-5)):
        assert log.scalars()[scalar] == pytest.approx(md.scalars()[scalar], abs=tolerance)
    assert log.scalars()["temperature"] == pytest.approx(md.scalars()["temperature"], rel=3e-6)
    forces, of_md = log.array("forces", frames, None), md.array("forces", frames, None)
    if langevin:  # the .md adds friction and noise, but not to the first frame
        assert np.abs(forces[0] - of_md[0]).max() < 2e-5
        assert np.abs(forces[1:] - of_md[1:]).max() > 0.1
    else:
        assert np.abs(forces[1:] - of_md[1:]).max() < 3e-4


@real
def test_pressure_of_a_variable_cell_is_kinetic_and_static():
    """T/=0 pressure = static pressure + 2 E_kin / 3 V, with the numbers of the log's own tables."""
    source = real_source("Si8_md_NPT.castep")
    frames = Frames(source, every(source))
    volume = np.abs(np.linalg.det(frames.cells))
    static = -np.trace(frames.stress, axis1=1, axis2=2) / 3 * GPA
    kinetic = 2 * frames.scalars["kinetic_energy"] / (3 * volume) * GPA
    assert frames.scalars["pressure"] == pytest.approx(static + kinetic, abs=2e-3)
    potential = [
        float(word) for word in re.findall(r"Potential Energy:\s+(\S+)", text_of("Si8_md_NPT.castep"))
    ]
    assert frames.scalars["free_energy"] == pytest.approx(potential, abs=1e-6)
