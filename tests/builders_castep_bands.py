"""CASTEP's .bands, .cell and .pdos_bin written as CASTEP writes them, from numbers that the test knows.

A .bands has the lattice in bohr with six decimals, k-points and weights with eight, energies in hartree with
eight; the blocks of the k-points stand in the order in which the processes of the run ended.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.constants import physical_constants

HARTREE = physical_constants["Hartree energy in eV"][0]
BOHR = physical_constants["Bohr radius"][0] * 1e10


def castep_bands(
    cell: NDArray[np.float64],
    kpoints: NDArray[np.float64],
    energies: NDArray[np.float64] | Sequence[NDArray[np.float64]],
    electrons: float | Sequence[float],
    *,
    weights: NDArray[np.float64] | None = None,
    fermi_energy: float | Sequence[float] = 0.0,
    order: Sequence[int] | None = None,
    line_end: str = "\n",
) -> str:
    """Return the text of a .bands.

    Parameters
    ----------
    cell : (3, 3)
        Rows, Å.
    kpoints : (K, 3)
        Fractional.
    energies : (K, B), (S, K, B) or a sequence of S arrays (K, B of each spin)
        eV.
    electrons : float or one for each spin
    weights : (K,), optional
        1/K by default, as CASTEP prints for a path.
    fermi_energy : float or one for each spin
        eV.
    order : permutation of K, optional
        In which order the blocks stand.
    """
    spins = (
        [np.asarray(one, float) for one in energies] if np.ndim(energies[0]) == 2 else [np.asarray(energies)]
    )
    counts = [one.shape[1] for one in spins]
    n_points = len(kpoints)
    shares = np.full(n_points, 1 / n_points) if weights is None else weights
    numbers = np.broadcast_to(np.atleast_1d(electrons), len(spins))
    fermi = np.broadcast_to(np.atleast_1d(fermi_energy), len(spins)) / HARTREE
    lines = [
        f"Number of k-points {n_points:8d}",
        f"Number of spin components {len(spins)}",
        "Number of electrons  " + "     ".join(f"{number:#.4g}" for number in numbers) + "    ",
        "Number of eigenvalues " + "".join(f"{count:8d}" for count in counts),
        f"Fermi {'energy' if len(spins) == 1 else 'energies'} (in atomic units) "
        + "".join(f"{value:12.6f}" for value in fermi),
        "Unit cell vectors",
        *("".join(f"{value:12.6f}" for value in row) for row in np.asarray(cell) / BOHR),
    ]
    for k in range(n_points) if order is None else order:
        lines.append(
            f"K-point {k + 1:8d} " + "".join(f"{value:11.8f} " for value in kpoints[k]) + f"{shares[k]:11.8f}"
        )
        for s, one in enumerate(spins):
            lines.append(f"Spin component {s + 1}")
            lines += [f"{value:14.8f}" for value in one[k] / HARTREE]
    return line_end.join(lines) + line_end


def castep_cell(
    cell: NDArray[np.float64],
    species: Sequence[str],
    fractional: NDArray[np.float64],
    *,
    path: Sequence[tuple[NDArray[np.float64] | Sequence[float] | None, str]] = (),
    keyword: str = "SPECTRAL_KPOINT_PATH",
    rest: str = "",
) -> str:
    """Return the text of a .cell; ``path`` is (point, label) for each corner, the point None for a BREAK."""
    text = "%BLOCK LATTICE_CART\n"
    text += "".join("  ".join(f"{value:.10f}" for value in row) + "\n" for row in np.asarray(cell))
    text += "%ENDBLOCK LATTICE_CART\n\n%BLOCK POSITIONS_FRAC\n"
    for symbol, place in zip(species, np.asarray(fractional).reshape(-1, 3), strict=True):
        text += f"{symbol:3s}" + " ".join(f"{value:.10f}" for value in place) + "\n"
    text += "%ENDBLOCK POSITIONS_FRAC\n"
    if path:
        text += f"\n%BLOCK {keyword}\n"
        for point, label in path:
            if point is None:
                text += "BREAK\n"
            else:
                text += " ".join(f"{value:.8f}" for value in point) + (f" ! {label}" if label else "") + "\n"
        text += f"%ENDBLOCK {keyword}\n"
    return text + rest


def write_castep_bands(
    path: Path,
    cell: NDArray[np.float64],
    kpoints: NDArray[np.float64],
    energies: NDArray[np.float64] | Sequence[NDArray[np.float64]],
    electrons: float | Sequence[float],
    *,
    species: Sequence[str] = (),
    fractional: NDArray[np.float64] | None = None,
    corners: Sequence[tuple[NDArray[np.float64] | Sequence[float] | None, str]] = (),
    weights: NDArray[np.float64] | None = None,
    fermi_energy: float | Sequence[float] = 0.0,
    order: Sequence[int] | None = None,
    cell_rest: str = "",
) -> Path:
    """Write ``path`` (seed.bands) and, where ``species`` are given, seed.cell beside it; return ``path``.

    ``corners`` is the path of the .cell: (point, label) for each corner. The other arguments are those of
    :func:`castep_bands`. That a run has spinors stands in no .bands: write seed.castep beside it, which says so
    (:func:`castep_log` with ``spin="non-collinear", spin_orbit=True``).
    """
    path.write_text(
        castep_bands(
            cell, kpoints, energies, electrons, weights=weights, fermi_energy=fermi_energy, order=order
        )
    )
    if species:
        places = np.zeros((len(species), 3)) if fractional is None else fractional
        path.with_suffix(".cell").write_text(castep_cell(cell, species, places, path=corners, rest=cell_rest))
    return path


def castep_log(
    cell: NDArray[np.float64],
    species: Sequence[str],
    fractional: NDArray[np.float64],
    *,
    spin: str = "non-spin-polarized",
    spin_orbit: bool = False,
    task: str = "band structure",
    tail: str = "",
) -> str:
    """Return the parts of a .castep that bands need: spin treatment ("non-collinear", ...), structure."""
    reciprocal = 2 * np.pi * np.linalg.inv(np.asarray(cell)).T
    lattice = "\n".join(
        "".join(f"{value:14.7f}" for value in row) + "  " + "".join(f"{value:14.9f}" for value in other)
        for row, other in zip(np.asarray(cell), reciprocal, strict=True)
    )
    numbers: dict[str, int] = {}
    atoms = ""
    for symbol, place in zip(species, np.asarray(fractional).reshape(-1, 3), strict=True):
        numbers[symbol] = numbers.get(symbol, 0) + 1
        atoms += (
            f"            x  {symbol:2s} {numbers[symbol]:12d}   "
            + "".join(f"{value:11.6f}" for value in place)
            + "   x \n"
        )
    bar = " " * 12 + "x" * 60
    return (
        " | Welcome to Academic Release CASTEP version 25.1 |\n\n"
        " type of calculation                            : Electronic Spectroscopy\n"
        f" spin-orbit coupling                            : {'on' if spin_orbit else 'off'}\n"
        f" treating system as {spin}\n"
        f" spectroscopy calculation                       : {task}\n\n"
        "        Real Lattice(A)                      Reciprocal Lattice(1/A)\n"
        f"{lattice}\n\n"
        f"                         Total number of ions in cell = {len(species):4d}\n\n"
        f"{bar}\n            x  Element    Atom        Fractional coordinates of atoms  x\n"
        "            x            Number           u          v          w      x\n"
        f"            x{'-' * 58}x\n{atoms}{bar}\n\n{tail}"
        "Total time          =      1.00 s\n"
    )


def _record(data: bytes) -> bytes:
    mark = struct.pack(">i", len(data))
    return mark + data + mark


def castep_pdos(
    kpoints: NDArray[np.float64],
    weights: NDArray[np.float64] | Sequence[NDArray[np.float64]],
    orbitals: Sequence[tuple[int, int, int]],
    *,
    order: Sequence[int] | None = None,
) -> bytes:
    """Return a .pdos_bin: Fortran records, big-endian (its layout: pdos_bin of the OptaDOS manual).

    Parameters
    ----------
    kpoints : (K, 3)
    weights : (S, K, B, n_orbitals) or a sequence of S arrays (K, B, n_orbitals)
    orbitals : sequence of (species, ion within the species, l), from 1, 1 and 0
    order : permutation of K, optional
    """
    counts = [one.shape[1] for one in weights]
    out = _record(struct.pack(">d", 1.0)) + _record(b"Generated by a test".ljust(80))
    for number in (len(kpoints), len(weights), len(orbitals), max(counts)):
        out += _record(struct.pack(">i", number))
    for column in range(3):
        out += _record(struct.pack(f">{len(orbitals)}i", *(one[column] for one in orbitals)))
    for k in range(len(kpoints)) if order is None else order:
        out += _record(struct.pack(">i3d", k + 1, *kpoints[k]))
        for s, one in enumerate(weights):
            out += _record(struct.pack(">i", s + 1)) + _record(struct.pack(">i", counts[s]))
            for row in one[k]:
                out += _record(np.asarray(row, ">f8").tobytes())
    return out
