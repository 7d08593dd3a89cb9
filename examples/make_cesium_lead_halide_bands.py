"""Make the band structures of cubic CsPbCl3, CsPbBr3 and CsPbI3 in `data/cesium_lead_halide_bands`, with GPAW.

    python examples/make_cesium_lead_halide_bands.py                        # says what is made, computes nothing
    python examples/make_cesium_lead_halide_bands.py CsPbBr3 --folder runs  # about half an hour on one core

Needs GPAW, which perovchem itself does not. A C compiler, libxc and a BLAS first (on Debian: `apt install gcc
libxc-dev libopenblas-dev`), then `pip install gpaw==25.7.0`; its PAW setups come with it as `gpaw-data`.
"""

# %%
from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
HALIDES = {"CsPbCl3": "Cl", "CsPbBr3": "Br", "CsPbI3": "I"}

# %% the path: X-R-M-Γ-R, so that all three arms around R are on it
POINTS = {"X": (0.0, 0.5, 0.0), "R": (0.5, 0.5, 0.5), "M": (0.5, 0.5, 0.0), "Γ": (0.0, 0.0, 0.0)}
PATH = "XRMΓR"
FINE, NEAR_R, COARSE = 0.0125, 0.25, 0.07  # 1/Å, with 2π: steps within NEAR_R of R, and elsewhere


def steps_along(length: float, from_r: bool, to_r: bool) -> list[float]:
    """Return positions along a segment of this length (1/Å) without its last: fine near an end that is R."""
    near = list(np.arange(round(NEAR_R / FINE) + 1) * FINE)
    far = max(1, math.ceil((length - NEAR_R) / COARSE))
    if from_r:
        return near[:-1] + list(np.linspace(NEAR_R, length, far + 1))[:-1]
    if to_r:
        return list(np.linspace(0, length - NEAR_R, far + 1))[:-1] + [length - at for at in near[:0:-1]]
    return list(np.linspace(0, length, math.ceil(length / COARSE) + 1))[:-1]


def points_of_path(edge: float) -> list[tuple[float, ...]]:
    """Return the fractional k-points of the path for a cubic cell with this edge (Å); each corner stands once."""
    found: list[tuple[float, ...]] = []
    for first, last in pairwise(PATH):
        begin, end = np.array(POINTS[first]), np.array(POINTS[last])
        length = 2 * math.pi / edge * float(np.linalg.norm(end - begin))
        places = (
            begin + (end - begin) * at / length for at in steps_along(length, first == "R", last == "R")
        )
        found += [tuple(round(float(x), 12) for x in place) for place in places]
    return [*found, POINTS[PATH[-1]]]


# %% settings; CONVERGED says what they are converged to
CUTOFF = 400  # eV
MESH = 8  # points along each axis, shifted off the zone center
BANDS, CONVERGED_BANDS = 54, 31  # spatial bands on the path; 22 are occupied
DEEP, EMPTY = 9, 9  # Cs 5s, Pb 5d and X s are left out of the files; this many empty bands are kept


def compute(formula: str, folder: Path) -> Path:
    """Run the self-consistent density and, with it held, the states along the path; return the file of the latter."""
    from ase.io import read
    from gpaw import GPAW, PW

    kept = folder / f"{formula}_path.gpw"
    if kept.exists():
        return kept
    density = folder / f"{formula}_density.gpw"
    if not density.exists():
        atoms = read(REPOSITORY / "structures" / f"{formula}_cubic.cif")
        atoms.calc = GPAW(
            mode=PW(CUTOFF),
            xc="PBE",
            kpts={"size": (MESH, MESH, MESH), "gamma": False},
            occupations={"name": "fermi-dirac", "width": 0.01},
            convergence={"density": 1e-6, "eigenstates": 1e-10, "energy": 1e-7},
            txt=str(folder / f"{formula}_density.txt"),
        )
        atoms.get_potential_energy()
        atoms.calc.write(density)
    held = GPAW(density)
    along = held.fixed_density(
        kpts=points_of_path(held.atoms.cell.lengths()[0]),
        nbands=BANDS,
        symmetry="off",
        convergence={"bands": CONVERGED_BANDS, "eigenstates": 1e-7},
        txt=str(folder / f"{formula}_path.txt"),
    )
    along.write(kept)
    return kept


