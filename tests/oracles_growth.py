"""Closed forms of diffusion to a face (Carslaw and Jaeger; Crank), in SI units."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf, erfc, erfcx


def kept_concentration(x, t, diffusion, bulk, face):
    """Semi-infinite, the face kept at a concentration: profile and flux."""
    width = 2 * math.sqrt(diffusion * t)
    return face + (bulk - face) * erf(x / width), (bulk - face) * math.sqrt(diffusion / (math.pi * t))


def kinetics(x, t, diffusion, bulk, solubility, coefficient):
    """Semi-infinite, flux = k (c - c_eq) at x = 0: profile and flux (Carslaw and Jaeger 2.7)."""
    width, h = 2 * math.sqrt(diffusion * t), coefficient / diffusion
    reach = h * math.sqrt(diffusion * t)
    # exp(h x + h² D t) erfc(x/width + reach), without overflow
    second = np.exp(-((x / width) ** 2)) * erfcx(x / width + reach)
    part = erfc(x / width) - second
    profile = bulk - (bulk - solubility) * part
    return profile, coefficient * (bulk - solubility) * erfcx(reach)


def kept_flux(x, t, diffusion, bulk, flux):
    """Semi-infinite, constant flux into the face: profile."""
    width = 2 * math.sqrt(diffusion * t)
    z = x / width
    ierfc = np.exp(-(z**2)) / math.sqrt(math.pi) - z * erfc(z)
    return bulk - flux * width / diffusion * ierfc


def box(x, t, diffusion, bulk, face, length, terms=400):
    """A closed wall at x = length, the face kept at a concentration: series of eigenfunctions, and flux."""
    n = np.arange(terms)
    q = (2 * n + 1) * math.pi / (2 * length)
    decay = np.exp(-(q**2) * diffusion * t)
    shape = np.sin(np.outer(np.atleast_1d(x), q)) @ (4 / ((2 * n + 1) * math.pi) * decay)
    return face + (bulk - face) * shape, (bulk - face) * 2 * diffusion / length * decay.sum()


def stefan(t, diffusion, bulk, face, crystal):
    """A face that moves as it takes what comes: way s = 2 λ √(D t), profile in x - s, and λ.

    √π λ exp(λ²) erfc(λ) = (c_bulk - c_face)/(c_crystal - c_face) for x > s, in a solution at rest.
    """
    ratio = (bulk - face) / (crystal - face)
    growth = brentq(lambda z: math.sqrt(math.pi) * z * erfcx(z) - ratio, 1e-12, 50)
    way = 2 * growth * math.sqrt(diffusion * t)

    def profile(distance):
        z = (distance + way) / (2 * math.sqrt(diffusion * t))
        return bulk - (bulk - face) * erfc(z) / erfc(growth)

    return way, profile, growth
