"""Static dielectric tensors that VASP and CASTEP print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.dielectric import Dielectric
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.vasprun_head import check_head

_NEAR: Final = 4000
"""Bytes behind a title within which its table stands."""
_LARGEST: Final = 1e5
_VECTOR: Final = re.compile(rb"<v>([^<]{0,200})</v>")
_FUNCTION: Final = re.compile(rb"<dielectricfunction\b([^>]{0,200})>")
_COMMENT: Final = re.compile(rb'comment="([^"]{0,150})"')
_FIRST_ROW: Final = re.compile(rb"<r>([^<]{0,300})</r>")
_VARRAYS: Final = (
    ("epsilon_scf", "with local fields, from finite electric fields"),
    ("epsilon", "with local fields"),
    ("epsilon_rpa", "without local fields of exchange and correlation"),
)
"""The best first."""
_COMMENTS: Final = (
    ("density-density", "independent particles, without local fields, density-density"),
    ("", "independent particles, without local fields"),
    ("HEAD OF MICROSCOPIC DIELECTRIC TENSOR", "independent particles, without local fields"),
    ("current-current", "independent particles, without local fields, current-current"),
)
_TITLES: Final = (
    (b"MACROSCOPIC STATIC DIELECTRIC TENSOR (including local field effects in DFT)", "with local fields"),
    (
        b"MACROSCOPIC STATIC DIELECTRIC TENSOR (including local field effects)",
        "with local fields, from finite electric fields",
    ),
    (
        b"MACROSCOPIC STATIC DIELECTRIC TENSOR (including local field effects in RPA (Hartree))",
        "with local fields of the Hartree potential alone",
    ),
    (b"HEAD OF MICROSCOPIC STATIC DIELECTRIC TENSOR (INDEPENDENT PARTICLE", "without local fields"),
)
_IONIC: Final = b"MACROSCOPIC STATIC DIELECTRIC TENSOR IONIC CONTRIBUTION"
_CASTEP: Final = re.compile(
    rb"Optical Permittivity \(f->infinity\)([^\n]{0,80})\n[ \t-]*\n((?:[^\n]{0,200}\n){3})"
)


def of_vasprun(file: FileBytes) -> Dielectric | None:
    """Read a vasprun.xml: tensors of linear response or finite fields, else ε(ω = 0) of LOPTICS; None without."""
    check_head(file)
    ionic = _varray(file, "epsilon_ion")
    for name, how in _VARRAYS:
        found = _varray(file, name)
        if found is not None:
            return _dielectric(found, ionic, f"vasprun.xml, {name} ({how})", file)
    functions: dict[str, tuple[Floats, str]] = {}
    for match in _FUNCTION.finditer(file.data):
        comment = _COMMENT.search(match[1])
        said = comment[1].decode("latin-1").strip() if comment else ""
        for known, how in _COMMENTS:
            if (said.startswith(known) and known) or said == known:
                functions[known] = (_at_zero(file, match.end()), how)
    for known, _ in _COMMENTS:
        if known in functions:
            tensor, how = functions[known]
            return _dielectric(
                tensor, ionic, f"vasprun.xml, dielectricfunction at 0 eV (LOPTICS: {how})", file
            )
    return None


def _varray(file: FileBytes, name: str) -> Floats | None:
    """Return the last tensor of a name."""
    match = None
    for quoted in (f'<varray name="{name}" >', f'<varray name="{name}">'):
        place = file.data.rfind(quoted.encode())
        match = max(place, -1 if match is None else match)
    if match is None or match < 0:
        return None
    text = bytes(file.data[match : match + _NEAR]).partition(b"</varray>")
    rows = _VECTOR.findall(text[0])
    return _tensor(rows if text[1] else [], file, match)


def _at_zero(file: FileBytes, start: int) -> Floats:
    """Return the real part of a dielectric function at its first energy, which must be 0."""
    end = file.data.find(b"</dielectricfunction>", start)
    place = file.data.find(b"<real>", start, end if end > 0 else len(file))
    row = _FIRST_ROW.search(file.data, place, place + _NEAR) if place > 0 else None
    numbers = _numbers(row[1], 7) if row else None
    if numbers is None or abs(numbers[0]) > 1e-3:
        raise FormatError(
            "the real part of the dielectric function does not begin at 0 eV with six numbers",
            where=file.where(start),
            fix="let the run finish, and copy the file again",
        )
    _, xx, yy, zz, xy, yz, zx = numbers
    return np.array([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]])


def of_outcar(file: FileBytes) -> Dielectric | None:
    """Read the last tensors of an OUTCAR, the best approximation first; None without them."""
    ionic = _outcar_table(file, _IONIC)
    for title, how in _TITLES:
        found = _outcar_table(file, title)
        if found is not None:
            return _dielectric(found, ionic, f"OUTCAR, static dielectric tensor ({how})", file)
    return None


def _outcar_table(file: FileBytes, title: bytes) -> Floats | None:
    """Return the last table under a title."""
    place = file.data.rfind(title)
    if place < 0:
        return None
    lines = bytes(file.data[place : place + _NEAR]).split(b"\n")[1:6]
    rows = [line for line in lines if line.strip() and not line.strip().startswith(b"---")]
    return _tensor(rows[:3], file, place)


def of_castep(file: FileBytes) -> Dielectric | None:
    """Read the last permittivities of a .castep; None without them."""
    found = None
    for place in _places(file, b"Optical Permittivity (f->infinity)"):
        match = _CASTEP.match(file.data, place)
        if match is None:
            raise FormatError(
                "the table of permittivities is cut", where=file.where(place), fix="let the run finish"
            )
        static = b"DC Permittivity" in match[1]
        rows = [_numbers(row, 6 if static else 3) for row in match[2].splitlines()]
        if len(rows) != 3 or any(row is None for row in rows):
            raise FormatError(
                "the table of permittivities does not hold three rows of numbers",
                where=file.where(place),
                fix="let the run finish, and copy the file again",
            )
        table = np.array(rows)
        ionic = table[:, 3:] - table[:, :3] if static else None
        found = _dielectric(table[:, :3], ionic, ".castep, optical permittivity (with local fields)", file)
    return found


def _places(file: FileBytes, words: bytes) -> Iterator[int]:
    place = file.data.find(words)
    while place >= 0:
        yield place
        place = file.data.find(words, place + len(words))


def _numbers(text: bytes, count: int) -> tuple[float, ...] | None:
    """Return as many sensible numbers, None where there are others."""
    try:
        found = tuple(float(word) for word in text.split())
    except ValueError:
        return None
    return found if len(found) == count and all(abs(one) < _LARGEST for one in found) else None


def _tensor(rows: list[bytes], file: FileBytes, place: int) -> Floats:
    """Return three rows of three numbers."""
    numbers = [_numbers(row, 3) for row in rows]
    if len(numbers) != 3 or any(row is None for row in numbers):
        raise FormatError(
            "a dielectric tensor is not three rows of three numbers",
            where=file.where(place),
            fix="let the run finish, and copy the file again",
        )
    return np.array(numbers, np.float64)


def _dielectric(electronic: Floats, ionic: Floats | None, source: str, file: FileBytes) -> Dielectric:
    """Return the tensors, with what is odd about them."""
    notes = list(file.notes)
    asymmetry = float(np.abs(electronic - electronic.T).max())
    if asymmetry > 1e-2 * float(np.abs(electronic).max()):
        notes.append(
            f"the electronic tensor is not symmetric (by {asymmetry:.3g}): its symmetric part is kept"
        )
    electronic = (electronic + electronic.T) / 2
    if float(np.linalg.eigvalsh(electronic).min()) < 1:
        notes.append("the electronic tensor has a principal value below 1, which no insulator has")
    if ionic is not None:
        ionic = (ionic + ionic.T) / 2
        if float(np.linalg.eigvalsh(ionic).min()) < -1e-3:
            notes.append("the ionic part has a negative principal value: the structure is not at its minimum")
        return Dielectric(electronic, ionic, source=source, notes=tuple(notes))
    return Dielectric(electronic, source=source, notes=tuple(notes))
