"""Masses of bands that are known, from memory and through the files of both codes; .5 % at 4 decimals, .1 % at 8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_band_models import COUNTS, KNOWN, Known, on_path, quadratic, rashba, two_bands
from builders_bands import write_eigenval, write_kpoints_list, write_poscar, write_vasprun_bands
from builders_castep_bands import write_castep_bands
from validation import algebra, symmetry

import perovchem as pc
from perovchem.effective_mass import EffectiveMasses, effective_masses


def errors(found: EffectiveMasses, known: Known, carrier: str) -> list[tuple[str, float, float]]:
    """Arm, relative error and relative standard error of each mass; all arms and branches must be there."""
    wanted = getattr(known, carrier)
    arms = {mass.direction_label for mass in found.masses if mass.carrier == carrier}
    assert arms == set(wanted)
    rows = []
    for arm, truths in wanted.items():
        mine = sorted((m for m in found.of(carrier) if m.direction_label == arm), key=lambda m: m.mass)
        assert len(mine) == len(truths), [m for m in found.masses if m.direction_label == arm]
        rows += [
            (arm, one.mass / truth - 1, one.standard_error / one.mass)
            for one, truth in zip(mine, truths, strict=True)
        ]
    return rows


@pytest.mark.parametrize("carrier", ["electron", "hole"])
@pytest.mark.parametrize("decimals", [4, 8])
@pytest.mark.parametrize("name", KNOWN)
def test_masses_of_known_bands(name, decimals, carrier, validate):
    known = KNOWN[name]
    found = effective_masses(known.bands(decimals, COUNTS[decimals]), carrier=carrier)
    rows = errors(found, known, carrier)
    worst = max(rows, key=lambda row: abs(row[1]))
    validate(
        "Bands", "error of an effective mass", f"{name}, {carrier}s, {decimals} decimals, worst of {len(rows)} arms",
        unit="%", ours=100 * abs(worst[1]), truth=0.0, source=algebra("the model's second derivative"),
        absolute=0.5 if decimals == 4 else 0.1,
    )  # fmt: skip
    for arm, off, error in rows:
        assert abs(off) < 5 * error + 1e-6, (arm, off, error)


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "Luttinger"])
def test_masses_through_a_castep_file(name, tmp_path: Path):
    """Hartree with eight decimals, names from the k-points themselves."""
    known = KNOWN[name]
    bands = known.bands(12, 0.014)
    structure = known.structure
    path = write_castep_bands(
        tmp_path / "run.bands", known.cell, bands.kpoints, bands.energies, known.electrons,
        species=() if structure is None else structure.species,
        fractional=None if structure is None else structure.atoms.fractional,
    )  # fmt: skip
    found = effective_masses(pc.read_bands(path))
    for carrier in ("electron", "hole"):
        truths = sorted({round(t, 9) for arm in getattr(known, carrier).values() for t in arm})
        masses = [m.mass for m in found.of(carrier)]
        assert len(masses) == sum(map(len, getattr(known, carrier).values()))
        for mass in masses:
            assert min(abs(mass / truth - 1) for truth in truths) < 1e-3
        for truth in truths:
            assert min(abs(mass / truth - 1) for mass in masses) < 1e-3


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("kind", ["vasprun.xml", "EIGENVAL"])
def test_masses_through_files_of_vasp(name, kind, tmp_path: Path):
    known = KNOWN[name]
    bands = known.bands(12, 0.02)
    structure = known.structure
    spinors = known.spin == "noncollinear"
    names = {row: text.replace("Γ", "\\Gamma") for row, text in bands.labels.items()}
    write_kpoints_list(tmp_path / "KPOINTS", bands.kpoints, np.ones(len(bands.kpoints)), names)
    atoms = (("Pb",), np.zeros((1, 3)))
    if structure is not None:
        atoms = (structure.species, structure.atoms.fractional)
    if kind == "EIGENVAL":
        write_poscar(tmp_path / "POSCAR", known.cell, *atoms)
        write_eigenval(
            tmp_path / kind,
            bands.kpoints,
            bands.energies,
            known.electrons,
            noncollinear=spinors,
            n_atoms=len(atoms[0]),
        )
    else:
        write_vasprun_bands(
            tmp_path / kind, bands.kpoints, bands.energies, known.electrons, cell=known.cell, species=atoms[0],
            positions=atoms[1], noncollinear=spinors,
        )  # fmt: skip
    read = pc.read_bands(tmp_path / kind)
    assert read.energy_step == (1e-6 if kind == "EIGENVAL" else 1e-4)
    found = effective_masses(read)
    for carrier in ("electron", "hole"):
        for arm, off, error in errors(found, known, carrier):
            assert abs(off) < 5e-3, (carrier, arm, off, error)


def test_cubic_holes_at_r_are_equal_in_all_directions(validate):
    """In Pm-3m the VBM at R is not degenerate: one curvature; far from R the paths differ by a factor of three."""
    known = KNOWN["tight binding"]
    found = effective_masses(known.bands(8, 0.015), carrier="hole")
    masses = np.array([mass.mass for mass in found.masses])
    assert len({mass.direction_class for mass in found.masses}) == 3
    validate(
        "Bands", "ratio of hole masses at R", "cubic tight binding: R-X, R-M, R-Γ", ours=masses.max() / masses.min(),
        truth=1.0, source=algebra("Pm-3m makes the tensor isotropic"), relative=1e-5,
    )  # fmt: skip
    far = [mass.k[np.searchsorted(-mass.energies, 0.4)] for mass in found.masses]
    assert max(far) / min(far) > 1.01


def test_both_spins():
    """Each channel has its own gap; edges of different spin make the smaller one."""
    up = two_bands(quadratic(1 / 0.2), quadratic(1 / 0.5), 2.0, top=0.3)
    down = two_bands(quadratic(1 / 0.3), quadratic(1 / 0.7), 1.9, top=0.0)
    bands = on_path(
        lambda k: np.stack([up(k), down(k)]), ("X", "Γ", "M"), electrons=(1.0, 1.0), spin="collinear"
    )
    found = effective_masses(bands)
    edges = found.edges
    assert (edges.vbm.spin, edges.cbm.spin) == (0, 1)
    assert edges.gap == pytest.approx(1.6, abs=2e-4)
    assert edges.spin_gaps == pytest.approx((2.0, 1.9), abs=2e-4)
    assert not edges.direct
    assert edges.direct_gap == pytest.approx(1.9, abs=2e-4)
    for mass in found.masses:
        assert mass.mass == pytest.approx(0.3 if mass.carrier == "electron" else 0.5, rel=5e-3)


@pytest.mark.parametrize("decimals", [4, 8])
def test_rashba(decimals, validate):
    """Minimum beside Γ: its mass, how far it lies, and α = 2 E_R / k_R are those of the model."""
    strength, mass = 1.5, 0.15
    split = rashba(mass, strength)

    def model(k: np.ndarray) -> np.ndarray:
        filled = -quadratic(1 / 0.3)(k)
        return np.column_stack([filled, filled, 1 + split(k)])

    bands = on_path(model, ("X", "Γ", "M"), decimals=decimals, spacing=0.02, spin="noncollinear")
    found = effective_masses(bands)
    electron = [m for m in found.masses if m.carrier == "electron"]
    assert len(electron) == 1
    tolerance = 5e-3 if decimals == 4 else 1e-3
    assert electron[0].mass == pytest.approx(mass, rel=tolerance)
    beside = found.edges.off_symmetry
    assert [one.carrier for one in beside] == ["electron"]
    assert beside[0].center == "Γ"
    k_r = strength * mass / 7.619964
    assert beside[0].momentum_offset == pytest.approx(k_r, rel=tolerance)
    assert beside[0].energy == pytest.approx(strength * k_r / 2, rel=tolerance)
    validate(
        "Bands", "Rashba parameter", f"minimum .0295 1/Å beside Γ, {decimals} decimals", unit="eV Å",
        ours=beside[0].alpha, truth=strength, source=algebra("2 E_R / k_R of two crossing parabolas"), relative=tolerance, digits=4,
    )  # fmt: skip
    assert found.edges.cbm.fitted_energy == pytest.approx(1 - strength * k_r / 2, abs=2 * 10.0**-decimals)


COMPUTED = sorted((Path(__file__).parents[2] / "examples/data/cesium_lead_halide_bands").glob("CsPb*_*.json"))


@pytest.mark.parametrize(
    "path", [path for path in COMPUTED if "projections" not in path.name], ids=lambda path: path.stem
)
def test_computed_halides_have_one_hole_mass(path, validate):
    """Density functional theory knows Pm-3m as well: three directions, three fits, one mass within a percent."""
    found = effective_masses(pc.read_bands(path), carrier="hole")
    masses = np.array([mass.mass for mass in found.of("hole")])
    assert len(masses) == 3
    validate(
        "Bands", "ratio of hole masses at R", path.stem.replace("_", " ") + ": R-X, R-M, R-Γ", digits=3,
        ours=round(masses.max() / masses.min(), 3), truth=1.0, source=symmetry("Pm-3m makes the tensor isotropic"),
        relative=1e-2,
    )  # fmt: skip
    assert found.tensors[0].usable
