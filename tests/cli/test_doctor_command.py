"""``perovchem doctor``, ``workflows`` and ``demo``: what stands on the screen, and the exit code."""

from __future__ import annotations

import json

from perovchem import installation
from perovchem.installation import Finding, examine

REQUIRED = {"": [("numpy", "2.1"), ("no-such-package", "1.0")], "compute": [("tblite", "0.4")]}


def named(found: tuple[Finding, ...], name: str) -> Finding:
    (one,) = [finding for finding in found if finding.name == name]
    return one


def test_here_everything_that_is_needed_is_there(typed) -> None:
    code, out, err = typed("doctor", "--full")
    assert (code, err) == (0, "")
    assert out.endswith("Everything that is needed is there.\n")
    assert "6 Cl around Pb in CsPbCl3" in out  # a cubic perovskite's octahedron
    assert max(map(len, out.splitlines())) <= 110


def test_what_is_missing_or_too_old_is_wrong_and_ends_with_1(monkeypatch, typed) -> None:
    monkeypatch.setattr(installation, "_requirements", lambda: REQUIRED)
    monkeypatch.setattr(installation, "_version", {"numpy": "1.26.4", "tblite": ""}.get)
    found = examine()
    assert named(found, "no-such-package").state == "wrong"
    assert "pip install 'no-such-package>=1.0'" in named(found, "no-such-package").sentence
    assert (named(found, "numpy").state, named(found, "numpy").needed) == ("wrong", "2.1")
    assert named(found, "compute").state == "absent"  # an extra can be done without
    assert "GFN2-xTB" in named(found, "compute").sentence
    assert "pip install 'perovchem[compute]'" in named(found, "compute").sentence
    code, out, _ = typed("doctor")
    assert code == 1
    assert "2 to mend" in out
    code, out, _ = typed("doctor", "--json")
    assert code == 1
    rows = json.loads(out)["results"]
    assert [row["name"] for row in rows if row["state"] == "wrong"] == ["numpy", "no-such-package"]


def test_workflows_are_listed_and_copied_with_what_they_read(typed, tmp_path) -> None:
    code, out, _ = typed("workflows")
    assert code == 0
    assert "nature_561_88_bands: " in out and "10.1038/s41586-018-0451-1" in out
    code, out, err = typed("workflows", "nature_561_88", "--json", "-o", tmp_path)
    assert code == 0
    (row,) = json.loads(out)["results"]
    assert row["name"] == "nature_561_88_bands"
    copied = (tmp_path / "workflows" / "nature_561_88_bands.toml").parent
    assert (copied / "../examples/data/cesium_lead_halide_bands/CsPbCl3_spin_orbit.json").exists()
    assert str(copied) in err
    code, _, err = typed("workflows", "nature_99")
    assert code == 2 and "Fix: " in err


def test_the_demo_is_the_command_of_the_front_page(typed, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = typed("demo", "there")
    assert code == 0, err
    assert err.startswith(
        "$ perovchem coordination 2me_solution gbl_solution --center Pb --ligand I --ligand O"
    )
    assert "there/page.html" in out
    text = (tmp_path / "there" / "page.html").read_text(encoding="utf-8")
    assert "perovchem coordination 2me_solution gbl_solution" in text
