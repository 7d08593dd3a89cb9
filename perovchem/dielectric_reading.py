"""The front door for dielectric tensors: a file or run folder, as Dielectric."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from perovchem.dielectric import Dielectric
from perovchem.errors import FormatError, InputError, MissingDataError, PerovchemError
from perovchem.provenance import input_files
from perovchem.readers.dielectric import of_castep, of_outcar, of_vasprun
from perovchem.readers.filebytes import FileBytes, open_bytes
from perovchem.readers.sniff import recognize
from perovchem.result import Provenance

_FIX = (
    "run VASP with LEPSILON = .TRUE. or LOPTICS = .TRUE., or CASTEP with task : EFIELD, or give the number: "
    "dielectric=4.6"
)
_ACCEPTED = "give a vasprun.xml, an OUTCAR or a CASTEP .castep"
_READERS = {"vasprun.xml": of_vasprun, "OUTCAR": of_outcar, "CASTEP .castep": of_castep}


def read_dielectric(source: str | os.PathLike[str] | Dielectric) -> Dielectric:
    """Read the static dielectric tensors of a run.

    Parameters
    ----------
    source : path
        A vasprun.xml or OUTCAR (LEPSILON, LCALCEPS, IBRION = 7 or 8; LOPTICS in the vasprun.xml), a CASTEP .castep
        (E-field or phonon + E-field task), or a run folder. A Dielectric passes through.

    Returns
    -------
    Dielectric
        The electronic tensor with local-field effects where the file has several; ``source`` says which one it is.

    Raises
    ------
    InputError
        If nothing usable is there.
    MissingDataError
        If the file holds no dielectric tensor.
    FormatError
        If a tensor is cut or no numbers; with the line.
    """
    if isinstance(source, Dielectric):
        return source
    path = Path(source)
    if path.is_dir():
        return _of_folder(path)
    found = _of_file(path, open_bytes(path))
    return replace(found, provenance=Provenance(str(source), input_files([path])))


def _of_file(path: Path, file: FileBytes) -> Dielectric:
    """Read one file."""
    try:
        kind = recognize(file)
    except FormatError as error:
        what = error.what.replace("no frames are read from it", "no dielectric tensor is read from it")
        raise FormatError(what, where=error.where, fix=_ACCEPTED) from None
    if kind not in _READERS:
        raise InputError(
            f"no dielectric tensor is read from {kind}",
            where=str(path),
            fix=_ACCEPTED,
        )
    found = _READERS[kind](file)
    if found is None:
        raise MissingDataError("the run calculated no dielectric tensor", where=str(path), fix=_FIX)
    return found


def _of_folder(folder: Path) -> Dielectric:
    """Read the first file of a folder that holds a tensor: vasprun.xml, OUTCAR, then logs of CASTEP."""
    names = ("vasprun.xml", "OUTCAR")
    files = [folder / f"{name}{packed}" for name in names for packed in ("", ".gz", ".bz2", ".xz")]
    try:
        files += sorted(folder.glob("*.castep")) + sorted(folder.glob("*.castep.gz"))
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="check its permissions"
        ) from None
    there = [path for path in files if path.is_file()]
    if not there:
        raise InputError(
            "the folder holds no vasprun.xml, OUTCAR or .castep",
            where=str(folder),
            fix="name the folder of the run",
        )
    last: PerovchemError = MissingDataError("no tensor is there", where=str(folder), fix=_FIX)
    for path in there:
        try:
            found = _of_file(path, open_bytes(path))
        except PerovchemError as error:
            last = last if isinstance(error, MissingDataError) and path != there[0] else error
            continue
        return replace(found, provenance=Provenance(str(folder), input_files([path])))
    raise last
