"""Edge character: which elements and orbitals the band edges are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from perovchem.band_edges.results import BandEdges, Edge
from perovchem.bands import Bands
from perovchem.errors import MissingDataError
from perovchem.projections import Projections, kind
from perovchem.result import DETAIL, Provenance, Result, dataframe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Share:
    """What one element's orbitals of one kind have of an edge.

    Attributes
    ----------
    edge : "VBM" or "CBM"
    element : str
    orbital : "s", "p", "d" or "f"
    weight : float
        As projected, mean over the degenerate states; all of an edge sum to ``captured``.
    fraction : float
        Of what is projected; all of an edge sum to 1.
    """

    edge: str
    element: str
    orbital: str
    weight: float
    fraction: float


@dataclass(frozen=True, eq=False, repr=False)
class EdgeCharacter(Result):
    """Elements and orbitals at both edges.

    Attributes
    ----------
    shares : tuple of Share
        VBM first, the largest first.
    captured : mapping of str to float
        By edge: how much of the states the projections hold; the rest lies between the spheres.
    definition : str
        What a projection is, by the code.
    notes : tuple of str
    provenance : Provenance
    """

    shares: tuple[Share, ...]
    captured: Mapping[str, float]
    definition: str
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance, metadata=DETAIL)

    command: ClassVar[str] = "bands"
    quantity_names: ClassVar[Mapping[str, str]] = {"fraction": "state_fraction", "weight": "state_fraction"}

    def __repr__(self) -> str:
        """Return one line."""
        return f"<EdgeCharacter: {'; '.join(self.words.values())}>"

    @property
    def words(self) -> dict[str, str]:
        """By edge: "VBM: 62 % Br p, 31 % Pb s"; what is below 5 % is left out."""
        return {edge: f"{edge}: {self._of(edge)}" for edge in self.captured}

    def _of(self, edge: str) -> str:
        mine = [share for share in self.shares if share.edge == edge and share.fraction >= 0.05]
        return (
            ", ".join(f"{100 * s.fraction:.0f} % {s.element} {s.orbital}" for s in mine)
            or "no part above 5 %"
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per edge, element and kind of orbital."""
        names = ("edge", "element", "orbital", "weight", "fraction")
        return dataframe(
            {name: [getattr(share, name) for share in self.shares] for name in names},
            quantity_names={"weight": "state_fraction", "fraction": "state_fraction"},
        )


def edge_character(bands: Bands, edges: BandEdges) -> EdgeCharacter:
    """Say which elements and orbitals the edges are made of.

    Weights are summed over atoms of an element and orbitals of a kind (s, p, d, f) and averaged over the degenerate
    states at all rows of the edge, so that the answer does not depend on how the code mixed them. Fractions are of
    the projected weight.

    Parameters
    ----------
    bands : Bands
        With ``projections``.
    edges : BandEdges
        Of the same bands.

    Returns
    -------
    EdgeCharacter

    Raises
    ------
    MissingDataError
        If there are no projections, or they are all zero at an edge.
    """
    projections = bands.projections
    if projections is None:
        raise MissingDataError(
            "these bands have no projections on atoms and orbitals",
            where=bands.provenance.input,
            fix="run VASP with LORBIT = 11, CASTEP with PDOS_CALCULATE_WEIGHTS, or leave the character out",
        )
    shares: list[Share] = []
    captured: dict[str, float] = {}
    for name, edge in (("VBM", edges.vbm), ("CBM", edges.cbm)):
        found = _weights(projections, edge)
        captured[name] = sum(found.values())
        if not captured[name] > 0:
            raise MissingDataError(
                f"all projections at the {name} are zero",
                where=bands.provenance.input,
                fix="look whether the run that wrote the projections finished",
            )
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        shares += [Share(name, *key, weight, weight / captured[name]) for key, weight in ordered]
    return EdgeCharacter(tuple(shares), captured, projections.definition, provenance=bands.provenance)


def _weights(projections: Projections, edge: Edge) -> dict[tuple[str, str], float]:
    """Return the mean weight by element and kind of orbital over the states of an edge."""
    first, last = edge.bands[0] - 1, edge.bands[-1]
    weights = projections.weights(slice(first, last))
    states = np.asarray(weights)[edge.spin if len(weights) > 1 else 0, list(edge.rows)].mean(axis=(0, 1))
    found: dict[tuple[str, str], float] = {}
    kinds = [kind(orbital) for orbital in projections.orbitals]
    for atom, element in enumerate(projections.species):
        for column, name in enumerate(kinds):
            key = (element, name)
            found[key] = found.get(key, 0.0) + float(states[atom, column])
    return {key: weight for key, weight in found.items() if weight > 0}
