"""X-ray powder patterns computed from crystals, trajectories and bare lattices.

Every hkl of half a sphere gets its structure factor; symmetry gathers them into families, angles into peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.bare_lattice import BareLattice
from perovchem.crystal import Crystal
from perovchem.diffraction import bragg, sources
from perovchem.diffraction.comparison import PatternComparison as PatternComparison
from perovchem.diffraction.comparison import compare_patterns as compare_patterns
from perovchem.diffraction.gathering import Gathered, arrays, peaks_of
from perovchem.diffraction.parts import Families as Families
from perovchem.diffraction.parts import Family as Family
from perovchem.diffraction.parts import Peak as Peak
from perovchem.diffraction.pattern import PowderPattern as PowderPattern
from perovchem.diffraction.radiation import Radiation as Radiation
from perovchem.diffraction.radiation import radiation as radiation
from perovchem.diffraction.reflections import extinct, families
from perovchem.diffraction.scattering import DISPERSION, TABLE
from perovchem.errors import UsageError, warn
from perovchem.frames import Frames
from perovchem.parent import ParentCell
from perovchem.result import Provenance

if TYPE_CHECKING:
    from perovchem.symmetry import Symmetry

MERGE: Final = 1e-4
"""Degree."""
OVERLAP: Final = 0.15
"""Degree: twice what a good laboratory diffractometer resolves."""
_EDGE: Final = 1e-9


def powder_pattern(
    what: Crystal | Frames | BareLattice,
    *,
    wavelength: str | float | Radiation = "CuKa1",
    two_theta_range: tuple[float, float] = (0.0, 90.0),
    symmetry: Symmetry | None = None,
    parent: ParentCell | Crystal | str | None = None,
    anomalous: bool = False,
    charges: Mapping[str, int] | None = None,
    debye_waller: str | float | Mapping[str, float] = "sites",
    lorentz_polarization: bool = True,
    merge: float = MERGE,
    overlap: float = OVERLAP,
) -> PowderPattern:
    r"""Compute an X-ray powder pattern.

    .. math:: F_{hkl} = \sum_j o_j (f_{0,j}(s) + f'_j + i f''_j) T_j e^{2 \pi i (h x_j + k y_j + l z_j)}, \qquad
              I = L p \sum |F|^2

    with s = sin θ/λ, over all reflections of a family and all families of a peak (International Tables for
    Crystallography C (2006), 6.1 and 6.2).

    Parameters
    ----------
    what : Crystal, Frames or BareLattice
        Intensities of several frames are averaged, on the mean cell; a bare lattice has positions only.
    wavelength : str, float or Radiation
        Name ("CuKa1", "CuKa" for the doublet, "CuKa_weighted", MoKa1 ...) or Å: see
        :func:`perovchem.diffraction.radiation.radiation`.
    two_theta_range : (float, float)
        Degree.
    symmetry : Symmetry, optional
        What makes families. By default the operations of the crystal; where it lists all its atoms and no symmetry,
        the turns of its lattice that leave all intensities as they are. Frames have none: their families are pairs.
    parent : ParentCell, Crystal or "find", optional
        Each family also gets its hkl in the parent cell; "find" looks for it with :func:`perovchem.parent_cell`,
        in frames at their mean positions.
    anomalous : bool
        Adds f' and f'' of the wavelength; (hkl) and (-h-k-l) then enter with their mean ``|F|²``.
    charges : mapping of str to int, optional
        Form factors of ions, by element; of neutral atoms by default.
    debye_waller : "sites", "none", float or mapping
        Mean square displacements: those of the sites (U or tensors; none where unknown), none, one U in Å2 for all,
        or one for each element. Frames take none: the motion is in them.
    lorentz_polarization : bool
        Applies (1 + cos² 2θ)/(sin² θ cos θ).
    merge : float
        Families this close (degree) to the first of a peak are in that peak.
    overlap : float
        Peaks this close (degree) tell of each other.

    Returns
    -------
    PowderPattern

    Raises
    ------
    UsageError
        If wavelength, range or another argument makes no sense, or there would be too many reflections.
    MissingDataError
        If a form factor is missing, or a parent cell is not found.

    Examples
    --------
    >>> import perovchem as pc
    >>> pattern = pc.powder_pattern(pc.read_structure("CsPbI3_cubic"), two_theta_range=(10, 30))
    >>> [(peak.hkl, peak.multiplicity) for peak in pattern.strongest(minimum=5)]
    [((1, 0, 0), 6), ((1, 1, 0), 12), ((1, 1, 1), 8), ((2, 0, 0), 6)]
    """
    lines = radiation(wavelength)
    low, high = _range(two_theta_range)
    for name, value in (("merge", merge), ("overlap", overlap)):
        if not 0 <= value <= 10:
            raise UsageError(f"{name} = {value:g}", fix="give 0 to 10 degree")
    settings: dict[str, Any] = {
        "wavelength": lines.name, "two_theta_range": [low, high], "anomalous": anomalous,
        "charges": dict(charges or {}), "debye_waller": debye_waller, "lorentz_polarization": lorentz_polarization,
        "merge": merge, "overlap": overlap, "symmetry": "given" if symmetry else "default",
        "parent": parent if isinstance(parent, str) else "given" if parent is not None else None,
    }  # fmt: skip
    definitions = {
        "form_factors": f"{TABLE}; " + (f"ions {dict(charges)}" if charges else "neutral atoms"),
        "anomalous": DISPERSION if anomalous else "none",
        "lorentz_polarization": "(1 + cos² 2θ)/(sin² θ cos θ)" if lorentz_polarization else "none",
        "families": "equivalent by symmetry; intensities are summed over all members",
        "intensity": "% of the strongest peak within the range",
        "peak": f"families within {merge:g}° of its first one",
    }
    d_min = lines.wavelength / (2 * math.sin(math.radians(high) / 2))
    options: dict[str, Any] = {
        "d_min": d_min, "wavelength": lines.wavelength, "symmetry": symmetry, "anomalous": anomalous,
        "charges": charges, "debye_waller": debye_waller,
    }  # fmt: skip
    if isinstance(what, BareLattice):
        source = sources.of_lattice(what, d_min=d_min, symmetry=symmetry)
    elif isinstance(what, Frames):
        source = sources.of_frames(what, **options)
    elif isinstance(what, Crystal):
        source = sources.of_crystal(what, **options)
    else:
        raise UsageError(
            f"a {type(what).__name__} has no powder pattern",
            fix="give read_structure(...), read_frames(...) or read_lattice(...)",
        )
    warnings = [*source.warnings]
    names, first, family = families(source.reflections, source.laue)
    found = Gathered(source.reflections, names, first, family, source.structure, source.squares)
    keep = found.present()
    if isinstance(what, BareLattice):
        keep &= ~extinct(names, what.operations)
    angles = bragg.two_theta_of(found.d, lines.wavelength)
    keep &= (angles >= low * (1 - _EDGE)) & (angles <= high * (1 + _EDGE)) & (angles < 180 - 1e-6)
    chosen = np.flatnonzero(keep)
    chosen = chosen[np.argsort(angles[chosen], kind="stable")]
    peak = peaks_of(angles[chosen], merge)
    parents = None if parent is None else sources.parent_of(parent, source, warnings)
    result = arrays(
        found, chosen, peak, angles, parents,
        lorentz_polarization=lorentz_polarization and not isinstance(what, BareLattice),
    )  # fmt: skip
    n = len(result["two_theta"])
    uncertain: dict[str, Any] = {"standard_error": np.full(n, np.nan), "converged": np.zeros(n, np.bool_)}
    if source.averages is not None:
        uncertain = source.averages.errors(result["f_squared"], result["intensity"], chosen, peak, family)
    told = tuple(dict.fromkeys(warnings))
    for note in told:
        if "closer than in any bond" in note:
            warn(note)
    return PowderPattern(
        **result,
        **uncertain,
        radiation=lines,
        two_theta_range=(low, high),
        cell=source.cell,
        laue=source.laue,
        merge=merge,
        overlap=overlap,
        definitions={**definitions, **source.definitions},
        n_frames=source.n_frames,
        title=source.title,
        warnings=told,
        provenance=Provenance(source.provenance.input, source.provenance.inputs, settings, told),
    )


def _range(asked: tuple[float, float]) -> tuple[float, float]:
    """Return the range of angles if it is one."""
    try:
        low, high = map(float, asked)
    except (TypeError, ValueError):
        raise UsageError(f"a range of {asked!r}", fix="give two angles, as (10, 60)") from None
    if not 0 <= low < high <= 180:
        raise UsageError(
            f"a range of 2θ from {low:g} to {high:g}", fix="give two ascending angles within 0 to 180 degree"
        )
    return low, high
