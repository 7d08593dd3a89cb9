"""Nature 561:88: algebra of excitons and dots, symmetry of masses, Bragg and Vegard, and a pattern with a known answer."""

import math

import pytest

RYDBERG, BOHR, HBAR2_OVER_M0, COULOMB = 13.605693, 0.529177, 7.61996, 14.399645  # eV, Å, eV Å2, eV Å
EDGES = {"Cl": 5.605, "Br": 5.874, "I": 6.289}  # Å, cubic
KA1 = 1.540593  # Å, Hölzer et al. 1997


@pytest.fixture
def found(ran):
    return ran("nature_561_88_bands")


@pytest.mark.parametrize(
    ("masses", "electron", "hole"), [("m_e 0.11, m_h 0.24", 0.11, 0.24), ("m_e 0.03, m_h 0.12", 0.03, 0.12)]
)
def test_exciton_of_the_published_masses(found, masses, electron, hole):
    row = found.one("published_masses", masses=masses)
    mu = electron * hole / (electron + hole)
    radius, permittivity = 48.0, 4.6
    kinetic = HBAR2_OVER_M0 * math.pi**2 / (2 * mu * radius**2)
    assert float(row["binding_energy"]) == pytest.approx(1000 * RYDBERG * mu / permittivity**2, rel=1e-5)
    assert float(row["bohr_radius"]) == pytest.approx(BOHR * permittivity / mu, rel=1e-5)
    assert float(row["permittivity_needed"]) == pytest.approx(math.sqrt(RYDBERG * mu / 0.049), rel=1e-5)
    assert float(row["dot_shift"]) == pytest.approx(
        kinetic - 1.786 * COULOMB / (permittivity * radius), rel=1e-4
    )


def test_49_mev_need_these_permittivities(found):
    needed = [round(float(row["permittivity_needed"]), 2) for row in found.of("published_masses")]
    assert needed == [4.58, 2.58]


def test_dots_shift_half_as_much_as_published(found):
    one = found.published("Shift of the gap in dots")
    assert one["published"] == pytest.approx(2.22 - 2.02)
    assert round(one["ours"], 2) == 0.10
    assert round(found.published("Radius that the shift")["ours"]) == 38


@pytest.mark.parametrize("halide", EDGES)
def test_the_hole_mass_is_one_in_every_direction(found, halide):
    """Not degenerate without coupling: cubic symmetry leaves one number as k -> 0. .12 and .24 m0 can't both be it."""
    holes = [
        float(row["mass"])
        for row in found.of("masses", halide=halide, coupling="scalar_relativistic", carrier="hole")
    ]
    assert len(holes) == 3
    assert max(holes) / min(holes) - 1 < 2e-3


@pytest.mark.parametrize("halide", EDGES)
def test_three_electron_branches_meet_without_coupling_and_one_pair_with_it(found, halide):
    free = found.of("masses", halide=halide, coupling="scalar_relativistic", carrier="electron")
    assert len(free) == 7  # R-X: three branches; R-M and R-Γ: a pair and a single one
    coupled = [
        float(row["mass"])
        for row in found.of("masses", halide=halide, coupling="spin_orbit", carrier="electron")
    ]
    assert len(coupled) == 3
    if halide != "I":  # whose gap nearly closes with coupling
        assert max(coupled) / min(coupled) - 1 < 0.01


@pytest.mark.parametrize("halide", EDGES)
def test_edges_are_at_r_and_coupling_narrows_the_gap(found, halide):
    gaps = {}
    for coupling in ("scalar_relativistic", "spin_orbit"):
        row = found.one("gap", halide=halide, coupling=coupling)
        assert (row["vbm"], row["cbm"], row["direct"]) == ("R", "R", "true")
        gaps[coupling] = float(row["gap"])
    assert gaps["spin_orbit"] < gaps["scalar_relativistic"] - 1.0  # lead


def bragg(d: float) -> float:
    return 2 * math.degrees(math.asin(KA1 / (2 * d)))


@pytest.mark.parametrize("halide", EDGES)
def test_peaks_of_the_end_members(found, halide):
    peaks = found.of("end_members", halide=halide)
    assert peaks
    for row in peaks:
        n = sum(int(row[index]) ** 2 for index in "hkl")
        assert float(row["two_theta"]) == pytest.approx(bragg(EDGES[halide] / math.sqrt(n)), abs=1e-5)


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.75])
def test_mixed_halides_follow_vegard(found, fraction):
    row = found.one("mixed", fraction=fraction)
    edge = (1 - fraction) * EDGES["Cl"] + fraction * EDGES["Br"]
    assert row["verdict"] == "enters"
    assert float(row["lattice_parameter"]) == pytest.approx(edge, abs=1e-9)
    assert float(row["two_theta_100"]) == pytest.approx(bragg(edge), abs=1e-5)
    assert float(row["shift_100"]) == pytest.approx(bragg(edge) - bragg(EDGES["Cl"]), abs=1e-5)


def test_made_pattern_gives_back_composition_and_size(found):
    """Made with x = .5 and 96 Å: see the heads of data/made_patterns."""
    row = found.one("dots")
    assert row["verdict"] == "entered"
    assert abs(float(row["bromide"]) - 0.5) < 3 * float(row["bromide_uncertainty"]) < 0.06
    for size in ("size_100", "size_110"):
        assert float(row[size]) == pytest.approx(96, rel=0.05)