# %% spin-orbit coupling, as a perturbation within the PAW spheres. GPAW's own (`gpaw.spinorbit.soc_eigenstates`) leaves
# out the relativistic mass and takes only the bands of the calculation; README.md shows why both matter for lead.
LOW_CUTOFF = 280  # eV: at R, all bands that these plane waves have, for what lies above those of the path
FADE = (8.5, 11.0)  # eV above the valence band maximum: bands enter one by one below, folded above
FOLDED_AT = 0.3  # eV above the valence band maximum, where the folding is exact


def strengths(calc: Any) -> dict[int, np.ndarray]:
    """Return for each atom <phi_i| (dV/dr) L·σ / r |phi_j> / (2 M c)^2, eV: (2 n, 2 n) over spin and partial waves."""
    from ase.units import Ha, alpha
    from gpaw.spinorbit import get_L_vlmm, get_radial_potential_derivative

    found = {}
    for atom, occupations in calc.density.D_asp.items():
        setup = calc.wfs.setups[atom]
        grid = setup.xc_correction.rgd
        force = get_radial_potential_derivative(setup, calc.hamiltonian.xc, occupations)
        steps = np.diff(grid.r_g) * (force[1:] + force[:-1]) / 2
        potential = -np.append(np.cumsum(steps[::-1])[::-1], 0.0)
        potential[0] = potential[1]
        force = force / (1 - alpha**2 / 2 * potential) ** 2  # M = 1 - V / 2 c^2 electron masses
        vectors = np.zeros((3, setup.ni, setup.ni), complex)
        starts = np.cumsum([0] + [2 * moment + 1 for moment in setup.l_j])
        for i, moment in enumerate(setup.l_j):
            for j in (j for j, other in enumerate(setup.l_j) if other == moment):
                waves = setup.data.phi_jg[i][: len(force)] * setup.data.phi_jg[j][: len(force)]
                number = grid.integrate(waves * force, n=-1) / (4 * math.pi) * alpha**2 / 4 * Ha
                rows, columns = slice(*starts[i : i + 2]), slice(*starts[j : j + 2])
                vectors[:, rows, columns] = number * np.array([part[moment] for part in get_L_vlmm()])
        x, y, z = vectors
        found[atom] = np.block([[z, x - 1j * y], [x + 1j * y, -z]])
    return found


def fading(energies: np.ndarray) -> np.ndarray:
    """Return 1 below FADE, 0 above, and a smooth step between; energies in eV above the valence band maximum."""
    x = np.clip((energies - FADE[0]) / (FADE[1] - FADE[0]), 0, 1)
    return 1 - x**2 * (3 - 2 * x)


