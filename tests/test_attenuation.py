"""Attenuation: two libraries, published values, closed forms, and what must not change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from validation import algebra, implementation, published

import perovchem as pc
from perovchem.attenuation import Filter, absorbed_fraction, attenuation
from perovchem.attenuation.tables import edges, mass_attenuation
from perovchem.errors import MissingDataError, UsageError
from perovchem.formula_text import element_amounts, short_names
from perovchem.photon_spectrum import PhotonSpectrum

ENERGIES = [30.0, 50.0, 70.0]
REFERENCE = {
    # name: formula, g/cm3, µ by xraylib's own total cross-section, µ_en of xraylib, 1/cm at 30, 50, 70 keV;
    # computed with xraylib (CS_Total, CS_Energy; version not recorded), apart from this package
    "CsPbCl3": ("CsPbCl3", 4.21, (73.59128, 33.15067, 13.80028), (62.19783, 21.86311, 9.67077)),
    "CdZnTe": ("Cd0.9Zn0.1Te", 5.78, (120.20754, 60.65427, 24.57631), (63.20286, 35.40158, 16.37664)),
    "a-Se": ("Se", 4.27, (68.17319, 16.50152, 6.60057), (52.86851, 13.39908, 5.19122)),
    "Si": ("Si", 2.329, (3.345521, 1.021291, 0.603161), (2.697644, 0.564042, 0.198926)),
    "CsPbBr3": ("CsPbBr3", 4.86, (98.48651, 37.45659, 15.39223), (80.06007, 25.92076, 11.13496)),
    "MAPbI3": ("MAPbI3", 4.16, (64.08923, 42.70817, 17.56001), (54.62393, 26.13781, 11.92335)),
}
GROWTH_PAPER = "10.1038/s41467-024-46712-y"


@pytest.mark.parametrize("name", REFERENCE)
def test_equal_to_another_library(validate, name) -> None:
    formula, density, total, absorbed = REFERENCE[name]
    found = attenuation(formula, density=density, energies=ENERGIES)
    validate(
        "Attenuation", "attenuation at 30, 50 and 70 keV", f"{name}, {density} g/cm3", unit="1/cm", digits=5,
        ours=found.attenuation, truth=total, relative=1e-3,
        source=implementation("xraylib", "CS_Total; ours by xraydb", version="not recorded"),
    )  # fmt: skip
    validate(
        "Attenuation", "energy absorption at 30, 50 and 70 keV", f"{name}, {density} g/cm3", unit="1/cm", digits=5,
        ours=found.energy_absorption, truth=absorbed, relative=1e-3,
        source=implementation("xraylib", "CS_Energy, called apart from the package", version="not recorded"),
    )  # fmt: skip


def test_lead_as_tabulated(validate) -> None:
    """Hubbell and Seltzer's table: 5.549 and 1.976 cm2/g."""
    lead = attenuation("Pb", density=11.35, energies=[100.0])
    nist = published("Hubbell and Seltzer 1995, NISTIR 5632")
    validate(
        "Attenuation", "mass attenuation of lead at 100 keV", "Pb", unit="cm2/g", ours=lead.mass_attenuation[0],
        truth=5.549, relative=1e-3, source=nist,
    )  # fmt: skip
    validate(
        "Attenuation", "mass energy absorption of lead at 100 keV", "Pb", unit="cm2/g",
        ours=lead.mass_energy_absorption[0], truth=1.976, relative=5e-3, source=nist,
    )  # fmt: skip


