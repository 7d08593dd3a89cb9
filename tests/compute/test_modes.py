"""Normal modes beside algebra, and beside the projection of the room that computes Gibbs energies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import constants

from perovchem.calculation import Calculation
from perovchem.compute.modes import finite_differences, free_motions, masses_of, normal_modes, vibrations
from perovchem.gibbs.modes import select_modes
from perovchem.level_of_theory import LevelOfTheory
from perovchem.units import BOHR, HARTREE


class Springs:
    """An engine: harmonic springs between all atoms, at rest in the structure that it is made with."""

    name, version, solvent = "springs", "1", ""

    def __init__(self, rest, constant=5.0):
        self._rest = self._lengths(rest)
        self._constant = constant  # eV/Å2

    @staticmethod
    def _lengths(positions):
        return np.linalg.norm(positions[:, None] - positions[None], axis=2)

    def energy_and_gradient(self, species, positions, charge):
        between = positions[:, None] - positions[None]
        lengths = self._lengths(positions) + np.eye(len(species))
        stretch = (lengths - self._rest - np.eye(len(species))) * self._constant
        energy = (stretch**2).sum() / self._constant / 4
        gradient = (stretch / lengths)[:, :, None] * between
        return energy / HARTREE, gradient.sum(axis=1) / HARTREE * BOHR


def wavenumber(curvature: float, mass: float) -> float:
    """Return sqrt(k/m)/(2 pi c) in 1/cm of eV/Å2 and u."""
    return float(
        np.sqrt(curvature * constants.e * 1e20 / (mass * constants.atomic_mass))
        / (2 * np.pi * constants.c)
        / 100
    )


def test_diatomic():
    """One mode of a linear molecule: sqrt(k/μ)."""
    positions = np.array([[0, 0, 0], [1.0, 0.5, 0.2]])
    hessian = finite_differences(Springs(positions), ("Cs", "Cl"), positions, 0)
    waves, vectors = normal_modes(hessian, positions, masses_of(("Cs", "Cl")))
    reduced = 132.90545196 * 35.45 / (132.90545196 + 35.45)
    assert len(waves) == 1
    assert waves[0] == pytest.approx(wavenumber(5.0, reduced), rel=1e-5)
    assert np.linalg.norm(vectors) == pytest.approx(1.0)


def test_triangle():
    """Three equal masses on equal springs: 3k/m once (breathing), 3k/2m twice."""
    corners = np.array([[np.cos(a), np.sin(a), 0.0] for a in (0.1, 0.1 + 2 * np.pi / 3, 0.1 + 4 * np.pi / 3)])
    hessian = finite_differences(Springs(corners), ("Cl",) * 3, corners, 0)
    waves, _ = normal_modes(hessian, corners, masses_of(("Cl",) * 3))
    truth = [wavenumber(7.5, 35.45)] * 2 + [wavenumber(15.0, 35.45)]
    assert waves == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("linear", [True, False])
def test_as_in_gibbs(linear):
    """The other projection of this package, written apart from this one, finds the same vibrations."""
    random = np.random.default_rng(3)
    positions = np.outer([0.0, 1.2, 2.5], [0.6, 0.0, 0.8]) if linear else random.uniform(-2, 2, (5, 3))
    species = ("O", "C", "S") if linear else ("C", "H", "N", "Pb", "I")
    hessian = finite_differences(Springs(positions), species, positions, 0)
    masses = masses_of(species)
    assert free_motions(positions, masses).shape == (positions.size, 5 if linear else 6)
    waves, _ = normal_modes(hessian, positions, masses)
    whole = vibrations(np.append(np.zeros(5 if linear else 6), waves), hessian, species, source="springs")
    whole = replace(whole, projected=False)  # the Hessian is looked at, not our word
    calculation = Calculation(species, positions, 0.0, "eV", LevelOfTheory("springs"), vibrations=whole)
    selected = select_modes(calculation)
    theirs = [w for w, kind in zip(selected.wavenumbers, selected.kinds, strict=True) if kind == "vibration"]
    # springs along a line leave bending without a force: rounding of either sign, below a wavenumber
    assert np.sort(np.abs(theirs)) == pytest.approx(np.sort(np.abs(waves)), abs=1.0 if linear else 0.01)
