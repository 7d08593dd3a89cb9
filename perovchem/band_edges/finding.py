"""Counting electrons, extremes of the bands, refusing metals, and the rows at which an edge stands."""

from __future__ import annotations

from typing import Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.band_edges.results import Carrier, Edge
from perovchem.bands import Bands
from perovchem.errors import MissingDataError
from perovchem.reciprocal import KPointSymmetry

WHOLE: Final = 1e-3
"""Electrons by which a channel may miss a whole number of bands."""
_SPIN: Final = ("spin up", "spin down")


def filled_bands(bands: Bands) -> tuple[int, ...]:
    """Return how many bands are filled in each spin channel."""
    filled = []
    n_bands = bands.energies.shape[2]
    for channel, number in enumerate(bands.occupied):
        which = _channel(bands, channel)
        if not np.isfinite(number):
            raise MissingDataError(
                "the number of electrons is not known",
                where=bands.provenance.input,
                fix="give electrons=... when the bands are read",
            )
        if abs(number - round(number)) * bands.electrons_per_band > WHOLE:
            raise MissingDataError(
                f"{bands.electrons[channel]:g} electrons{which} fill {number:g} bands, which is no whole number: "
                "at least one band is partly filled, as in a metal",
                where=bands.provenance.input,
                fix="an insulator with an odd number of electrons needs a spin-polarized run",
            )
        if round(number) > n_bands or (round(number) == n_bands and len(bands.occupied) == 1):
            raise MissingDataError(
                f"{bands.electrons[channel]:g} electrons{which} fill all {n_bands} bands of the file",
                where=bands.provenance.input,
                fix="run with more bands (NBANDS in VASP, NEXTRA_BANDS or BS_NBANDS in CASTEP)",
            )
        filled.append(round(number))
    if not any(filled) or all(number >= n_bands for number in filled):
        lacks = "no band is filled" if not any(filled) else f"all {n_bands} bands of the file are filled"
        raise MissingDataError(
            f"with {' + '.join(f'{number:g}' for number in bands.electrons)} electrons, {lacks}",
            where=bands.provenance.input,
            fix="check the number of electrons, or run with more bands",
        )
    return tuple(filled)


