"""A study of cycles whose energies are arbitrary: what must hold holds for any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from builders_molecules import calculation

from perovchem.calculation_reading import write_calculation

CS, PB = ("Cs", "Cl"), ("Pb", "Cl", "Cl")
DMSO = ("C", "C", "S", "O", *["H"] * 6)
MAI = ("C", "N", *["H"] * 6, "I")


def study(**changes: Any) -> dict[str, Any]:
    """CsCl + PbCl2 + 2 DMSO (+ MAX) in solution; energies are arbitrary."""
    components: dict[str, Any] = {
        "CsCl": {"state": "ion pair", "ions": 2, "files": [calculation(CS, energy=-20.1, name="CsCl")]},
        "PbCl2": {"state": "ion pair", "ions": 3, "files": [calculation(PB, energy=-30.3, name="PbCl2")]},
        "DMSO": {"state": "liquid", "concentration": 14.08, "files": [calculation(DMSO, energy=-51.7, name="DMSO")]},
        "none": {"state": "solute", "role": "solution",
                 "files": [calculation(CS + PB + 2 * DMSO, energy=-156.0, name="none")]},
    }  # fmt: skip
    cycles: dict[str, Any] = {
        "none": {"reactants": {"CsCl": 1, "PbCl2": 1, "DMSO": 2}, "products": {"none": 1}}
    }
    for place, halide in enumerate(("Cl", "Br", "I")):
        salt, cluster = (*MAI[:-1], halide), f"with {halide}"
        components[f"MA{halide}"] = {
            "state": "ion pair", "role": "amine salt", "ions": 2,
            "files": [calculation(salt, energy=-40.0 - place, name=f"MA{halide}", seed=place)],
        }  # fmt: skip
        components[cluster] = {
            "state": "solute", "role": "solution",
            "files": [calculation(CS + PB + 2 * DMSO + salt, energy=-196.5 - 1.05 * place, name=cluster, seed=place)],
        }  # fmt: skip
        cycles[f"MA{halide}"] = {
            "reactants": {"CsCl": 1, "PbCl2": 1, "DMSO": 2, f"MA{halide}": 1}, "products": {cluster: 1},
        }  # fmt: skip
    return {"components": components, "cycles": cycles, **changes}


def written(folder: Path, *, vibrations: bool = True) -> Path:
    """Write that study as a cycle file with its species beside it."""
    found = study()
    lines = ['title = "amine salts"']
    for name, component in found["components"].items():
        file = component["files"][0]
        write_calculation(
            file if vibrations else replace(file, vibrations=None), folder / f"{file.name}.toml"
        )
        lines += [
            f'[components."{name}"]',
            f'state = "{component["state"]}"',
            f'files = ["{file.name}.toml"]',
        ]
        lines += [
            f"{key} = {component[key]!r}".replace("'", '"')
            for key in ("role", "ions", "concentration")
            if key in component
        ]
    for name, cycle in found["cycles"].items():
        lines += [f'[cycles."{name}"]']
        for side in ("reactants", "products"):
            inside = ", ".join(f'"{key}" = {number}' for key, number in cycle[side].items())
            lines += [f"{side} = {{ {inside} }}"]
    path = folder / "cycle.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def many_clusters(folder: Path, number: int = 96) -> Path:
    """Write a cycle file of so many clusters of 74 atoms, each with a file of its own, and of what they are made of."""
    species = CS + PB + DMSO * 6 + MAI
    lines = []
    for name, atoms in {"CsCl": CS, "PbCl2": PB, "DMSO": DMSO, "MAI": MAI}.items():
        write_calculation(calculation(atoms, energy=-10.0 * len(atoms), name=name), folder / f"{name}.toml")
        lines += [f"[components.{name}]", 'state = "solute"', f'files = ["{name}.toml"]']
    for place in range(number):
        name = f"c{place}"
        write_calculation(
            calculation(species, energy=-10.0 * len(species) - 0.01 * place, name=name, seed=place),
            folder / f"{name}.toml",
        )
        lines += [f"[components.{name}]", 'state = "solute"', 'role = "solution"', f'files = ["{name}.toml"]']
        lines += [f"[cycles.{name}]", "reactants = { CsCl = 1, PbCl2 = 1, DMSO = 6, MAI = 1 }"]
        lines += [f"products = {{ {name} = 1 }}"]
    path = folder / "cycle.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
