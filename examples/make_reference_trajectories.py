"""Which bundled trajectory was made how, and the command that makes it again.

    python examples/make_reference_trajectories.py                        # lists them
    python examples/make_reference_trajectories.py cspbbr3 --folder runs  # makes one: an hour or two on one core

Making them needs torch, sevenn, ASE, RDKit, spglib and packmol, which perovchem itself does not:
`reference_trajectories/README.md` says how to install these and what to expect.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parent / "reference_trajectories"


def solution(name: str, *last_steps: int) -> list[list[str]]:
    """Return the scripts that pack a box and record it in stretches that end with these steps."""
    scripts = [["build_boxes.py", name]]
    for k, step in enumerate(last_steps):
        scripts.append(["run_production.py", name, "--steps", str(step), *(["--resume"] if k else [])])
    return scripts


# name -> what it is, and the scripts that make it, in order
RECIPES: dict[str, tuple[str, list[list[str]]]] = {
    "2me": (
        "3 PbI2 + 3 CH3NH3I in 21 2-methoxyethanol, the published box",
        [
            ["build_boxes.py", "2me"],
            ["run_dynamics.py", "start", "2me", "--steps", "1990"],
            ["run_dynamics.py", "continue", "2me", "--steps", "5990"],
        ],
    ),
    "gbl": (
        "3 PbI2 + 3 CH3NH3I in 21 γ-butyrolactone, the published box",
        [
            ["build_boxes.py", "gbl"],
            ["run_dynamics.py", "start", "gbl", "--steps", "1870"],
            ["run_dynamics.py", "continue", "gbl", "--steps", "5720"],
        ],
    ),
    "2me_dense": (
        "as 2me, at the density of the liquid",
        solution("2me_dense", 760, 772),
    ),
    "dmso": (
        "2 CsCl + 3 PbCl2 in 20 DMSO",
        solution("dmso", 3048),
    ),
    "dmso_macl": (
        "2 CsCl + 3 PbCl2 + 2 CH3NH3Cl in 20 DMSO",
        solution("dmso_macl", 824, 1184),
    ),
    "dmso_mai": (
        "2 CsCl + 3 PbCl2 + 2 CH3NH3I in 20 DMSO",
        solution("dmso_mai", 928, 1288),
    ),
    "cspbbr3": (
        "orthorhombic CsPbBr3, 160 atoms",
        [["build_crystal.py", "cspbbr3"], ["run_production.py", "cspbbr3", "--steps", "5000"]],
    ),
}


def make(name: str, folder: Path) -> None:
    """Run the scripts of one recipe."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for script, *arguments in RECIPES[name][1]:
        command = [sys.executable, str(SCRIPTS / script), *arguments, "--folder", str(folder)]
        print("$", " ".join(command[1:]), flush=True)
        subprocess.run(command, check=True, env=environment)


def main() -> None:
    """List the recipes, or make what is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(RECIPES)}")
    parser.add_argument("--folder", type=Path, default=Path("runs"), help="where to write (default: runs)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in RECIPES]
    if unknown:
        parser.error(f"no trajectory is called {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    for name in arguments.names:
        make(name, arguments.folder)
    if not arguments.names:
        for name, (what, steps) in RECIPES.items():
            print(f"{name:10} {what}")
            for step in steps:
                print("           ", " ".join(step))


if __name__ == "__main__":
    main()
