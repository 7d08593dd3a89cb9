"""Ranking: only among equals, and whether it survives treatments, conformers and uncertainties."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders_cycles import study
from builders_molecules import calculation

from perovchem.binding import binding
from perovchem.errors import UsageError
from perovchem.units import KILOJOULE_PER_MOLE


def pair(first: Any, second: Any, **changes: Any) -> dict[str, Any]:
    """Two isomerizations of the same stoichiometry."""
    start = calculation(("H", "H"), np.eye(3)[:2], -1.0, wavenumbers=[4000.0], name="start")
    components: dict[str, Any] = {"start": {"state": "gas", "files": [start]}}
    for name, files in (("one", first), ("two", second)):
        components[name] = {"state": "gas", "role": "end", "files": files}
    cycles = {name: {"reactants": {"start": 1}, "products": {name: 1}} for name in ("one", "two")}
    return {"components": components, "cycles": cycles, **changes}


def hydrogen(energy: float, wavenumber: float, name: str, **more: Any) -> Any:
    return calculation(("H", "H"), np.eye(3)[:2], energy, wavenumbers=[wavenumber], name=name, **more)


def test_equal_stoichiometries_are_ranked_and_others_are_not() -> None:
    found = binding(study())
    assert len(found.ranking) == 1 and set(found.ranking[0].order) == {"MACl", "MABr", "MAI"}
    order = found.ranking[0].order
    values = [found.value(name) for name in order]
    assert values == sorted(values)
    assert [one.reference for one in found.exchanges] == ["none"] * 3
    assert found.ranking[0].stoichiometry == "2 DMSO + CsCl + PbCl2 + amine salt -> solution" or (
        found.ranking[0].stoichiometry == "CsCl + 2 DMSO + PbCl2 + amine salt -> solution"
    )
    assert found.rank(["MAI", "MACl"]).order == tuple(name for name in order if name != "MABr")


def test_refusal_offers_the_balanced_exchange() -> None:
    found = binding(study())
    with pytest.raises(UsageError) as caught:
        found.rank(["none", "MAI"])
    text = str(caught.value)
    assert "unlike stoichiometry" in text and "none + MAI -> with I" in text.replace(
        "MAI + none", "none + MAI"
    )
    exchange = found.exchange("MAI", "none")
    assert exchange.difference == pytest.approx(found.value("MAI") - found.value("none"), abs=1e-10)
    assert f"{exchange.difference / KILOJOULE_PER_MOLE:.1f} kJ/mol" in text
    # the exchange is itself a cycle that balances, and gives the same number
    declared = study()
    declared["cycles"]["exchange"] = {"reactants": {"none": 1, "MAI": 1}, "products": {"with I": 1}}
    assert binding(declared).value("exchange") == pytest.approx(exchange.difference, abs=1e-10)


def test_roles_decide_what_may_stand_for_what() -> None:
    changed = study()
    for halide in ("Cl", "Br", "I"):
        del changed["components"][f"MA{halide}"]["role"]
    found = binding(changed)
    assert found.ranking == ()
    with pytest.raises(UsageError, match="unlike stoichiometry"):
        found.rank(["MAI", "MACl"])


def test_faults_of_ranking() -> None:
    found = binding(study())
    with pytest.raises(UsageError, match="did you mean 'MAI'"):
        found.rank(["MAi", "MACl"])
    with pytest.raises(UsageError, match="fewer than two"):
        found.rank(["MAI"])
    with pytest.raises(UsageError, match="no cycle 'nothing'"):
        found.row("nothing")


def test_treatments_that_disagree_are_named() -> None:
    """Below 100 1/cm Truhlar takes entropy away: the soft end wins by RRHO and loses by Truhlar."""
    found = binding(pair([hydrogen(-1.0, 10.0, "soft")], [hydrogen(-1.03, 100.0, "stiff")], treatment="rrho"))
    ranking = found.ranking[0]
    assert ranking.order_by_treatment["rrho"] == ("one", "two")
    assert ranking.order_by_treatment["truhlar"] == ("two", "one")
    assert ranking.survives_treatments is False
    assert "depends on the treatment" in ranking.sentence and "truhlar: two < one" in ranking.sentence
    same = binding(pair([hydrogen(-1.0, 400.0, "a")], [hydrogen(-2.0, 400.0, "b")])).ranking[0]
    assert same.survives_treatments is True and "all treatments give this order" in same.sentence


def test_choice_of_conformers() -> None:
    close = pair([hydrogen(-1.0, 400.0, "a"), hydrogen(-0.5, 400.0, "a high")], [hydrogen(-0.8, 400.0, "b")])
    ranking = binding(close).ranking[0]
    assert ranking.survives_conformers is False and "choice of conformers alone can turn" in ranking.sentence
    low, high = ranking.neighbors[0].conformer_range
    assert (low, high) == pytest.approx((-0.3, 0.2), abs=1e-9)
    apart = pair([hydrogen(-1.0, 400.0, "a"), hydrogen(-0.9, 400.0, "a high")], [hydrogen(-0.8, 400.0, "b")])
    assert binding(apart).ranking[0].survives_conformers is True
    single = pair([hydrogen(-1.0, 400.0, "a")], [hydrogen(-0.8, 400.0, "b")])
    assert binding(single).ranking[0].survives_conformers is None


def test_shared_conformers_cancel() -> None:
    shared = pair([hydrogen(-1.0, 400.0, "a")], [hydrogen(-0.8, 400.0, "b")])
    start = shared["components"]["start"]["files"][0]
    shared["components"]["start"]["files"].append(replace(start, energy=-0.2, name="start high"))
    found = binding(shared)
    assert found.ranking[0].survives_conformers is None
    assert found.row("one").conformer_range[1] - found.row("one").conformer_range[0] == pytest.approx(
        0.8, abs=1e-9
    )


def test_uncertainties() -> None:
    near = pair([hydrogen(-1.0, 400.0, "a", energy_su=0.05)], [hydrogen(-0.8, 400.0, "b", energy_su=0.1)])
    start = near["components"]["start"]
    start["files"] = [replace(start["files"][0], energy_su=3.0)]  # cancels between the two
    found = binding(near)
    one = found.ranking[0].neighbors[0]
    assert one.uncertainty == pytest.approx(np.hypot(0.05, 0.1))
    assert found.ranking[0].survives_uncertainties is False and "undecided" in found.ranking[0].sentence
    assert found.row("one").uncertainty == pytest.approx(np.hypot(3.0, 0.05))
    far = pair([hydrogen(-1.0, 400.0, "a", energy_su=0.05)], [hydrogen(-0.5, 400.0, "b", energy_su=0.1)])
    assert binding(far).ranking[0].survives_uncertainties is True
    silent = pair([hydrogen(-1.0, 400.0, "a")], [hydrogen(-0.8, 400.0, "b")])
    assert binding(silent).ranking[0].survives_uncertainties is None
    assert "no uncertainty is stated" in binding(silent).ranking[0].sentence


def test_per_ion() -> None:
    found = binding(study())
    assert found.row("none").n_ions == 5 and found.row("MAI").n_ions == 7
    assert found.row("MAI").per_ion == pytest.approx(found.row("MAI").delta_g / 7)


def test_result_in_all_its_forms() -> None:
    found = binding(study(title="amine salts"))
    table = found.to_dataframe()
    assert list(table["cycle"]) == ["none", "MACl", "MABr", "MAI"]
    assert table.attrs["units"]["delta_g"] == "eV" and table.attrs["units"]["delta_g_truhlar"] == "eV"
    contributions = found.contributions_dataframe()
    sums = contributions.groupby("cycle")["contribution"].sum()
    for row in found.rows:
        assert sums[row.name] == pytest.approx(row.delta_g, abs=1e-9)
    assert set(found.conformers_dataframe()["component"]) == set(study()["components"])
    document = json.loads(found.to_json())
    result = document["results"][0]
    assert {"rows", "ranking"} <= set(result)
    assert {"name", "delta_g", "uncertainty", "per_treatment"} <= set(result["rows"][0])
    assert result["rows"][0]["uncertainty"] is None
    assert document["units"]["delta_g"] == "eV"
    assert "4 cycles" in repr(found) and "kJ/mol" in repr(found)