def test_published_crystals(validate) -> None:
    """Triple-cation crystal at 8 keV; 1 mm of CsPbCl3 for lines and a 70 kV tube: 99.8 % holds for 32 keV."""
    triple = attenuation("Cs0.02FA0.2MA0.78PbI3", density=4.1)
    thin = absorbed_fraction(triple, PhotonSpectrum.line(8.0), thickness=0.06)
    validate(
        "Attenuation", "part of the photons taken out", "60 µm Cs0.02FA0.2MA0.78PbI3, 4.1 g/cm3, line of 8 keV",
        ours=thin.photons_removed[0], truth=1.0, between=(0.995, 1.0), digits=4,
        source=published("practically all", GROWTH_PAPER),
    )  # fmt: skip
    crystal = attenuation("CsPbCl3", density=4.21)
    aluminum = (Filter("Al", 2.5),)
    cases = {
        "line of 32 keV": (PhotonSpectrum.line(32.0), (), (0.9975, 0.9985)),
        "line of 70 keV": (PhotonSpectrum.line(70.0), (), (0.74, 0.76)),
        "Kramers 70 kV from 5 keV": (PhotonSpectrum.kramers(70.0), (), (0.981, 0.998)),
        "Kramers 70 kV behind 2.5 mm Al": (PhotonSpectrum.kramers(70.0), aluminum, (0.98, 0.998)),
    }
    for name, (spectrum, sheets, limits) in cases.items():
        one = absorbed_fraction(crystal, spectrum, thickness=1.0, filters=sheets)
        said = published("99.8 % of a 70 kVp beam, spectrum not stated", "10.1007/s40820-026-02272-y")
        validate(
            "Attenuation", "part of the photons taken out", f"1 mm CsPbCl3, 4.21 g/cm3, {name}", digits=4,
            ours=one.photons_removed[0], truth=0.998, between=limits, source=said,
        )  # fmt: skip
        validate(
            "Attenuation", "part of the energy taken out", f"1 mm CsPbCl3, 4.21 g/cm3, {name}", digits=4,
            ours=one.energy_removed[0], truth=0.998, between=(min(limits[0], 0.97), limits[1]), source=said,
        )  # fmt: skip
        assert one.energy_deposited[0] < one.energy_removed[0] <= one.photons_removed[0] + 1e-12


def test_kramers_integrals_are_those_of_a_constant_coefficient() -> None:
    """Mean energy in closed form; panels integrate 1 to 1e-12."""
    for voltage, lowest in ((70.0, 5.0), (120.0, 1.0), (30.0, 29.0)):
        spectrum = PhotonSpectrum.kramers(voltage, lowest=lowest)
        number = voltage * math.log(voltage / lowest) - (voltage - lowest)
        assert spectrum.mean_energy() == pytest.approx((voltage - lowest) ** 2 / 2 / number, rel=1e-12)
        energies, photons = spectrum.nodes([33.17, 35.985])
        assert photons.sum() == pytest.approx(number, rel=1e-12)
        assert ((energies > lowest) & (energies < voltage)).all()


def test_a_spectrum_against_plain_integration() -> None:
    """Twin: adaptive quadrature between the edges, with nothing of ours but the tables."""
    parts = {"Cs": 132.90545, "Pb": 207.2, "Cl": 3 * 35.45}
    whole = sum(parts.values())

    def mu(energy: float) -> float:
        return 4.21 * sum(
            m / whole * float(mass_attenuation(s, np.array([energy]))[0]) for s, m in parts.items()
        )

    def photons(energy: float) -> float:
        aluminum = 2.7 * float(mass_attenuation("Al", np.array([energy]))[0])
        return (70 - energy) / energy * math.exp(-aluminum * 0.25)

    stops = sorted(edge.energy for s in parts for edge in edges(s) if 5 < edge.energy < 70)
    total = taken = 0.0
    for low, high in zip([5.0, *stops], [*stops, 70.0], strict=True):
        total += quad(photons, low, high, epsrel=1e-8)[0]
        taken += quad(lambda e: photons(e) * -math.expm1(-mu(e) * 0.1), low, high, epsrel=1e-8)[0]
    found = absorbed_fraction(
        attenuation("CsPbCl3", density=4.21),
        PhotonSpectrum.kramers(70),
        thickness=1.0,
        filters=[Filter("Al", 2.5)],
    )
    assert found.photons_removed[0] == pytest.approx(taken / total, rel=2e-6)


def test_thin_and_thick_limits(validate) -> None:
    """A thin slab takes out µ d; half-value layer ln 2/µ of a line; what two slabs take is what one of both takes."""
    crystal = attenuation("CsPbBr3", density=4.86, energies=[40.0])
    line = PhotonSpectrum.line(40.0)
    found = absorbed_fraction(crystal, line, thickness=[1e-9, 0.1, 0.2, 1000.0])
    assert found.photons_removed[0] == pytest.approx(crystal.attenuation[0] * 1e-10, rel=1e-9)
    assert 1 - found.photons_removed[2] == pytest.approx((1 - found.photons_removed[1]) ** 2, rel=1e-12)
    assert found.photons_removed[3] == 1.0
    assert found.half_value == pytest.approx(10 * math.log(2) / crystal.attenuation[0], rel=1e-9)
    behind = absorbed_fraction(crystal, line, thickness=0.1, filters=[Filter("Cu", 0.1)])
    assert behind.photons_removed[0] == pytest.approx(found.photons_removed[1], rel=1e-12)


