"""What ``perovchem bands`` shows: edges and gap, character of the edges, the band structure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from perovchem.number_text import plus_minus
from perovchem.quantities import quantity, units
from perovchem.report import Drawing, Report, Table, Variable

if TYPE_CHECKING:
    from perovchem.band_edges import BandEdges, Edge, EdgeCharacter
    from perovchem.bands import Bands
    from perovchem.density_of_states import DensityOfStates

DEFINITIONS: Final = {
    "occupation": "by counting electrons, never by a Fermi energy",
    "gap": "from the highest occupied to the lowest empty state of the k-points in the file",
    "direct": "both edges at one k-point or equivalent ones, in one spin channel",
    "degeneracy_tolerance": "states at the k-point of an edge nearer than this are one degenerate set",
    "zero": "energies of figures are above the highest occupied state (without a gap: the Fermi energy in the file)",
    "character": "projections summed over atoms of an element and orbitals of a kind, averaged over the degenerate "
    "set; fractions of what is projected",
}
UNITS: Final = units(
    {
        "value": "band_gap", "value_su": "band_gap", "direct_gap": "band_gap", "spin_gaps": "band_gap",
        "energy": "band_energy", "fitted_energy": "band_energy", "fermi_energy": "band_energy",
        "degeneracy_tolerance": "degeneracy_tolerance", "fraction": "state_fraction",
        "vbm_k": "kpoint", "cbm_k": "kpoint", "direct_k": "kpoint", "kpoint": "kpoint",
    }
)  # fmt: skip
_LONGEST_PATH: Final = 16
_MOST_SIDE_BY_SIDE: Final = 4
EDGE_HEAD: Final = ("", "edge", "E (eV)", "at", "bands", "fold", "spin")


@dataclass(frozen=True)
class Found:
    """What is known of one run; ``edges`` is None without a gap, and ``no_gap`` then says why."""

    bands: Bands
    edges: BandEdges | None
    character: EdgeCharacter | None
    no_gap: str = ""
    density: DensityOfStates | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for people, each once."""
        of_edges = self.edges.notes if self.edges is not None else ()
        of_character = self.character.notes if self.character is not None else ()
        return tuple(dict.fromkeys((*self.bands.notes, *of_edges, *of_character)))


def edge_rows(called: str, edges: BandEdges) -> list[tuple[str | None, ...]]:
    """Return one row per edge, CBM above VBM."""
    return [
        (
            called, name, f"{round(edge.energy, 4) + 0.0:.4f}", place(edge), _bands(edge), str(edge.degeneracy),
            ("up", "down")[edge.spin] if len(edges.spin_gaps) > 1 else None,
        )
        for name, edge in (("CBM", edges.cbm), ("VBM", edges.vbm))
    ]  # fmt: skip


def place(edge: Edge) -> str:
    """Return where an edge stands: "R (0.5 0.5 0.5)"."""
    at = "(" + " ".join(f"{part:.4g}" for part in edge.kpoint + 0.0) + ")"
    return f"{edge.label} {at}" if edge.label else at


def _bands(edge: Edge) -> str:
    """Return the degenerate set: "25-27"."""
    return "-".join(map(str, dict.fromkeys((edge.bands[0], edge.bands[-1]))))


def tables(found: Mapping[str, Found]) -> list[Table]:
    """Return gaps, edges, character."""
    gaps = [(called, *_gap_cells(one)) for called, one in found.items()]
    head = ("", "gap (eV)", "", "direct (eV)", "at", "k-points", "bands", "electrons", "path")
    shown = [Table("Gap", head, tuple(gaps), tuple(_notes(found)))]
    rows = [
        row for called, one in found.items() if one.edges is not None for row in edge_rows(called, one.edges)
    ]
    if rows:
        tolerances = dict.fromkeys(
            f"{one.edges.degeneracy_tolerance:g}" for one in found.values() if one.edges
        )
        notes = [f"Bands within {' or '.join(tolerances)} eV of each other at an edge are one set."]
        notes += _beside(found)
        shown.append(Table("Edges", EDGE_HEAD, tuple(rows), tuple(notes)))
    parts = [
        (called, edge, words.partition(": ")[2], f"{one.character.captured[edge]:.2f}")
        for called, one in found.items()
        if one.character is not None
        for edge, words in one.character.words.items()
    ]
    if parts:
        definitions = dict.fromkeys(one.character.definition for one in found.values() if one.character)
        notes = [f"Fractions of the projected part of a state; {'; '.join(filter(None, definitions))}."]
        shown.append(Table("Character", ("", "edge", "made of", "projected"), tuple(parts), tuple(notes)))
    return shown


