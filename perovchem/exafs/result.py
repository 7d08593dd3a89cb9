"""Result of an EXAFS-like view: shells, χ(k), |χ(R)|."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from perovchem.arrays import Floats
from perovchem.cutoffs import Cutoff
from perovchem.exafs.shells import Distribution, Shell
from perovchem.exafs.transform import Peak, Spectrum
from perovchem.frames import Frames
from perovchem.provenance import input_files
from perovchem.result import DETAIL, Provenance, Result, dataframe, jsonable
from perovchem.scattering_path import ScatteringPath
from perovchem.uncertainty import BlockAverage

if TYPE_CHECKING:
    import pandas as pd

DEFINITIONS: Final[Mapping[str, str]] = {
    "shell": "neighbors nearer than the cutoff of their pair of elements, which several runs share",
    "real": "cumulants of the distances: R = <r>, variance = <(r - R)²>, third cumulant = <(r - R)³>, "
    "skewness = third cumulant/variance^1.5",
    "effective": "the same of distances weighted by exp(-2 r/λ)/r², as a spectrum weights them: what cumulants that "
    "are fitted to a measurement belong to; λ is the mean over the k range",
    "neighboring_cutoffs": "the shell with the cutoff moved by -.3 to .3 Å: a variance that follows the cutoff is that "
    "of a cut tail",
    "chi": "χ(k) = S0² Σ f(k)/(k r²) exp(-2 r/λ(k)) sin(2 p r + φ(k) + 2 (k - p) r0) per absorber, summed over all "
    "neighbors and frames, with a path computed at r0; single scattering only",
    "amplitude_and_phase": "of FEFF: a table of this package (Pb L3 with O, N, C, H, S, Cl, Br, I, Cs, Pb) or a given "
    "feffNNNN.dat; f, λ, φ do not follow the distance nor the surroundings of the single atom",
    "wavenumber": "counted from the threshold of FEFF's calculation; a measurement counts from its own E0",
    "magnitude": "|χ(R)| = |∫ k^w χ(k) W(k) exp(-2ikR) dk|/√π, Hanning window",
    "phase_corrected": "χ(k) times exp(-iφ(k)) of one pair before the transform: its peak stands at the bond length, "
    "and only its",
    "first_shells": "sum over the first shells of the named pairs",
    "all": "every element within the longest distance whose path is known",
    "standard_error": "from blocks of frames; of a cumulant or a position by its influence, to first order a jackknife "
    "over blocks",
}
"""What the numbers mean; printed into every JSON result."""


@dataclass(frozen=True, eq=False)
class PairSignal:
    """One pair of elements as an absorption edge sees it.

    Attributes
    ----------
    name : str
        "Pb-O(DMSO)".
    cutoff : Cutoff
    shell : Shell
        Within the cutoff.
    neighboring : tuple of Shell
        The same with the cutoff moved by -.3, -.2 ... .3 Å.
    path : ScatteringPath
        Amplitude and phase that were used.
    phases : bool
        False where none are known: f = 1 Å, φ = 0.
    chi : float64 (n_wavenumbers,)
        First shell, per absorber.
    uncorrected, corrected : Spectrum
        |χ(R)| of the first shell.
    edges : float64 (n_bins + 1,)
        Å, of all distances up to the longest.
    density : float64 (n_bins,)
        Neighbors of an absorber per Å.
    """

    name: str
    cutoff: Cutoff
    shell: Shell
    neighboring: tuple[Shell, ...]
    path: ScatteringPath
    phases: bool
    chi: Floats
    uncorrected: Spectrum
    corrected: Spectrum
    edges: Floats
    density: Floats

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        plain: dict[str, Any] = jsonable(
            {
                "cutoff": {"value": self.cutoff.value, "source": self.cutoff.source},
                "coordination_number": number(self.shell.coordination_number),
                "real": cumulants(self.shell.real),
                "effective": cumulants(self.shell.effective),
                "neighboring_cutoffs": [
                    {
                        "cutoff": one.cutoff,
                        "coordination_number": one.coordination_number.mean,
                        "mean_distance": one.real.mean_distance.mean,
                        "variance": one.real.variance.mean,
                        "third_cumulant": one.real.third_cumulant.mean,
                    }
                    for one in self.neighboring
                ],
                "path": {
                    "source": self.path.source,
                    "distance": self.path.distance if self.phases else None,
                },
                "peak_uncorrected": peak(self.uncorrected.highest),
                "peak_phase_corrected": peak(self.corrected.highest) if self.phases else None,
            }
        )
        return plain


def number(average: BlockAverage) -> dict[str, Any]:
    """Return value, error, and whether that is more than a lower bound."""
    return {
        "value": average.mean,
        "standard_error": average.standard_error,
        "converged": average.converged,
    }


def cumulants(found: Distribution) -> dict[str, Any]:
    """Return the cumulants of a distribution by name."""
    return {
        "mean_distance": number(found.mean_distance),
        "variance": number(found.variance),
        "third_cumulant": number(found.third_cumulant),
        "skewness": number(found.skewness),
    }


def peak(found: Peak | None) -> dict[str, Any] | None:
    """Return a peak by name."""
    return None if found is None else {"position": number(found.position), "height": found.height}


@dataclass(frozen=True, eq=False, repr=False)
class Exafs(Result):
    """Local structure of one run as X-ray absorption sees it.

    Attributes
    ----------
    frames : Frames
    absorber, edge : str
    pairs : mapping of str to PairSignal
    wavenumber : float64 (n_wavenumbers,)
        k, 1/Å.
    first_shells, everything : float64 (n_wavenumbers,) or None
        χ(k) of the first shells of all pairs, and of every element within ``longest`` whose path is known; None where
        phases are missing, for signals without them do not add up.
    first_shells_spectrum, everything_spectrum : Spectrum or None
        Their |χ(R)|, without phase correction.
    k_range : tuple of float
        1/Å, of the window.
    k_weight : int
    sill : float
        Width over which the window rises and falls, 1/Å.
    longest : float
        Å.
    reduction : float
        S0².
    unseen : tuple of str
        Elements that are left out of everything: their paths are unknown.
    warnings : tuple of str
    """

    frames: Frames = field(metadata=DETAIL)
    absorber: str
    edge: str
    pairs: Mapping[str, PairSignal]
    wavenumber: Floats
    first_shells: Floats | None
    everything: Floats | None
    first_shells_spectrum: Spectrum | None
    everything_spectrum: Spectrum | None
    k_range: tuple[float, float]
    k_weight: int
    sill: float
    longest: float
    reduction: float
    unseen: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    command: ClassVar[str] = "exafs"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "n_frames": "n_frames",
        "discarded_frames": "n_frames",
        "k_weight": "pure_number",
        "density": "density",
        "concentration": "concentration",
        "cutoff": "cutoff",
        "coordination_number": "coordination_number",
        "mean_distance": "mean_distance",
        "variance": "distance_variance",
        "third_cumulant": "third_cumulant",
        "skewness": "skewness",
        "position": "peak_distance",
        "height": "fine_structure_magnitude",
        "wavenumber": "photoelectron_wavenumber",
        "k_range": "photoelectron_wavenumber",
        "chi": "absorption_fine_structure",
        "first_shells": "absorption_fine_structure",
        "all": "absorption_fine_structure",
        "distance": "distance",
        "longest": "distance",
    }

    def __repr__(self) -> str:
        """Return one line: number, distance and variance by pair."""
        found = ", ".join(
            f"{name} {one.shell.coordination_number.mean:.2f} at {one.shell.real.mean_distance.mean:.3f} Å"
            for name, one in self.pairs.items()
        )
        return f"<Exafs of {self.absorber} {self.edge} in {len(self.frames)} frames: {found}>"

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these numbers."""
        files = [file for one in self.pairs.values() for file in one.path.provenance.inputs]
        return Provenance(
            input=" + ".join(str(path) for path in self.frames.source.files) or self.frames.source.origin,
            inputs=(*input_files(self.frames.source.files), *dict.fromkeys(files)),
            settings={
                "absorber": self.absorber,
                "edge": self.edge,
                "cutoffs": {name: one.cutoff.value for name, one in self.pairs.items()},
                "k_range": self.k_range,
                "k_weight": self.k_weight,
                "window_sill": self.sill,
                "longest": self.longest,
                "amplitude_reduction": self.reduction,
                "frames": [int(k) for k in self.frames.frame_numbers[[0, -1]]],
                "discarded_frames": self.frames.discarded,
            },
            warnings=self.warnings,
        )

    @property
    def concentration(self) -> float:
        """Absorbers per volume, mol/L."""
        return self.frames.concentration(self.absorber)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        totals = {"first_shells": self.first_shells_spectrum, "all": self.everything_spectrum}
        plain: dict[str, Any] = jsonable(
            {
                "formula": self.frames.formula,
                "n_frames": len(self.frames),
                "discarded_frames": self.frames.discarded,
                "density": self.frames.density,
                "concentration": self.concentration,
                "absorber": self.absorber,
                "edge": self.edge,
                "k_range": self.k_range,
                "k_weight": self.k_weight,
                "longest": self.longest,
                "pairs": {name: one.to_dict() for name, one in self.pairs.items()},
                "peaks_uncorrected": {
                    name: None if found is None else [peak(one) for one in found.peaks]
                    for name, found in totals.items()
                },
                "unseen": self.unseen,
            }
        )
        return plain

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per wavenumber: χ(k) of each pair's first shell, of all of them, and of everything."""
        columns: dict[str, Any] = {"wavenumber_1/A": self.wavenumber}
        columns |= {f"chi_{name}": one.chi for name, one in self.pairs.items()}
        if self.first_shells is not None:
            columns["chi_first_shells"] = self.first_shells
        if self.everything is not None:
            columns["chi_all"] = self.everything
        names = dict.fromkeys(columns, "absorption_fine_structure")
        return dataframe(columns, quantity_names=names | {"wavenumber_1/A": "photoelectron_wavenumber"})

    def spectra_dataframe(self) -> pd.DataFrame:
        """Return one row per R: |χ(R)| of each pair, uncorrected and corrected, and of the sums."""
        first = next(iter(self.pairs.values()))
        columns: dict[str, Any] = {"R_A": first.uncorrected.distances}
        for name, one in self.pairs.items():
            columns[f"{name}_uncorrected"] = one.uncorrected.magnitude
            columns[f"{name}_uncorrected_standard_error"] = one.uncorrected.standard_error
            if one.phases:
                columns[f"{name}_phase_corrected"] = one.corrected.magnitude
                columns[f"{name}_phase_corrected_standard_error"] = one.corrected.standard_error
        for called, found in (
            ("first_shells", self.first_shells_spectrum),
            ("all", self.everything_spectrum),
        ):
            if found is not None:
                columns[f"{called}_uncorrected"] = found.magnitude
                columns[f"{called}_uncorrected_standard_error"] = found.standard_error
        names = dict.fromkeys(list(columns)[1:], "fine_structure_magnitude")
        return dataframe(columns, quantity_names=names | {"R_A": "distance"})