@settings(max_examples=30)
@given(st.floats(0.01, 30), st.floats(20, 150), st.floats(0, 5))
def test_more_takes_out_more(thickness, voltage, aluminum) -> None:
    crystal = attenuation("MAPbI3", density=4.16, energies=[30.0])
    sheets = [Filter("Al", aluminum)] if aluminum > 0.01 else []
    depths = [thickness, 2 * thickness]
    found = absorbed_fraction(crystal, PhotonSpectrum.kramers(voltage), thickness=depths, filters=sheets)
    assert 0 < found.photons_removed[0] <= found.photons_removed[1] <= 1
    assert 0 <= found.energy_deposited[0] <= found.energy_removed[0] * (1 + 1e-12)


def test_a_table_is_the_spectrum_it_holds() -> None:
    """A Kramers spectrum written as a fine table takes the same; scale and order of magnitude do not count."""
    grid = np.geomspace(5, 70, 4000)
    table = PhotonSpectrum.from_table(grid, 1e12 * (70.0 - grid) / grid)
    crystal = attenuation("CsPbCl3", density=4.21, energies=[30.0])
    one, other = (
        absorbed_fraction(crystal, spectrum, thickness=0.3)
        for spectrum in (PhotonSpectrum.kramers(70), table)
    )
    assert one.photons_removed[0] == pytest.approx(other.photons_removed[0], rel=1e-5)


def test_formula_crystal_and_atoms_are_one_material() -> None:
    """Order, multiples and the cell do not matter."""
    crystal = pc.read_structure("CsPbCl3_cubic")
    by_cell = attenuation(crystal, energies=ENERGIES)
    by_text = attenuation("Cl3PbCs", density=crystal.density, energies=ENERGIES)
    by_atoms = attenuation({"Pb": 2, "Cs": 2, "Cl": 6}, density=crystal.density, energies=ENERGIES)
    np.testing.assert_allclose(by_cell.attenuation, by_text.attenuation, rtol=1e-12)
    np.testing.assert_allclose(by_cell.attenuation, by_atoms.attenuation, rtol=1e-12)
    assert "from the cell" in by_cell.density_source
    assert by_text.density_source == "given"


def test_effective_numbers() -> None:
    """Of an element all are Z; scaling adds up over atoms: Z_eff⁴/A of a mixture is that of its parts by mass."""
    lead = attenuation("Pb", density=11.3, energies=[50.0]).effective
    assert (lead.photoelectric, lead.by_mass, lead.mayneord) == pytest.approx((82, 82, 82))
    found = attenuation("CsPbCl3", density=4.21, energies=[50.0])
    masses = {"Cs": 132.90545196, "Pb": 207.2, "Cl": 35.45}
    numbers = {"Cs": 55, "Pb": 82, "Cl": 17}
    added = sum(part * numbers[s] ** 4 / masses[s] for s, part in found.mass_fractions.items())
    assert found.effective.scaling(50.0) == pytest.approx(added / 50**3, rel=1e-6)


def test_edges_of_the_material() -> None:
    found = attenuation("CsPbCl3", density=4.21)
    assert [(edge.element, round(edge.energy, 2)) for edge in found.edges if edge.shell == "K"] == [
        ("Pb", 88.0),
        ("Cs", 35.98),
        ("Cl", 2.82),
    ]  # fmt: skip  Bearden and Burr 1967: 88.005, 35.985, 2.822 keV
    below, above = attenuation("CsPbCl3", density=4.21, energies=[35.98, 35.99]).attenuation
    assert above > 1.5 * below


