"""How molecules turn: autocorrelation of their axes, rotational times, preferred directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from perovchem.arrays import Floats, Integers
from perovchem.convert import as_frames
from perovchem.errors import MissingDataError, UsageError, warn
from perovchem.frames import Frames
from perovchem.orientation.axes import find_axes, follow
from perovchem.orientation.correlation import (
    OrientationCorrelation,
    analyzed,
    blocks_of,
    chosen_lags,
    correlation_sums,
)
from perovchem.orientation.directions import FAMILIES, LARGEST_SKEW, RANDOM, families, frame_of
from perovchem.provenance import input_files
from perovchem.result import DETAIL, Provenance, Result, dataframe, jsonable
from perovchem.thermostat import thermostat_note
from perovchem.uncertainty import BlockAverage, block_average

if TYPE_CHECKING:
    import pandas as pd

LEAST_FRAMES: Final = 10
_CUBIC: Final = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@dataclass(frozen=True, eq=False, repr=False)
class Orientation(Result):
    """How one kind of molecules turns in one run.

    Attributes
    ----------
    frames : Frames
    molecule, axis : str
        As named.
    atoms : int64 (n_molecules, 2)
        Atoms that each axis leads from and to.
    correlations : mapping of int to OrientationCorrelation
        By order, 1 and 2.
    mean_orientation : tuple of BlockAverage
        Mean of each component of the axis over molecules and frames, along the lattice directions.
    order_parameter : float
        Largest eigenvalue of <3/2 uu - 1/2>; for N molecules over n frames, chance gives about 1/√N or less.
    cubic_moment : BlockAverage
        <x^4 + y^4 + z^4> along the lattice directions: 1 for <100>, 1/2 for <110>, 1/3 for <111>, 3/5 without
        preference. NaN where the directions are not at right angles.
    preference : mapping of str to BlockAverage
        Part of the axes nearest to <100>, <110> or <111>, over that of random ones; NaN likewise.
    lattice : int64 (3, 3)
        The directions, as combinations of lattice vectors.
    warnings : tuple of str
    """

    frames: Frames = field(metadata=DETAIL)
    molecule: str
    axis: str
    atoms: Integers
    correlations: Mapping[int, OrientationCorrelation]
    mean_orientation: tuple[BlockAverage, BlockAverage, BlockAverage]
    order_parameter: float
    cubic_moment: BlockAverage
    preference: Mapping[str, BlockAverage]
    lattice: Integers
    warnings: tuple[str, ...] = ()

    command: ClassVar[str] = "orientation"
    quantity_names: ClassVar[Mapping[str, str]] = {
        "n_frames": "n_frames",
        "lags": "lag",
        "values": "orientation_correlation",
        "standard_error": "orientation_correlation",
        "integral_time": "rotational_time",
        "integral_time_standard_error": "rotational_time",
        "decay_time": "rotational_time",
        "decay_time_standard_error": "rotational_time",
        "lower_bound": "rotational_time",
        "fit_range": "lag",
        "order_parameter": "order_parameter",
        "cubic_moment": "cubic_moment",
        "preference": "direction_preference",
    }

    def __repr__(self) -> str:
        """Return one line: molecules, axis, decay times."""
        times = ", ".join(
            f"τ{order} {one.decay_time:.3g} ps"
            if one.decay_time > 0
            else f"τ{order} > {one.lower_bound:.2g} ps"
            if one.lower_bound > 0
            else f"no τ{order}"
            for order, one in self.correlations.items()
        )
        return f"<Orientation of {self.axis} in {len(self.atoms)} {self.molecule}, {len(self.frames)} frames: {times}>"

    @property
    def provenance(self) -> Provenance:
        """Files with checksums, settings and warnings behind these numbers."""
        return Provenance(
            input=" + ".join(str(path) for path in self.frames.source.files) or self.frames.source.origin,
            inputs=input_files(self.frames.source.files),
            settings={
                "molecule": self.molecule,
                "axis": self.axis,
                "lattice": self.lattice.tolist(),
                "frames": [int(k) for k in self.frames.frame_numbers[[0, -1]]],
                "discarded_frames": self.frames.discarded,
            },
            warnings=self.warnings,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, ready for JSON."""
        plain: dict[str, Any] = jsonable(
            {
                "formula": self.frames.formula,
                "n_frames": len(self.frames),
                "discarded_frames": self.frames.discarded,
                "molecule": self.molecule,
                "axis": self.axis,
                "n_molecules": len(self.atoms),
                "correlations": {f"C{order}": one for order, one in self.correlations.items()},
                "mean_orientation": [_short(one) for one in self.mean_orientation],
                "order_parameter": self.order_parameter,
                "cubic_moment": _short(self.cubic_moment),
                "preference": {name: _short(one) for name, one in self.preference.items()},
                "lattice": self.lattice,
            }
        )
        return plain

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per lag: time, C1 and C2 with their standard errors."""
        one, two = self.correlations[1], self.correlations[2]
        columns = {
            "lag_ps": one.lags,
            "C1": one.values,
            "C1_standard_error": one.standard_error,
            "C2": two.values,
            "C2_standard_error": two.standard_error,
        }
        names = dict.fromkeys(list(columns)[1:], "orientation_correlation")
        return dataframe(columns, quantity_names=names | {"lag_ps": "lag"})


def _short(average: BlockAverage) -> dict[str, float | bool]:
    """Return what is shown of a mean."""
    return {"mean": average.mean, "standard_error": average.standard_error, "converged": average.converged}


def orientation(
    frames: Frames | Any,
    *,
    molecule: str,
    axis: str,
    names: Mapping[str, str] | None = None,
    lattice: tuple[tuple[int, int, int], ...] = _CUBIC,
) -> Orientation:
    r"""Follow an axis of every molecule of one kind and tell how it turns.

    :math:`C_l(t) = \langle P_l(\mathbf u(s) \cdot \mathbf u(s + t)) \rangle` over all molecules and time origins,
    by FFT; for free rotational diffusion exp(-l(l + 1) D t). Errors: one molecule after the other is left out
    (of fewer than ten, blocks of each), so molecules count as independent. A time is refused where C_l has not
    fallen to 1/e within half of the run, or where the run holds fewer than four independent orientations;
    then a lower bound is given.

    Parameters
    ----------
    frames : Frames
        Evenly spaced in time, near enough that no axis turns around between two of them. Or an
        object that :func:`perovchem.read_frames` takes.
    molecule : str
        Name or formula, found from the bonds of the first frame: "MA", "FA", "DMSO", "C3H8O2".
    axis : str
        Elements that it leads from and to: the only such atoms of the molecule ("C-N" of MA, "N-N" of FA, from
        the first to the second in the order of the file), or the only such bond ("C-H" of FA).
    names : mapping, optional
        Formula to name for molecules beyond the known ones.
    lattice : three rows of three int
        Directions, as combinations of the cell vectors, that count as x, y and z of a cubic lattice: ((1, 1, 0),
        (-1, 1, 0), (0, 0, 1)) for a √2 x √2 x 2 cell.

    Returns
    -------
    Orientation

    Raises
    ------
    MissingDataError
        If the frames have no times, or are unevenly spaced.
    UsageError
        If there is no such molecule or axis, or the frames are few.

    Examples
    --------
    >>> import perovchem as pc
    >>> frames = pc.read_frames("gbl_solution", discard="4ps")
    >>> pc.orientation(frames, molecule="MA", axis="C-N")  # too short a run for a time
    <Orientation of C-N in 3 MA, 719 frames: τ1 > 1.3 ps, τ2 > 0.79 ps>
    """
    frames = as_frames(frames)
    times = frames.require_times("a correlation time")
    if len(frames) < LEAST_FRAMES:
        raise UsageError(
            f"{len(frames)} frames tell no correlation time", fix=f"give at least {LEAST_FRAMES}"
        )
    steps = np.diff(times)
    interval = float(np.median(steps))
    if not (interval > 0 and np.abs(steps - interval).max() < 1e-3 * interval):
        k = int(np.argmax(np.abs(steps - interval)))
        raise MissingDataError(
            f"frames are unevenly spaced: {steps[k]:g} fs behind frame {frames.frame_numbers[k]}, else {interval:g} fs",
            where=frames.source.origin,
            fix="choose frames without a gap (--start, --stop)",
        )
    directions = np.array(lattice)
    if (
        directions.shape != (3, 3)
        or not np.issubdtype(directions.dtype, np.integer)
        or not np.linalg.det(directions)
    ):
        raise UsageError(
            "lattice directions are three independent rows of three whole numbers",
            fix="as ((1, 1, 0), (-1, 1, 0), (0, 0, 1))",
        )
    begins, ends, start = find_axes(frames, molecule, axis, names)
    lags, blocks = chosen_lags(len(frames)), blocks_of(len(begins))
    axes, skew = frame_of(frames.kernel_cells, directions)
    sums = np.empty((2, len(begins), blocks, len(lags)))
    counts = np.empty((len(begins), blocks, len(lags)), np.int64)
    means = np.zeros((len(frames), 13))
    for which, vectors in follow(frames, begins, ends, start):
        for k, number in enumerate(which):
            sums[:, number], counts[number] = correlation_sums(vectors[:, k], lags, blocks)
        means += _moments(vectors @ axes.transpose(0, 2, 1)) / len(begins)
    spaced = lags * interval / 1000
    correlations = {
        order: analyzed(
            order, sums[order - 1].reshape(-1, len(lags)), counts.reshape(-1, len(lags)), spaced,
            n_molecules=len(begins), length=len(frames) * interval / 1000, blocks=blocks,
        )
        for order in (1, 2)
    }  # fmt: skip
    cubic = skew <= LARGEST_SKEW
    moment = means[:, 9] if cubic else np.full(len(means), np.nan)
    fractions = means[:, 10:] / RANDOM if cubic else np.full((len(means), 3), np.nan)
    notes = _notes(frames, correlations, skew)
    for note in notes:
        warn(note)
    return Orientation(
        frames=frames,
        molecule=molecule,
        axis=axis,
        atoms=np.column_stack([begins, ends]),
        correlations=correlations,
        mean_orientation=(block_average(means[:, 0]), block_average(means[:, 1]), block_average(means[:, 2])),
        order_parameter=_order(means[:, 3:9].mean(axis=0)),
        cubic_moment=block_average(moment),
        preference={name: block_average(fractions[:, k]) for k, name in enumerate(FAMILIES)},
        lattice=directions,
        warnings=(*frames.warnings, *notes),
    )


def _moments(vectors: Floats) -> Floats:
    """Return sums over molecules, (n_frames, 13): x y z, xx yy zz xy xz yz, fourth powers, three families."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    nearest = families(vectors)
    columns = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z, x**4 + y**4 + z**4]
    columns += [(nearest == k).astype(np.float64) for k in range(3)]
    return np.stack([column.sum(axis=1) for column in columns], axis=1)


def _order(second: Floats) -> float:
    """Return the largest eigenvalue of <(3 uu - 1)/2>."""
    xx, yy, zz, xy, xz, yz = second
    tensor = 1.5 * np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) - 0.5 * np.eye(3)
    return float(np.linalg.eigvalsh(tensor)[-1])


def _notes(frames: Frames, correlations: Mapping[int, OrientationCorrelation], skew: float) -> list[str]:
    """Return what the reader of these numbers must know."""
    notes = [one.verdict for one in correlations.values() if one.verdict]
    notes += [
        f"the standard errors of the times of C{order} are lower bounds: the run holds few independent orientations"
        for order, one in correlations.items()
        if not one.verdict and not one.converged
    ]
    if skew > LARGEST_SKEW:
        notes.append(
            "the lattice directions are not at right angles: no preference among cubic directions is given"
        )
    if (note := thermostat_note(frames)) is not None:
        notes.append(note)
    if frames.discarded == 0 and frames.frame_numbers[:1] == 0:
        notes.append("orientations are averaged from frame 0 on, nothing was discarded as equilibration")
    return notes
