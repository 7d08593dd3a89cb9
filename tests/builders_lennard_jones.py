"""An engine without electrons: Lennard-Jones argon, whose minima are published."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from perovchem.compute.engine import GRADIENT_LIMIT, Relaxed
from perovchem.compute.modes import finite_differences
from perovchem.errors import InputError
from perovchem.units import BOHR

SIGMA = 3.4
"""Å; energies are in units of ε, which stands in for the hartree."""


class LennardJones:
    """Counts its relaxations; fails after so many, like a machine that is switched off."""

    name, version, solvent = "Lennard-Jones", "1", ""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.relaxations = 0
        self.fails_after = fails_after

    def energy_and_gradient(self, species, positions, charge):
        between = (positions[:, None] - positions[None]) / SIGMA
        square = (between**2).sum(axis=2)
        np.fill_diagonal(square, np.inf)
        sixth = square**-3
        energy = 2 * (sixth**2 - sixth).sum()
        gradient = (-24 * (2 * sixth**2 - sixth) / square)[:, :, None] * between
        return float(energy), gradient.sum(axis=1) / SIGMA * BOHR

    def charges(self, species, positions, charge):
        return np.zeros(len(species))

    def relax(self, species, positions, charge, tightness):
        if self.relaxations == self.fails_after:
            raise KeyboardInterrupt
        self.relaxations += 1
        if len(species) == 1:
            return Relaxed(positions, 0.0, 0.0, 0, True)

        def both(x):
            energy, gradient = self.energy_and_gradient(species, x.reshape(-1, 3), charge)
            return energy, gradient.ravel() / BOHR

        found = minimize(
            both,
            positions.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-7},
        )
        where = found.x.reshape(-1, 3)
        energy, gradient = self.energy_and_gradient(species, where, charge)
        norm = float(np.linalg.norm(gradient))
        return Relaxed(where, energy, norm, int(found.nit), norm < GRADIENT_LIMIT[tightness])

    def hessian(self, species, positions, charge):
        return finite_differences(self, species, positions, charge)


class NoField(LennardJones):
    """Every second relaxation has no self-consistent field."""

    def relax(self, species, positions, charge, tightness):
        found = super().relax(species, positions, charge, tightness)
        if self.relaxations % 2:
            raise InputError("no energy", fix="another start")
        return found
