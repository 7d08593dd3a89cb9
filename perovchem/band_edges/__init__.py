"""Band edges and gap: where the occupied bands end and the empty ones begin, by counting electrons."""

from __future__ import annotations

import math
from typing import Final

from perovchem.band_edges.character import EdgeCharacter as EdgeCharacter
from perovchem.band_edges.character import Share as Share
from perovchem.band_edges.character import edge_character as edge_character
from perovchem.band_edges.finding import (
    extremes,
    filled_bands,
    find_edge,
    label_of,
    mesh_notes,
    refuse_metal,
    vertical_gap,
)
from perovchem.band_edges.off_symmetry import beside_symmetry
from perovchem.band_edges.results import BandEdges as BandEdges
from perovchem.band_edges.results import Carrier as Carrier
from perovchem.band_edges.results import Edge as Edge
from perovchem.band_edges.results import OffSymmetry as OffSymmetry
from perovchem.bands import Bands
from perovchem.errors import UsageError
from perovchem.reciprocal import kpoint_symmetry

DEGENERACY: Final = 1e-3
"""eV: states at an edge that lie this close are one degenerate set; codes split such sets by less than .5 meV."""


def band_edges(bands: Bands, *, degeneracy_tolerance: float | None = None) -> BandEdges:
    """Find the edges and the gap of bands, by counting electrons.

    Parameters
    ----------
    bands : Bands
        Along a path, on a mesh or on a stencil. The Fermi energy in the file is not looked at.
    degeneracy_tolerance : float, optional
        eV: states at an edge's k-point that lie closer than this are one degenerate set; by default 1 meV, or two
        printed digits where those are more.

    Returns
    -------
    BandEdges
        Of the printed points. Where an edge lies at a point that symmetry does not make extremal, the extremum
        between the points is fitted as well: ``vbm.fitted_energy``, ``off_symmetry``.

    Raises
    ------
    MissingDataError
        If there is no gap: a metal, a half-metal, a channel whose bands are not filled to a whole number, bands that
        touch within the printed digits; or if the file has no empty band.
    UsageError
        If the tolerance is negative or no number.

    Notes
    -----
    Edges that agree within one printed digit at inequivalent k-points are told in ``notes``; the one with the higher
    symmetry is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from perovchem.bands import Bands, Segment
    >>> kpoints = np.outer(np.linspace(0, 0.1, 11), [1.0, 0.0, 0.0])
    >>> cell = 2 * np.pi / 6 * np.eye(3)  # reciprocal, of a cubic crystal with a = 6 Å
    >>> squares = np.square(kpoints @ cell).sum(axis=1)
    >>> energies = np.column_stack([-7.62 / (2 * 0.3) * squares, 1.5 + 7.62 / (2 * 0.2) * squares])
    >>> bands = Bands(kpoints, cell, energies[None], (2.0,), segments=(Segment(0, 11, "Γ", "X"),))
    >>> band_edges(bands)
    <BandEdges: gap 1.5000 eV, direct at Γ>
    """
    tolerance = (
        max(DEGENERACY, 2 * bands.energy_step) if degeneracy_tolerance is None else degeneracy_tolerance
    )
    if not 0 <= tolerance < 1:
        raise UsageError(f"a degeneracy tolerance of {tolerance} eV", fix="give 0 or more and less than 1 eV")
    occupied = filled_bands(bands)
    tops, bottoms = extremes(bands, occupied)
    refuse_metal(bands, occupied, tops, bottoms)
    symmetry = kpoint_symmetry(bands)
    notes = [*bands.notes, *([symmetry.note] if symmetry.note else [])]
    vbm = find_edge("hole", bands, occupied, tops, tolerance, symmetry, notes)
    cbm = find_edge("electron", bands, occupied, bottoms, tolerance, symmetry, notes)
    vertical, row = vertical_gap(bands, occupied)
    gap = cbm.energy - vbm.energy
    same = vbm.spin == cbm.spin and symmetry.mapping(vbm.kpoint, cbm.kpoint) is not None
    notes += mesh_notes(bands, occupied, vbm, cbm)
    beside = []
    for carrier in ("hole", "electron"):
        edge, found = beside_symmetry(bands, vbm if carrier == "hole" else cbm, symmetry, tolerance)
        beside += [found] if found else []
        vbm, cbm = (edge, cbm) if carrier == "hole" else (vbm, edge)
    return BandEdges(
        gap=gap,
        gap_su=bands.energy_step / math.sqrt(6),
        direct=same or vertical - gap <= bands.energy_step,
        vbm=vbm,
        cbm=cbm,
        direct_gap=vertical,
        direct_kpoint=bands.kpoints[row],
        direct_label=label_of(bands, [row]),
        degeneracy_tolerance=tolerance,
        off_symmetry=tuple(beside),
        spin_gaps=tuple(low - high for high, low in zip(tops, bottoms, strict=True)),
        occupied=occupied,
        notes=tuple(dict.fromkeys(notes)),
        provenance=bands.provenance,
    )
