"""One internal system: Å, fs, eV, K, e, u (unified atomic mass unit), degree.

Constants are CODATA values as scipy gives them.
"""

from __future__ import annotations

from typing import Final

from scipy import constants as _c

BOHR: Final = _c.physical_constants["Bohr radius"][0] * 1e10
"""Bohr radius, Å."""
HARTREE: Final = _c.physical_constants["Hartree energy in eV"][0]
"""Hartree energy, eV."""
ATOMIC_TIME: Final = _c.physical_constants["atomic unit of time"][0] * 1e15
"""Atomic unit of time ħ/E_h, fs."""
BOLTZMANN: Final = _c.physical_constants["Boltzmann constant in eV/K"][0]
"""Boltzmann constant, eV/K."""
GRAM_PER_CM3: Final = _c.atomic_mass * 1e3 / 1e-24
"""One u/Å3 in g/cm3."""
MOLE_PER_LITER: Final = 1e27 / _c.N_A
"""One particle/Å3 in mol/L."""
GPA: Final = _c.e * 1e30 * 1e-9
"""One eV/Å3 in GPa."""
