"""What doping costs: mixing energies with ideal entropy, and charged defects against the Fermi level."""

from __future__ import annotations

from perovchem.doping_energetics.defects import DefectCalculation as DefectCalculation
from perovchem.doping_energetics.defects import DefectDiagram as DefectDiagram
from perovchem.doping_energetics.defects import defect_formation as defect_formation
from perovchem.doping_energetics.solid_solution import Mixing as Mixing
from perovchem.doping_energetics.solid_solution import mixing as mixing
