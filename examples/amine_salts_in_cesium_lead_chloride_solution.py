"""
Amine salts that help CsCl and PbCl2 into DMSO
==============================================

Which methylammonium halide helps most (Nano-Micro Lett. 18:421), and can GFN2-xTB tell? Cycles of Gibbs energies,
from kept searches of the species.
"""

# %%
import csv
import statistics
import sys
from pathlib import Path

import perovchem as pc
from perovchem.plotting.binding import plot_waterfall
from perovchem.plotting.style import save

workflows = Path(pc.__file__).parents[1] / "workflows"  # of a checkout
kilojoule = 96.485
salts = ("MAI", "MABr", "MACl")

# %%
# How every species was searched; nothing is computed, as the files are there.
for row in pc.compute_species(workflows / "cspbcl3_amine_salts_species.toml").species:
    print(
        f"{row.name:14} {row.n_starts:3} starts, {row.n_distinct:3} distinct minima, lowest met {row.n_lowest} times, "
        f"{row.energy_range * kilojoule:6.1f} kJ/mol from lowest to highest: {row.arranged}"
    )

# %%
# ΔG of CsCl + PbCl2 + 3 DMSO (+ MAX) -> cluster, in the gas phase and with energies in implicit DMSO; isolated salts
# are CH3NH2...HX in the gas phase and ion pairs in the solvent, and both are tried.
studies = {
    "gas phase": pc.binding(workflows / "cspbcl3_amine_salts.toml"),
    "implicit DMSO": pc.binding(workflows / "cspbcl3_amine_salts_alpb.toml"),
    "implicit DMSO, salts as ion pairs": pc.binding(workflows / "cspbcl3_amine_salts_ion_pairs.toml"),
}
for where, found in studies.items():
    print(where)
    for cycle in found.rows:
        treatments = ", ".join(
            f"{name} {value * kilojoule:.1f}" for name, value in cycle.per_treatment.items()
        )
        print(f"  {cycle.name:5} ΔE {cycle.delta_e * kilojoule:7.1f}, ΔG {treatments} kJ/mol")
    for ranking in found.ranking:
        print(" ", ranking.sentence)
    for exchange in found.exchanges:
        print(f"  {exchange.equation}: {exchange.difference * kilojoule:.1f} kJ/mol")


# %%
# Like with like: the same arrangement of ions and molecules, another halide in it.
def starts(species: str) -> list[dict[str, str]]:
    with (workflows / "data" / "cspbcl3_amine_salts" / f"{species}_starts.csv").open(
        encoding="utf-8"
    ) as handle:
        return [row for row in csv.DictReader(handle) if row["fate"] == "relaxed"]


def exchange_energies(one: str, other: str) -> list[float]:
    """Return E(cluster with ``other``) - E(cluster with ``one``) - the same of the salts, kJ/mol, by arrangement."""
    apart = [min(float(row["energy_hartree"]) for row in starts(salt)) for salt in (one, other)]
    found = []
    for new, old, sign in ((one, other, -1), (other, one, 1)):
        by_name = {f"solution_{old} {row['kind']} {row['number']}": row for row in starts(f"solution_{old}")}
        for row in starts(f"solution_{new}"):
            if row["origin"] in by_name:
                change = float(row["energy_hartree"]) - float(by_name[row["origin"]]["energy_hartree"])
                found.append((sign * change - (apart[1] - apart[0])) * 2625.5)
    return found


for one, other in (("MACl", "MABr"), ("MABr", "MAI"), ("MACl", "MAI")):
    energies = exchange_energies(one, other)
    print(
        f"{one} -> {other} in the same arrangement: {statistics.mean(energies):.1f} kJ/mol, "
        f"from {min(energies):.1f} to {max(energies):.1f} over {len(energies)} arrangements"
    )

# %%
# The terms.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "amine_salt_results")
folder.mkdir(exist_ok=True)
for path in save(plot_waterfall(studies["gas phase"]), folder, "waterfall"):
    print(path.name)
