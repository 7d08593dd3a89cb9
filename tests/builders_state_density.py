"""DOSCAR and the <dos> of a vasprun.xml written as VASP writes them, from curves that the test knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LM = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "dx2")


def _fortran(value: float) -> str:
    """Write a number in E12.4 as Fortran does: the E gives way to exponents of three digits."""
    text = f"{value:.4E}"
    mantissa, exponent = text.split("E")
    number, power = float(mantissa) / 10, int(exponent) + 1
    if value == 0:
        return "  0.0000E+00"
    mark = f"E{power:+03d}" if abs(power) < 100 else f"{power:+04d}"
    return f"{number:7.4f}{mark}".rjust(12)


def doscar(
    energies: NDArray[np.float64],
    total: NDArray[np.float64],
    integrated: NDArray[np.float64],
    projected: NDArray[np.float64] | None = None,
    *,
    n_atoms: int = 1,
    fermi: float = 0.0,
) -> str:
    """Return a DOSCAR.

    Parameters
    ----------
    energies : (E,)
        Evenly spaced.
    total, integrated : (S, E)
    projected : (n_atoms, E, columns), optional
        Columns as VASP writes them: by orbital, within it by spin (2) or density and magnetization (4).
    """
    head = f"{energies[-1]:16.8f}{energies[0]:16.8f}{len(energies):5d}{fermi:16.8f}{1.0:16.8f}\n"
    text = f"{n_atoms:4d}{n_atoms:4d}   1   0\n  0.1E+02  0.5E-09  0.5E-09  0.5E-09  0.5E-15\n"
    text += "  1.000000000000000E-004\n  CAR \n unknown system\n" + head
    for k, energy in enumerate(energies):
        text += f"{energy:11.3f}" + "".join(_fortran(v) for v in (*total[:, k], *integrated[:, k])) + "\n"
    for block in [] if projected is None else projected:
        text += head
        text += "".join(
            f"{energy:11.3f}" + "".join(map(_fortran, row)) + "\n"
            for energy, row in zip(energies, block, strict=True)
        )
    return text


def vasprun_dos(
    energies: NDArray[np.float64],
    total: NDArray[np.float64],
    integrated: NDArray[np.float64],
    projected: NDArray[np.float64] | None = None,
    *,
    species: Sequence[str] = ("Pb",),
    orbitals: Sequence[str] = LM,
    electrons: float = 2.0,
    fermi: float = 0.0,
    noncollinear: bool = False,
) -> str:
    """Return a vasprun.xml with a density of states; ``projected`` is (n_atoms, sets, E, n_orbitals)."""
    atoms = "".join(f"<rc><c>{symbol:2s}</c><c>   1</c></rc>" for symbol in species)
    flag = "T" if noncollinear else "F"
    text = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <parameters>
  <i name="NELECT">{electrons:16.8f}</i>
  <i type="int" name="ISPIN">{len(total)}</i>
  <i type="logical" name="LSORBIT"> {flag}  </i>
 </parameters>
 <atominfo><array name="atoms" ><set>{atoms}</set></array></atominfo>
 <calculation>
  <dos>
   <i name="efermi">{fermi:16.8f} </i>
   <total><array><field>energy</field><field>total</field><field>integrated</field>
     <set>
"""

    def rows(table: NDArray[np.float64]) -> str:
        return "".join("<r>" + "".join(f" {v:10.4f}" for v in row) + " </r>\n" for row in table)

    for s in range(len(total)):
        text += f'<set comment="spin {s + 1}">\n'
        text += rows(np.column_stack([energies, total[s], integrated[s]])) + "</set>\n"
    text += "</set></array></total>\n"
    if projected is not None:
        fields = "".join(f"<field>{name:>3s}</field>" for name in orbitals)
        text += f"<partial><array><field>energy</field>{fields}\n<set>\n"
        for a, atom in enumerate(projected):
            text += f'<set comment="ion {a + 1}">\n'
            for s, table in enumerate(atom):
                text += f'<set comment="spin {s + 1}">\n{rows(np.column_stack([energies, table]))}</set>\n'
            text += "</set>\n"
        text += "</set></array></partial>\n"
    return text + "  </dos>\n </calculation>\n</modeling>\n"


def levels_as_curves(
    levels: Sequence[float], energies: NDArray[np.float64], width: float, share: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sums of Gaussians at some levels, ``share`` states each, and their integral."""
    from scipy.stats import norm

    density = sum(share * norm.pdf(energies, level, width) for level in levels)
    integral = sum(share * norm.cdf(energies, level, width) for level in levels)
    return np.asarray(density), np.asarray(integral)