def _gap_cells(one: Found) -> tuple[str | None, ...]:
    edges, bands = one.edges, one.bands
    size = (str(len(bands.kpoints)), str(bands.energies.shape[2]))
    electrons = " + ".join(f"{number:g}" for number in bands.electrons)
    path = bands.path if len(bands.path) <= _LONGEST_PATH else f"{bands.path[: _LONGEST_PATH - 1]}…"
    if edges is None:
        return (None, "no gap", None, None, *size, electrons, path or None)
    kind = "direct" if edges.direct else "indirect"
    at = edges.direct_label or " ".join(f"{part:.3g}" for part in edges.direct_kpoint + 0.0)
    return (f"{edges.gap:.4f}", kind, f"{edges.direct_gap:.4f}", at, *size, electrons, path or None)


def _notes(found: Mapping[str, Found]) -> list[str]:
    """Return what must be known of each run, with its name where there are several."""
    several = len(found) > 1
    notes = []
    for called, one in found.items():
        before = f"{called}: " if several else ""
        if one.no_gap:
            notes.append(f"{before}{one.no_gap}.")
        if one.edges is not None and len(one.edges.spin_gaps) > 1:
            gaps = ", ".join(f"{gap:.4f}" for gap in one.edges.spin_gaps)
            notes.append(f"{before}gaps of spin up and down alone: {gaps} eV.")
        if not one.bands.segments:
            notes.append(f"{before}the k-points are no path: no band structure is drawn.")
        notes += [f"{before}{note.rstrip('.')}." for note in one.notes]
    return notes


def _beside(found: Mapping[str, Found]) -> list[str]:
    """Return edges that were fitted between the points."""
    notes = []
    for called, one in found.items():
        if one.edges is None:
            continue
        for name, edge in (("CBM", one.edges.cbm), ("VBM", one.edges.vbm)):
            if edge.fitted_energy == edge.fitted_energy:
                at = " ".join(f"{part:.4f}" for part in edge.fitted_kpoint)
                notes.append(
                    f"{called}: {name} between the points, fitted: {edge.fitted_energy:.4f} eV at {at}."
                )
        for beside in one.edges.off_symmetry:
            which = "CBM" if beside.carrier == "electron" else "VBM"
            offset = plus_minus(beside.momentum_offset, beside.momentum_offset_error)
            energy = plus_minus(1000 * beside.energy, 1000 * beside.energy_error, most=2)
            rashba = plus_minus(beside.alpha, beside.alpha_error, most=2)
            words = f"; Rashba parameter {rashba} eV Å" if rashba else ""
            side = "below" if beside.carrier == "electron" else "above"
            notes.append(
                f"{called}: the {which} lies {offset} 1/Å beside {beside.center}, {energy} meV {side} what is "
                f"there{words}."
            )
    return notes


def gap_row(edges: BandEdges) -> dict[str, Any]:
    """Return the gap for JSON."""
    return {
        "value": edges.gap, "value_su": edges.gap_su, "direct": edges.direct,
        "vbm_k": edges.vbm.kpoint.tolist(), "cbm_k": edges.cbm.kpoint.tolist(),
        "vbm_label": edges.vbm.label, "cbm_label": edges.cbm.label, "direct_gap": edges.direct_gap,
        "direct_k": edges.direct_kpoint.tolist(), "direct_label": edges.direct_label,
    }  # fmt: skip


def character_rows(character: EdgeCharacter | None) -> list[dict[str, Any]] | None:
    """Return the parts of both edges for JSON."""
    if character is None:
        return None
    return [
        {"edge": part.edge, "element": part.element, "orbital": part.orbital, "fraction": part.fraction}
        for part in character.shares
    ]


def _row(one: Found) -> dict[str, Any]:
    """Return one run for JSON."""
    bands, edges = one.bands, one.edges
    return {
        "gap": None if edges is None else gap_row(edges),
        "no_gap": one.no_gap or None,
        "edges": None if edges is None else {"vbm": edges.vbm, "cbm": edges.cbm},
        "off_symmetry": [] if edges is None else edges.off_symmetry,
        "spin_gaps": [] if edges is None else edges.spin_gaps,
        "degeneracy_tolerance": None if edges is None else edges.degeneracy_tolerance,
        "character": character_rows(one.character),
        "n_kpoints": len(bands.kpoints),
        "n_bands": bands.energies.shape[2],
        "electrons": bands.electrons,
        "spin": bands.spin,
        "path": bands.path or None,
        "fermi_energy": bands.fermi_energy,
        "notes": one.notes,
    }


def stems(labels: Sequence[str]) -> dict[str, str]:
    """Return an ending for the files of each run: "" of the only one."""
    if len(labels) == 1:
        return {labels[0]: ""}
    found = {called: "_" + re.sub(r"[^A-Za-z0-9._-]+", "_", called) for called in labels}
    if len(set(found.values())) < len(found):
        found = {called: f"{stem}_{k}" for k, (called, stem) in enumerate(found.items(), 1)}
    return found


