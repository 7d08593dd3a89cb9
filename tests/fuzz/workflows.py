"""A workflow file with all its tables, and what must hold of whatever is read from it spoiled."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Final

from fuzz import mutations
from fuzz.checks import sound
from perovchem.errors import PerovchemError
from perovchem.workflow.model import read_workflow
from perovchem.workflow.settings import commands

NAME: Final = "workflow file"
TEXT: Final = b"""title = "Halides in {CsPbCl3}"
about = "One paragraph."
doi = ["10.1007/s40820-026-02272-y"]
output = "halides"
[matrix]
halide = ["Cl", "Br", "I"]
temperature = [300, 350.5]
dry = [true, false]
[[exclude]]
halide = "Cl"
temperature = 300
[[step]]
name = "entry"
command = "substitute"
inputs = ["CsPbCl3", "in/*.cif"]
over = ["halide", "temperature"]
[step.settings]
site = ["Cl"]
ion = "{halide}-"
temperature = "{temperature}"
[step.columns]
verdict = "verdict"
mismatch = "tests[name=radius_mismatch].value"
[[step]]
command = "xrd"
inputs = ["CsPb{halide}3_cubic"]
settings = { range = [5, 40], anomalous = "{dry}" }
rows = "results[0].peaks"
[[published]]
what = "Br"
value = "enters"
source = "a paper"
ours = "entry.verdict"
where = { halide = "Br", temperature = 300 }
why = "because"
[[conclusion]]
kind = "doping"
subject = "{halide}-"
[[conclusion.evidence]]
name = "rule"
column = "entry.verdict"
better = "enters"
[conclusion.measured]
file = "measured.csv"
subject = "ion"
value = "outcome"
source = "a paper"
"""
_MOST: Final = 2000
"""Items of a plan that are looked at."""


def fill(folder: Path, text: bytes) -> Path:
    """Write a workflow file, and what its glob finds."""
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in/a.cif").touch()
    path = folder / "workflow.toml"
    path.write_bytes(text)
    return path


def spoiled(source: random.Random, folder: Path, number: int) -> tuple[str, Path]:
    """Write a spoiled file; return what was done and what to read."""
    done, text = mutations.spoil(source, TEXT, mutations.kinds(NAME), number)
    return done, fill(folder, text)


def attempt(path: Path) -> bool:
    """Read and plan a workflow; True for a plan, False for a refusal."""
    before = sorted(path.parent.rglob("*"))
    try:
        plan = read_workflow(path).plan()
        assert 0 < len(plan) <= 1_000_000
        names = set()
        for planned in itertools.islice(plan, _MOST):
            item = planned.item
            assert item.command in commands()
            assert not any(one.startswith(("--output", "-o", "--json")) for one in item.arguments)
            assert planned.folder_name.isascii()
            assert "/" not in planned.folder_name
            names.add((item.step, item.name))
        assert len(names) == min(len(plan), _MOST), "two items of one name"
    except PerovchemError as error:
        sound(error)
        return False
    finally:
        assert sorted(path.parent.rglob("*")) == before, "planning wrote something"
    return True