@pytest.mark.parametrize(
    ("material", "options", "words"),
    [
        ("CsPbCl3", {}, "density of CsPbCl3 is not known"),
        ("CsPbCl3", {"density": -1.0}, "a density of -1"),
        ("CsPbCl3", {"density": math.nan}, "a density of nan"),
        ("CsPbXx3", {"density": 4.0}, "cannot read 'Xx3'"),
        ("CsPbCl3", {"density": 4.21, "energies": [0.05]}, "0.05 keV is outside"),
        ("CsPbCl3", {"density": 4.21, "energies": [900.0]}, "900 keV is outside"),
        ("CsPbCl3", {"density": 4.21, "energies": []}, "energies"),
    ],
)
def test_refusals(material, options, words) -> None:
    with pytest.raises(UsageError, match=words):
        attenuation(material, **options)


def test_refused_thicknesses_spectra_and_filters() -> None:
    crystal = attenuation("CsPbCl3", density=4.21, energies=[30.0])
    for thickness in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="thickness is not above 0"):
            absorbed_fraction(crystal, PhotonSpectrum.line(30), thickness=thickness)
    with pytest.raises(UsageError, match="density of the filter"):
        absorbed_fraction(crystal, PhotonSpectrum.line(30), thickness=1, filters=[Filter("H2O", 1.0)])
    with pytest.raises(UsageError, match="leave no photons"):
        absorbed_fraction(crystal, PhotonSpectrum.line(10), thickness=1, filters=[Filter("Pb", 100.0)])
    for wrong in (lambda: PhotonSpectrum.kramers(70, lowest=80), lambda: PhotonSpectrum.line(0.01)):
        with pytest.raises(UsageError):
            wrong()


def test_undefined_energy_absorption_is_told() -> None:
    """Above 300 keV xraylib's values exceed the attenuation: none is given, and no fraction deposited."""
    lead = attenuation("Pb", density=11.35, energies=[100.0, 500.0])
    assert np.isnan(lead.mass_energy_absorption).tolist() == [False, True]
    assert lead.n_undefined == 1
    assert "not tabulated at 1 of 2" in lead.notes[0]
    hard = absorbed_fraction(lead, PhotonSpectrum.line(500.0), thickness=1.0)
    assert math.isnan(hard.energy_deposited[0])
    assert hard.to_dict()["energy_deposited"] == [None]
    with pytest.raises(MissingDataError, match="not tabulated"):
        attenuation("Lr", density=10.0, energies=[30.0])


def test_short_names_are_the_molecules_they_stand_for() -> None:
    assert element_amounts("FAPbI3")[0] == element_amounts("CH5N2PbI3")[0]
    assert element_amounts("MAPbI3")[0] == element_amounts("CH3NH3PbI3")[0]
    for short in short_names():
        assert sum(element_amounts(short)[0].values()) >= 4
    with pytest.raises(UsageError, match="cannot read"):
        element_amounts("Cs(Pb")


def test_reader(tmp_path) -> None:
    path = tmp_path / "beam.csv"
    path.write_text("# SpekPy\nEnergy [eV]; fluence\n20000; 1\n40000; 3\n60000; 0\n")
    spectrum = pc.read_photon_spectrum(path)
    np.testing.assert_allclose(spectrum.energies, [20, 40, 60])
    np.testing.assert_allclose(spectrum.photons, [1 / 3, 1, 0])
    assert spectrum.provenance.inputs
    for text, words in (
        ("", "empty"), ("a,b\n", "no numbers"), ("10,1\n9,1\n", "point 2"), ("10,1\nx,2\n", "line 2"),
        ("10,-1\n20,1\n", "point 1"), ("10,1\n", "1"), ("10,0\n20,0\n", "no photons"), ("10,1\n2000,1\n", "point 2"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(pc.PerovchemError, match=words):
            pc.read_photon_spectrum(path)


def test_a_fine_grid_of_nodes_changes_nothing(validate) -> None:
    """A layer that takes the same part of every photon: the mean is that part, whatever the spectrum."""
    crystal = attenuation("C", density=2.267, energies=[30.0])
    found = absorbed_fraction(crystal, PhotonSpectrum.kramers(40, lowest=39.9999), thickness=1.0)
    alone = absorbed_fraction(crystal, PhotonSpectrum.line(39.99993), thickness=1.0)
    validate(
        "Attenuation", "part of the photons taken out", "1 mm C, Kramers 40 kV cut to .1 eV",
        ours=found.photons_removed[0], truth=alone.photons_removed[0], relative=1e-6,
        source=algebra("of the line it shrinks to"),
    )  # fmt: skip
