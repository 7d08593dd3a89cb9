"""Small bands of CASTEP and ASE, densities of states, dielectric tensors, photon spectra, and what must hold of them spoiled."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from builders_castep_bands import castep_bands, castep_cell, castep_log, castep_pdos
from builders_exafs import feff_file
from builders_state_density import doscar, levels_as_curves, vasprun_dos

from fuzz import mutations
from fuzz.bands import look_at
from fuzz.checks import sound
from perovchem.bands import Bands
from perovchem.density_of_states import density_of_states
from perovchem.dielectric_reading import read_dielectric
from perovchem.errors import PerovchemError
from perovchem.evidence import Evidence
from perovchem.measured_reading import read_measured
from perovchem.readers.ase_bands import read_ase_bands
from perovchem.readers.castep_bands import read_castep_bands
from perovchem.readers.castep_log_bands import read_castep_log_bands
from perovchem.readers.feff_path import read_feff_path
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.photon_spectrum import read_photon_spectrum
from perovchem.solubility import solubility
from perovchem.state_density import StateDensity
from perovchem.state_density_reading import read_states

CELL: Final = np.eye(3) * 5.8
SPECIES: Final = ("Cs", "Pb")
PLACES: Final = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
PATH: Final = np.concatenate(
    [np.linspace([0, 0, 0], [0.5, 0, 0], 5), np.linspace([0.5, 0.25, 0], [0.5, 0.5, 0], 2)]
)
LEVELS: Final = np.array([-7.0, 0.0, 4.0]) + 0.1 * np.cos(2 * np.pi * PATH).sum(axis=1)[:, None]
CORNERS: Final = [([0, 0, 0], "G"), ([0.5, 0, 0], "X"), ([0.5, 0.5, 0], "M")]
ENERGIES: Final = np.linspace(-5, 5, 41)
ORBITALS: Final = [(1, 1, 0), (2, 1, 0), (2, 1, 1), (2, 1, 1), (2, 1, 1)]
TABLE: Final = (
    "        Optical Permittivity (f->infinity)             DC Permittivity (f=0)\n"
    "        ----------------------------------             ---------------------\n"
    + "         4.50788     0.00000     0.00000         6.64363     0.00000     0.00000\n"
    * 3
)


def _log() -> str:
    tables = "".join(
        f"  +  Spin=1 kpt={k + 1:5d} ({' '.join(f'{x:9.6f}' for x in point)}) kpt-group=  1       +\n"
        + "".join(f"  +{b + 1:8d}{e:22.6f}          +\n" for b, e in enumerate(LEVELS[k]))
        for k, point in enumerate(PATH)
    )
    return castep_log(CELL, SPECIES, PLACES, tail=" number of  electrons   :  4.000\n" + tables + "  ====\n")


def _json() -> str:
    def array(values: Any) -> dict[str, Any]:
        held = np.asarray(values, float)
        return {"__ndarray__": [list(held.shape), "float64", held.ravel().round(6).tolist()]}

    path = {
        "kpts": array(PATH), "special_points": {"G": array([0, 0, 0]), "X": array([0.5, 0, 0])}, "labelseq": "GX",
        "cell": {"array": array(CELL), "__ase_objtype__": "cell"}, "__ase_objtype__": "bandpath",
    }  # fmt: skip
    return json.dumps(
        {"path": path, "energies": array(LEVELS[None]), "reference": 1.0, "__ase_objtype__": "bandstructure"}
    )


TOML: Final = """electrons = 4
spin_orbit = false
energy_decimals = 6
fermi_level = 1.0
[labels]
M = [0.5, 0.5, 0.0]
[structure_sites]
Cs = [[0.0, 0.0, 0.0]]
Pb = [[0.5, 0.5, 0.5]]
[projections]
file = "p.json"
"""
PROJECTIONS: Final = json.dumps(
    {
        "species": ["Cs", "Pb"],
        "orbitals": ["s", "p"],
        "unit": 0.001,
        "weights": np.full((7, 3, 4), 250).tolist(),
    }
)

BEAM: Final = "# tube\nenergy (keV), photons\n" + "".join(
    f"{energy:.2f},{(70 - energy) / energy:.5e}\n" for energy in range(5, 71, 3)
)
MEASURED: Final = (
    '# total solubility\nadditive,solubility (g/mL),uncertainty,source\nnone,2.93e-3,1e-4,a\nMAI,0.038,0.002,"a, b"\n'
    "MABr,<0.03,,a\nMACl,n/a,,\nFAI,0.021,0.001,c\n"
)


def look_at_measured(path: Path) -> None:
    """What is read can be compared, and has neither an infinite number nor a negative error."""
    found = read_measured(
        path, subject="additive", value="solubility", uncertainty="uncertainty", unit="g/mL"
    )
    numbers = [value for value in found.values.values() if isinstance(value, float)]
    assert np.isfinite(numbers).all() and all(error >= 0 for error in found.errors.values())
    if found.words or len(numbers) < 2:
        return
    ours = {one: float(len(one)) for one in found.values}
    result = solubility([Evidence("length of the name", ours, better="lower")], measured=found, draws=20)
    assert (
        result.conclusions
        and result.to_json()
        and all(len(one.statement) < 50_000 for one in result.conclusions)
    )


@functools.cache
def texts() -> Mapping[str, tuple[str, Mapping[str, bytes]]]:
    """Return by format the name of the file that is spoiled, and all files of the run."""
    weights = np.full((1, 7, 3, 5), 0.2)
    castep = {
        "seed.bands": castep_bands(CELL, PATH, LEVELS, 4.0, order=[3, 0, 2, 1, 4, 6, 5]).encode(),
        "seed.cell": castep_cell(CELL, SPECIES, PLACES, path=CORNERS).encode(),
        "seed.pdos_bin": castep_pdos(PATH, weights, ORBITALS),
    }
    spins = castep_bands(CELL, PATH, [LEVELS, LEVELS[:, :2] + 0.1], (2.0, 1.0), fermi_energy=(1.0, 2.0))
    total, integrated = levels_as_curves([-2, 2], ENERGIES, 0.4, 2.0)
    projected = np.full((2, len(ENERGIES), 9), 0.01)
    poscar = b"x\n1.0\n5 0 0\n0 5 0\n0 0 5\nCs Pb\n1 1\nDirect\n0 0 0\n.5 .5 .5\n"
    dos = doscar(ENERGIES, total[None], integrated[None], projected, n_atoms=2).encode()
    vasp = vasprun_dos(ENERGIES, total[None], integrated[None], projected[:, None], species=SPECIES).encode()
    ase = {"bands.json": _json().encode(), "bands.toml": TOML.encode(), "p.json": PROJECTIONS.encode()}
    found = {f"CASTEP run, {name}": (name, castep) for name in castep}
    found["CASTEP run, .bands with spins"] = ("seed.bands", {"seed.bands": spins.encode()})
    found["CASTEP run, bands of the log"] = (
        "seed.castep",
        {"seed.castep": _log().encode(), "seed.cell": castep["seed.cell"]},
    )
    found |= {f"ASE bands, {name}": (name, ase) for name in ase}
    found["density of states, DOSCAR"] = ("DOSCAR", {"DOSCAR": dos, "POSCAR": poscar})
    found["density of states, vasprun.xml"] = ("vasprun.xml", {"vasprun.xml": vasp})
    log = castep_log(CELL, SPECIES, PLACES, tail=TABLE).encode()
    found["dielectric, .castep"] = ("seed.castep", {"seed.castep": log})
    found["scattering path, feffNNNN.dat"] = ("feff0001.dat", {"feff0001.dat": feff_file().encode()})
    found["photon spectrum, columns"] = ("beam.csv", {"beam.csv": BEAM.encode()})
    found["measured table, CSV"] = ("measured.csv", {"measured.csv": MEASURED.encode()})
    return found


def fill(name: str, folder: Path, text: bytes) -> Path:
    """Write the run with one file spoiled; return what to read."""
    spoiled_name, files = texts()[name]
    for file, sound_text in files.items():
        (folder / file).write_bytes(text if file == spoiled_name else sound_text)
    return folder / next(iter(files))


def sound_text(name: str) -> bytes:
    """Return the unspoiled bytes of the file that is spoiled."""
    file, files = texts()[name]
    return files[file]


def spoiled(name: str, source: random.Random, folder: Path, number: int) -> tuple[str, Path]:
    """Write a spoiled run; return what was done and what to read."""
    done, text = mutations.spoil(source, sound_text(name), mutations.kinds(name), number)
    return done, fill(name, folder, text)


def attempt(name: str, path: Path) -> bool:
    """Read everything; True for a result, False for a refusal."""
    try:
        if name.startswith("photon"):
            beam = read_photon_spectrum(path)
            energies, photons = beam.nodes([33.17])
            assert np.isfinite(photons).all() and photons.sum() > 0
            assert beam.range[0] <= energies.min() <= energies.max() <= beam.range[1]
        elif name.startswith("measured"):
            look_at_measured(path)
        elif name.startswith("scattering"):
            path_of = read_feff_path(path)
            k = np.linspace(1, 25, 50)
            assert np.isfinite(path_of.amplitude_at(k) + path_of.phase_at(k) + path_of.momentum_at(k)).all()
        elif name.startswith("dielectric"):
            found = read_dielectric(path)
            assert np.isfinite(found.electronic).all()
            assert found.source
        elif name.startswith("density"):
            density = read_states(path)
            assert isinstance(density, StateDensity)
            assert np.isfinite(density.total).all()
            look_at_density(density)
        else:
            look_at_bands(_bands(name, path))
    except PerovchemError as error:
        sound(error)
        return False
    return True


def _bands(name: str, path: Path) -> Bands:
    if name.startswith("ASE"):
        return read_ase_bands(open_bytes(path))
    if name.endswith("log"):
        return read_castep_log_bands(open_bytes(path))
    return read_castep_bands(open_bytes(path))


def look_at_bands(bands: Bands) -> None:
    """Bands, their projections and the density of states of their points are sound, or refused."""
    look_at(bands)
    if bands.projections is not None:
        weights = bands.projections.weights(slice(None))
        assert weights.shape[:3] == bands.energies.shape
        assert np.isfinite(weights).all()
    if not bands.segments and np.isfinite(bands.weights).all():
        density_of_states(bands)


def look_at_density(density: StateDensity) -> None:
    """What is said of it is finite where it should be, and printable."""
    found = density_of_states(density)
    assert np.isfinite(found.energies).all()
    assert np.isfinite(found.total).all()
    json.dumps(found.to_dict(), allow_nan=False)
    assert repr(found)
