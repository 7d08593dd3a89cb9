"""The search finds the published minima of seven atoms, goes on where it stopped, and loses no start in silence."""

from __future__ import annotations

import numpy as np
import pytest
from builders_lennard_jones import LennardJones, NoField

from perovchem.compute.search import TAKEN, distinct, twins
from perovchem.compute.species import read_request
from perovchem.compute.study import study
from perovchem.errors import FormatError, MissingDataError

#: Energies in ε of the four minima of seven Lennard-Jones atoms: Tsai & Jordan, J. Phys. Chem. 97, 11227 (1993); the lowest
#: also in Wales & Doye 1997, doi 10.1021/jp970984n.
MINIMA = (-16.505384, -15.935043, -15.593211, -15.533060)

SEVEN = """
seed = 3
starts = 20
relocations = 10
keep = 2
[parts.Ar]
[parts.Kr]
[species.seven]
parts = { Ar = 7 }
[species.relative]
parts = { Ar = 6, Kr = 1 }
starts = 1
relocations = 0
like = ["seven"]
"""


@pytest.fixture
def request_of(tmp_path):
    def make(text: str = SEVEN):
        path = tmp_path / "species.toml"
        path.write_text(text, encoding="utf-8")
        return read_request(path)

    return make


def test_published_minima(request_of):
    (found,) = study(request_of(), ["seven"], LennardJones())
    assert len(found.trials) == 30
    energies = [trial.energy for trial in distinct(found.species, found.trials)]
    assert energies[0] == pytest.approx(MINIMA[0], abs=1e-5)
    # every relaxed structure is one of the four, and each stands once
    assert all(min(abs(energy - minimum) for minimum in MINIMA) < 1e-5 for energy in energies)
    assert len(energies) <= len(MINIMA)
    assert len(energies) >= 3
    relaxed = [trial for trial in found.trials if trial.fate == "relaxed"]
    assert len(twins(found.species, found.trials)) == len(relaxed) - len(energies)
    assert [trial.energy for trial in found.kept] == pytest.approx(list(MINIMA[:2]), abs=1e-5)
    assert all(len(trial.wavenumbers) == 15 and trial.wavenumbers[0] > 0 for trial in found.kept)


def test_goes_on_where_it_stopped(request_of):
    """Interrupted after 12 relaxations, then finished: the same structures, and none computed twice."""
    request = request_of()
    (whole,) = study(request, ["seven"], engine := LennardJones())
    for path in (request.results / "journal").iterdir():
        path.unlink()
    with pytest.raises(KeyboardInterrupt):
        list(study(request, ["seven"], LennardJones(fails_after=12)))
    journal = request.results / "journal" / "seven.jsonl"
    with journal.open("a", encoding="utf-8") as handle:
        handle.write('{"kind": "random", "number": 12, "posi')  # the last line was cut off
    (again,) = study(request, ["seven"], second := LennardJones())
    assert second.relaxations == engine.relaxations - 12
    assert [t.named for t in again.trials] == [t.named for t in whole.trials]
    # the journal keeps eight digits of an Å
    assert [t.energy for t in again.trials] == pytest.approx([t.energy for t in whole.trials], abs=1e-6)
    (third,) = study(request, ["seven"], idle := LennardJones())
    assert idle.relaxations == 0
    assert np.allclose(third.kept[0].positions, again.kept[0].positions, atol=1e-7)


def test_takes_over(request_of):
    """One start of its own, the rest from the relative: as LJ knows no elements, they are the relative's minima."""
    (found,) = study(request_of(), ["relative"], LennardJones())
    assert [trial.kind for trial in found.trials] == ["random"] + ["exchanged"] * TAKEN
    assert found.species == ("Ar",) * 6 + ("Kr",)
    assert found.kept[0].energy == pytest.approx(MINIMA[0], abs=1e-5)
    assert found.trials[1].origin.startswith("seven ")


def test_lost_starts_are_listed(request_of):
    """A start without energy has its row; the search goes on."""
    (found,) = study(request_of(SEVEN.replace("keep = 2", "keep = 1")), ["seven"], NoField())
    fates = [trial.fate for trial in found.trials]
    assert len(fates) == 30
    assert fates.count("no energy") >= 10
    assert "relaxed" in fates


def test_nothing_relaxed(request_of):
    class Never(LennardJones):
        def relax(self, *_arguments):
            return NoField().relax(*_arguments)

    with pytest.raises(MissingDataError, match="none of 20 starts of seven relaxed"):
        list(study(request_of(), ["seven"], Never()))


def test_another_seed_is_another_journal(request_of):
    list(study(request_of(), ["relative"], LennardJones()))
    with pytest.raises(FormatError, match="it belongs to another search"):
        list(study(request_of(SEVEN.replace("seed = 3", "seed = 4")), ["relative"], LennardJones()))
