"""PowderPattern: peaks, the families of reflections in each, and the profile they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

import numpy as np

from perovchem.diffraction import lines
from perovchem.diffraction.bragg import two_theta_of
from perovchem.diffraction.parts import Families, triple
from perovchem.diffraction.parts import Family as Family
from perovchem.diffraction.parts import Peak as Peak
from perovchem.diffraction.parts import written as written
from perovchem.diffraction.radiation import Radiation
from perovchem.errors import UsageError
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from perovchem.arrays import Floats, Integers

_WEAK: Final = 0.05
"""A neighbor below this part of a peak is no overlap."""
_MOST_OVERLAPS: Final = 8
_CHUNK: Final = 4_000_000


@dataclass(frozen=True)
class PowderPattern(Result):
    """A computed powder pattern.

    Attributes
    ----------
    two_theta : float64 (n_peaks,)
        For the strongest line of the radiation, degree, ascending.
    d, q : float64 (n_peaks,)
        Å, 1/Å.
    multiplicity : int64 (n_peaks,)
    intensity : float64 (n_peaks,)
        % of the strongest; NaN for a bare lattice.
    standard_error : float64 (n_peaks,)
        Of the intensity of an average over frames; NaN where it was not computed.
    converged : bool (n_peaks,)
        Whether the standard error is no mere lower bound.
    f_squared : float64 (n_peaks,)
        Sum of ``|F|²`` over all reflections of the peak, electrons², without other factors.
    families : Families
    radiation : Radiation
    two_theta_range : (float, float)
        Degree.
    cell : float64 (3, 3)
        Å; the mean of frames.
    laue : int64 (m, 3, 3)
        Matrices M with h' = M h that make the families, one of each pair M, -M.
    merge, overlap : float
        Degree: families this close are one peak; peaks this close overlap.
    definitions : mapping of str to str
        What was summed, with which tables and factors.
    n_frames : int
        0 where it was no trajectory.
    title : str
    warnings : tuple of str
    provenance : Provenance

    Examples
    --------
    >>> import perovchem as pc
    >>> pattern = pc.powder_pattern(pc.read_structure("CsPbCl3_cubic"), two_theta_range=(10, 40))
    >>> pattern
    <PowderPattern of CsPbCl3_cubic: 6 peaks from 10° to 40°, CuKa1, 1.540593 Å, strongest (110) at 22.414°>
    >>> [(peak.hkl, round(peak.two_theta, 3)) for peak in pattern.peaks[:2]]
    [((1, 0, 0), 15.798), ((1, 1, 0), 22.414)]
    """

    two_theta: Floats
    d: Floats
    q: Floats
    multiplicity: Integers
    intensity: Floats
    standard_error: Floats
    converged: np.ndarray[Any, np.dtype[np.bool_]]
    f_squared: Floats
    families: Families = field(metadata=DETAIL)
    radiation: Radiation
    two_theta_range: tuple[float, float]
    cell: Floats
    laue: Integers = field(metadata=DETAIL)
    merge: float
    overlap: float
    definitions: Mapping[str, str]
    n_frames: int
    title: str
    warnings: tuple[str, ...]
    provenance: Provenance

    command: ClassVar[str] = "xrd"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "two_theta": "two_theta", "d": "d_spacing", "q": "scattering_vector", "intensity": "diffracted_intensity",
        "f_squared": "structure_factor_squared", "structure_factor": "crystal_structure_factor",
        "multiplicity": "multiplicity", "two_theta_range": "two_theta", "wavelength": "wavelength",
        "standard_error": "diffracted_intensity", "merge": "two_theta", "overlap": "two_theta",
    }  # fmt: skip

    def __repr__(self) -> str:
        """Return one line."""
        low, high = self.two_theta_range
        head = f"{len(self)} peaks from {low:g}° to {high:g}°, {self.radiation}"
        if self.has_intensities and len(self):
            k = int(np.argmax(self.intensity))
            text = written(self.families.hkl[self._main[k]])
            head += f", strongest {text} at {self.two_theta[k]:.3f}°"
        return f"<PowderPattern of {self.title or 'a crystal'}: {head}>"

    def __len__(self) -> int:
        """Return the number of peaks."""
        return len(self.two_theta)

    @property
    def wavelength(self) -> float:
        """Of the strongest line, Å: the positions are for it."""
        return self.radiation.wavelength

    @cached_property
    def has_intensities(self) -> bool:
        """Whether intensities are known: not of a bare lattice."""
        return bool(len(self) == 0 or np.isfinite(self.intensity).all())

    @cached_property
    def _main(self) -> Integers:
        """The strongest family of each peak, the first where intensities are unknown or equal."""
        families = self.families
        strength = np.nan_to_num(families.f_squared)
        order = np.lexsort((np.arange(len(families)), -strength, families.peak))
        starts = np.searchsorted(families.peak[order], np.arange(len(self)))
        return order[starts]

    @property
    def peaks(self) -> Peaks:
        """All peaks, in the order of their angles; each is made when it is asked for."""
        return Peaks(self)

    def peak(self, number: int) -> Peak:
        """Return one peak with its families and overlaps."""
        begin, end = np.searchsorted(self.families.peak, [number, number + 1])
        members = sorted(
            (self._family(k) for k in range(begin, end)), key=lambda one: -np.nan_to_num(one.intensity)
        )
        first, last = np.searchsorted(
            self.two_theta, [self.two_theta[number] - self.overlap, self.two_theta[number] + self.overlap]
        )
        near = np.delete(np.arange(first, last), number - first)
        if self.has_intensities:
            near = near[self.intensity[near] >= _WEAK * self.intensity[number]]
            near = np.sort(near[np.argsort(-self.intensity[near], kind="stable")[:_MOST_OVERLAPS]])
        return Peak(
            two_theta=float(self.two_theta[number]),
            d=float(self.d[number]),
            q=float(self.q[number]),
            hkl=members[0].hkl,
            parent_hkl=members[0].parent_hkl,
            multiplicity=int(self.multiplicity[number]),
            intensity=float(self.intensity[number]),
            standard_error=float(self.standard_error[number]),
            f_squared=float(self.f_squared[number]),
            families=tuple(members),
            overlaps=tuple(triple(self.families.hkl[self._main[k]]) for k in near),
        )

    def _family(self, number: int) -> Family:
        """Return one family."""
        one = self.families
        parent = None if one.parent_hkl is None else one.parent_hkl[number]
        return Family(
            hkl=triple(one.hkl[number]),
            parent_hkl=None if parent is None else (float(parent[0]), float(parent[1]), float(parent[2])),
            two_theta=float(one.two_theta[number]),
            multiplicity=int(one.multiplicity[number]),
            structure_factor=float(abs(one.structure_factor[number])),
            intensity=float(one.intensity[number]),
        )

    def numbers(self, *, minimum: float = 0.0) -> Integers:
        """Return the peaks of at least so many % by number; all where intensities are unknown."""
        if not self.has_intensities:
            return np.arange(len(self))
        return np.flatnonzero(self.intensity >= minimum)

    def strongest(self, *, minimum: float = 1.0) -> tuple[Peak, ...]:
        """Return the peaks of at least so many % of the strongest."""
        return tuple(self.peak(int(k)) for k in self.numbers(minimum=minimum))

    def to_dict(self) -> dict[str, Any]:
        """Return settings and all peaks; :meth:`listing` leaves out weak ones."""
        return self.listing()

    def listing(self, *, minimum: float = 0.0) -> dict[str, Any]:
        """Return settings and the peaks of at least so many %, as plain Python values."""
        from perovchem.result import jsonable

        found: dict[str, Any] = {
            "title": self.title,
            "radiation": {
                "name": self.radiation.name,
                "wavelength": jsonable(self.radiation.wavelengths),
                "weight": jsonable(self.radiation.weights),
                "source": self.radiation.source,
            },
            "two_theta_range": list(self.two_theta_range),
            "cell": jsonable(self.cell),
            "n_frames": self.n_frames,
            "merge": self.merge,
            "overlap": self.overlap,
            "definitions": dict(self.definitions),
            "n_peaks": len(self),
            "peaks": [jsonable(peak) for peak in self.strongest(minimum=minimum)],
            "warnings": list(self.warnings),
        }
        return found

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per family: hkl, angle, d, multiplicity, ``|F|``, intensity, peak."""
        one = self.families
        columns: dict[str, Any] = {f"{name}": one.hkl[:, k] for k, name in enumerate("hkl")}
        if one.parent_hkl is not None:
            columns |= {f"parent_{name}": one.parent_hkl[:, k] for k, name in enumerate("hkl")}
        columns |= {
            "two_theta": one.two_theta,
            "d": one.d,
            "multiplicity": one.multiplicity,
            "structure_factor": np.abs(one.structure_factor),
            "f_squared": one.f_squared,
            "intensity": one.intensity,
            "peak": one.peak,
            "peak_two_theta": self.two_theta[one.peak],
            "peak_intensity": self.intensity[one.peak],
            "peak_standard_error": self.standard_error[one.peak],
        }
        names = {name: self.quantity_names[name] for name in columns if name in self.quantity_names}
        return dataframe(columns, quantity_names=names | {"peak_two_theta": "two_theta"})

    def profile(
        self,
        two_theta: ArrayLike,
        *,
        fwhm: float = 0.1,
        caglioti: tuple[float, float, float] | None = None,
        size: float | None = None,
        mixing: float | None = None,
    ) -> Floats:
        """Return the profile that a diffractometer would show, every line of the radiation included.

        Parameters
        ----------
        two_theta : float64 (n,)
            Degree.
        fwhm : float
            Full width at half maximum of the instrument, degree, at all angles.
        caglioti : (float, float, float), optional
            U, V, W (degree²) of the instrument instead (10.1016/0369-643X(58)90029-X).
        size : float, optional
            Of the crystallites, Å: adds a Lorentzian by the Scherrer equation (K = .9).
        mixing : float, optional
            Part of the Lorentzian in each pseudo-Voigt, 0 to 1. By default the instrument is Gaussian (.5 without a
            size), and width and mixing follow from the size (10.1107/S0021889887087090).

        Returns
        -------
        float64 (n,)
            Areas in proportion to the intensities; the highest value of the profile is near 100 where peaks of one
            width stand apart. All peaks weigh 1 for a bare lattice.

        Raises
        ------
        UsageError
            If a width, size or mixing makes no sense.
        """
        x = np.asarray(two_theta, np.float64)
        if x.ndim != 1 or not np.isfinite(x).all():
            raise UsageError(
                "the angles of a profile are no list of finite numbers", fix="give one, in degree"
            )
        weights = self.intensity if self.has_intensities else np.full(len(self), 100.0)
        total = np.zeros(len(x))
        scale = 0.0
        for wavelength, share in zip(self.radiation.wavelengths, self.radiation.weights, strict=True):
            centers = two_theta_of(self.d, float(wavelength))
            there = np.isfinite(centers)
            centers, sizes = centers[there], weights[there] * float(share)
            widths, mixings = self._shape(centers, float(wavelength), fwhm, caglioti, size, mixing)
            _add(total, x, centers, sizes, widths, mixings)
            if not scale and len(centers):
                k = int(np.argmax(sizes))
                top = float(lines.pseudo_voigt(0.0, 0.0, widths[k], mixings[k]) * sizes[k])
                scale = 100.0 / top if top > 0 else 0.0
        return total * scale

    def _shape(
        self,
        centers: Floats,
        wavelength: float,
        fwhm: float,
        caglioti: tuple[float, float, float] | None,
        size: float | None,
        mixing: float | None,
    ) -> tuple[Floats, Floats]:
        """Return width and mixing of each line."""
        if caglioti is None:
            if not 1e-4 <= fwhm <= 20:
                raise UsageError(f"a width of {fwhm:g}°", fix="give .0001 to 20")
            instrument = np.full(len(centers), float(fwhm))
        else:
            instrument = lines.caglioti(centers, *caglioti)
            if np.isnan(instrument).any() or (instrument > 20).any():
                raise UsageError(
                    "U, V, W give no width at some angle", fix="give such that U tan² θ + V tan θ + W > 0"
                )
        if mixing is not None and not 0 <= mixing <= 1:
            raise UsageError(f"a mixing of {mixing:g}", fix="give 0 (Gaussian) to 1 (Lorentzian)")
        if size is None:
            return instrument, np.full(len(centers), 0.5 if mixing is None else mixing)
        if not 5 <= size <= 1e7:
            raise UsageError(f"a crystallite size of {size:g} Å", fix="give 5 Å or more")
        widths, found = lines.thompson_cox_hastings(instrument, lines.scherrer(centers, size, wavelength))
        return widths, found if mixing is None else np.full(len(centers), mixing)


