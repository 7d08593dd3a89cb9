"""Tables and arrays that ``perovchem masses -o`` writes: the points of every arm, masses and tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perovchem.effective_mass import EffectiveMasses, Mass
from perovchem.quantities import quantity
from perovchem.report import Variable

if TYPE_CHECKING:
    import pandas as pd


def vector(arm: Mass) -> str:
    """Return a direction that has no name by its Cartesian components."""
    return "[" + " ".join(f"{part:.2f}" for part in arm.direction + 0.0) + "]"


def points(one: EffectiveMasses) -> pd.DataFrame:
    """Return the points of every arm."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "arm": number, "carrier": arm.carrier, "band": arm.band,
                "direction": arm.direction_label or vector(arm), "k": arm.k, "energy": arm.energies,
            }
        )
        for number, arm in enumerate(one.masses, 1)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def variables(one: EffectiveMasses) -> dict[str, Variable]:
    """Return arms and tensors as variables of a NetCDF file."""
    found: dict[str, Variable] = {}
    if one.masses:
        words = {
            name: [getattr(arm, name) for arm in one.masses]
            for name in ("carrier", "direction_label", "verdict")
        }
        found |= {
            name: Variable(
                ("arm",), np.array(values), "1", f"{name.replace('_', ' ')} of each arm.".capitalize()
            )
            for name, values in words.items()
        }
        found["band"] = Variable(
            ("arm",), np.array([arm.band for arm in one.masses]), "1", "At the edge, from 1."
        )
        for name, what in (
            ("mass", "effective_mass"),
            ("standard_error", "effective_mass"),
            ("alpha", "kane_alpha"),
        ):
            values = np.array([getattr(arm, name) for arm in one.masses])
            prefix = "One standard error: " if name == "standard_error" else ""
            found[name] = Variable(("arm",), values, quantity(what).unit, prefix + quantity(what).sentence)
        found["direction"] = Variable(
            ("arm", "axis"),
            np.array([arm.direction for arm in one.masses]),
            "1",
            "Cartesian unit vector from the edge.",
        )
    if one.tensors:
        for name in ("inverse_mass", "inverse_mass_error"):
            values = np.array([getattr(tensor, name) for tensor in one.tensors])
            found[name] = Variable(
                ("tensor", "axis", "other_axis"), values, "1/m0", quantity("inverse_mass").sentence
            )
        found["tensor_band"] = Variable(
            ("tensor",), np.array([t.band for t in one.tensors]), "1", "At the edge, from 1."
        )
    return found
