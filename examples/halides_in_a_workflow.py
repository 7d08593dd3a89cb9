"""
A screen in one file
====================

Every combination of a matrix, run by one command each, kept under the checksum of all it depends on, and collected in
one table. Written as TOML it is ``perovchem run FILE.toml``; in Python a dictionary does.
"""

# %%
# Three halides and three cations offered to CsPbCl3.
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import perovchem as pc

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "halides_in_a_workflow")
workflow = pc.read_workflow(
    {
        "title": "Ions offered to CsPbCl3",
        "matrix": {"halide": ["Br", "I", "F"], "cation": ["MA", "FA", "Rb"]},
        "step": [
            {
                "name": "halide",
                "command": "substitute",
                "inputs": ["CsPbCl3"],
                "settings": {"site": "Cl", "ion": "{halide}-"},
                "columns": {"verdict": "verdict", "measured": "measured.outcome"},
            },
            {
                "name": "cation",
                "command": "substitute",
                "inputs": ["CsPbCl3"],
                "settings": {"site": "Cs", "ion": "{cation}+"},
                "columns": {"verdict": "verdict", "measured": "measured.outcome"},
            },
        ],
    }
)
workflow

# %%
# ``perovchem run`` starts processes (``--workers``) or uses a Dask cluster; here a thread does. Begun again, it
# computes nothing: the items lie in the folder.
with ThreadPoolExecutor(1) as thread:
    run = pc.run_workflow(workflow, output=folder / "run", executor=thread, details=False)
table = run.to_dataframe()
print(", ".join(f"{number} {status}" for status, number in table["status"].value_counts().items()))

# %%
# One row an item, with the matrix beside it.
table

# %%
# What the folder holds: ``page.html`` to open and to send, the same as CSV, Parquet and JSON, one record per item,
# and where everything came from.
for path in sorted((folder / "run").iterdir()):
    if not path.name.startswith("."):
        print(path.name)
