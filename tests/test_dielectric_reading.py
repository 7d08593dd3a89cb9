"""Dielectric tensors: which of several, as printed, the last; what is cut or none is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from perovchem.dielectric import Dielectric
from perovchem.dielectric_reading import read_dielectric
from perovchem.errors import FormatError, InputError, MissingDataError

REAL = os.environ.get("PEROVCHEM_REALDATA")
needs_real = pytest.mark.skipif(not REAL, reason="PEROVCHEM_REALDATA names no folder of real files")

SCF = np.array([[4.5, 0.1, 0], [0.1, 4.6, 0], [0, 0, 4.7]])
ION = np.diag([14.0, 15.0, 16.0])


def varray(name: str, tensor: np.ndarray) -> str:
    rows = "".join("   <v>" + "".join(f"{x:16.8f}" for x in row) + " </v>\n" for row in tensor)
    return f'  <varray name="{name}" >\n{rows}  </varray>\n'


def function(comment: str, tensor: np.ndarray, first: float = 0.0) -> str:
    (xx, xy, zx), (_, yy, yz), (_, _, zz) = tensor
    row = "".join(f"{x:10.4f}" for x in (first, xx, yy, zz, xy, yz, zx))
    said = f' comment="{comment}"' if comment else ""
    zeros = "    <imag><array><set><r>" + "    0.0000" * 7 + " </r></set></array></imag>\n"
    real = f"    <real><array><set><r>{row} </r><r>{row.replace('0.0000', '0.5000', 1)} </r></set></array></real>\n"
    return f"  <dielectricfunction{said}>\n{zeros}{real}  </dielectricfunction>\n"


HEAD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <atominfo>
  <array name="atoms" ><set><rc><c>Pb</c><c>   1</c></rc></set></array>
 </atominfo>
 <calculation>
"""
TAIL = " </calculation>\n</modeling>\n"


def vasprun(folder: Path, body: str) -> Path:
    path = folder / "vasprun.xml"
    path.write_text(HEAD + body + TAIL)
    return path


def test_the_tensor_with_local_fields_counts(tmp_path: Path) -> None:
    rpa, dft = SCF - 0.5, SCF - 0.1
    body = varray("epsilon_rpa", rpa) + varray("epsilon", dft) + varray("epsilon_ion", ION)
    found = read_dielectric(vasprun(tmp_path, body))
    assert np.allclose(found.electronic, dft)
    assert np.allclose(found.static, dft + ION)
    assert "epsilon (with local fields)" in found.source
    both = read_dielectric(vasprun(tmp_path, body + varray("epsilon_scf", SCF)))
    assert np.allclose(both.electronic, SCF)
    assert "epsilon_scf" in both.source
    alone = read_dielectric(vasprun(tmp_path, varray("epsilon_rpa", rpa)))
    assert np.isnan(alone.static).all()
    assert "without local fields" in alone.source


def test_the_last_step_counts(tmp_path: Path) -> None:
    found = read_dielectric(vasprun(tmp_path, varray("epsilon", SCF) + varray("epsilon", SCF + 1)))
    assert np.allclose(found.electronic, SCF + 1)


def test_loptics_at_zero_energy(tmp_path: Path) -> None:
    """xx yy zz xy yz zx of the real part at 0 eV; density-density before current-current."""
    body = function("current-current", SCF + 3) + function("density-density", SCF)
    found = read_dielectric(vasprun(tmp_path, body))
    assert np.allclose(found.electronic, SCF)
    assert "density-density" in found.source
    assert np.allclose(read_dielectric(vasprun(tmp_path, function("", SCF))).electronic, SCF)
    with pytest.raises(FormatError, match="does not begin at 0 eV"):
        read_dielectric(vasprun(tmp_path, function("", SCF, first=0.3)))


def table(title: str, tensor: np.ndarray) -> str:
    rule = " ------------------------------------------------------\n"
    rows = "".join("     " + "".join(f"{x:13.6f}" for x in row) + "\n" for row in tensor)
    return f" {title}\n{rule}{rows}{rule}\n"


TITLE = "MACROSCOPIC STATIC DIELECTRIC TENSOR (including local field effects in DFT)"


