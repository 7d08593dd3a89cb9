"""J. Mater. Chem. C 13:12685: published H...X beside a measured salt and models whose geometry was set by hand."""

import math

import pytest

CY = {"Cl": 2.2721, "Br": 2.4278, "I": 2.6634}  # Å, printed there
MODELS = {"Cl": 2.25, "Br": 2.40, "I": 2.65}  # as data/hydrogen_bond_models were made


@pytest.fixture
def found(ran):
    return ran("j_mater_chem_c_13_12685_hydrogen_bonds")


@pytest.mark.parametrize("halide", CY)
def test_models_give_back_what_they_were_made_with(found, halide):
    row = found.one("models", structure=f"data/hydrogen_bond_models/model_{halide}.cif")
    assert float(row["h_a"]) == pytest.approx(MODELS[halide], abs=1e-6)
    assert float(row["d_a"]) == pytest.approx(MODELS[halide] + 1.036, abs=1e-6)  # linear, N-H 1.036 Å
    assert float(row["angle"]) == pytest.approx(180, abs=1e-4)
    assert row["motif"] == "chain"
    one = found.published(f"H...{halide} of CY-{halide} beside the model")
    assert one["published"] == CY[halide]
    assert one["difference"] == pytest.approx(MODELS[halide] - CY[halide], abs=1e-6)
    assert "No agreement" in one["why"]


def test_triangle_of_donor_hydrogen_acceptor_closes(found):
    """The law of cosines ties the four numbers of each row together."""
    rows = found.of("ornithine")
    assert len(rows) == 6  # NH3+ twice, three H each
    for row in rows:
        d_h, h_a, d_a, angle = (float(row[name]) for name in ("d_h", "h_a", "d_a", "angle"))
        closed = math.sqrt(d_h**2 + h_a**2 - 2 * d_h * h_a * math.cos(math.radians(angle)))
        assert d_a == pytest.approx(closed, abs=1e-6)


def test_chloride_bonds_of_the_measured_salt(found):
    bonds = {row["hydrogen"]: float(row["h_a"]) for row in found.of("ornithine", acceptor="Cl1")}
    assert set(bonds) == {"H2", "H11", "H12"}
    assert min(bonds, key=bonds.get) == "H2"
    assert all(2.1 < length < 2.95 for length in bonds.values())  # below H 1.20 + Cl 1.75 Å (Bondi)


def test_polar_axis_is_the_twofold_screw_axis(found):
    row = found.one("ornithine_packing")
    assert row["space_group"].startswith("P2_1")
    assert row["polarity"] == "polar along [010]"
    assert abs(float(row["dipole"])) > 1