def drawings(found: Mapping[str, Found], window: tuple[float, float] | None) -> list[Drawing]:
    """Return the band structures along paths, and by element and orbital where projections are known."""
    shown = []
    ending = stems(list(found))
    along = {called: (one.bands, one.edges) for called, one in found.items() if one.bands.segments}
    if 2 <= len(along) <= _MOST_SIDE_BY_SIDE:
        caption = (
            "Bands along their paths, each with its zero at its own highest occupied state; arrows: gaps. Points: the "
            "edges wherever they stand."
        )
        shown.append(Drawing("bands_compared", caption, partial(_draw_compared, along)))
    for called, one in found.items():
        if not one.bands.segments:
            continue
        zero = (
            "the highest occupied state"
            if one.edges is not None
            else "the Fermi energy in the file, as there is no gap"
        )
        gap = (
            "; the arrow is the gap, points are the edges wherever they stand"
            if one.edges is not None
            else ""
        )
        beside = " (b) Density of states; its zero is its own." if one.density is not None else ""
        spins = " Dashed: spin down." if one.bands.spin == "collinear" else ""
        caption = f"{called}: bands along {one.bands.path}. Zero is {zero}{gap}.{spins}{beside}"
        shown.append(Drawing(f"bands{ending[called]}", caption, partial(_draw, called, one, window)))
        if one.bands.projections is not None:
            caption = (
                f"{called}: the same bands by element and orbital; the area of a point is the fraction of the state. "
                "At most four kinds, those with most of the states shown."
            )
            shown.append(Drawing(f"fat_bands{ending[called]}", caption, partial(_draw_fat, one, window)))
    return shown


def _draw(called: str, one: Found, window: tuple[float, float] | None) -> Any:
    from perovchem.plotting.bands import plot_bands

    return plot_bands(one.bands, one.edges, density=one.density, window=window, title=called)


def _draw_compared(along: Mapping[str, tuple[Bands, BandEdges | None]]) -> Any:
    from perovchem.plotting.bands import plot_bands_compared

    return plot_bands_compared(along)


def _draw_fat(one: Found, window: tuple[float, float] | None) -> Any:
    from perovchem.plotting.fat_bands import plot_fat_bands

    return plot_fat_bands(one.bands, one.edges, window=window)


def variables(bands: Bands) -> dict[str, Variable]:
    """Return k-points and energies as variables of a NetCDF file."""
    spin = ("spin", "kpoint", "band")
    return {
        "kpoints": Variable(("kpoint", "axis"), bands.kpoints, "1", "Fractional coordinates of the reciprocal cell."),
        "cartesian": Variable(("kpoint", "axis"), bands.cartesian, "1/Å", "The same, Cartesian, with 2π."),
        "reciprocal_cell": Variable(("vector", "axis"), bands.reciprocal_cell, "1/Å", "b1, b2, b3 as rows, with 2π."),
        "energies": Variable(spin, bands.energies, "eV", quantity("band_energy").sentence),
        "weights": Variable(("kpoint",), bands.weights, "1", "Of each point in integrals; NaN where not stated."),
    }  # fmt: skip


def report(
    inputs: Sequence[str],
    found: Mapping[str, Found],
    settings: Mapping[str, Any],
    warnings: Sequence[str],
    *,
    window: tuple[float, float] | None,
) -> Report:
    """Return everything that the command has to show."""
    ending = stems(list(found))
    files = (file for one in found.values() for file in one.bands.provenance.inputs)
    of_density = (
        file for one in found.values() if one.density is not None for file in one.density.provenance.inputs
    )
    return Report(
        command="bands",
        title=f"Bands: {', '.join(found)}",
        labels=tuple(found),
        inputs=tuple(inputs),
        runs=(),
        settings=settings,
        rows=[_row(one) for one in found.values()],
        units=UNITS,
        warnings=[*warnings, *_notes(found)],
        tables=tuple(tables(found)),
        drawings=tuple(drawings(found, window)),
        records={
            **{
                f"edges{ending[called]}": one.edges.to_dataframe for called, one in found.items() if one.edges
            },
            **{
                f"character{ending[called]}": one.character.to_dataframe
                for called, one in found.items()
                if one.character
            },
        },
        arrays={f"bands{ending[called]}": partial(variables, one.bands) for called, one in found.items()},
        summary=" ".join(_sentence(called, one) for called, one in found.items()),
        read=tuple(dict.fromkeys((*files, *of_density))),
    )


def _sentence(called: str, one: Found) -> str:
    if one.edges is None:
        return f"{called}: no gap."
    where = (
        f"direct at {one.edges.vbm.name}"
        if one.edges.direct
        else f"from {one.edges.vbm.name} to {one.edges.cbm.name}"
    )
    return f"{called}: gap {one.edges.gap:.4f} eV, {where}."
