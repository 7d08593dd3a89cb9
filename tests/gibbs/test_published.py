"""Entropies of gases from measured geometries and fundamentals, beside calorimetric and spectroscopic tables."""

from __future__ import annotations

import numpy as np
import pytest
from builders_molecules import calculation
from validation import published

from perovchem.gibbs import gibbs
from perovchem.units import KILOJOULE_PER_MOLE

# fundamentals (1/cm): Shimanouchi 1972, doi 10.6028/NBS.NSRDS.39
# geometries (Å): Harmony et al. 1979, doi 10.1063/1.555605; benzene: Herzberg, Electronic Spectra of Polyatomic Molecules
# entropies, J/(mol K) at 298.15 K and 1 bar: NIST-JANAF tables, doi 10.18434/T42S31; benzene: NIST WebBook, 10.18434/T4D303


def water() -> tuple[tuple[str, ...], np.ndarray]:
    half = np.radians(104.51 / 2)
    return ("O", "H", "H"), 0.9575 * np.array(
        [[0, 0, 0], [0, np.sin(half), np.cos(half)], [0, -np.sin(half), np.cos(half)]]
    )


def pyramid(center: str, bond: float, angle: float) -> tuple[tuple[str, ...], np.ndarray]:
    # three bonds with equal angles between them: sin(angle/2) = (√3/2) sin(tilt)
    tilt = np.arcsin(2 / np.sqrt(3) * np.sin(np.radians(angle) / 2))
    turns = 2 * np.pi * np.arange(3) / 3
    tips = np.column_stack(
        [np.sin(tilt) * np.cos(turns), np.sin(tilt) * np.sin(turns), np.full(3, np.cos(tilt))]
    )
    return (center, "H", "H", "H"), np.concatenate([np.zeros((1, 3)), bond * tips])


def line(*places: tuple[str, float]) -> tuple[tuple[str, ...], np.ndarray]:
    return tuple(symbol for symbol, _ in places), np.array([[0, 0, z] for _, z in places], float)


def methane() -> tuple[tuple[str, ...], np.ndarray]:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return ("C", "H", "H", "H", "H"), np.concatenate([np.zeros((1, 3)), 1.094 * corners])


def benzene() -> tuple[tuple[str, ...], np.ndarray]:
    turns = 2 * np.pi * np.arange(6) / 6
    ring = np.column_stack([np.cos(turns), np.sin(turns), np.zeros(6)])
    return ("C",) * 6 + ("H",) * 6, np.concatenate([1.397 * ring, (1.397 + 1.084) * ring])


BENZENE = [
    3062, 992, 1326, 673, 3068, 1010, 995, 703, 1310, 1150,
    *np.repeat([849, 3063, 1486, 1038, 3047, 1596, 1178, 606, 975, 410], 2),
]  # fmt: skip
GASES = {
    "H2O": (water(), [3657, 1595, 3756], 2, 188.834, 0.25),
    "CO2": (line(("O", -1.160), ("C", 0), ("O", 1.160)), [1333, 667, 667, 2349], 2, 213.795, 0.15),
    "HCN": (line(("H", -1.0655), ("C", 0), ("N", 1.1532)), [3311, 712, 712, 2097], 1, 201.828, 0.15),
    "N2": (line(("N", 0), ("N", 1.0977)), [2330], 2, 191.609, 0.15),
    "CH4": (methane(), [2917, 1534, 1534, 3019, 3019, 3019, 1306, 1306, 1306], 12, 186.251, 0.25),
    "NH3": (pyramid("N", 1.0116, 106.7), [3337, 950, 3444, 3444, 1627, 1627], 3, 192.774, 0.4),
    "C6H6": (benzene(), BENZENE, 12, 269.2, 0.5),
    "Ar": (line(("Ar", 0)), [], 1, 154.845, 0.05),
}


@pytest.mark.parametrize("name", GASES)
def test_standard_entropy(name: str, validate) -> None:
    (species, places), fundamentals, number, entropy, allowed = GASES[name]
    found = gibbs(calculation(species, places, wavenumbers=fundamentals), pressure=1e5, treatment="rrho")
    assert found.symmetry_number == number
    validate(
        "Gibbs energies", "standard entropy", name, unit="J/(mol K)", ours=1e3 * found.entropy / KILOJOULE_PER_MOLE,
        truth=entropy, source=published("NIST-JANAF tables" if name != "C6H6" else "NIST Chemistry WebBook",
                                        "10.18434/T42S31" if name != "C6H6" else "10.18434/T4D303"),
        absolute=allowed, digits=4,
    )  # fmt: skip


def test_enthalpy_of_water_vapor(validate) -> None:
    (species, places), fundamentals, _, _, _ = GASES["H2O"]
    found = gibbs(calculation(species, places, wavenumbers=fundamentals), pressure=1e5, treatment="rrho")
    ours = (found.enthalpy - found.energy - found.zpe) / KILOJOULE_PER_MOLE
    validate(
        "Gibbs energies", "enthalpy", "H2O, 298.15 K above 0 K", unit="kJ/mol", ours=ours, truth=9.904,
        source=published("NIST-JANAF tables", "10.18434/T42S31"), absolute=0.03, digits=3,  # a classical rotor
    )  # fmt: skip
