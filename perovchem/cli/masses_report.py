"""What ``perovchem masses`` shows: gap, mass along every arm, tensors, exciton, fits drawn over the points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.cli import bands_report, exciton_report, masses_records
from perovchem.cli.bands_report import character_rows, gap_row, stems
from perovchem.effective_mass import EffectiveMasses, Mass, MassTensor
from perovchem.errors import MissingDataError
from perovchem.exciton import DEFINITIONS as OF_EXCITONS
from perovchem.exciton import CarrierMass, carrier_mass, distinct
from perovchem.number_text import plus_minus
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table

if TYPE_CHECKING:
    from perovchem.bands import Bands
    from perovchem.exciton import Confinement, Exciton

DEFINITIONS: Final = {
    **bands_report.DEFINITIONS,
    "effective_mass": "1/m* = (1/ħ²) d²E/dk² at the edge along a Cartesian direction; of holes positive too",
    "fit": "Kane's form (ħ²/2 m0) k² = m (E + α E² + β E³ + ...) (doi 10.1016/0022-3697(57)90013-6) and the series of "
    "E in k², linear in their unknowns, the energy of the edge among them; orders are averaged by their evidence",
    "window": "of windows from 4 points up to where the band turns or 1 eV, those whose residuals are no more than "
    "noise; of these the one with the least error",
    "standard_error": "rounding of the file and scatter, what the form leaves open, what bands that are crossed may "
    "do, and drift with the window; at least .01 %",
    "verdict": "ok: standard error up to 5 %, and the mass changes by no more than 10 % within kT at 298 K; drifting: "
    "a number with a larger error or change, and the reason; refused: what is there is no effective mass",
    "tensor": "principal masses are inverse eigenvalues of 1/m; conductivity mass 3/Tr(1/m), density-of-states mass "
    "det(1/m)^(-1/3) of one valley",
}
UNITS: Final = {
    **bands_report.UNITS,
    **exciton_report.UNITS,
    **units(
        {
            "mass": "effective_mass", "standard_error": "effective_mass", "alpha": "kane_alpha",
            "alpha_error": "kane_alpha", "r_squared": "fit_quality", "k_range": "wave_vector",
            "energy_range": "band_energy", "shift": "wave_vector", "principal_masses": "effective_mass",
            "principal_errors": "effective_mass",
            "inverse_mass": "inverse_mass", "inverse_mass_error": "inverse_mass",
            "conductivity_mass": "effective_mass", "conductivity_error": "effective_mass",
            "density_of_states_mass": "effective_mass", "density_of_states_error": "effective_mass",
        }
    ),
}  # fmt: skip
_SAME: Final = 1e-6
MOST_ROWS: Final = 60
"""Arms that the table shows; of more, those equal by symmetry only once."""


def tables(results: Mapping[str, EffectiveMasses]) -> list[Table]:
    """Return edges, arms and tensors."""
    several = len(results) > 1
    edges = [row for called, one in results.items() for row in bands_report.edge_rows(called, one.edges)]
    gaps = [
        (f"{called}: " if several else "")
        + f"gap {one.edges.gap:.4f} eV, "
        + ("direct" if one.edges.direct else f"indirect; smallest direct {one.edges.direct_gap:.4f} eV")
        + "."
        for called, one in results.items()
    ]
    words = [
        f"{f'{called}, ' if several else ''}{sentence}."
        for called, one in results.items()
        if one.character is not None
        for sentence in one.character.words.values()
    ]
    notes = [
        f"{f'{called}: ' if several else ''}{note.rstrip('.')}."
        for called, one in results.items()
        for note in one.notes
    ]
    found = [
        Table(
            "Edges",
            bands_report.EDGE_HEAD,
            tuple(edges),
            tuple(gaps + words + notes),
        )
    ]
    if several:
        found.append(_side_by_side(results))
    found += [_arms(called if several else "", one) for called, one in results.items() if one.masses]
    if any(one.tensors for one in results.values()):
        tensors = _tensors(results)
        if tensors.rows:
            found.append(tensors)
        else:  # the reasons alone
            found[-1] = replace(found[-1], notes=(*found[-1].notes, *tensors.notes))
    return found


def _carriers(one: EffectiveMasses) -> dict[str, CarrierMass | None]:
    """Return the one mass of each carrier; None where none can be quoted."""
    found: dict[str, CarrierMass | None] = {}
    for carrier in ("electron", "hole"):
        try:
            found[carrier] = carrier_mass(one, "electron" if carrier == "electron" else "hole")
        except MissingDataError:
            found[carrier] = None
    return found


def _side_by_side(results: Mapping[str, EffectiveMasses]) -> Table:
    """Return gap and one mass of each carrier for every run."""
    rows = []
    for called, one in results.items():
        masses = [None if m is None else plus_minus(m.mass, m.mass_su) for m in _carriers(one).values()]
        rows.append((called, f"{one.edges.gap:.4f}", "direct" if one.edges.direct else "indirect", *masses))
    rule = (
        "One mass of each carrier: the conductivity mass of the tensor, else the harmonic mean over directions and "
        "over bands that are degenerate at the edge."
    )
    return Table("Side by side", ("", "gap (eV)", "", "m_e (m₀)", "m_h (m₀)"), tuple(rows), (rule,))


def _arms(called: str, one: EffectiveMasses) -> Table:
    """Return the mass along every arm."""
    arms = list(one.masses)
    if len(arms) > MOST_ROWS:
        arms = [
            arm
            for carrier in ("electron", "hole")
            for arm in distinct([m for m in one.masses if m.carrier == carrier])
        ]
    rows: list[tuple[str | None, ...]] = []
    reasons: dict[str, str] = {}
    for arm in arms:
        mark = ""
        if arm.reason:
            mark = reasons.setdefault(arm.reason, f" [{len(reasons) + 1}]")
        rows.append(
            (
                arm.carrier, _band(arm), arm.direction_label or masses_records.vector(arm),
                plus_minus(arm.mass, arm.standard_error), _alpha(arm), _span(arm),
                str(arm.n_points) if arm.n_points else None, arm.verdict + mark,
            )
        )  # fmt: skip
    head = ("carrier", "band", "along", "m* (m₀)", "α (1/eV)", "k to (1/Å)", "points", "verdict")
    notes = [f"{mark.strip()} {reason.rstrip('.')}." for reason, mark in reasons.items()]
    notes.append(
        "± is one standard error: rounding of the file, scatter, form of the fit, drift with the window."
    )
    if len(arms) < len(one.masses):
        notes.append(
            f"{len(one.masses) - len(arms)} arms equal by symmetry are left out; -o and --json hold all."
        )
    return Table("Masses" + (f" of {called}" if called else ""), head, tuple(rows), tuple(notes))


def _band(arm: Mass) -> str:
    """Return band, spin and how many branches coincide: "35 x2"."""
    return f"{arm.band}{'↓' if arm.spin else ''}{f' x{arm.degeneracy}' if arm.degeneracy > 1 else ''}"


def _alpha(arm: Mass) -> str | None:
    """Return the non-parabolicity with as many digits as are known; its error stands in CSV and JSON."""
    if not math.isfinite(arm.alpha):
        return None
    error = arm.alpha_error if math.isfinite(arm.alpha_error) and arm.alpha_error > 0 else 0.01
    return f"{arm.alpha:.{max(0, min(2, -math.floor(math.log10(error))))}f}"


def _span(arm: Mass) -> str | None:
    low, high = arm.k_range
    if not math.isfinite(high):
        return None
    return f"{low:.3f} to {high:.3f}" if low < 0 else f"{high:.3f}"


def _tensors(results: Mapping[str, EffectiveMasses]) -> Table:
    """Return principal masses and their means."""
    several = len(results) > 1
    rows, notes = [], []
    for called, one in results.items():
        for tensor in one.tensors:
            if tensor.verdict == "refused":
                notes.append(
                    f"{f'{called}: ' if several else ''}{tensor.carrier} band {tensor.band}: {tensor.reason}"
                )
                continue
            principal = [
                plus_minus(*pair)
                for pair in zip(tensor.principal_masses, tensor.principal_errors, strict=True)
            ]
            rows.append(
                (
                    *([called] if several else []), f"{tensor.carrier} {tensor.band}" + ("↓" if tensor.spin else ""),
                    *principal, plus_minus(tensor.conductivity_mass, tensor.conductivity_error),
                    plus_minus(tensor.density_of_states_mass, tensor.density_of_states_error),
                    tensor.verdict,
                )
            )  # fmt: skip
            how = f"{tensor.carrier} band {tensor.band}: by {tensor.method}"
            how += f", {tensor.valleys} valley{'s' * (tensor.valleys > 1)}" if tensor.valleys else ""
            notes.append(
                (f"{called}: " if several else "") + how + (f"; {tensor.reason}" if tensor.reason else "")
            )
            if tensor.method == "arms and symmetry" and _is_isotropic(tensor):
                notes.append(_isotropy(f"{called}: " if several else "", one, tensor))
    head = (*([""] if several else []), "band", "m1", "m2", "m3", "conductivity", "DOS", "verdict")
    return Table(
        "Mass tensors (m₀)", head, tuple(rows), tuple(f"{note.rstrip('.')}." for note in dict.fromkeys(notes))
    )


def _is_isotropic(tensor: MassTensor) -> bool:
    """Return whether symmetry makes all principal masses one."""
    return bool(np.ptp(tensor.principal_masses) < _SAME * tensor.principal_masses.mean())


def _isotropy(before: str, one: EffectiveMasses, tensor: MassTensor) -> str:
    """Return what a cubic point says of masses that differ with the direction."""
    arms = [
        arm.mass
        for arm in one.masses
        if (arm.carrier, arm.band, arm.spin) == (tensor.carrier, tensor.band, tensor.spin)
    ]
    known = [mass for mass in arms if math.isfinite(mass)]
    found = f"; the arms give {min(known):.4g} to {max(known):.4g} m0" if len(known) > 1 else ""
    return (
        f"{before}by symmetry the mass of {tensor.carrier} band {tensor.band} is the same in every direction as k -> 0"
        f"{found}. Values that differ more are no curvatures at the edge: window, non-parabolicity or branch differ"
    )


def _row(one: EffectiveMasses, exciton: dict[str, Any] | None) -> dict[str, Any]:
    """Return one run for JSON."""
    return {
        **one.to_dict(),
        "gap": gap_row(one.edges),
        "character": character_rows(one.character),
        "degeneracy_tolerance": one.edges.degeneracy_tolerance,
        "carrier_masses": {
            carrier: None if m is None else {"mass": m.mass, "mass_su": m.mass_su, "rule": m.rule}
            for carrier, m in _carriers(one).items()
        },
        "exciton": exciton,
    }


def _drawings(results: Mapping[str, EffectiveMasses], opened: Mapping[str, Bands]) -> list[Drawing]:
    ending = stems(list(results))
    found = []
    for called, one in results.items():
        caption = (
            f"{called}: bands around the edges. Points: k-points of the file; lines: the fit over its window (shaded); "
            "dashed: the mass drifts with the window; gray: refused. At most four directions of each carrier."
        )
        if one.masses:
            found.append(Drawing(f"masses{ending[called]}", caption, partial(_draw_masses, called, one)))
    if any(tensor.verdict != "refused" for one in results.values() for tensor in one.tensors):
        caption = (
            "Effective mass by direction, 1/(n · (1/m) · n), in the planes of the principal axes: distance from the "
            "center, m0. A circle is an isotropic mass."
        )
        found.append(Drawing("anisotropy", caption, partial(_draw_anisotropy, results)))
    known = {
        called: bands_report.Found(opened[called], one.edges, one.character)
        for called, one in results.items()
    }
    return found + bands_report.drawings(known, None)


def _draw_masses(called: str, one: EffectiveMasses) -> Any:
    from perovchem.plotting.effective_mass import plot_masses

    return plot_masses(one, title=called)


def _draw_anisotropy(results: Mapping[str, EffectiveMasses]) -> Any:
    from perovchem.plotting.effective_mass import plot_anisotropy

    return plot_anisotropy(results)


def report(
    inputs: Sequence[str],
    opened: Mapping[str, Bands],
    results: Mapping[str, EffectiveMasses],
    excitons: Mapping[str, Exciton],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that the command has to show."""
    radii, binding = settings["radius_A"] or (), settings["binding_meV"]
    gaps = {called: (one.edges.gap, one.edges.gap_su) for called, one in results.items()}
    dots: dict[str, Confinement] = exciton_report.dots_of(excitons, radii, gaps)
    ending = stems(list(results))
    rows = [
        _row(
            one,
            exciton_report.row(excitons[called], dots.get(called), binding=binding)
            if called in excitons
            else None,
        )
        for called, one in results.items()
    ]
    shown = tables(results)
    drawings = _drawings(results, opened)
    records: dict[str, Any] = {f"masses{ending[called]}": one.to_dataframe for called, one in results.items()}
    records |= {
        f"points{ending[called]}": partial(masses_records.points, one) for called, one in results.items()
    }
    if excitons:
        shown += exciton_report.tables(excitons, dots, binding=binding)
        drawings.append(exciton_report.drawing(excitons, radii))
        records |= {
            "excitons": partial(exciton_report.all_pairs, excitons),
            "confinement": partial(exciton_report.curves, excitons),
        }
    files = [file for one in results.values() for file in one.provenance.inputs]
    files += [file for one in excitons.values() for file in one.provenance.inputs]
    several = len(results) > 1
    of_runs = [
        f"{called}: {note}" if several else note for called, one in results.items() for note in one.notes
    ]
    return Report(
        command="masses",
        title=f"Effective masses: {', '.join(results)}",
        labels=tuple(results),
        inputs=tuple(inputs),
        runs=(),
        settings={**settings, "definitions": {**DEFINITIONS, **(OF_EXCITONS if excitons else {})}},
        rows=rows,
        units=UNITS,
        warnings=[*warnings, *of_runs],
        tables=tuple(shown),
        drawings=tuple(drawings),
        records=records,
        arrays={
            f"masses{ending[called]}": partial(masses_records.variables, one)
            for called, one in results.items()
        },
        summary=" ".join(f"{called}: {_sentence(one)}." for called, one in results.items()),
        read=tuple(dict.fromkeys(files)),
    )


def _sentence(one: EffectiveMasses) -> str:
    """Return gap and masses in one sentence."""
    words = [f"gap {one.edges.gap:.4f} eV"]
    for carrier in ("electron", "hole"):
        sound = [arm.mass for arm in one.masses if arm.carrier == carrier and arm.verdict == "ok"]
        if sound:
            low, high = f"{min(sound):.3f}", f"{max(sound):.3f}"
            words.append(f"{carrier}s {low if low == high else f'{low} to {high}'} m0 ({len(sound)} arms)")
        elif any(arm.carrier == carrier for arm in one.masses):
            words.append(f"no {carrier} mass can be quoted")
    return ", ".join(words)
