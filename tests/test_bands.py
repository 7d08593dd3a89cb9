"""Bands put states that a file lists out of order (quasiparticles, hybrids) in order, projections with them."""

from __future__ import annotations

import numpy as np

from perovchem.bands import Bands
from perovchem.projections import Projections


def test_states_out_of_order_keep_their_projections() -> None:
    """Two bands that cross between two k-points, listed by number: s below p at the first, p below s at the second."""
    energies = np.array([[[-1.0, -2.0, 1.0], [-2.0, -1.0, 1.0]]])
    weights = np.zeros((1, 2, 3, 1, 2))
    weights[0, :, 0, 0, 0] = 0.9  # the first in the list is s at both
    weights[0, :, 1, 0, 1] = 0.8
    held = Projections.from_array(weights, orbitals=("s", "p"), species=("I",))
    bands = Bands(
        np.array([[0.0, 0, 0], [0.1, 0, 0]]), np.eye(3), energies, (4.0,), projections=held, energy_step=1e-4
    )
    assert bands.energies[0].tolist() == [[-2, -1, 1], [-2, -1, 1]]
    assert bands.projections is not None
    found = bands.projections.weights(slice(0, 2))[0, :, :, 0]
    assert found[0].tolist() == [[0, 0.8], [0.9, 0]]
    assert found[1].tolist() == [[0.9, 0], [0, 0.8]]
    assert bands.projections.weights(slice(2, 3)).shape == (1, 2, 1, 1, 2)
    assert bands.projections.weights(slice(3, 3)).shape[2] == 0