def extremes(bands: Bands, occupied: tuple[int, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the highest filled and the lowest empty energy of each spin channel, ∓inf where there is none."""
    tops, bottoms = [], []
    for energies, number in zip(bands.energies, occupied, strict=True):
        tops.append(float(energies[:, number - 1].max()) if number else -np.inf)
        bottoms.append(float(energies[:, number].min()) if number < energies.shape[1] else np.inf)
    return tuple(tops), tuple(bottoms)


def refuse_metal(
    bands: Bands, occupied: tuple[int, ...], tops: tuple[float, ...], bottoms: tuple[float, ...]
) -> None:
    """Refuse bands without a gap and say which of them cross, where."""
    closed = [
        spin
        for spin, (high, low) in enumerate(zip(tops, bottoms, strict=True))
        if low - high <= bands.energy_step
    ]
    if closed:
        what = "; ".join(_crossing(bands, spin, occupied[spin]) for spin in closed)
        kind = "a half-metal" if len(closed) < len(tops) else "no gap"
        raise MissingDataError(
            f"{kind}: {what}",
            where=bands.provenance.input,
            fix="masses at edges need a gap; check the functional, the +U and the smearing, or the number of electrons",
        )
    if max(tops) >= min(bottoms):
        high, low = int(np.argmax(tops)), int(np.argmin(bottoms))
        raise MissingDataError(
            f"no gap between the spin channels: {_SPIN[high]} is filled to {max(tops):.4f} eV, {_SPIN[low]} is empty "
            f"from {min(bottoms):.4f} eV, with {bands.electrons[0]:g} and {bands.electrons[1]:g} electrons",
            where=bands.provenance.input,
            fix="check the numbers of electrons of the channels (the magnetic moment of the run)",
        )


def _crossing(bands: Bands, spin: int, filled: int) -> str:
    """Return in words how the last filled and first empty band overlap."""
    energies = bands.energies[spin]
    top, bottom = int(energies[:, filled - 1].argmax()), int(energies[:, filled].argmin())
    high, low = energies[top, filled - 1], energies[bottom, filled]
    which = _channel(bands, spin)
    if high - low <= bands.energy_step:
        return (
            f"band {filled} and band {filled + 1}{which} touch at {name_of(bands, top)} ({high:.4f} eV) within the "
            "printed digits"
        )
    return (
        f"band {filled}{which}, filled by count, reaches {high:.4f} eV at {name_of(bands, top)}, and band {filled + 1} "
        f"comes down to {low:.4f} eV at {name_of(bands, bottom)}: they overlap by {high - low:.4f} eV"
    )


def find_edge(
    carrier: Carrier,
    bands: Bands,
    occupied: tuple[int, ...],
    energies: tuple[float, ...],
    tolerance: float,
    symmetry: KPointSymmetry,
    notes: list[str],
) -> Edge:
    """Return an edge with its degenerate set and all rows where it stands; what is odd goes to the notes."""
    sign = 1 if carrier == "electron" else -1
    spin = int(np.argmin(sign * np.array(energies)))
    first = occupied[spin] - (carrier == "hole")
    band = bands.energies[spin, :, first]
    ties = np.flatnonzero(sign * (band - energies[spin]) <= bands.energy_step * 1.001)
    row = max(
        ties, key=lambda k: (len(symmetry.little_group(bands.kpoints[k])), label_of(bands, [k]) != "", -k)
    )
    equivalent = symmetry.equivalent_rows(bands.kpoints[row], bands.kpoints)
    off = np.abs(band[equivalent] - band[row])
    rows = equivalent[off <= max(tolerance, 2 * bands.energy_step)]
    which = "VBM" if carrier == "hole" else "CBM"
    if len(rows) < len(equivalent):
        notes.append(
            f"points that the atoms' symmetry makes equivalent to {name_of(bands, row)} differ by {off.max():.4f} eV "
            f"at the {which}: the bands have a lower symmetry than the atoms (magnetic order, a strained setting)"
        )
    others = np.setdiff1d(ties, rows)
    if len(others):
        names = ", ".join(dict.fromkeys(name_of(bands, k) for k in others[:3]))
        notes.append(
            f"the {which} at {name_of(bands, row)} is reached within the printed digits at {names} as well"
        )
    return Edge(
        carrier=carrier,
        energy=float(band[row]),
        spin=spin,
        bands=_degenerate(bands.energies[spin, row], first, carrier, tolerance),
        kpoint=bands.kpoints[row],
        label=label_of(bands, rows),
        rows=tuple(int(k) for k in rows),
    )


def _degenerate(energies: Floats, first: int, carrier: Carrier, tolerance: float) -> tuple[int, ...]:
    """Return the numbers, from 1, of the bands that lie within the tolerance of the edge, on its side of the gap."""
    if carrier == "electron":
        close = np.flatnonzero(energies[first:] - energies[first] <= tolerance) + first
    else:
        close = np.flatnonzero(energies[first] - energies[: first + 1] <= tolerance)
    return tuple(int(k) + 1 for k in close)


def vertical_gap(bands: Bands, occupied: tuple[int, ...]) -> tuple[float, int]:
    """Return the smallest vertical transition within one spin channel, and its row; NaN where none is in the file."""
    best, row = float("nan"), 0
    for energies, number in zip(bands.energies, occupied, strict=True):
        if 0 < number < energies.shape[1]:
            steps = energies[:, number] - energies[:, number - 1]
            if not steps.min() >= best:
                best, row = float(steps.min()), int(steps.argmin())
    return best, row


def mesh_notes(bands: Bands, occupied: tuple[int, ...], vbm: Edge, cbm: Edge) -> list[str]:
    """Say where the self-consistent mesh beside a path goes beyond the edges of the path."""
    mesh = bands.mesh
    if mesh is None or mesh.energies.shape[0] != len(occupied):
        return []
    tops, bottoms = extremes(mesh, occupied)
    found = []
    for name, beyond, edge in (
        ("VBM", max(tops) - vbm.energy, vbm),
        ("CBM", cbm.energy - min(bottoms), cbm),
    ):
        if beyond > 2 * bands.energy_step:
            found.append(
                f"the mesh of the same run has a {name} {1000 * beyond:.1f} meV beyond that of the path at "
                f"{edge.name}: the path misses the edge, and the gap of the crystal is smaller"
            )
    return found


def label_of(bands: Bands, rows: Integers | list[int] | list[np.intp]) -> str:
    """Return the first name among rows, "" if none has one."""
    labels = bands.labels
    return next((labels[int(k)] for k in rows if labels.get(int(k))), "")


def name_of(bands: Bands, row: int | np.intp) -> str:
    """Return the name of a row, or its coordinates."""
    text = " ".join(f"{x:.4g}" for x in bands.kpoints[row] + 0.0)
    return label_of(bands, [int(row)]) or f"({text})"


def _channel(bands: Bands, spin: int) -> str:
    return f" ({_SPIN[spin]})" if len(bands.energies) > 1 else ""
