"""The commands defects and mixing."""

from __future__ import annotations

import json
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "data" / "constructed_doping.toml"


def test_commands(typed, tmp_path) -> None:
    code, out, err = typed("defects", EXAMPLE, "-o", tmp_path / "found")
    assert code == 0, err
    assert "Transition levels above the VBM" in out and "pin the Fermi level" in out
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert names >= {"page.html", "defects.json", "formation_energies.png", "formation_energies.csv"}
    code, out, err = typed("mixing", EXAMPLE, "--json")
    assert code == 0, err
    (row,) = json.loads(out)["results"]
    assert row["critical_temperature"] > 0
    assert json.loads(out)["units"]["critical_temperature"] == "K"


def test_a_part_that_is_not_there(typed, tmp_path) -> None:
    (tmp_path / "d.toml").write_text(
        "[mixing]\nsites = 1\npoints = [{x=0,energy=0},{x=0.5,energy=0.1},{x=1,energy=0}]"
    )
    code, _, err = typed("defects", tmp_path / "d.toml")
    assert code == 1 and "declares no [defects]" in err
