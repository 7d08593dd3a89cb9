"""Bands with a known answer as VASP writes them: vasprun.xml, EIGENVAL, PROCAR, OUTCAR and KPOINTS.

Each writer takes plain arrays: k-points (K, 3) fractional, energies (S, K, B) in eV. What is not given is what a
run of an insulator prints: occupations by counting electrons, equal weights, the Fermi energy at mid-gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ORBITALS = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
CUBIC = 6.0 * np.eye(3)
ONE_ATOM = (("Pb",), np.zeros((1, 3)))


def line_points(vertices: ArrayLike, per_segment: int) -> Floats:
    """Points of line mode through vertices (n, 3): both ends in every segment, so that joints stand twice."""
    corners = np.asarray(vertices, float)
    share = np.linspace(0, 1, per_segment)[:, None]
    return np.concatenate([a + share * (b - a) for a, b in pairwise(corners)])


def filled(energies: Floats, electrons: float | Sequence[float], *, noncollinear: bool = False) -> Floats:
    """Occupations 0 or 1 of the lowest bands, (S, K, B)."""
    n_spins, _, n_bands = energies.shape
    total = np.atleast_1d(np.asarray(electrons, float))
    if n_spins == 1:
        bands = [total.sum() / (1 if noncollinear else 2)]
    else:
        bands = list(total) if len(total) == 2 else [total[0] / 2] * 2
    out = np.zeros(energies.shape)
    for spin, number in enumerate(bands):
        share = np.clip(number - np.arange(n_bands), 0, 1)
        out[spin] = share
    return out


def _levels(
    energies: Floats, electrons: float | Sequence[float], occupations: ArrayLike | None, *, noncollinear: bool
) -> tuple[Floats, Floats, float]:
    energies = np.asarray(energies, float)
    given = filled(energies, electrons, noncollinear=noncollinear) if occupations is None else occupations
    share = np.asarray(given, float)
    top = energies[share > 0.5].max(initial=-np.inf)
    bottom = energies[share <= 0.5].min(initial=np.inf)
    both = [level for level in (top, bottom) if np.isfinite(level)]
    return energies, share, float(np.mean(both))


def write_vasprun_bands(
    path: Path,
    kpoints: ArrayLike,
    energies: ArrayLike,
    electrons: float | Sequence[float],
    *,
    cell: ArrayLike = CUBIC,
    species: Sequence[str] = ONE_ATOM[0],
    positions: ArrayLike = ONE_ATOM[1],
    occupations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    decimals: int = 4,
    projections: ArrayLike | None = None,
    orbitals: Sequence[str] = ORBITALS,
    noncollinear: bool = False,
    fermi: float | None = None,
    per_segment: int = 0,
    generation: str = "",
    nupdown: float = -1.0,
    optional: tuple[ArrayLike, ArrayLike] | None = None,
    optional_projections: ArrayLike | None = None,
    steps: Sequence[ArrayLike] = (),
) -> Path:
    """Write a vasprun.xml as VASP 5.4 and 6 do.

    Parameters
    ----------
    projections : float (S, K, B, n_atoms, n_orbitals), optional
        With spin-orbit, the first of four sets; the three of the magnetization are written as tenths of it.
    per_segment : int
        Points of each line where the points came from line mode.
    generation : str
        "Gamma", "Monkhorst-Pack" for a mesh.
    optional : (k-points, energies), optional
        Of a KPOINTS_OPT.
    steps : sequence of cells (3, 3)
        Of ionic steps before the last, each with eigenvalues that are 1 eV too high.
    """
    points = np.asarray(kpoints, float)
    values, share, middle = _levels(
        np.asarray(energies, float), electrons, occupations, noncollinear=noncollinear
    )
    level = middle if fermi is None else fermi
    total = float(np.sum(electrons))
    text = [
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n <generator>\n',
        '  <i name="program" type="string">vasp </i>\n  <i name="version" type="string">5.4.4  </i>\n </generator>\n',
        ' <incar>\n  <i type="int" name="NSW">     0</i>\n',
        f'  <i name="NUPDOWN">{nupdown:16.8f}</i>\n' if nupdown >= 0 else "",
        " </incar>\n",
        _kpoints_block(points, weights, per_segment, generation, 1),
        ' <parameters>\n  <separator name="electronic" >\n',
        f'   <i name="NELECT">{total:16.8f}</i>\n',
        f'   <i type="int" name="ISPIN">{len(values):6d}</i>\n',
        f'   <i type="logical" name="LNONCOLLINEAR"> {"T" if noncollinear else "F"}  </i>\n',
        f'   <i type="logical" name="LSORBIT"> {"T" if noncollinear else "F"}  </i>\n',
        "  </separator>\n </parameters>\n",
        _atominfo(species),
        _structure(cell, positions, 'name="initialpos" '),
    ]
    for earlier in steps:
        text += [" <calculation>\n", _structure(earlier, positions, "")]
        text += [_eigenvalues(values + 1, share, decimals, 2), " </calculation>\n"]
    text += [" <calculation>\n", _structure(cell, positions, ""), _eigenvalues(values, share, decimals, 2)]
    if optional is not None:
        more = np.asarray(optional[1], float)
        more_share = filled(more, electrons, noncollinear=noncollinear)
        text += ['  <eigenvalues_kpoints_opt comment="kpoints_opt">\n']
        text += [_kpoints_block(np.asarray(optional[0], float), None, per_segment, "", 3)]
        text += [_eigenvalues(more, more_share, decimals, 3), "  </eigenvalues_kpoints_opt>\n"]
    if np.isfinite(level):
        text.append(f'  <dos>\n   <i name="efermi">{level:16.8f} </i>\n  </dos>\n')
    if projections is not None:
        sets = np.asarray(projections, float)
        text.append(
            _projected("projected", values, share, sets, orbitals, decimals, noncollinear=noncollinear)
        )
    if optional is not None and optional_projections is not None:
        sets = np.asarray(optional_projections, float)
        name = "projected_kpoints_opt"
        text.append(_projected(name, more, more_share, sets, orbitals, decimals, noncollinear=noncollinear))
    text += [" </calculation>\n", _structure(cell, positions, 'name="finalpos" '), "</modeling>\n"]
    path.write_text("".join(text))
    return path


def _rows(values: ArrayLike, indent: int) -> str:
    numbers = np.asarray(values, float)
    line = " " * indent + "<v>" + " %16.8f" * numbers.shape[1] + " </v>\n"
    return (line * len(numbers)) % tuple(numbers.ravel().tolist())


def _kpoints_block(
    points: Floats, weights: ArrayLike | None, per_segment: int, generation: str, indent: int
) -> str:
    blanks = " " * indent
    shares = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float)
    head = ""
    if per_segment:
        rows = [*range(0, len(points), per_segment), len(points) - 1]
        head = f'{blanks} <generation param="listgenerated">\n{blanks}  <i name="divisions" type="int">{per_segment:8d} </i>\n'
        head += _rows(points[rows], indent + 2) + f"{blanks} </generation>\n"
    elif generation:
        head = f'{blanks} <generation param="{generation}">\n{blanks} </generation>\n'
    return (
        f"{blanks}<kpoints>\n{head}"
        f'{blanks} <varray name="kpointlist" >\n{_rows(points, indent + 2)}{blanks} </varray>\n'
        f'{blanks} <varray name="weights" >\n{_rows(shares[:, None], indent + 2)}{blanks} </varray>\n'
        f"{blanks}</kpoints>\n"
    )


def _atominfo(species: Sequence[str]) -> str:
    kinds = list(dict.fromkeys(species))
    atoms = "".join(f"    <rc><c>{name:<2s}</c><c>{kinds.index(name) + 1:4d}</c></rc>\n" for name in species)
    types = "".join(
        f"    <rc><c>{species.count(name):4d}</c><c>{name:<2s}</c><c>  1.00000000</c><c>  4.00000000</c>"
        f"<c>  PAW_PBE {name} 01Jan2000 </c></rc>\n"
        for name in kinds
    )
    return (
        f" <atominfo>\n  <atoms>{len(species):8d} </atoms>\n  <types>{len(kinds):8d} </types>\n"
        f'  <array name="atoms" >\n   <set>\n{atoms}   </set>\n  </array>\n'
        f'  <array name="atomtypes" >\n   <set>\n{types}   </set>\n  </array>\n </atominfo>\n'
    )


def _structure(cell: ArrayLike, positions: ArrayLike, name: str) -> str:
    return (
        f' <structure {name}>\n  <crystal>\n   <varray name="basis" >\n{_rows(cell, 4)}   </varray>\n  </crystal>\n'
        f'  <varray name="positions" >\n{_rows(positions, 3)}  </varray>\n </structure>\n'
    )


def _eigenvalues(energies: Floats, occupations: Floats, decimals: int, indent: int) -> str:
    blanks = " " * indent
    width = 8 + decimals
    out = [
        f'{blanks}<eigenvalues>\n{blanks} <array>\n{blanks}  <dimension dim="1">band</dimension>\n',
        f'{blanks}  <dimension dim="2">kpoint</dimension>\n{blanks}  <dimension dim="3">spin</dimension>\n',
        f"{blanks}  <field>eigene</field>\n{blanks}  <field>occ</field>\n{blanks}  <set>\n",
    ]
    for spin, levels in enumerate(energies):
        out.append(f'{blanks}   <set comment="spin {spin + 1}">\n')
        for k, one in enumerate(levels):
            out.append(f'{blanks}    <set comment="kpoint {k + 1}">\n')
            for energy, share in zip(one.tolist(), occupations[spin, k].tolist(), strict=True):
                out.append(f"{blanks}     <r>{energy:{width}.{decimals}f}{share:10.4f} </r>\n")
            out.append(f"{blanks}    </set>\n")
        out.append(f"{blanks}   </set>\n")
    out.append(f"{blanks}  </set>\n{blanks} </array>\n{blanks}</eigenvalues>\n")
    return "".join(out)


def _projected(
    tag: str,
    energies: Floats,
    occupations: Floats,
    weights: Floats,
    orbitals: Sequence[str],
    decimals: int,
    *,
    noncollinear: bool,
) -> str:
    sets = [weights[0], *([0.1 * weights[0]] * 3)] if noncollinear else list(weights)
    fields = "".join(f"    <field>{name:>5s}</field>\n" for name in orbitals)
    line = "        <r>" + "%8.4f" * len(orbitals) + " </r>\n"
    out = [f"  <{tag}>\n", _eigenvalues(energies, occupations, decimals, 3), "   <array>\n"]
    out += [
        f'    <dimension dim="{n}">{name}</dimension>\n'
        for n, name in enumerate(("ion", "band", "kpoint", "spin"), 1)
    ]
    out += [fields, "    <set>\n"]
    for spin, points in enumerate(sets):
        out.append(f'     <set comment="spin{spin + 1}">\n')
        for k, bands in enumerate(points):
            out.append(f'      <set comment="kpoint {k + 1}">\n')
            for b, atoms in enumerate(bands):
                out.append(f'       <set comment="band {b + 1}">\n')
                out.append((line * len(atoms)) % tuple(atoms.ravel().tolist()))
                out.append("       </set>\n")
            out.append("      </set>\n")
        out.append("     </set>\n")
    out.append(f"    </set>\n   </array>\n  </{tag}>\n")
    return "".join(out)


# EIGENVAL, PROCAR, OUTCAR -------------------------------------------------------------------------------------


def write_eigenval(
    path: Path,
    kpoints: ArrayLike,
    energies: ArrayLike,
    electrons: float | Sequence[float],
    *,
    occupations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    decimals: int = 6,
    with_occupations: bool = True,
    noncollinear: bool = False,
    n_atoms: int = 1,
) -> Path:
    """Write an EIGENVAL as VASP 5.4 and 6 do; ``with_occupations=False`` as earlier ones did (4 decimals there)."""
    points = np.asarray(kpoints, float)
    values, share, _ = _levels(np.asarray(energies, float), electrons, occupations, noncollinear=noncollinear)
    shares = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float)
    n_spins, n_points, n_bands = values.shape
    out = [
        f"{n_atoms:5d}{n_atoms:5d}    1{n_spins:5d}\n",
        "  0.2400000E+02  0.6000000E-09  0.6000000E-09  0.6000000E-09  0.5000000E-15\n",
        "  1.000000000000000E-004\n  CAR \n known bands\n",
        f"{round(float(np.sum(electrons))):7d}{n_points:7d}{n_bands:7d}\n",
    ]
    for k in range(n_points):
        out.append(" \n" + "".join(f"{x:15.7E}" for x in (*points[k], shares[k])) + "\n")
        for b in range(n_bands):
            row = f"{b + 1:5d}  " + "".join(
                f"{values[s, k, b]:{decimals + 8}.{decimals}f}" for s in range(n_spins)
            )
            if with_occupations:
                row += "".join(f"{share[s, k, b]:11.6f}" for s in range(n_spins))
            out.append(row + "\n")
    path.write_text("".join(out))
    return path


def write_procar(
    path: Path,
    kpoints: ArrayLike,
    energies: ArrayLike,
    electrons: float | Sequence[float],
    projections: ArrayLike,
    *,
    orbitals: Sequence[str] = ORBITALS,
    occupations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    noncollinear: bool = False,
    phase: str = "",
    title: str = "PROCAR lm decomposed",
    glued: bool = False,
) -> Path:
    """Write a PROCAR of weights (S, K, B, n_atoms, n_orbitals).

    Parameters
    ----------
    phase : "", "5.4" or "old"
        Blocks of phases behind the weights: one line an ion with real and imaginary part, or two.
    glued : bool
        Coordinates without blanks between them where one is negative, as VASP 5 prints them.
    """
    points = np.asarray(kpoints, float)
    values, share, _ = _levels(np.asarray(energies, float), electrons, occupations, noncollinear=noncollinear)
    weight = np.asarray(projections, float)
    shares = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float)
    n_atoms = weight.shape[3]
    per_band = 2.0 if len(values) == 1 and not noncollinear else 1.0
    names = "".join(f"{name:>7s}" for name in (*orbitals, "tot"))
    out = [title + (" + phase" if phase else "") + "\n"]
    for spin in range(len(values)):
        out.append(
            f"# of k-points:{len(points):5d}         # of bands:{values.shape[2]:5d}         # of ions:{n_atoms:5d}\n\n"
        )
        for k, point in enumerate(points):
            where = "".join(f"{x:11.8f}" if glued else f" {x:10.8f}" for x in point)
            out.append(f" k-point {k + 1:5d} :   {where}     weight = {shares[k]:10.8f}\n\n")
            for b in range(values.shape[2]):
                occupied = per_band * share[spin, k, b]
                out.append(
                    f"band {b + 1:5d} # energy {values[spin, k, b]:13.8f} # occ. {occupied:11.8f}\n \n"
                )
                out.append(f"ion{names}\n")
                blocks = [1.0, 0.1, 0.1, 0.1] if noncollinear else [1.0]
                out += [_procar_block(factor * weight[spin, k, b]) for factor in blocks]
                if phase:
                    out.append(_phase_block(weight[spin, k, b], orbitals, phase))
                out.append("\n")
    path.write_text("".join(out))
    return path


def _procar_block(weights: Floats) -> str:
    rows = [
        f"{ion + 1:5d}" + "".join(f"{x:7.3f}" for x in (*row, row.sum())) + "\n"
        for ion, row in enumerate(weights)
    ]
    total = weights.sum(axis=0)
    if len(weights) > 1:
        rows.append("tot  " + "".join(f"{x:7.3f}" for x in (*total, total.sum())) + "\n")
    return "".join(rows)


def _phase_block(weights: Floats, orbitals: Sequence[str], style: str) -> str:
    out = ["ion  " + "".join(f"{name:>12s}" for name in orbitals) + "\n"]
    for ion, row in enumerate(weights):
        real = "".join(f"{-x:7.3f}" for x in row)
        if style == "5.4":
            out.append(f"{ion + 1:5d}" + "".join(f"{-x:7.3f}{x:7.3f}" for x in row) + f"{row.sum():7.3f}\n")
        else:
            out += [f"{ion + 1:5d}{real}\n"] * 2
    if style == "5.4":
        out.append("charge " + "".join(f"{x:7.3f}" for x in (*weights.sum(axis=0), weights.sum())) + "\n")
    return "".join(out)


def write_outcar_bands(
    path: Path,
    kpoints: ArrayLike,
    energies: ArrayLike,
    electrons: float | Sequence[float],
    *,
    cell: ArrayLike = CUBIC,
    species: Sequence[str] = ONE_ATOM[0],
    positions: ArrayLike = ONE_ATOM[1],
    occupations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    noncollinear: bool = False,
    nupdown: float = -1.0,
    fermi: float | None = None,
    steps: Sequence[float] = (),
) -> Path:
    """Write what an OUTCAR says of bands, and the head that says what it is; ``steps`` shift earlier ionic steps."""
    points = np.asarray(kpoints, float)
    values, share, middle = _levels(
        np.asarray(energies, float), electrons, occupations, noncollinear=noncollinear
    )
    shares = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float)
    n_spins, n_points, n_bands = values.shape
    kinds = list(dict.fromkeys(species))
    lattice = np.asarray(cell, float)
    reciprocal = np.linalg.inv(lattice).T
    vectors = "      direct lattice vectors                 reciprocal lattice vectors\n" + "".join(
        "   " + "".join(f"{x:13.9f}" for x in (*a, *b)) + "\n"
        for a, b in zip(lattice, reciprocal, strict=True)
    )
    out = [
        " vasp.5.4.4.18Apr17 complex\n INCAR:\n",
        "".join(f" POTCAR:    PAW_PBE {name} 01Jan2000\n" for name in kinds),
        "".join(f"   VRHFIN ={name}: known\n" for name in kinds),
        vectors,
        "\n k-points in units of 2pi/SCALE and weight: known bands\n",
        "".join("".join(f"{x:13.8f}" for x in k) + "       0.010\n" for k in points),
        "\n k-points in reciprocal lattice and weights: known bands\n",
        "".join(
            "".join(f"{x:13.8f}" for x in k) + f"{w:12.3f}\n" for k, w in zip(points, shares, strict=True)
        ),
        "\n position of ions in fractional coordinates (direct lattice) \n",
        "".join("".join(f"{x:13.8f}" for x in row) + "\n" for row in np.asarray(positions, float)),
        "\n Dimension of arrays:\n",
        f"   k-points           NKPTS = {n_points:6d}   k-points in BZ     NKDIM = {n_points:6d}   number of bands    NBANDS= {n_bands:6d}\n",
        f"   number of dos      NEDOS =    301   number of ions     NIONS = {len(species):6d}\n",
        "   ions per type =   " + "".join(f"{list(species).count(name):6d}" for name in kinds) + "\n\n",
        " Startparameter for this run:\n",
        f"   ISPIN  = {n_spins:6d}    spin polarized calculation?\n",
        f"   LNONCOLLINEAR = {'T' if noncollinear else 'F':>6s} non collinear calculations\n",
        f"   LSORBIT = {'T' if noncollinear else 'F':>6s}    spin-orbit coupling\n",
        "   NSW    =      0    number of steps for IOM\n",
        f"   NELECT = {float(np.sum(electrons)):12.4f}    total number of electrons\n",
        f"   NUPDOWN= {nupdown:12.4f}    fix difference up-down\n\n",
    ]
    level = middle if fermi is None else fermi
    per_band = 2.0 if n_spins == 1 and not noncollinear else 1.0
    for shift in (*steps, 0.0):
        out.append(f" E-fermi : {level + shift:8.4f}     XC(G=0):  -9.7519     alpha+bet :-10.6814\n\n")
        for spin in range(n_spins):
            if n_spins == 2:
                out.append(f"\n spin component {spin + 1}\n")
            for k in range(n_points):
                where = "".join(f"{x:10.4f}" for x in points[k])
                out.append(f"\n k-point {k + 1:5d} :   {where}\n  band No.  band energies     occupation \n")
                out += [
                    f"{b + 1:7d}{values[spin, k, b] + shift:13.4f}{per_band * share[spin, k, b]:13.5f}\n"
                    for b in range(n_bands)
                ]
        out.append("\n\n--------------------------------------------------------------------------------\n")
        out.append("  VOLUME and BASIS-vectors are now :\n" + vectors + "\n")
    out.append(" General timing and accounting informations for this job:\n")
    path.write_text("".join(out))
    return path


# KPOINTS and POSCAR -------------------------------------------------------------------------------------------


def write_kpoints_line_mode(
    path: Path,
    ends: ArrayLike,
    labels: Sequence[str],
    per_segment: int,
    *,
    mark: str = "! ",
    units: str = "reciprocal",
) -> Path:
    """Write a KPOINTS of lines with ends (n_lines, 2, 3) and their labels (2 n_lines,), spelled as given."""
    pairs = np.asarray(ends, float).reshape(-1, 2, 3)
    out = [f"lines\n{per_segment}\nLine-mode\n{units}\n"]
    for k, pair in enumerate(pairs):
        for end, point in enumerate(pair):
            label = labels[2 * k + end]
            out.append(" ".join(f"{x:.10f}" for x in point) + (f" {mark}{label}" if label else "") + "\n")
        out.append("\n")
    path.write_text("".join(out), encoding="utf-8")
    return path


def write_kpoints_list(
    path: Path,
    kpoints: ArrayLike,
    weights: ArrayLike,
    labels: dict[int, str] | None = None,
    *,
    mark: str = "",
) -> Path:
    """Write a KPOINTS that lists points, with labels at the ends of their lines."""
    points, shares = np.asarray(kpoints, float), np.asarray(weights, float)
    out = [f"list\n{len(points)}\nReciprocal\n"]
    for k, point in enumerate(points):
        label = (labels or {}).get(k, "")
        out.append(
            " ".join(f"{x:.10f}" for x in point)
            + f" {shares[k]:g}"
            + (f" {mark}{label}" if label else "")
            + "\n"
        )
    path.write_text("".join(out), encoding="utf-8")
    return path


def write_poscar(
    path: Path,
    cell: ArrayLike = CUBIC,
    species: Sequence[str] = ONE_ATOM[0],
    positions: ArrayLike = ONE_ATOM[1],
) -> Path:
    """Write a POSCAR."""
    kinds = list(dict.fromkeys(species))
    rows = [*np.asarray(cell, float)]
    places = np.asarray(positions, float)
    path.write_text(
        "known bands\n1.0\n"
        + "".join(" ".join(f"{x:.12f}" for x in row) + "\n" for row in rows)
        + " ".join(kinds)
        + "\n"
        + " ".join(str(list(species).count(name)) for name in kinds)
        + "\nDirect\n"
        + "".join(" ".join(f"{x:.12f}" for x in row) + "\n" for row in places)
    )
    return path
