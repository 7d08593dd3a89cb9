"""Which format is it? The content decides, never the name."""

from __future__ import annotations

import codecs
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
_ROW: Final = rb"[ \t]*+%b(?:[ \t,;]++%b){1,2}[ \t]*\r?\n" % (_NUMBER.removeprefix(rb"[ \t]*+"), _NUMBER)
_TRAJECTORY: Final = "give the run's XDATCAR, vasprun.xml, OUTCAR, CASTEP .md or .castep, POSCAR or CIF"
_BANDS: Final = f"give it to perovchem.read_bands or `perovchem masses`; for the structure, {_TRAJECTORY}"
_STATES: Final = (
    f"give it to perovchem.read_state_density or `perovchem dos`; for the structure, {_TRAJECTORY}"
)
_JSON: Final = (
    "a band structure of ASE goes to perovchem.read_bands or `perovchem masses`; for the structure, "
    + _TRAJECTORY
)
_LATTICE: Final = 'write Lattice="ax ay az bx by bz cx cy cz" (Å) into the second line of each frame'
_ASE: Final = "open it with ASE, set the cell, and give the Atoms to perovchem.read_frames()"
_CALCULATION: Final = (
    "energy, structure and vibrations go to perovchem.read_calculation; for frames, open it with ASE, set the cell, "
    "and give the Atoms to perovchem.read_frames()"
)
#: Calculations of one species, which are not frames.
GAUSSIAN: Final = re.compile(rb"Entering Gaussian System|Gaussian, Inc\.|(?m:^ Gaussian \d\d:)")
ORCA: Final = re.compile(rb"\* O   R   C   A \*")
XTB: Final = re.compile(rb"\|[ \t]++x T B[ \t]++\|")
PHONON: Final = re.compile(rb"\A\s*+BEGIN header[ \t]*\r?\n *Number of ions")
CALCULATION: Final = re.compile(rb"(?m)(?:^|\{)[ \t]*+\"?perovchem_calculation\"?[ \t]*+[=:]")
_MDANALYSIS: Final = (
    "open it with MDAnalysis and give the Universe, with its elements, to perovchem.read_frames()"
)
_NO_CALCULATION: Final = (
    "give an OUTCAR, vasprun.xml, SEED.castep, or a log of Gaussian, ORCA or xtb; what another program computed goes "
    "into a TOML file (perovchem.write_calculation), or as ase.Atoms with its calculator to perovchem.read_calculation"
)
_NOTHING: Final = "give a structure or a trajectory; this is not read by this version"
_PATTERN: Final = (
    "a measured pattern goes to perovchem.read_pattern, or perovchem xrd STRUCTURE --measured FILE"
)
_CELL: Final = re.compile(rb"(?im)^[ \t]*%BLOCK[ \t]+(?:LATTICE|POSITIONS)_")
#: Files of bands and states, by format: what each is, in words.
BAND_FILES: Final = {
    "PROCAR": "a PROCAR (bands)",
    "CASTEP .bands": "a CASTEP .bands file",
    "EIGENVAL": "an EIGENVAL (bands)",
    "DOSCAR": "a DOSCAR (densities of states)",
    "KPOINTS": "a KPOINTS",
    "JSON": "a JSON file",
}
_BAND_PATTERNS: Final = (
    (re.compile(rb"(?m)^PROCAR "), "PROCAR"),
    (re.compile(rb"(?m)^Number of k-points\s+\d"), "CASTEP .bands"),
    (re.compile(rb"\A%b(?:[ \t]*+\d++){3}[ \t]*\r?\n" % _CAR), "EIGENVAL"),
    (re.compile(rb"\A%b(?:%b){5}[ \t]*\r?\n" % (_CAR, _NUMBER)), "DOSCAR"),
    (
        re.compile(
            rb"\A[^\n]*+\n[ \t]*+\d++[ \t]*+(?:[!#][^\n]*+)?\r?\n"
            rb"[ \t]*+(?:auto|gam|mon|line|rec|cart|[aglmrck])[^\n]*+\n[ \t]*+(?:[-+.\d]|rec|cart|[rck])",
            re.IGNORECASE,
        ),
        "KPOINTS",
    ),
    (re.compile(rb"(?s)\A(?!.{0,8192}\"perovchem_calculation\")\s*+[{\[]\s*+[\"{}\]]"), "JSON"),
)
#: Recognized, to say so, but read by no door of this version: what it looks like, what it is, what to do.
_OTHERS: Final = (
    (re.compile(rb"\A" + _CAR), "an EIGENVAL, DOSCAR or PCDAT", _TRAJECTORY),
    (re.compile(rb"parameters from PSCTR are"), "a POTCAR", _TRAJECTORY),
    (PHONON, "a CASTEP .phonon file", f"its vibrations go to perovchem.read_calculation; for frames, {_TRAJECTORY}"),
    (CALCULATION, "a calculation of one species", _CALCULATION),
    (
        re.compile(rb"(?im)^[ \t]*(?:task|cut_?off_?energy|xc_?functional)[ \t]*[:=]"),
        "a CASTEP .param file",
        _TRAJECTORY,
    ),
    (
        re.compile(rb"\A\s*+\d++[ \t]*\r?\n[^\n]*+\n[ \t]*[A-Z][a-z]?\d*+(?:%b){3}" % _NEXT),
        "an XYZ file without a cell (Lattice=)",
        _LATTICE,
    ),
    (re.compile(rb"(?m)^ITEM: TIMESTEP"), "a LAMMPS dump", _MDANALYSIS),
    (re.compile(rb"(?m)^%b%b[ \t]++xlo[ \t]++xhi" % (_NUMBER, _NUMBER)), "a LAMMPS data file", _MDANALYSIS),
    (re.compile(rb"(?m)^(?:CRYST1|HETATM|ATOM  )[ \d]"), "a PDB file", _MDANALYSIS),
    (GAUSSIAN, "a log of Gaussian", _CALCULATION),
    (ORCA, "a log of ORCA", _CALCULATION),
    (XTB, "an output of xtb", _CALCULATION),
    (re.compile(rb"Northwest Computational Chemistry|\(NWChem\)"), "a log of NWChem", _ASE),
    (re.compile(rb"Program PWSCF"), "a log of Quantum ESPRESSO", _ASE),
    (re.compile(rb"(?m)^ *\bCP2K\|"), "a log of CP2K", _ASE),
    (re.compile(rb"Invoking FHI-aims"), "a log of FHI-aims", _ASE),
    (re.compile(rb"<xrdMeasurements?\b"), "a diffraction pattern (.xrdml)", _PATTERN),
    (re.compile(rb"\A(?:[#;!][^\n]*+\n){0,50}+(?:%b){3}" % _ROW), "a table, perhaps a diffraction pattern", _PATTERN),
    (re.compile(rb"\A(?:(?:[^,;\n]{0,40}+[,;]){2}[^\n]*+\n){3}|\A(?:[-+.\deE]*+[,;]){20}"), "a table", _NOTHING),
    (re.compile(rb"\A\s*+<(?:!DOCTYPE html|html)\b", re.IGNORECASE), "a web page", "download the file itself"),
)  # fmt: skip
_BINARIES: Final = (
    (
        re.compile(rb"\A.{4}(?:CORD|VELD)", re.DOTALL),
        "a DCD trajectory (of LAMMPS, NAMD, CHARMM)",
        _MDANALYSIS,
    ),
    (re.compile(rb"\A\x00\x00\x07(?:\xcb|\xc9|\xe3)"), "a trajectory of GROMACS", _MDANALYSIS),
    (re.compile(rb"\ACDF[\x01\x02\x05]"), "a NetCDF file, perhaps a trajectory of Amber", _MDANALYSIS),
    (
        re.compile(rb"\A- of Ulm"),
        "a .traj file of ASE",
        "give ase.io.Trajectory(FILE) to perovchem.read_frames()",
    ),
    (
        re.compile(rb"CASTEP"),
        "a .check, .castep_bin or .pdos_bin of CASTEP",
        "give the run's .md, .geom or .castep",
    ),
)


