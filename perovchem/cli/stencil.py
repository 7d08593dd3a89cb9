"""``perovchem masses --write-stencil``: k-points around an edge for a finite-difference run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from perovchem.errors import InputError, MissingDataError, UsageError

if TYPE_CHECKING:
    from perovchem.band_edges import Edge
    from perovchem.bands import Bands

_SAME: Final = 1e-6
_FILES: Final = {"vasp": "KPOINTS", "castep": "bs_kpoint_list.cell"}
_NEXT: Final = {
    "vasp": "Run VASP with this KPOINTS on the converged charge density (ICHARG = 11, LCHARG = .FALSE.), all other "
    "settings as they were, then: perovchem masses FOLDER",
    "castep": "Put this block into the .cell in place of the path, run with TASK : BandStructure, "
    "then: perovchem masses SEED.bands",
}
_HYBRID: Final = (
    "This was a run with the mesh beside the path (hybrid functional): append these points to that mesh with weight 0 "
    "instead, as ICHARG = 11 can't be used."
)


def code_of(bands: Bands) -> Literal["vasp", "castep"]:
    """Return who wrote the bands, by the names of the files."""
    names = [Path(file.path).name.lower() for file in bands.provenance.inputs] or [
        bands.provenance.input.lower()
    ]
    return "castep" if any(name.endswith((".bands", ".castep", ".cell")) for name in names) else "vasp"


def write_stencils(
    bands: Bands, folder: Path, *, carriers: Sequence[str], step: float | None, code: str | None
) -> list[dict[str, Any]]:
    """Write one file per edge, or one for both where they stand at one k-point; return what was written."""
    from perovchem.band_edges import band_edges
    from perovchem.effective_mass import effective_masses
    from perovchem.effective_mass.stencil import write_stencil

    who = code or code_of(bands)
    if who not in _FILES:
        raise UsageError(f"there is no code {who!r}", fix="say vasp or castep")
    edges = band_edges(bands)
    chosen: dict[str, Edge] = {"hole": edges.vbm, "electron": edges.cbm}
    centers = {name: _center(chosen[name]) for name in carriers}
    groups: dict[str, list[str]] = {}
    for name in carriers:
        same = [one for one in groups if np.abs(centers[groups[one][0]] - centers[name]).max() < _SAME]
        groups.setdefault(same[0] if same else name, []).append(name)
    try:
        known = effective_masses(bands)
    except MissingDataError:
        known = None
    written = []
    for names in groups.values():
        sound = [one.mass for one in known.masses if one.carrier in names and one.usable] if known else []
        text = write_stencil(
            bands, centers[names[0]], code="castep" if who == "castep" else "vasp", step=step,
            inverse_mass=1 / float(np.median(sound)) if sound else 5.0, label=chosen[names[0]].label,
        )  # fmt: skip
        place = folder if len(groups) == 1 else folder / names[0]
        path = place / _FILES[who]
        try:
            place.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise InputError(
                "there is such a file already, and it is kept", where=str(path), fix="name another folder"
            ) from None
        written.append(
            {
                "edges": names, "kpoint": centers[names[0]].tolist(), "label": chosen[names[0]].label, "code": who,
                "n_points": sum(len(line.split()) >= 3 for line in text.splitlines()[1:]), "file": str(path),
                "title": text.splitlines()[0].lstrip("! "),
            }
        )  # fmt: skip
    return written


def _center(edge: Edge) -> Any:
    """Return where the extremum is: between the points where it was fitted."""
    return edge.fitted_kpoint if np.isfinite(edge.fitted_kpoint).all() else edge.kpoint


def told(bands: Bands, written: Sequence[dict[str, Any]]) -> str:
    """Return what was written and what to do with it."""
    lines = [
        f"{one['file']}: {one['n_points']} k-points around the {' and '.join(one['edges'])} edge ({one['title']})"
        for one in written
    ]
    lines.append(_NEXT[written[0]["code"]])
    if bands.mesh is not None and written[0]["code"] == "vasp":
        lines.append(_HYBRID)
    return "\n".join(lines)
