"""The front door for bands: a file, a run folder, pieces of one path or an object, as Bands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from perovchem.bands import Bands
from perovchem.crystal import Crystal
from perovchem.errors import InputError, UsageError
from perovchem.provenance import input_files
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.sniff import BAND_FILES
from perovchem.readers.vasp_bands import (
    ACCEPTED,
    VASP_BANDS,
    candidates,
    format_of,
    pieces_of,
    read_vasp_bands,
)
from perovchem.result import Provenance
from perovchem.structure_reading import read_structure

Source = str | os.PathLike[str]


def read_bands(
    source: Source | Sequence[Source] | Any,
    *,
    structure: Crystal | Source | None = None,
    kpoints: Source | None = None,
    electrons: float | Sequence[float] | None = None,
) -> Bands:
    """Read a band structure.

    Parameters
    ----------
    source : path, sequence of paths, or object
        A vasprun.xml, EIGENVAL, PROCAR or OUTCAR of VASP, a CASTEP .bands or .castep, a band structure that ASE
        wrote as JSON (told by content; also .gz, .bz2, .xz); a run folder; several of these that are pieces of
        one path, in their order, or a folder that holds split-01, split-02 ...; a BandStructure of ASE or
        pymatgen. Bands pass through.
    structure : Crystal or what :func:`perovchem.read_structure` takes, optional
        Where the files hold no cell (EIGENVAL, PROCAR) and none lies beside them.
    kpoints : path, optional
        KPOINTS that lists the points, in place of the one beside the file: its labels name the points.
    electrons : float or pair of float, optional
        Electrons per cell, or in each spin channel, in place of what the files say.

    Returns
    -------
    Bands
        Its ``notes`` say what was joined, left out, assumed or is contradictory. Occupied are as many bands as
        electrons fill, whatever Fermi energy and occupations the files print.

    Raises
    ------
    InputError
        If nothing usable is there, a file is cut, or pieces do not belong together.
    MissingDataError
        If there are no eigenvalues, or nothing tells the cell or the number of electrons.
    UsageError
        If an argument makes no sense.
    """
    if isinstance(source, Bands):
        if structure is not None or kpoints is not None or electrons is not None:
            raise UsageError(
                "these bands are read already", fix="leave out structure=, kpoints= and electrons="
            )
        return source
    paths = _paths(source)
    if paths is None:
        _refuse("an object", structure=structure, kpoints=kpoints)
        return _object(source, electrons)
    crystal = None if structure is None else read_structure(structure)
    listed = None if kpoints is None else Path(kpoints)
    name = str(source) if isinstance(source, str | os.PathLike) else " ".join(map(str, paths))
    if len(paths) == 1:
        path = paths[0]
        if path.is_dir():
            paths = _of_folder(path)
        if len(paths) == 1 and not paths[0].is_dir():
            other = _other_code(paths[0], electrons)
            if other is not None:
                _refuse(paths[0].name, structure=structure, kpoints=kpoints)
                return replace(other, provenance=Provenance(name, input_files(paths)))
    return read_vasp_bands(paths, source=name, electrons=electrons, structure=crystal, kpoints=listed)


def _paths(source: Any) -> list[Path] | None:
    """Return the paths that were given, None for an object."""
    if isinstance(source, str | os.PathLike):
        return [Path(source)]
    if isinstance(source, Sequence) and source and all(isinstance(one, str | os.PathLike) for one in source):
        return [Path(one) for one in source]
    return None


def _refuse(what: str, **given: object) -> None:
    """Refuse arguments that mean nothing for what was given."""
    for key, value in given.items():
        if value is not None:
            raise UsageError(f"{key}= is for files of VASP, and this is {what}", fix="leave it out")


def _of_folder(folder: Path) -> list[Path]:
    """Return what of a folder holds its bands: itself, its pieces, or a file of another code."""
    try:
        if candidates(folder):
            return [folder]
        if pieces := pieces_of(folder):
            return pieces
        entries = sorted(entry for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="check its permissions"
        ) from None
    found = [entry for entry in entries if entry.name.removesuffix(".gz").endswith(".bands")]
    found = found or [entry for entry in entries if entry.suffix == ".json" and _is_json_of_bands(entry)]
    if len(found) > 1:
        raise InputError(
            f"the folder holds several band structures: {found[0].name} and {found[1].name}",
            where=str(folder),
            fix="name the one that is meant",
        )
    return found or [folder]


def _is_json_of_bands(path: Path) -> bool:
    with path.open("rb") as handle:
        return b"bandstructure" in handle.read(1 << 16)


def _other_code(path: Path, electrons: float | Sequence[float] | None) -> Bands | None:
    """Return the bands of a file that is not VASP's; None for those that are."""
    file = open_bytes(path)
    kind = format_of(file)
    if kind in VASP_BANDS:
        return None
    if kind == "CASTEP .bands":
        from perovchem.readers.castep_bands import read_castep_bands

        _refuse(path.name, electrons=electrons)
        return read_castep_bands(file)
    if kind == "CASTEP .castep":
        from perovchem.readers.castep_log_bands import read_castep_log_bands

        _refuse(path.name, electrons=electrons)
        return read_castep_log_bands(file)
    if kind == "JSON":
        from perovchem.readers.ase_bands import read_ase_bands

        return read_ase_bands(file, electrons=electrons)
    raise InputError(
        f"this is {BAND_FILES.get(kind, f'a file of another kind ({kind})')}, and no bands are read from it",
        where=str(path),
        fix=_ADVICE.get(kind, ACCEPTED),
    )


_ADVICE: Final = {
    "KPOINTS": "name the folder, or the vasprun.xml, EIGENVAL, PROCAR or OUTCAR that was made with it",
    "DOSCAR": "densities of states go to perovchem.read_state_density; for bands give vasprun.xml or EIGENVAL",
    "CASTEP .cell": "give the SEED.bands of the run",
    "CASTEP .md": "a trajectory goes to perovchem.read_frames; for bands give SEED.bands",
    "XDATCAR": "a trajectory goes to perovchem.read_frames; for bands give vasprun.xml, EIGENVAL, PROCAR or OUTCAR",
    "POSCAR": "a structure goes to perovchem.read_structure; for bands give vasprun.xml, EIGENVAL, PROCAR or OUTCAR",
    "CIF": "a structure goes to perovchem.read_structure; for bands give the output of a band-structure run",
    "vaspout.h5": "give the vasprun.xml, EIGENVAL or PROCAR of the same run",
}


def _object(source: Any, electrons: float | Sequence[float] | None) -> Bands:
    """Return the bands that an object of ASE or pymatgen holds."""
    from perovchem.readers.ase_bands import as_bands

    return as_bands(source, electrons=electrons)
