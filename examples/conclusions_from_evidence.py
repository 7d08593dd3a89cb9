"""
What it means: conclusions on solubility and doping
===================================================

Evidences from several analyses meet in a conclusion that names what speaks for it and what against. They are never
averaged, and what was measured is an input to none of them. The system is that of Nano-Micro Lett. 18:421.
"""

# %%
# Which methylammonium halide dissolves the most, by Gibbs energies of binding in the gas phase and in implicit DMSO?
import warnings
from pathlib import Path

import perovchem as pc

warnings.simplefilter("ignore", pc.PerovchemWarning)
workflows = Path(pc.__file__).parents[1] / "workflows"  # of a checkout

files = {
    "ΔG of binding, gas phase": "cspbcl3_amine_salts.toml",
    "ΔG of binding, ion pairs in implicit DMSO": "cspbcl3_amine_salts_ion_pairs.toml",
}
evidence = []
for name, file in files.items():
    table = pc.binding(workflows / file).to_dataframe()
    table = table[table["cycle"] != "none"]  # another stoichiometry
    table = table.assign(search=0.1)  # eV, about what the searches left open: see workflows/README.md
    evidence.append(
        pc.evidence_from(
            table,
            column="delta_g",
            subject="cycle",
            uncertainty="search",
            name=name,
            unit="eV",
            better="lower",
            assumption="the cluster stands for what is in solution",
        )
    )

# %%
# The order that the paper prints, as ranks: the first is the most soluble. Yours stands in a table of your own.
order = pc.read_measured(
    workflows / "data/measured/nano_micro_lett_18_421_solubility.csv",
    subject="additive",
    value="order",
    better="lower",
    source="doi 10.1007/s40820-026-02272-y",
)
found = pc.solubility(evidence, measured=order)
for conclusion in found.conclusions:
    print("-", conclusion.statement)

# %%
# Which halide enters the lattice, by charge and size, beside what was seen?
entered = {ion: pc.check_substitution("CsPbCl3", site="Cl", ion=ion) for ion in ("Br-", "I-", "F-")}
rule = pc.Evidence(
    "radius, charge and bond valence",
    {ion: one.verdict for ion, one in entered.items()},
    better="enters",
    source="check_substitution",
)
seen = pc.Measured(
    "outcome",
    {ion: one.measured.outcome for ion, one in entered.items() if one.measured},
    source="papers named in each substitution",
)
for conclusion in pc.doping([rule], measured=seen).conclusions:
    print("-", conclusion.statement)
