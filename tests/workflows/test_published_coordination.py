"""Nat. Commun. 15:2390: boxes by algebra, sums over shells and links, and what the runs can't say."""

import math

import pytest

MASSES = {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "I": 126.90447, "Pb": 207.2}  # IUPAC
AVOGADRO = 6.02214076e23


@pytest.fixture
def found(ran):
    return ran("nat_commun_15_2390_coordination")


@pytest.mark.parametrize(
    ("run", "solvent", "edge"),
    [
        ("2me_solution", {"C": 3, "H": 8, "O": 2}, 17.9),
        ("gbl_solution", {"C": 4, "H": 6, "O": 2}, 15.9),
    ],
)
def test_density_and_concentration_are_those_of_the_published_box(found, run, solvent, edge):
    salt = {"Pb": 3, "I": 9, "C": 3, "N": 3, "H": 18}  # 3 PbI2 + 3 CH3NH3I
    mass = sum(MASSES[e] * n for e, n in salt.items()) + 21 * sum(MASSES[e] * n for e, n in solvent.items())
    row = found.one("coordination", run=run)
    volume = edge**3 * 1e-24  # cm3
    assert float(row["density"]) == pytest.approx(mass / AVOGADRO / volume, rel=1e-4)
    assert float(row["concentration"]) == pytest.approx(3 / AVOGADRO / (volume / 1000), rel=1e-4)


def test_published_differences_are_ours_minus_published(found):
    for one in found.screen["published"]:
        if isinstance(one["published"], int | float):
            assert one["difference"] == pytest.approx(one["ours"] - one["published"])
        elif not isinstance(one["ours"], str):
            assert one["difference"] is None  # a word and a number


@pytest.mark.parametrize("step", ["coordination", "like_density"])
def test_every_center_has_one_strongest_link(found, step):
    for row in found.of(step):
        assert math.isclose(
            sum(float(row[kind]) for kind in ("isolated", "corner", "edge", "face")), 1, abs_tol=1e-9
        )


def test_two_rooms_count_the_same_ligands(found):
    """g(r) integrated to the cutoffs, bin by bin, and bonds counted one by one; bins are .05 Å wide."""
    for run in ("2me_solution", "gbl_solution"):
        shells = found.one("pairs", run=run)
        bonds = float(found.one("coordination", run=run)["coordination_number"])
        assert float(shells["pb_i_number"]) + float(shells["pb_o_number"]) == pytest.approx(bonds, abs=0.02)


def test_edge_links_of_the_published_order(found):
    """In GBL edges come after corners, and last."""
    row = found.one("coordination", run="gbl_solution")
    assert float(row["first_lasting_corner"]) < float(row["first_lasting_edge"])
    assert float(row["edge"]) > 0


def test_no_diffusion_coefficient_from_four_picoseconds(found):
    for step in ("lead_diffusion", "methylammonium_diffusion"):
        for row in found.of(step):
            assert row["diffusion_coefficient"] == ""
            assert row["verdict"] != "diffusive"
            assert float(row["upper_bound"]) > 0


@pytest.mark.parametrize("pair", ["Pb-I", "Pb-O"])
def test_radial_maxima_lie_beyond_those_without_phase_correction(found, pair):
    """A missing phase correction makes R-space maxima about .3 to .5 Å short, and never long."""
    one = found.published(f"{pair}, most frequent")
    assert 0.25 < one["difference"] < 0.65
    assert "phase correction" in one["why"]


def test_like_density_is_beside(found):
    dense = {row["run"]: float(row["density"]) for row in found.of("like_density")}
    assert dense["2me_dense_solution"] > dense["gbl_solution"] > dense["2me_solution"]
