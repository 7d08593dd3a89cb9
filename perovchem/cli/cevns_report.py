"""What ``perovchem cevns`` shows: cross-sections by spectrum and threshold, ratios, curves and the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from perovchem.cevns import DEFINITIONS, Cevns, cevns, mean_cross_section
from perovchem.cevns.nuclei import MEGAELECTRONVOLTS
from perovchem.cevns.spectra import NeutrinoSpectrum
from perovchem.cli.attenuation_input import number
from perovchem.cli.common import pairs
from perovchem.errors import UsageError, nearest
from perovchem.quantities import units
from perovchem.report import Drawing, Report, Table

if TYPE_CHECKING:
    import pandas as pd

ENERGIES: Final = np.geomspace(1.0, 60.0, 241)
"""MeV, of the curves and the map."""
THRESHOLDS: Final = np.concatenate([[0.0], np.geomspace(0.01, 30.0, 181)])
"""keV, of the map."""
REACTOR_KNOWN: Final = 7.0
"""MeV; where only neutrinos beyond count, what lies beyond the table of a reactor matters."""
_KINDS: Final = ("reactor", "pion", "supernova")


@dataclass(frozen=True)
class Choices:
    """Form factor, nuclei and sin² θ_W of one command."""

    form_factor: Any
    nuclei_as: Any
    weak_mixing: float

    def without(self, form_factor: str) -> dict[str, Any]:
        """Return the options with another form factor."""
        return {"form_factor": form_factor, "nuclei_as": self.nuclei_as, "weak_mixing": self.weak_mixing}

    @property
    def options(self) -> dict[str, Any]:
        """The options of the room."""
        return self.without(self.form_factor)


def spectrum_of(text: str) -> NeutrinoSpectrum:
    """Return a spectrum as it was typed."""
    kind, _, rest = text.partition(":")
    if kind == "reactor":
        fuel = (
            {name: number(value, name) for name, value in pairs(rest.split(","), "the fuel").items()}
            if rest
            else None
        )
        return NeutrinoSpectrum.reactor(fuel)
    if kind == "pion" and not rest:
        return NeutrinoSpectrum.pion_decay()
    if kind == "supernova":
        values = [number(part, "the supernova") for part in rest.split(":")] if rest else []
        if len(values) > 2:
            raise UsageError(f"cannot read the spectrum {text[:40]!r}", fix="write supernova:MEAN:ALPHA")
        return NeutrinoSpectrum.supernova(*values[:1], **({"pinching": values[1]} if values[1:] else {}))
    try:
        energy = float(text)
    except ValueError:
        raise UsageError(f"there is no spectrum {text[:40]!r}", fix=nearest(kind, _KINDS)) from None
    return NeutrinoSpectrum.line(energy)


def report(
    materials: Sequence[str],
    against: str | None,
    spectra: Mapping[str, NeutrinoSpectrum],
    thresholds: Sequence[float],
    choices: Choices,
    warnings: Sequence[str],
) -> Report:
    """Return everything that is shown."""
    every = [*materials, *([against] if against is not None and against not in materials else [])]
    found = {
        (one, name): mean_cross_section(one, spectrum, thresholds=thresholds, **choices.options)
        for one in every
        for name, spectrum in spectra.items()
    }
    other = "klein-nystrand" if choices.form_factor != "klein-nystrand" else "helm"
    second = {
        key: mean_cross_section(key[0], spectra[key[1]], thresholds=thresholds, **choices.without(other))
        for key in found
    }
    curves = {one: cevns(one, energies=ENERGIES, thresholds=thresholds, **choices.options) for one in every}
    drawings = [
        Drawing(
            "cross_sections",
            "Cross-section per nucleus and per kilogram against the neutrino's energy, above the recoil thresholds "
            "(dashes); thin: without form factor and threshold.",
            partial(_draw_curves, curves, choices),
        )
    ]
    if against is not None:
        drawings += [
            Drawing(
                f"map_{place}",
                f"Cross-section of {one} over that of {against}, per nucleus and per kilogram, against the recoil "
                "threshold and the neutrino's energy. White: no recoil above the threshold in either; gray: in "
                f"{against} alone; thick line: equal.",
                partial(_draw_map, one, against, choices),
            )
            for place, one in enumerate(materials, 1)
            if one != against
        ]
    rows = [_row(one, against, spectra, found) for one in every]
    return Report(
        command="cevns",
        title="Coherent elastic neutrino-nucleus scattering",
        labels=tuple(every),
        inputs=tuple(every),
        runs=(),
        settings={
            "against": against, "thresholds_keV": list(thresholds), **choices.options,
            "spectra": {name: one.name for name, one in spectra.items()}, "definitions": DEFINITIONS,
        },
        rows=rows,
        units=units(
            {
                **Cevns.quantity_names,
                **dict.fromkeys(("ratio_per_nucleus", "ratio_per_kilogram"), "cross_section_ratio"),
            }
        ),
        warnings=warnings,
        tables=(_nuclei(curves), _table(found, second, against, spectra, other)),
        drawings=tuple(drawings),
        records={"curves": partial(_joined, curves)},
        summary=f"Cross-sections of {', '.join(every)} for neutrinos of {', '.join(spectra)}.",
    )  # fmt: skip


def _nuclei(curves: Mapping[str, Cevns]) -> Table:
    rows = []
    for called, one in curves.items():
        charges = [(kind.part, kind) for kind in one.nuclei]
        shown = ", ".join(f"{kind.name} {100 * part:.3g} %" for part, kind in charges[:8])
        more = f" and {len(charges) - 8} more" if len(charges) > 8 else ""
        neutrons = sum(part * kind.neutrons for part, kind in charges)
        squares = sum(part * kind.neutrons**2 for part, kind in charges)
        rows.append((called, f"{one.mean_mass:.2f}", f"{neutrons:.1f}", f"{squares:.0f}", shown + more))
    head = ("", "mean mass (u)", "mean N", "mean N²", "nuclei")
    return Table("Nuclei", head, tuple(rows), ())


def _table(
    found: Mapping[tuple[str, str], Cevns],
    second: Mapping[tuple[str, str], Cevns],
    against: str | None,
    spectra: Mapping[str, NeutrinoSpectrum],
    other: str,
) -> Table:
    rows = []
    for (called, name), one in found.items():
        for k, threshold in enumerate(one.thresholds):
            value, mass = float(one.cross_section[k, 0]), float(one.per_kilogram[k, 0])
            apart = (
                100 * (float(second[called, name].cross_section[k, 0]) / value - 1) if value else float("nan")
            )
            row: tuple[str | None, ...] = (
                called,
                name,
                f"{threshold:g}",
                f"{value:.4g}",
                f"{mass:.3e}",
                f"{apart:+.1f}" if value else None,
            )
            if against is not None:
                row = (*row, *_ratios(one, found[against, name], k))
            rows.append(row)
    head: tuple[str, ...] = ("", "spectrum", "above (keV)", "σ (10⁻⁴⁰ cm²)", "σ/m (cm²/kg)", f"{other} (%)")
    if against is not None:
        head = (*head, f"σ over {against}", f"σ/m over {against}")
    one = next(iter(found.values()))
    shape = {
        "helm": "Helm's form factor",
        "klein-nystrand": "Klein and Nystrand's",
        "none": "without form factor",
    }
    notes = [
        f"{shape[one.form_factor]}; Q_w = N - (1 - 4 sin² θ_W) Z with sin² θ_W = "
        f"{one.provenance.settings['weak_mixing']:g}; {one.provenance.settings['nuclei']}. "
        "Neither efficiency nor quenching.",
        f"{other} (%): how much that form factor changes σ.",
        *(
            f"{name}: {spectrum.name}, mean {spectrum.mean_energy():.2f} MeV."
            for name, spectrum in spectra.items()
        ),
    ]
    notes += _near_the_end(found, spectra)
    return Table("Cross-sections, mean over the spectrum and the nuclei", head, tuple(rows), tuple(notes))


def _near_the_end(
    found: Mapping[tuple[str, str], Cevns], spectra: Mapping[str, NeutrinoSpectrum]
) -> list[str]:
    """Return what rests on the end of a tabulated spectrum of a reactor, beyond which it goes on unknown."""
    notes = []
    for (called, name), one in found.items():
        lightest = min(kind.mass for kind in one.nuclei) * MEGAELECTRONVOLTS
        recoils = one.thresholds * 1e-3
        least = (recoils + np.sqrt(recoils**2 + 2 * lightest * recoils)) / 2
        cut = least > REACTOR_KNOWN
        if name.startswith("reactor") and cut.any():
            above = ", ".join(f"{x:g}" for x in one.thresholds[cut])
            notes.append(
                f"{called} above {above} keV sees only a reactor's neutrinos of more than {least[cut].min():.2g} MeV; "
                f"{name} ends at {spectra[name].energies.max():.1f} MeV, so that σ there is a lower bound."
            )
    return notes


def _ratios(one: Cevns, other: Cevns, k: int) -> tuple[str | None, str | None]:
    below = float(other.cross_section[k, 0])
    if not below > 0:
        return None, None
    return (
        f"{float(one.cross_section[k, 0]) / below:.3g}",
        f"{float(one.per_kilogram[k, 0]) / float(other.per_kilogram[k, 0]):.3g}",
    )


def _row(
    called: str,
    against: str | None,
    spectra: Mapping[str, NeutrinoSpectrum],
    found: Mapping[tuple[str, str], Cevns],
) -> dict[str, Any]:
    first = found[called, next(iter(spectra))]
    parts = []
    for name, spectrum in spectra.items():
        one = found[called, name]
        part: dict[str, Any] = {
            "spectrum": spectrum.name, "energy": spectrum.mean_energy(), "thresholds": one.thresholds,
            "cross_section": one.cross_section[:, 0], "per_kilogram": one.per_kilogram[:, 0],
        }  # fmt: skip
        if against is not None:
            below = found[against, name]
            with np.errstate(divide="ignore", invalid="ignore"):
                part["ratio_per_nucleus"] = one.cross_section[:, 0] / below.cross_section[:, 0]
                part["ratio_per_kilogram"] = one.per_kilogram[:, 0] / below.per_kilogram[:, 0]
        parts.append(part)
    return {
        "material": called, "mean_mass": first.mean_mass, "nuclei": first.nuclei, "form_factor": first.form_factor,
        "means": parts,
    }  # fmt: skip


def _joined(curves: Mapping[str, Cevns]) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for called, one in curves.items():
        table = one.to_dataframe()
        table.insert(0, "material", called)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _draw_curves(curves: Mapping[str, Cevns], choices: Choices) -> Any:
    from perovchem.plotting.cevns import plot_cross_sections

    bare = {one: cevns(one, energies=ENERGIES, **choices.without("none")) for one in curves}
    return plot_cross_sections(curves, bare)


def _draw_map(one: str, against: str, choices: Choices) -> Any:
    from perovchem.plotting.cevns import plot_map

    pair = [
        cevns(name, energies=ENERGIES, thresholds=THRESHOLDS, **choices.options) for name in (one, against)
    ]
    return plot_map(*pair)