def test_outcar(tmp_path: Path) -> None:
    path = tmp_path / "OUTCAR"
    head = " vasp.5.4.4.18Apr17 (build)\n POTCAR:    PAW_PBE Pb\n INCAR:\n"
    independent = table(
        "HEAD OF MICROSCOPIC STATIC DIELECTRIC TENSOR (INDEPENDENT PARTICLE, excluding Hartree and local field effects)",
        SCF - 0.5,
    )
    text = head + independent + table(TITLE, SCF - 0.2) + table(TITLE, SCF)
    path.write_text(text + table("MACROSCOPIC STATIC DIELECTRIC TENSOR IONIC CONTRIBUTION", ION))
    found = read_dielectric(tmp_path)
    assert np.allclose(found.electronic, SCF)
    assert np.allclose(found.ionic, ION)
    assert "with local fields" in found.source
    path.write_text(head + independent)
    assert "without local fields" in read_dielectric(path).source
    path.write_text(text[:-120])
    with pytest.raises(FormatError, match="three rows of three numbers"):
        read_dielectric(path)
    path.write_text(text.replace("4.700000", "********"))
    with pytest.raises(FormatError, match="three rows of three numbers"):
        read_dielectric(path)


def test_castep(tmp_path: Path) -> None:
    """The table of the CASTEP documentation (phonon guide, wurtzite BN): optical to the left, static to the right."""
    text = """ | Welcome to Academic Release CASTEP version 25.1 |
 ===============================================================================
        Optical Permittivity (f->infinity)             DC Permittivity (f=0)
        ----------------------------------             ---------------------
         4.50788     0.00000     0.00000         6.64363     0.00000     0.00000
         0.00000     4.50788     0.00000         0.00000     6.64363     0.00000
         0.00000     0.00000     4.63846         0.00000     0.00000     7.15660
 ===============================================================================
"""
    path = tmp_path / "seed.castep"
    path.write_text(text)
    found = read_dielectric(path)
    assert np.allclose(np.diag(found.electronic), [4.50788, 4.50788, 4.63846])
    assert np.allclose(np.diag(found.static), [6.64363, 6.64363, 7.15660])
    assert found.notes == ()
    path.write_text(text[:330])
    with pytest.raises(FormatError, match="permittivities"):
        read_dielectric(path)
    row = "         0.00000     0.00000     4.63846         0.00000     0.00000     7.15660\n"
    path.write_bytes(text.replace(row, row[:-1] + "\r" + row).encode())
    with pytest.raises(FormatError, match="three rows of numbers"):
        read_dielectric(path)


def test_odd_tensors_are_told(tmp_path: Path) -> None:
    odd = SCF.copy()
    odd[0, 1] += 0.5
    assert "not symmetric" in read_dielectric(vasprun(tmp_path, varray("epsilon", odd))).notes[0]
    small = read_dielectric(vasprun(tmp_path, varray("epsilon", SCF * 0.2)))
    assert "below 1" in small.notes[0]
    unstable = read_dielectric(vasprun(tmp_path, varray("epsilon", SCF) + varray("epsilon_ion", -ION)))
    assert "not at its minimum" in unstable.notes[0]


def test_without_tensor(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no dielectric tensor"):
        read_dielectric(vasprun(tmp_path, ""))
    with pytest.raises(MissingDataError, match="no dielectric tensor"):
        read_dielectric(tmp_path)
    with pytest.raises(FormatError, match="three rows"):
        read_dielectric(vasprun(tmp_path, varray("epsilon", SCF)[:60]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no vasprun.xml"):
        read_dielectric(tmp_path / "empty")
    (tmp_path / "a.phonon").write_text(
        " BEGIN header\n Number of ions         2\n Number of branches     6\n"
    )
    with pytest.raises(InputError, match="no dielectric tensor is read from"):
        read_dielectric(tmp_path / "a.phonon")
    given = Dielectric(SCF)
    assert read_dielectric(given) is given


@needs_real
def test_real_outcar() -> None:
    """Truth: lines 97442 to 97444 and 97546 of the file."""
    found = read_dielectric(Path(REAL or ".") / "vib" / "lepsilon_IBRION8_OUTCAR.gz")
    assert np.diag(found.electronic).tolist() == [3.716432] * 3
    assert found.electronic[0, 1] == -0.204640
    assert found.ionic[0, 0] == 0.001419


def test_one_line() -> None:
    """A third of the traces: (4.5 + 4.6 + 4.7) / 3, and 15 more with the ions."""
    assert repr(Dielectric(SCF, ION, "OUTCAR")) == "<Dielectric: optical 4.600, static 19.600; OUTCAR>"
    assert repr(Dielectric(SCF)) == "<Dielectric: optical 4.600; given>"
