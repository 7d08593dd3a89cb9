"""What ``perovchem attenuate`` shows: materials, coefficients, fractions with spectrum and weighting, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from perovchem.attenuation import DEFINITIONS, AbsorbedFraction, Attenuation, attenuation
from perovchem.attenuation.published import published
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table

if TYPE_CHECKING:
    import pandas as pd

Fractions = Sequence[tuple[str, str, AbsorbedFraction]]
"""Material, spectrum as it was typed, and what came out."""


def report(
    found: Mapping[str, Attenuation],
    fractions: Fractions,
    settings: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """Return everything that is shown."""
    lines = sorted({one.mean_energy for _, _, one in fractions if one.source and one.source.kind == "line"})
    tables = [_materials(found)]
    if lines:
        tables.append(_coefficients(found, lines))
    tables.append(_fractions(fractions))
    spectra = dict.fromkeys(name for _, name, _ in fractions)
    drawings = [
        Drawing(
            "attenuation",
            "Attenuation (solid) and energy absorption (dotted) per thickness against photon energy; steps: absorption "
            "edges, K edges marked. Densities as in the table of materials.",
            partial(_draw_coefficients, found),
        ),
        *(
            Drawing(
                f"absorbed_{number}",
                f"Part of the photons (solid) and of their energy (dashed) that a thickness takes out: "
                f"{next(one.spectrum for _, its, one in fractions if its == name)}."
                + (" Points: the thicknesses asked for." if fractions else ""),
                partial(_draw_absorbed, found, [row for row in fractions if row[1] == name]),
            )
            for number, name in enumerate(spectra, 1)
        ),
    ]
    rows = [_row(called, one, fractions) for called, one in found.items()]
    read = tuple(
        dict.fromkeys(
            file
            for origin in (
                *(one.provenance for one in found.values()),
                *(one.provenance for _, _, one in fractions),
            )
            for file in origin.inputs
        )
    )
    return Report(
        command="attenuate",
        title="X-ray attenuation",
        labels=tuple(found),
        inputs=tuple(found),
        runs=(),
        settings={**settings, "definitions": DEFINITIONS},
        rows=rows,
        units=units({**Attenuation.quantity_names, **AbsorbedFraction.quantity_names}),
        warnings=warnings,
        tables=tuple(tables),
        drawings=tuple(drawings),
        records={
            "coefficients": partial(_all_coefficients, found),
            "fractions": partial(_all_fractions, fractions),
        },
        summary=f"Attenuation of {', '.join(found)} and what thicknesses take out of {len(spectra)} spectra.",
        read=read,
    )


def _materials(found: Mapping[str, Attenuation]) -> Table:
    rows = [
        (
            called, f"{one.density:.4g}", one.density_source, f"{one.effective.photoelectric:.1f}",
            f"{one.effective.by_mass:.1f}", f"{one.effective.mayneord:.1f}", f"{one.effective.mean_mass:.1f}",
            ", ".join(f"{edge.element} {edge.energy:.2f}" for edge in one.edges if edge.shell == "K") or None,
        )
        for called, one in found.items()
    ]  # fmt: skip
    head = ("", "ρ (g/cm³)", "density", "Z_eff", "by mass", "Mayneord", "A (u)", "K edges (keV)")
    notes = (
        "Z_eff = (Σ n Z⁴/Σ n)^¼ and A = Σ n A/Σ n over atoms: so Z_eff⁴/(A E³) adds up as cross-sections do. By mass: "
        "(Σ w Z⁴)^¼; Mayneord: (Σ f Z^2.94)^(1/2.94) over electrons.",
    )
    return Table("Materials", head, tuple(rows), notes)


def _coefficients(found: Mapping[str, Attenuation], lines: Sequence[float]) -> Table:
    rows = []
    for called, one in found.items():
        at = attenuation(one.substance, energies=lines)
        for k, energy in enumerate(lines):
            apart = 100 * (at.other_mass_attenuation[k] / at.mass_attenuation[k] - 1)
            rows.append(
                (
                    called, f"{energy:g}", _shown(at.attenuation[k]), _shown(at.energy_absorption[k]),
                    _shown(at.mass_attenuation[k]), f"{apart:+.1f}" if apart == apart else None,
                    f"{one.effective.scaling(energy):.3g}",
                )
            )  # fmt: skip
    head = (
        "", "E (keV)", "µ (1/cm)", "µ_en (1/cm)", "µ/ρ (cm²/g)", "second table (%)", "Z_eff⁴/(A E³) (1/(u keV³))"
    )  # fmt: skip
    notes = (
        f"µ: {DEFINITIONS['attenuation'].split(': ')[1]}. µ_en: {DEFINITIONS['energy_absorption'].split(': ')[1]}.",
        "Second table: how much its µ/ρ (Chantler 2000) is higher: what two tables differ by, no standard error.",
    )
    return Table("Coefficients", head, tuple(rows), notes)


def _shown(value: float) -> str | None:
    return f"{value:.4g}" if value == value else None


def _fractions(fractions: Fractions) -> Table:
    said = {
        (called, name, d): statement
        for called, name, one in fractions
        for d in one.thicknesses
        if one.source and (statement := published(one.material, float(d), one.source.range[1])) is not None
    }
    rows = []
    for called, name, one in fractions:
        for k, depth in enumerate(one.thicknesses):
            statement = said.get((called, name, depth))
            row = (
                called, f"{depth:g}", one.spectrum, _percent(one.photons_removed[k]), _percent(one.energy_removed[k]),
                _percent(one.energy_deposited[k]), _percent(one.photons_removed_other[k]),
                _percent(one.energy_removed_other[k]),
            )  # fmt: skip
            rows.append((*row, statement.words.split(" of ")[0] if statement else None) if said else row)
    head = (
        "", "d (mm)", "spectrum", "% of photons", "% of energy", "% deposited", "% of photons, 2nd table",
        "% of energy, 2nd table", *(["published"] if said else []),
    )  # fmt: skip
    notes = [
        "Removed: 1 - exp(-µ d), by photons or by their energy. Deposited: (µ_en/µ)(1 - exp(-µ d)), by energy: "
        "what stays where photons interact; fluorescence and scattered photons count as lost, so that what a detector "
        "keeps lies between deposited and removed.",
    ]
    notes += [
        f"Published for {one.thickness:g} mm {one.material}: {one.words} (doi {one.source})."
        for one in dict.fromkeys(said.values())
    ]
    return Table("Taken out of the beam", head, tuple(rows), tuple(notes))


def _percent(part: float) -> str | None:
    if part != part:
        return None
    if part > 1 - 5e-7:
        return "> 99.9999"
    return f"{100 * part:.2f}" if part < 0.9995 else f"{100 * part:.4f}"


def _row(called: str, one: Attenuation, fractions: Fractions) -> dict[str, Any]:
    mine = [part.to_dict() | {"spectrum_as_given": name} for its, name, part in fractions if its == called]
    return {**one.to_dict(), "fractions": mine}


def _all_coefficients(found: Mapping[str, Attenuation]) -> pd.DataFrame:
    return _joined({(called,): one.to_dataframe() for called, one in found.items()}, ("material",))


def _all_fractions(fractions: Fractions) -> pd.DataFrame:
    parts: dict[tuple[str, ...], pd.DataFrame] = {
        (called, one.spectrum): one.to_dataframe() for called, _, one in fractions
    }
    return _joined(parts, ("material", "spectrum"))


def _joined(parts: Mapping[tuple[str, ...], pd.DataFrame], names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    for keys, table in parts.items():
        for place, (name, key) in enumerate(zip(names, keys, strict=True)):
            table.insert(place, name, key)
    return pd.concat(parts.values(), ignore_index=True)


def _draw_coefficients(found: Mapping[str, Attenuation]) -> Any:
    from perovchem.plotting.attenuation import plot_attenuation

    return plot_attenuation(found)


def _draw_absorbed(found: Mapping[str, Attenuation], fractions: Fractions) -> Any:
    from perovchem.plotting.attenuation import plot_absorbed

    return plot_absorbed(found, {called: one for called, _, one in fractions})
