"""``perovchem compute`` on the kept study: everything is there, so no engine is asked for."""

from __future__ import annotations

import json
from pathlib import Path

REQUEST = Path(__file__).parents[2] / "workflows" / "cspbcl3_amine_salts_species.toml"


def test_table(typed):
    code, out, _ = typed("compute", REQUEST)
    assert code == 0
    assert "solution_MAI" in out
    assert "xtb GFN2-xTB" in out


def test_json(typed, tmp_path):
    code, out, _ = typed("compute", REQUEST, "--only", "MACl", "--json", "--output", tmp_path / "out")
    assert code == 0
    found = json.loads(out)
    assert found["units"]["energy_range"] == "eV"
    (species,) = found["results"][0]["species"]
    assert species["arranged"] == "CH5N + ClH"
    assert species["n_starts"] >= 20
    assert (tmp_path / "out" / "species.csv").is_file()
    assert (tmp_path / "out" / "page.html").is_file()


def test_refused(typed, tmp_path):
    code, _, err = typed("compute", REQUEST, "--only", "MAC")
    assert (code, "did you mean 'MACl'" in err) == (2, True)
    code, _, err = typed("compute", tmp_path / "none.toml")
    assert (code, "no such file" in err) == (1, True)


def test_extra_missing(typed, tmp_path, monkeypatch):
    """Where no engine is installed, the message says what to install."""
    from perovchem.compute import engine

    monkeypatch.setattr(engine, "installed", lambda: ())
    path = tmp_path / "species.toml"
    path.write_text("[parts.Cs]\ncharge = 1\n[species.Cs]\nparts = { Cs = 1 }\n", encoding="utf-8")
    code, _, err = typed("compute", path)
    assert code == 1
    assert "pip install 'perovchem[compute]'" in err
