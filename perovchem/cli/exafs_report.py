"""What ``perovchem exafs`` shows of its results: shells, peaks, differences, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import numpy as np

from perovchem.cli.common import stems_of
from perovchem.exafs import DEFINITIONS as DEFINITIONS
from perovchem.exafs import Difference, Exafs, bond_differences
from perovchem.exafs.transform import Peak, Spectrum
from perovchem.number_text import plus_minus
from perovchem.provenance import InputFile
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable
from perovchem.result import jsonable
from perovchem.uncertainty import BlockAverage

_BOUND: Final = "* a lower bound of the error: the run is too short to tell, or nothing changed."


def report(
    inputs: Sequence[str],
    results: Mapping[str, Exafs],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    first = next(iter(results.values()))
    stems = stems_of(results)
    differences = bond_differences(results)
    tables = [_shells(results), _neighboring(results), _peaks(results)]
    if differences:
        tables.append(_differences(differences))
    read: dict[InputFile, None] = dict.fromkeys(
        file for one in first.pairs.values() for file in one.path.provenance.inputs
    )
    return Report(
        command="exafs",
        title=f"Local structure around {first.absorber} as X-rays see it: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=tuple(result.frames for result in results.values()),
        settings=settings,
        rows=[_row(called, result, differences) for called, result in results.items()],
        units=units({**Exafs.quantity_names, "differences_from_first": "distance"}),
        warnings=warnings,
        tables=tuple(tables),
        drawings=_drawings(results),
        records={
            **{f"absorption_fine_structure_{stems[c]}": r.to_dataframe for c, r in results.items()},
            **{f"transform_{stems[c]}": r.spectra_dataframe for c, r in results.items()},
        },
        arrays={f"exafs_{stems[c]}": partial(_variables, r) for c, r in results.items()},
        summary=_summary(differences),
        read=tuple(read),
    )


def _row(called: str, result: Exafs, differences: Sequence[Difference]) -> dict[str, Any]:
    """Return the JSON row of one run, with how its bonds differ from those of the first."""
    mine = [jsonable(asdict(one)) | {"sentence": one.sentence} for one in differences if one.other == called]
    return result.to_dict() | {
        "differences_from_first": [
            {name: value for name, value in one.items() if name != "other"} for one in mine
        ]
    }


def _text(average: BlockAverage, most: int = 4) -> str | None:
    unsure = not average.converged and average.standard_error >= 0
    return plus_minus(average.mean, average.standard_error, most=most, mark="*" if unsure else "")


def _shells(results: Mapping[str, Exafs]) -> Table:
    """Return the first shells: a row per pair, run and kind of distribution."""
    rows: list[tuple[str | None, ...]] = []
    for name in next(iter(results.values())).pairs:
        for called, result in results.items():
            shell = result.pairs[name].shell
            for kind, found in (("real", shell.real), ("effective", shell.effective)):
                rows.append(
                    (
                        name,
                        called,
                        kind,
                        _text(shell.coordination_number, 2),
                        _text(found.mean_distance),
                        _text(found.variance, 5),
                        _text(found.third_cumulant, 5),
                        _text(found.skewness, 3),
                    )
                )
    first = next(iter(results.values()))
    notes = [
        f"First shell of {n} below {p.cutoff.value:.2f} Å: {p.cutoff.source}." for n, p in first.pairs.items()
    ]
    notes.append(
        "effective: distances weighted by exp(-2 r/λ)/r², as a spectrum weights them; ± is one standard error, from "
        "blocks of frames."
    )
    notes += [
        f"{called}: {len(one.frames)} frames, {one.frames.density:.2f} g/cm3, "
        f"{one.concentration:.2f} mol/L {one.absorber}."
        for called, one in results.items()
    ]
    if any("*" in (word or "") for row in rows for word in row):
        notes.append(_BOUND)
    header = ("pair", "run", "distances", "N", "R (Å)", "σ² (Å²)", "C3 (Å³)", "skewness")
    return Table("First shells", header, tuple(rows), tuple(notes))


def _neighboring(results: Mapping[str, Exafs]) -> Table:
    """Return what the cutoff does: number, distance and variance for neighboring cutoffs."""
    rows = tuple(
        (
            name,
            called,
            f"{shell.cutoff:.2f}",
            plus_minus(shell.coordination_number.mean, most=2),
            plus_minus(shell.real.mean_distance.mean, most=3),
            plus_minus(shell.real.variance.mean, most=4),
            plus_minus(shell.real.third_cumulant.mean, most=4),
        )
        for name in next(iter(results.values())).pairs
        for called, result in results.items()
        for shell in result.pairs[name].neighboring
    )
    header = ("pair", "run", "cutoff (Å)", "N", "R (Å)", "σ² (Å²)", "C3 (Å³)")
    notes = ("A variance that follows the cutoff is that of a tail which the cutoff cuts.",)
    return Table("What the cutoff does", header, rows, notes)


def _peaks(results: Mapping[str, Exafs]) -> Table:
    """Return the peaks of |χ(R)|."""
    rows: list[tuple[str | None, ...]] = []
    phases = True
    for called, result in results.items():
        for name, one in result.pairs.items():
            short, right = one.uncorrected.highest, one.corrected.highest
            distance = one.shell.real.mean_distance.mean
            phases &= one.phases
            rows.append(
                (
                    called,
                    f"{name}, first shell",
                    _place(short),
                    _place(right) if one.phases else None,
                    plus_minus(distance, most=3),
                    plus_minus(distance - short.position.mean, most=3) if short and one.phases else None,
                )
            )
        for words, spectrum in (
            ("first shells together", result.first_shells_spectrum),
            ("everything", result.everything_spectrum),
        ):
            if spectrum is not None:
                rows.append((called, words, _places(spectrum, result), None, None, None))
    first = next(iter(results.values()))
    notes = [
        f"Hanning window {first.k_range[0]:g} to {first.k_range[1]:g} 1/Å (over {first.sill:g} 1/Å), k-weight "
        f"{first.k_weight}; single scattering only."
    ]
    if first.everything is not None:
        left_out = f" but {', '.join(first.unseen)}" if first.unseen else ""
        notes += [
            f"Everything: all elements within {first.longest:g} Å{left_out}; in parentheses the first shell with the "
            "largest part of the magnitudes there.",
            "A heavy neighbor has more than one peak of its own, as its amplitude dips at some k; side lobes of the "
            "window shrink with --window-sill.",
        ]
    if phases:
        notes.append(
            "The phase-corrected peak stands at the bond length of a narrow shell; in a skewed one it follows the "
            "most frequent distance."
        )
    header = ("run", "signal", "peak (Å)", "phase-corrected (Å)", "R (Å)", "R − peak (Å)")
    return Table("Peaks of |χ(R)|", header, tuple(rows), tuple(notes))


def _place(found: Peak | None) -> str | None:
    return None if found is None else _text(found.position, 3)


def _places(spectrum: Spectrum, result: Exafs) -> str | None:
    """Return the two highest peaks, by position, each with the first shell that has most of it; None without any."""
    two = sorted(spectrum.peaks, key=lambda peak: -peak.height)[:2]
    two.sort(key=lambda peak: peak.position.mean)
    words = []
    for found in two:
        heights = {
            name: float(np.interp(found.position.mean, one.uncorrected.distances, one.uncorrected.magnitude))
            for name, one in result.pairs.items()
        }
        most = max(heights, key=lambda name: heights[name])
        share = heights[most] / sum(heights.values()) if heights[most] > 0 else 0.0
        words.append(f"{_place(found)} ({most} {100 * share:.0f} %)" if share else f"{_place(found)}")
    return ", ".join(words) or None


def _differences(differences: Sequence[Difference]) -> Table:
    """Return how bonds differ between the runs."""
    rows = tuple(
        (
            one.pair,
            one.measure.replace("_", " "),
            f"{one.one} − {one.other}",
            plus_minus(one.value, one.standard_error, most=3, mark="" if one.converged else "*"),
            one.verdict,
        )
        for one in differences
    )
    notes = [
        "Decided: beyond twice the standard error, with errors that are no lower bounds. Runs that differ in density "
        "or concentration, or start from one packing each, differ by more than their solvents."
    ]
    if any(not one.converged for one in differences):
        notes.append(_BOUND)
    return Table(
        "Bonds compared", ("pair", "measure", "runs", "difference (Å)", "verdict"), rows, tuple(notes)
    )


def _summary(differences: Sequence[Difference]) -> str:
    """Return what the comparison decides, in a sentence."""
    if not differences:
        return ""
    decided = [one.sentence for one in differences if one.verdict != "undecided" and math.isfinite(one.value)]
    if not decided:
        return f"None of {len(differences)} differences between bonds is decided."
    return (
        f"{len(decided)} of {len(differences)} differences between bonds are decided: {'; '.join(decided)}."
    )


def _drawings(results: Mapping[str, Exafs]) -> tuple[Drawing, ...]:
    first = next(iter(results.values()))
    window = f"Hanning window {first.k_range[0]:g} to {first.k_range[1]:g} Å⁻¹"
    together = " and all elements together (bottom)" if first.everything is not None else ""
    return (
        Drawing(
            "transform",
            f"|χ(R)| of the first shells, without (left) and with (right) the phase of the pair{together}; {window}, "
            f"k-weight {first.k_weight}. Bands: one standard error from blocks of frames; dotted: mean distance.",
            partial(_draw, "plot_transforms", results),
        ),
        Drawing(
            "fine_structure",
            f"Single-scattering χ(k) times k to the power {first.k_weight}: first shells by pair{together}; gray: "
            "range of the window.",
            partial(_draw, "plot_fine_structure", results),
        ),
        Drawing(
            "distances",
            "Distances of each pair, their first shell ending at the gray line; dashed curves: Gaussian of the same "
            "number, mean and variance as the first shell.",
            partial(_draw, "plot_distances", results),
        ),
    )


def _draw(what: str, results: Mapping[str, Exafs]) -> Any:
    from perovchem.plotting import exafs as plotting

    return getattr(plotting, what)(results)


def _variables(result: Exafs) -> dict[str, Variable]:
    """Return the variables of a NetCDF file."""
    pairs = list(result.pairs.values())
    numbers = np.arange(len(pairs))
    names = {
        "flag_values": numbers,
        "flag_meanings": " ".join(name.replace(" ", "_") for name in result.pairs),
    }
    power = f"Å^-{result.k_weight + 1}"
    chi, magnitude = quantity("absorption_fine_structure"), quantity("fine_structure_magnitude")
    found = {
        "wavenumber": Variable(
            ("wavenumber",), result.wavenumber, "1/Å", quantity("photoelectron_wavenumber").sentence
        ),
        "distance": Variable(("distance",), pairs[0].uncorrected.distances, "Å", "R of the transform."),
        "pair": Variable(("pair",), numbers, "1", "Absorber and neighbor.", names),
        "chi": Variable(("pair", "wavenumber"), np.array([one.chi for one in pairs]), "1", chi.sentence),
    }
    for name in ("uncorrected", "corrected"):
        spectra = [getattr(one, name) for one in pairs]
        for field, said in (("magnitude", ""), ("standard_error", "One standard error: ")):
            found[f"{field}_{name}"] = Variable(
                ("pair", "distance"), np.array([getattr(one, field) for one in spectra]), power,
                said + magnitude.sentence,
            )  # fmt: skip
    for name, total, spectrum in (
        ("first_shells", result.first_shells, result.first_shells_spectrum),
        ("all", result.everything, result.everything_spectrum),
    ):
        if total is not None and spectrum is not None:
            found[f"chi_{name}"] = Variable(("wavenumber",), total, "1", chi.sentence)
            found[f"magnitude_{name}"] = Variable(
                ("distance",), spectrum.magnitude, power, magnitude.sentence
            )
    return found
