"""Effective masses: every branch along every arm around both edges, tensors, and an error on each number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perovchem.band_edges import Carrier as Carrier
from perovchem.band_edges import Edge, EdgeCharacter, band_edges, edge_character
from perovchem.bands import Bands
from perovchem.effective_mass import directional, windows
from perovchem.effective_mass.directional import lines_of_edge, mass_of_line
from perovchem.effective_mass.mesh import from_mesh
from perovchem.effective_mass.results import EffectiveMasses as EffectiveMasses
from perovchem.effective_mass.results import Mass as Mass
from perovchem.effective_mass.results import MassTensor as MassTensor
from perovchem.effective_mass.results import Window as Window
from perovchem.effective_mass.results import curve as curve
from perovchem.effective_mass.stencil import from_stencil, stencil_center
from perovchem.effective_mass.stencil import write_stencil as write_stencil
from perovchem.effective_mass.tensor import from_arms
from perovchem.errors import MissingDataError, UsageError
from perovchem.reciprocal import KPointSymmetry, kpoint_symmetry


def effective_masses(
    bands: Bands,
    *,
    carrier: Carrier | Sequence[Carrier] = ("electron", "hole"),
    degeneracy_tolerance: float | None = None,
) -> EffectiveMasses:
    """Find the effective masses at both edges, each with its standard error, or the reason why there is none.

    ``1/m* = (1/ħ²) d²E/dk²`` at the extremum, along a Cartesian direction, k in 1/Å with 2π. Hole masses are positive.

    Parameters
    ----------
    bands : Bands
        A path through an edge, a stencil around one (see :func:`perovchem.effective_mass.stencil.write_stencil`),
        or a mesh.
    carrier : "electron", "hole" or both
    degeneracy_tolerance : float, optional
        eV; see :func:`perovchem.band_edges.band_edges`.

    Returns
    -------
    EffectiveMasses

    Raises
    ------
    MissingDataError
        If there is no gap.
    UsageError
        If a carrier is neither of the two.

    Notes
    -----
    *Arms.* Both ways along every segment that passes or ends at the edge or at a point equivalent to it. Where
    symmetry does not make the point an extremum along the line, both sides are one fit, and the extremum is found
    between the points. Every branch of a degenerate set is followed by continuity, through crossings. What two bands
    that seem to cross may do to each other between the points is part of the error
    (:class:`perovchem.band_arms.Meetings`); points behind an avoided crossing are left out.

    Without inversion the two spins of a pair part from a point of time-reversal symmetry (Rashba, Dresselhaus), the one
    at k as the other at -k: the mass is then that of their mean, and the reason tells a linear splitting.

    *Fit.* Kane's form (ħ²/2m0) k² = m (E + α E² + β E³ + ...), doi 10.1016/0022-3697(57)90013-6, and the series of E
    in k², both linear in their unknowns and weighted by their errors, which are in E; the energy of the edge itself is
    one of the unknowns, as it is a rounded number. Orders up to seven, the energy over which terms fall off, and noise
    beyond rounding are averaged by their evidence (:mod:`perovchem.edge_fit`).

    *Window.* Windows of 4 points and more, up to where the band turns or .6 eV (1 eV for the first 8 points). Those of
    fewer than 8 points, which can take noise for form, have at least the noise that windows of 8 show in a quarter of
    all branches. Those whose residuals exceed 1.6 times the rounding and 1.6 times those of the quietest window are set
    aside; of the others, the one whose stated error is least is taken. If a window up to three times as uncertain
    differs by more than the errors of both, what is beyond is added as drift. No standard error is below one part
    in 10000: cells are printed with no more digits.

    *Verdict.* "refused": standard error above 25 %, flat within the errors, a straight line, fewer than 4 points,
    curved the other way, or 1/alpha below four times kT at 298 K (a neighboring band is near). "drifting": standard
    error above 5 %, drift larger than twice the rest, or a mass that changes by more than 10 % within kT at 298 K
    (2 alpha kT). Else "ok".

    Examples
    --------
    >>> import numpy as np
    >>> from perovchem.bands import Bands, Segment
    >>> kpoints = np.outer(np.linspace(0, 0.1, 11), [1.0, 0.0, 0.0])
    >>> cell = 2 * np.pi / 6 * np.eye(3)  # reciprocal, of a cubic crystal with a = 6 Å
    >>> squares = np.square(kpoints @ cell).sum(axis=1)
    >>> energies = np.column_stack([-7.62 / (2 * 0.3) * squares, 1.5 + 7.62 / (2 * 0.2) * squares])
    >>> bands = Bands(kpoints, cell, energies[None], (2.0,), segments=(Segment(0, 11, "Γ", "X"),))
    >>> [round(mass.mass, 3) for mass in effective_masses(bands).masses]  # ħ²/m0 is 7.62 eV Å2
    [0.2, 0.3]
    """
    wanted = (carrier,) if isinstance(carrier, str) else tuple(carrier)
    if not wanted or set(wanted) - {"electron", "hole"}:
        raise UsageError(f"carrier {carrier!r}", fix="give 'electron', 'hole' or both")
    edges = band_edges(bands, degeneracy_tolerance=degeneracy_tolerance)
    symmetry = kpoint_symmetry(bands)
    masses: list[Mass] = []
    tensors: list[MassTensor] = []
    lines = {
        edge.carrier: lines_of_edge(bands, edge, symmetry) for edge in edges.both if edge.carrier in wanted
    }
    noises = sorted(line.noise for some in lines.values() for line in some if math.isfinite(line.noise))
    noise = noises[len(noises) // 4] if noises else math.inf
    for edge in edges.both:
        if edge.carrier not in wanted:
            continue
        found = [mass_of_line(bands, line, symmetry, noise) for line in lines[edge.carrier]]
        masses += found
        tensors.append(_tensor(bands, edge, found, symmetry))
    character: EdgeCharacter | None = None
    notes = list(edges.notes)
    if bands.projections is not None:
        try:
            character = edge_character(bands, edges)
        except MissingDataError as error:
            notes.append(str(error))
    return EffectiveMasses(
        edges=edges,
        masses=tuple(masses),
        tensors=tuple(tensors),
        character=character,
        settings={
            "degeneracy_tolerance": edges.degeneracy_tolerance,
            "fewest_points": windows.FEWEST,
            "highest_energy": directional.HIGHEST,
            "largest_error_ok": windows.GOOD,
            "largest_error": windows.USELESS,
        },
        notes=tuple(notes),
        provenance=bands.provenance,
    )


def _tensor(bands: Bands, edge: Edge, masses: Sequence[Mass], symmetry: KPointSymmetry) -> MassTensor:
    """Return the tensor by what the k-points are: a stencil, a path, or loose points, as of a mesh."""
    if stencil_center(bands) is not None:
        return from_stencil(bands, edge, symmetry)
    if bands.segments:
        return from_arms(edge, masses, symmetry, kramers=bands.spin == "noncollinear")
    return from_mesh(bands, edge, symmetry)
