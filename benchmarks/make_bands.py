"""Write a large projected band structure as VASP prints it in vasprun.xml. No number is physics.

Run with an interpreter that has numpy::

    python benchmarks/make_bands.py [FOLDER]
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from make_inputs import HERE, SEED
from numpy.typing import NDArray
from sizes import QUICK

Floats = NDArray[np.float64]

POINTS: Final = 40 if QUICK else 200
BANDS: Final = 170
ATOMS: Final = 96
FILLED: Final = 100
ORBITALS: Final = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
ELEMENTS: Final = ("Cs", "Pb", "Br")
EDGE: Final = 17.0
VERTICES: Final = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0, 0, 0], [0.5, 0.5, 0.5]])


def vectors(rows: Floats, indent: int) -> str:
    """Return rows of a varray."""
    line = " " * indent + "<v>" + " %16.8f" * rows.shape[1] + " </v>\n"
    return (line * len(rows)) % tuple(rows.ravel().tolist())


def eigenvalues(energies: Floats, indent: int) -> str:
    """Return the element of eigenvalues (K, B)."""
    blanks = " " * indent
    out = [f"{blanks}<eigenvalues>\n{blanks} <array>\n"]
    out += [
        f'{blanks}  <dimension dim="{n}">{name}</dimension>\n'
        for n, name in enumerate(("band", "kpoint", "spin"), 1)
    ]
    out += [f"{blanks}  <field>eigene</field>\n{blanks}  <field>occ</field>\n{blanks}  <set>\n"]
    out += [f'{blanks}   <set comment="spin 1">\n']
    for k, levels in enumerate(energies):
        out.append(f'{blanks}    <set comment="kpoint {k + 1}">\n')
        out += [
            f"{blanks}     <r>{energy:12.4f}{1.0 if band < FILLED else 0.0:10.4f} </r>\n"
            for band, energy in enumerate(levels.tolist())
        ]
        out.append(f"{blanks}    </set>\n")
    out.append(f"{blanks}   </set>\n{blanks}  </set>\n{blanks} </array>\n{blanks}</eigenvalues>\n")
    return "".join(out)


def structure(name: str, positions: Floats) -> str:
    """Return a structure."""
    return (
        f' <structure {name}>\n  <crystal>\n   <varray name="basis" >\n{vectors(EDGE * np.eye(3), 4)}   </varray>\n'
        f'   <i name="volume">{EDGE**3:16.8f} </i>\n   <varray name="rec_basis" >\n{vectors(np.eye(3) / EDGE, 4)}'
        f'   </varray>\n  </crystal>\n  <varray name="positions" >\n{vectors(positions, 3)}  </varray>\n </structure>\n'
    )


def write_projected_bands(path: Path) -> None:
    """Write POINTS x BANDS x ATOMS x nine orbitals: about 290 MB."""
    rng = np.random.default_rng(SEED + 7)
    share = np.linspace(0, 1, POINTS // (len(VERTICES) - 1))[:, None]
    points = np.concatenate([a + share * (b - a) for a, b in pairwise(VERTICES)])
    wave = np.cos(2 * np.pi * points).sum(axis=1)
    ladder = 0.1 * np.arange(BANDS) + np.where(np.arange(BANDS) >= FILLED, 2.0, 0.0)
    energies = 0.02 * wave[:, None] + ladder
    positions = rng.random((ATOMS, 3))
    species = [ELEMENTS[k * 3 // ATOMS] for k in range(ATOMS)]
    kinds = list(dict.fromkeys(species))
    with path.open("w") as file:
        file.write('<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n <generator>\n')
        file.write(
            '  <i name="program" type="string">vasp </i>\n  <i name="version" type="string">6.4.2  </i>\n'
        )
        file.write(
            ' </generator>\n <incar>\n  <i type="int" name="ICHARG">    11</i>\n </incar>\n <kpoints>\n'
        )
        file.write(
            f'  <generation param="listgenerated">\n   <i name="divisions" type="int">{len(share):8d} </i>\n'
        )
        file.write(
            vectors(VERTICES, 3) + '  </generation>\n  <varray name="kpointlist" >\n' + vectors(points, 3)
        )
        file.write(
            '  </varray>\n  <varray name="weights" >\n'
            + vectors(np.full((len(points), 1), 1 / len(points)), 3)
        )
        file.write('  </varray>\n </kpoints>\n <parameters>\n  <separator name="electronic" >\n')
        file.write(
            f'   <i name="NELECT">{2.0 * FILLED:16.8f}</i>\n   <i type="int" name="ISPIN">     1</i>\n'
        )
        for key, value in {"NELM": 60, "NSW": 0, "IBRION": -1, "LORBIT": 11}.items():
            file.write(f'   <i type="int" name="{key}">{value:6d}</i>\n')
        file.write(
            '   <i type="logical" name="LNONCOLLINEAR"> F  </i>\n  </separator>\n </parameters>\n <atominfo>\n'
        )
        file.write(f"  <atoms>{ATOMS:8d} </atoms>\n  <types>{len(kinds):8d} </types>\n")
        file.write('  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n')
        file.write(
            '   <field type="string">element</field>\n   <field type="int">atomtype</field>\n   <set>\n'
        )
        for name in species:
            file.write(f"    <rc><c>{name}</c><c>{kinds.index(name) + 1:4d}</c></rc>\n")
        file.write(
            '   </set>\n  </array>\n  <array name="atomtypes" >\n   <dimension dim="1">type</dimension>\n'
        )
        for kind in ("atomspertype", "element", "mass", "valence", "pseudopotential"):
            file.write(f"   <field>{kind}</field>\n")
        file.write("   <set>\n")
        for name in kinds:
            file.write(f"    <rc><c>{species.count(name):4d}</c><c>{name}</c><c>  1.0</c><c>  4.0</c>")
            file.write(f"<c>  PAW_PBE {name} 06Sep2000 </c></rc>\n")
        file.write("   </set>\n  </array>\n </atominfo>\n" + structure('name="initialpos" ', positions))
        energy = "".join(
            f'<i name="{name}">{-300.0:17.8f} </i>' for name in ("e_fr_energy", "e_wo_entrp", "e_0_energy")
        )
        file.write(f" <calculation>\n  <scstep>\n   <energy>{energy}</energy>\n  </scstep>\n")
        file.write(structure("", positions) + f"  <energy>{energy}</energy>\n" + eigenvalues(energies, 2))
        file.write('  <dos>\n   <i name="efermi">%16.8f </i>\n  </dos>\n' % (0.1 * FILLED + 0.9))
        file.write("  <projected>\n" + eigenvalues(energies, 3) + "   <array>\n")
        for n, name in enumerate(("ion", "band", "kpoint", "spin"), 1):
            file.write(f'    <dimension dim="{n}">{name}</dimension>\n')
        for name in ORBITALS:
            file.write(f"    <field>{name:>5s}</field>\n")
        file.write('    <set>\n     <set comment="spin1">\n')
        line = "        <r>" + "%8.4f" * len(ORBITALS) + " </r>\n"
        for k in range(len(points)):
            file.write(f'      <set comment="kpoint {k + 1}">\n')
            weights = rng.random((BANDS, ATOMS * len(ORBITALS))) ** 8
            for band, row in enumerate(weights):
                file.write(f'       <set comment="band {band + 1}">\n')
                file.write((line * ATOMS) % tuple(row.tolist()))
                file.write("       </set>\n")
            file.write("      </set>\n")
        file.write("     </set>\n    </set>\n   </array>\n  </projected>\n </calculation>\n")
        file.write(structure('name="finalpos" ', positions) + "</modeling>\n")


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "inputs")
    folder = parser.parse_args().folder / "bands"
    folder.mkdir(parents=True, exist_ok=True)
    write_projected_bands(folder / "vasprun.xml")


if __name__ == "__main__":
    main()
