"""What ``perovchem info`` says of bands: k-points, bands, electrons, path, gap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perovchem.errors import MissingDataError, PerovchemError

if TYPE_CHECKING:
    from perovchem.bands import Bands
    from perovchem.run_information.result import RunInformation

_CODES: Final = {"EIGENVAL": "VASP", "PROCAR": "VASP", "CASTEP .bands": "CASTEP", "JSON": "ASE"}
"""Formats that hold bands and nothing else, and who writes them."""


def bands_alone(run: str) -> tuple[RunInformation, Bands | None] | None:
    """Return what a file of bands is, and the bands if it is enough to read them; None of anything else."""
    from perovchem.bands_reading import read_bands
    from perovchem.elements import formula
    from perovchem.readers.filebytes import open_bytes
    from perovchem.readers.sniff import recognize
    from perovchem.run_information.result import RunInformation

    path = Path(run)
    if not path.is_file():
        return None
    try:
        kind = recognize(open_bytes(path))
    except PerovchemError:
        return None
    if kind not in _CODES:
        return None
    called = "band structure of ASE" if kind == "JSON" else kind
    try:
        bands = read_bands(path)
    except MissingDataError as error:  # such as a cell that stands in another file
        alone = RunInformation(
            format=called, code=_CODES[kind], files=(run,), warnings=(f"{error.what}: {error.fix}",)
        )
        return alone, None
    crystal = bands.structure
    about = RunInformation(
        format=called,
        code=_CODES[kind],
        n_atoms=None if crystal is None else crystal.n_atoms,
        formula=None if crystal is None else formula(crystal.species),
        files=tuple(file.path for file in bands.provenance.inputs),
        warnings=bands.notes,
    )
    return about, bands


def bands_beside(run: str, about: RunInformation | None) -> Bands | None:
    """Return the bands of a run folder or vasprun.xml of one frame, or of a folder that is no other run."""
    from perovchem.bands_reading import read_bands

    single = about is None or (about.n_frames or 0) <= 1
    if not (single and (os.path.isdir(run) or (about is not None and about.format == "vasprun.xml"))):
        return None
    try:
        return read_bands(run)
    except PerovchemError:
        return None


def bands_row(bands: Bands) -> dict[str, Any]:
    """Return what is told of bands, by key."""
    from perovchem.band_edges import band_edges

    gap: dict[str, Any] = {"value": None, "direct": None}
    no_gap = None
    try:
        edges = band_edges(bands)
        gap = {"value": edges.gap, "direct": edges.direct}
    except MissingDataError as error:
        no_gap = error.what
    return {
        "n_kpoints": len(bands.kpoints),
        "n_bands": bands.energies.shape[2],
        "electrons": bands.electrons,
        "spin": bands.spin,
        "path": bands.path or None,
        "mesh_kpoints": None if bands.mesh is None else len(bands.mesh.kpoints),
        "projected": bands.projections is not None,
        "gap": gap,
        "no_gap": no_gap,
    }


def bands_text(row: dict[str, Any]) -> str:
    """Return the same as lines for people."""
    beside = f", and {row['mesh_kpoints']} of the mesh" if row["mesh_kpoints"] else ""
    spin = {"none": "", "collinear": ", two spins", "noncollinear": ", noncollinear"}[row["spin"]]
    projected = ", projected on atoms and orbitals" if row["projected"] else ""
    electrons = " + ".join(f"{number:g}" for number in row["electrons"])
    lines = [
        f"bands              {row['n_bands']} at {row['n_kpoints']} k-points{beside}{spin}{projected}",
        f"electrons          {electrons}",
    ]
    if row["path"]:
        lines.append(f"path               {row['path']}")
    if row["no_gap"]:
        lines.append(f"no gap             {row['no_gap']}")
    else:
        kind = "direct" if row["gap"]["direct"] else "indirect"
        lines.append(f"gap                {row['gap']['value']:.4f} eV, {kind}")
    return "\n".join(lines)
