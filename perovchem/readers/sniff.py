"""Which format is it? The content decides, never the name."""

from __future__ import annotations

import re
from typing import Final

from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes

#: How much of a file is looked at, bytes.
HEAD: Final = 8192
HDF5: Final = b"\x89HDF\r\n\x1a\n"

# possessive, so that no text makes the search try every way to part its digits
_NUMBER: Final = rb"[ \t]*+[-+]?+(?>\d++(?:\.\d*+)?+|\.\d++)(?:[eEdD][-+]?+\d++)?+"
_NEXT: Final = rb"(?=[ \t+-])" + _NUMBER
_POSCAR: Final = re.compile(
    rb"[^\n]*+\n%b(?:%b){0,2}+[^\n]*+\n(?:%b%b%b[^\n]*+\n){3}" % (_NUMBER, _NEXT, _NUMBER, _NEXT, _NEXT)
)
_LINE: Final = rb"[^\n]*+\n"
# atoms and steps, volume and lengths, temperature, "CAR", title: four kinds of output begin so
_CAR: Final = rb"(?:[ \t]*+\d++){3,4}[ \t]*\r?\n(?:%b){4,5}[ \t]*\r?\n%b[ \t]*\r?\n[ \t]*CAR%b%b" % (
    _NUMBER,
    _NUMBER,
    _LINE,
    _LINE,
)
_VASP4: Final = re.compile(_CAR + rb"[ \t]*\r?\n%b%b%b[ \t]*\r?\n" % (_NUMBER, _NEXT, _NEXT))
_OSZICAR: Final = re.compile(
    rb"(?m)^(?: +N +E +dE +d eps +ncg|(?:DAV|RMM|CG|SDA|DIA|EDF) ?:[ \t]*+\d++[ \t]"
    rb"|[ \t]*+(?:\d++|\*++)[ \t]++(?:T[ \t]*=[^=\n]{1,20}E|F)[ \t]*=[ \t]*[-+.\d*])"
)
_EXTXYZ: Final = re.compile(rb"\A\s*+\d++[ \t]*+\r?+\n(?=[^\n]*?\b(?:[Ll]attice|[Pp]roperties)[ \t]{0,9}=)")
#: Recognized, to say so, but read by no door of this version.
_OTHERS: Final = (
    (re.compile(rb"(?m)^PROCAR "), "a PROCAR"),
    (re.compile(rb"(?m)^Number of k-points\s+\d"), "a CASTEP .bands file"),
    (re.compile(rb"\A" + _CAR), "an EIGENVAL, DOSCAR or PCDAT"),
    (re.compile(rb"\A\s*+BEGIN header[ \t]*\r?\n *Number of ions"), "a CASTEP .phonon file"),
    (re.compile(rb"(?im)^[ \t]*%BLOCK\s+(?:LATTICE|POSITIONS)"), "a CASTEP .cell file"),
    (
        re.compile(rb"\A\s*+\d++[ \t]*\r?\n[^\n]*+\n[ \t]*[A-Z][a-z]?(?:%b){3}" % _NEXT),
        "an XYZ file without a cell (Lattice=)",
    ),
    (re.compile(rb"(?m)^ITEM: TIMESTEP"), "a LAMMPS dump"),
)


def identify(file: FileBytes) -> str:
    """Return the format of a file by what stands in it.

    Returns
    -------
    str
        One of "XDATCAR", "vasprun.xml", "vaspout.h5" (any HDF5 file), "OSZICAR", "CASTEP .md", "CASTEP .castep",
        "extended XYZ", "OUTCAR", "POSCAR", "CIF", "INCAR".

    Raises
    ------
    FormatError
        If it is none of them; the message quotes the first line.
    """
    head = bytes(file.data[:HEAD])
    if head.startswith(HDF5):
        return "vaspout.h5"
    if b"\x00" in head:
        raise FormatError(
            "the file is binary", where=str(file.path), fix="give a text output of VASP or CASTEP"
        )
    if _POSCAR.match(head):  # first, for its title may hold any word
        return "XDATCAR" if _is_xdatcar(head) else "POSCAR"
    if _EXTXYZ.match(head):
        return "extended XYZ"
    if b"<modeling>" in head and b"<?xml" in head[:200]:
        return "vasprun.xml"
    if re.search(rb"BEGIN header", head) and b"<--" in head:
        return "CASTEP .md"
    if b"CCC   AA    SSS  TTTTT  EEEEE  PPPP" in head or b"CASTEP version" in head:
        return "CASTEP .castep"
    if re.match(rb"\s*vasp\.\d", head) or (b"POTCAR:" in head and b"INCAR:" in head):
        return "OUTCAR"
    if _OSZICAR.search(head):
        return "OSZICAR"
    if re.search(rb"(?m)^[ \t]*(?:data_\S*|loop_|_cell_length_a)", head):
        return "CIF"
    if re.search(rb"(?mi)^[ \t]*(?:SYSTEM|ENCUT|IBRION|POTIM|NSW|EDIFF|ISMEAR|PREC|ALGO)\s*=", head):
        return "INCAR"
    if _VASP4.match(head):
        raise FormatError(
            "an XDATCAR of VASP 4, whose header holds neither cell nor elements",
            where=str(file.path),
            fix="replace its first five lines by the first seven of the CONTCAR, written as VASP 5 does",
        )
    for pattern, name in _OTHERS:
        if pattern.search(head):
            raise FormatError(
                f"{name} holds no frames that can be read here",
                where=str(file.path),
                fix='write Lattice="ax ay az bx by bz cx cy cz" (Å) into the second line of each frame'
                if "XYZ" in name
                else "give the run's XDATCAR, vasprun.xml, OUTCAR, CASTEP .md or .castep, POSCAR or CIF",
            )
    first = head.lstrip().split(b"\n", 1)[0][:60].decode("latin-1").strip()
    raise FormatError(
        f"the content is of no format known here; it begins with {first!r}",
        where=str(file.path),
        fix="give an XDATCAR, vasprun.xml, OUTCAR, CASTEP .md or .castep, POSCAR, CONTCAR or CIF",
    )


def _is_xdatcar(head: bytes) -> bool:
    """Return whether a POSCAR-like header is followed by numbered or blank-separated configurations."""
    if re.search(rb"(?mi)^[ \t]*(?:direct|cartesian)[ \t]+configuration[ \t]*=", head):
        return True
    lines = head.split(b"\n")
    return len(lines) > 7 and any(not line.strip() for line in lines[6:8])