def states(calc: Any, k: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Return the energies (eV) at a k-point and, for each atom, <projector|state>, (bands, projectors)."""
    from ase.units import Ha

    point = calc.wfs.kpt_qs[k][0]
    return point.eps_n * Ha, {atom: point.P_ani[atom] for atom in range(len(calc.atoms))}


def folded(calc: Any, folder: Path) -> dict[int, np.ndarray]:
    """Return, for each atom, what the bands above FADE answer to a perturbation at its projectors, 1/eV."""
    from gpaw import GPAW, PW

    atoms = calc.atoms.copy()
    atoms.calc = GPAW(
        mode=PW(LOW_CUTOFF),
        xc="PBE",
        kpts={"size": (4, 4, 4), "gamma": False},
        occupations={"name": "fermi-dirac", "width": 0.01},
        txt=str(folder / f"{atoms.symbols}_all_bands.txt"),
    )
    atoms.get_potential_energy()
    every = atoms.calc.fixed_density(
        kpts=[POINTS["R"]], symmetry="off", nbands=30, convergence={"bands": 25}, txt=None
    )
    every.diagonalize_full_hamiltonian()
    energies, overlaps = states(every, 0)
    energies = energies - energies[round(every.get_number_of_electrons()) // 2 - 1]
    above = energies > FADE[0]
    weights = (1 - fading(energies[above])) / (FOLDED_AT - energies[above])
    return {
        atom: np.einsum("ni,n,nj->ij", one[above], weights, one[above].conj()).real
        for atom, one in overlaps.items()
    }


def with_spin_orbit(
    energies: np.ndarray, overlaps: dict[int, np.ndarray], top: float, perturbation: dict[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return energies (2 bands) and spinors (2 bands, 2 spins x bands) at a k-point; FADE counts from `top`."""
    enter = np.sqrt(fading(energies - top))
    matrix = np.kron(np.eye(2), np.diag(energies)).astype(complex)
    for atom, one in overlaps.items():
        spinor = np.kron(np.eye(2), one * enter[:, None])
        matrix += spinor.conj() @ perturbation[atom] @ spinor.T
    found, vectors = np.linalg.eigh(matrix)
    return found, vectors.T


# %% character: overlaps with the projectors of the bound shells of each atom
def bound_shells(calc: Any) -> Iterator[tuple[str, str, int, slice]]:
    """Yield element, orbital, atom and projectors of every bound shell."""
    for atom, setup in enumerate(calc.wfs.setups):
        start = 0
        for n, moment in zip(setup.n_j, setup.l_j, strict=True):
            if n > 0:
                yield setup.symbol, "spd"[moment], atom, slice(start, start + 2 * moment + 1)
            start += 2 * moment + 1


def character(calc: Any, overlaps: dict[int, np.ndarray]) -> np.ndarray:
    """Return thousandths, (bands, elements x orbitals); overlaps are (bands, ..., projectors), summed between."""
    elements = list(dict.fromkeys(calc.wfs.setups[atom].symbol for atom in overlaps))
    shares = np.zeros((len(overlaps[0]), 3 * len(elements)))
    for symbol, orbital, atom, projectors in bound_shells(calc):
        weight = np.abs(overlaps[atom][..., projectors]) ** 2
        shares[:, 3 * elements.index(symbol) + "spd".index(orbital)] += weight.reshape(len(shares), -1).sum(
            axis=1
        )
    return np.rint(1000 * shares / shares.sum(axis=1, keepdims=True)).astype(int)


# %% the two treatments, as energies (points, bands) and character (points, columns, elements x orbitals)
def treatments(calc: Any, folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield "scalar_relativistic" and "spin_orbit"; the deep bands are left out, EMPTY spatial bands kept."""
    number = round(calc.get_number_of_electrons()) // 2
    kept = slice(DEEP, number + EMPTY)
    points = [states(calc, k) for k in range(len(calc.get_ibz_k_points()))]
    energies = np.array([energy for energy, _ in points])
    if (energies[:, DEEP] - energies[:, DEEP - 1]).min() < 1:
        raise RuntimeError("the deep bands are not apart from the others everywhere")
    plain = np.array([character(calc, overlaps) for _, overlaps in points])
    yield "scalar_relativistic", energies[:, kept], plain[:, kept]

    answer, perturbation = folded(calc, folder), strengths(calc)
    for atom, one in perturbation.items():
        perturbation[atom] = one @ np.linalg.inv(np.eye(len(one)) - np.kron(np.eye(2), answer[atom]) @ one)
    top = energies[:, number - 1].max()
    pairs, shares = [], []
    for energy, overlaps in points:
        found, spinors = with_spin_orbit(energy, overlaps, top, perturbation)
        spinors = spinors.reshape(len(found) // 2, 2, 2, -1)  # pair, its member, spin, band
        mixed = {atom: np.einsum("pmsn,ni->pmsi", spinors, one) for atom, one in overlaps.items()}
        pairs.append(found)
        shares.append(character(calc, mixed))
    yield "spin_orbit", np.array(pairs)[:, 2 * DEEP : 2 * kept.stop], np.array(shares)[:, kept]


# %% files
DEFINITION = (
    "squared overlap with the PAW projectors of the bound shells (Cs 5s 6s 5p, Pb 6s 6p 5d, halogen s and p), "
    "summed over atoms of an element, divided by their sum for the state"
)


def write(
    calc: Any, folder: Path, formula: str, treatment: str, energies: np.ndarray, shares: np.ndarray
) -> None:
    """Write the ASE band structure, the table beside it and the projections."""
    import gpaw
    from ase.dft.kpoints import BandPath
    from ase.spectrum.band_structure import BandStructure

    stem = f"{formula}_{treatment}"
    per_band = 1 if treatment == "spin_orbit" else 2
    electrons = round(calc.get_number_of_electrons()) - 2 * DEEP
    energies = energies.round(6)
    top = float(energies[:, electrons // per_band - 1].max())
    middle = (top + float(energies[:, electrons // per_band].min())) / 2
    corners = {"G" if name == "Γ" else name: point for name, point in POINTS.items()}
    path = BandPath(
        calc.atoms.cell,
        kpts=points_of_path(calc.atoms.cell.lengths()[0]),
        special_points={name: np.array(point) for name, point in corners.items()},
        path=PATH.replace("Γ", "G"),
    )
    BandStructure(path, energies[None], reference=top).write(folder / f"{stem}.json")
    elements = list(dict.fromkeys(calc.atoms.symbols))
    places = {one: calc.atoms.get_scaled_positions()[calc.atoms.symbols == one].round(12) for one in elements}
    (folder / f"{stem}_projections.json").write_text(
        json.dumps(
            {
                "definition": DEFINITION,
                "species": elements,
                "atoms_summed": [len(places[one]) for one in elements],
                "orbitals": ["s", "p", "d"],
                "unit": 0.001,
                "bands_per_column": 3 - per_band,
                "weights": shares.tolist(),
            },
            separators=(",", ":"),
        )
        + "\n",
        encoding="utf-8",
    )
    setups = {setup.symbol: setup.fingerprint for setup in calc.wfs.setups}
    lines = [
        f"electrons = {electrons}  # in the bands of this file",
        f"electrons_left_out = {2 * DEEP}  # in deeper bands: Cs 5s, Pb 5d, {HALIDES[formula]} s",
        f"spin_orbit = {str(treatment == 'spin_orbit').lower()}",
        "energy_decimals = 6",
        "kpoint_decimals = 12",
        f'structure = "{formula}_cubic"',
        f'formula = "{formula}"',
        f"fermi_level = {middle:.6f}  # middle of the gap",
        f"valence_band_maximum = {top:.6f}",
        "",
        "[labels]",
        *(f'"{name}" = {list(point)}' for name, point in POINTS.items()),
        "",
        "[structure_sites]",
        *(f"{one} = {places[one].tolist()}" for one in elements),
        "",
        "[projections]",
        f'file = "{stem}_projections.json"',
        "",
        "[settings]",
        f'program = "GPAW {gpaw.__version__}"',
        'functional = "PBE"',
        f"plane_wave_cutoff_eV = {CUTOFF}",
        f"mesh = [{MESH}, {MESH}, {MESH}]  # shifted off the zone center",
        "fermi_dirac_width_eV = 0.01",
        "density_error_per_electron = 1e-6  # reached",
        "eigenstate_residual_eV2_per_electron = 1e-7  # reached on the path",
        f"bands_on_path = {BANDS}",
        f"bands_converged = {CONVERGED_BANDS}",
        "",
        "[settings.setups]  # MD5 of the uncompressed PAW setups of PBE, as GPAW states them",
        *(f'{symbol} = "{checksum}"' for symbol, checksum in setups.items()),
    ]
    if per_band == 1:
        lines += [
            "",
            "[settings.spin_orbit_coupling]",
            'operator = "(dV/dr) L.S / (2 r M^2 c^2) within the PAW spheres, M = 1 - V / 2 c^2; not self-consistent"',
            f"fade_eV = {list(FADE)}",
            f"folded_at_eV = {FOLDED_AT}",
            f"folded_cutoff_eV = {LOW_CUTOFF}",
        ]
    (folder / f"{stem}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


# %%
def main() -> None:
    """Say what is made, or make it."""
    reads = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reads.add_argument(
        "formula", nargs="*", choices=[*HALIDES, []], help="what to make; nothing: only say so"
    )
    reads.add_argument("--folder", type=Path, default=Path("cesium_lead_halide_bands"), help="where to write")
    given = reads.parse_args()
    if not given.formula:
        print(f"path {'-'.join(PATH)}, PBE, plane waves to {CUTOFF} eV, {MESH} x {MESH} x {MESH} points")
        for formula in HALIDES:
            print(
                f"{formula}: {formula}_scalar_relativistic.json, {formula}_spin_orbit.json, .toml and projections"
            )
        return
    from gpaw import GPAW

    given.folder.mkdir(parents=True, exist_ok=True)
    for formula in given.formula:
        calc = GPAW(compute(formula, given.folder))
        for treatment, energies, shares in treatments(calc, given.folder):
            write(calc, given.folder, formula, treatment, energies, shares)
            print(given.folder / f"{formula}_{treatment}.json")


if __name__ == "__main__":
    main()