def _add(total: Floats, x: Floats, centers: Floats, sizes: Floats, widths: Floats, mixings: Floats) -> None:
    """Add lines to a profile, a bounded number of values at a time."""
    step = max(1, _CHUNK // max(len(x), 1))
    worth = np.flatnonzero(sizes > 1e-9 * sizes.max()) if len(sizes) else np.empty(0, np.int64)
    for begin in range(0, len(worth), step):
        k = worth[begin : begin + step]
        total += sizes[k] @ lines.pseudo_voigt(x[None], centers[k, None], widths[k, None], mixings[k, None])


class Peaks(Sequence[Peak]):
    """The peaks of a pattern, each made when it is asked for: a large cell has a hundred thousand."""

    def __init__(self, pattern: PowderPattern) -> None:
        self._pattern = pattern

    def __len__(self) -> int:
        """Return the number of peaks."""
        return len(self._pattern)

    @overload
    def __getitem__(self, key: int) -> Peak: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Peak, ...]: ...

    def __getitem__(self, key: int | slice) -> Peak | tuple[Peak, ...]:
        """Return one peak, or several as a tuple."""
        numbers = range(len(self))[key]
        return (
            tuple(map(self._pattern.peak, numbers))
            if isinstance(numbers, range)
            else self._pattern.peak(numbers)
        )

    def __repr__(self) -> str:
        """Return one line."""
        return f"<{len(self)} peaks>"