def identify(file: FileBytes) -> str:
    """Return the format of a file of frames by what stands in it: :func:`recognize` less files of bands.

    Raises
    ------
    FormatError
        If it is none, or holds bands or states; the message says what it is and where it goes.
    """
    kind = recognize(file)
    if kind in BAND_FILES:
        advice = {"KPOINTS": _TRAJECTORY, "DOSCAR": _STATES, "JSON": _JSON}.get(kind, _BANDS)
        raise FormatError(
            f"this is {BAND_FILES[kind]}, and no frames are read from it", where=str(file.path), fix=advice
        )
    return kind


def identify_calculation(file: FileBytes) -> str:
    """Return the format of a calculation of one species: those that only it has, else as :func:`recognize`.

    Returns
    -------
    str
        "Gaussian", "ORCA", "xtb", "CASTEP .phonon", "TOML", "JSON", or any other.
    """
    head = bytes(file.data[:HEAD])
    if CALCULATION.search(head):
        return "JSON" if head.lstrip()[:1] == b"{" else "TOML"
    for pattern, kind in ((PHONON, "CASTEP .phonon"), (GAUSSIAN, "Gaussian"), (ORCA, "ORCA"), (XTB, "xtb")):
        if pattern.search(head):
            return kind
    if head.lstrip()[:1] == b"{":
        return "a JSON file without perovchem_calculation"
    try:
        return recognize(file)
    except FormatError as error:
        what = error.what.replace("no frames are read", "no calculation is read")
        raise FormatError(what, where=error.where, fix=_NO_CALCULATION) from None


def recognize(file: FileBytes) -> str:
    """Return the format of a file by what stands in it, for all doors.

    Returns
    -------
    str
        One of :data:`BAND_FILES`, "XDATCAR", "vasprun.xml", "vaspout.h5" (any HDF5 file), "OSZICAR",
        "CASTEP .md", "CASTEP .castep",
        "CASTEP .cell", "extended XYZ", "OUTCAR", "POSCAR", "CIF", "INCAR".

    Raises
    ------
    FormatError
        If it is none of them; the message quotes the first line.
    """
    head = bytes(file.data[:HEAD])
    if head.startswith(HDF5):
        return "vaspout.h5"
    if b"\x00" in head:
        for pattern, name, fix in _BINARIES:
            if pattern.search(head):
                raise FormatError(
                    f"this is {name}, a binary file, and no frames are read from it",
                    where=str(file.path),
                    fix=fix,
                )
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
    if _CELL.search(head):
        return "CASTEP .cell"
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
    for band_pattern, kind in _BAND_PATTERNS:
        if band_pattern.search(head):
            return kind
    for pattern, name, fix in _OTHERS:
        if pattern.search(head):
            raise FormatError(
                f"this is {name}, and no frames are read from it", where=str(file.path), fix=fix
            )
    if head.startswith(codecs.BOM_UTF8):
        raise FormatError(
            "the file begins with a byte order mark",
            where=str(file.path),
            fix="save it as plain text (UTF-8 without BOM)",
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
