"""Which figure shows a result, by names only: plotting stands floors above, and is imported when it is asked for."""

from __future__ import annotations

import importlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from perovchem.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELED: Final = {
    "Attenuation": "attenuation:plot_attenuation",
    "Cevns": "cevns:plot_cross_sections",
    "DensityOfStates": "density_of_states:plot_densities_of_states",
    "Exafs": "exafs:plot_transforms",
    "Exchange": "exchange:plot_survival",
    "GibbsEnergy": "gibbs:plot_modes",
    "Growth": "growth:plot_course",
    "HydrogenBonds": "hydrogen_bonds:plot_geometry",
    "HydrogenBondsOverTime": "hydrogen_bonds_over_time:plot_over_time",
    "Orientation": "orientation:plot_orientation",
    "PairDistribution": "pair_distribution:plot_pair_distributions",
    "PowderPattern": "diffraction:plot_patterns",
    "SolvationPmf": "solvation_pmf:plot_mean_force",
    "StructureFactors": "pair_distribution:plot_structure_factors",
    "Substitution": "substitution:plot_substitution_map",
    "Tilts": "tilts:plot_tilts",
}
"""Drawn from a mapping of label to result: function by class."""
ALONE: Final = {
    "Binding": "binding:plot_ranking",
    "Comparison": "coordination:plot_distributions",
    "EffectiveMasses": "effective_mass:plot_masses",
    "FittedPeaks": "peaks:plot_fit",
    "Mixing": "doping_energetics:plot_mixing",
}
"""Drawn from the result itself."""
LISTED: Final = {
    "DefectDiagram": "doping_energetics:plot_formation_energies",
    "Diffusion": "diffusion:plot_diffusion",
}
"""Drawn from lists: several results of one run stand in one figure."""


def draw(result: Any) -> Figure:
    """Return the figure of one result; the functions of perovchem.plotting draw several side by side.

    Raises
    ------
    UsageError
        If its class has no figure.
    """
    name = type(result).__name__
    target = {**LABELED, **ALONE, **LISTED}.get(name)
    if target is None:
        raise UsageError(
            f"a {name} has no figure of its own",
            fix="take to_dataframe(); perovchem.plotting draws shells and bands from more than one result",
        )
    module, function = target.split(":")
    plot = getattr(importlib.import_module(f"perovchem.plotting.{module}"), function)
    origin = getattr(result, "provenance", None)
    label = PurePath(getattr(origin, "input", "")).name or name
    what: Any = [result] if name in LISTED else result
    if name in LABELED:
        what = {label: result}
    if name == "Diffusion":
        what = {label: [result]}
    figure: Figure = plot(what)
    return figure
