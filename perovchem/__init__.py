"""perovchem: from VASP and CASTEP runs of halide perovskites and their solutions to chemistry.

>>> import perovchem as pc
>>> crystal = pc.read_frames(pc.reference.path("CsPbCl3_cubic"))
>>> pc.coordination(crystal, center="Pb", ligands="Cl")
<Coordination of 1 Pb in 1 frames: mean number 6.00 (Pb-Cl < 4.20 Å)>

Nothing heavy is imported before it is used: the public names load their room on first touch (PEP 562).
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from perovchem.version import __version__

if TYPE_CHECKING:
    from perovchem import reference as reference
    from perovchem.aggregation import Aggregation as Aggregation
    from perovchem.aggregation import aggregation as aggregation
    from perovchem.attenuation import AbsorbedFraction as AbsorbedFraction
    from perovchem.attenuation import Attenuation as Attenuation
    from perovchem.attenuation import absorbed_fraction as absorbed_fraction
    from perovchem.attenuation import attenuation as attenuation
    from perovchem.band_edges import BandEdges as BandEdges
    from perovchem.band_edges import band_edges as band_edges
    from perovchem.band_edges import edge_character as edge_character
    from perovchem.bands import Bands as Bands
    from perovchem.bands_reading import read_bands as read_bands
    from perovchem.binding import Binding as Binding
    from perovchem.binding import binding as binding
    from perovchem.calculation import Calculation as Calculation
    from perovchem.calculation_reading import read_calculation as read_calculation
    from perovchem.calculation_reading import write_calculation as write_calculation
    from perovchem.cevns import Cevns as Cevns
    from perovchem.cevns import NeutrinoSpectrum as NeutrinoSpectrum
    from perovchem.cevns import cevns as cevns
    from perovchem.cevns import mean_cross_section as mean_cross_section
    from perovchem.comparison import Comparison as Comparison
    from perovchem.comparison import compare_coordination as compare_coordination
    from perovchem.compute import ComputedSpecies as ComputedSpecies
    from perovchem.compute import compute_species as compute_species
    from perovchem.convert import to_ase as to_ase
    from perovchem.convert import to_pymatgen as to_pymatgen
    from perovchem.coordination import Coordination as Coordination
    from perovchem.coordination import coordination as coordination
    from perovchem.crystal import Crystal as Crystal
    from perovchem.crystal_text import to_cif as to_cif
    from perovchem.crystal_text import write_cif as write_cif
    from perovchem.cutoffs import Cutoff as Cutoff
    from perovchem.cutoffs import bond_cutoffs as bond_cutoffs
    from perovchem.density_of_states import DensityOfStates as DensityOfStates
    from perovchem.density_of_states import density_of_states as density_of_states
    from perovchem.dielectric import Dielectric as Dielectric
    from perovchem.dielectric_reading import read_dielectric as read_dielectric
    from perovchem.diffraction import PatternComparison as PatternComparison
    from perovchem.diffraction import PowderPattern as PowderPattern
    from perovchem.diffraction import compare_patterns as compare_patterns
    from perovchem.diffraction import powder_pattern as powder_pattern
    from perovchem.diffusion import Diffusion as Diffusion
    from perovchem.diffusion import diffusion as diffusion
    from perovchem.doping import Doping as Doping
    from perovchem.doping import doping as doping
    from perovchem.doping_energetics import DefectCalculation as DefectCalculation
    from perovchem.doping_energetics import DefectDiagram as DefectDiagram
    from perovchem.doping_energetics import Mixing as Mixing
    from perovchem.doping_energetics import defect_formation as defect_formation
    from perovchem.doping_energetics import mixing as mixing
    from perovchem.doping_energetics_reading import DopingEnergetics as DopingEnergetics
    from perovchem.doping_energetics_reading import doping_energetics as doping_energetics
    from perovchem.effective_mass import EffectiveMasses as EffectiveMasses
    from perovchem.effective_mass import effective_masses as effective_masses
    from perovchem.errors import PerovchemError as PerovchemError
    from perovchem.errors import PerovchemWarning as PerovchemWarning
    from perovchem.evidence import Conclusion as Conclusion
    from perovchem.evidence import Evidence as Evidence
    from perovchem.evidence import Measured as Measured
    from perovchem.evidence import evidence_from as evidence_from
    from perovchem.exafs import Exafs as Exafs
    from perovchem.exafs import bond_differences as bond_differences
    from perovchem.exafs import exafs as exafs
    from perovchem.exchange import Exchange as Exchange
    from perovchem.exchange import exchange as exchange
    from perovchem.exciton import Exciton as Exciton
    from perovchem.exciton import exciton as exciton
    from perovchem.exciton.confinement import Confinement as Confinement
    from perovchem.exciton.confinement import confinement as confinement
    from perovchem.frames import Frames as Frames
    from perovchem.gibbs import GibbsEnergy as GibbsEnergy
    from perovchem.gibbs import gibbs as gibbs
    from perovchem.growth import Growth as Growth
    from perovchem.growth import growth as growth
    from perovchem.hydrogen_bonds import HydrogenBonds as HydrogenBonds
    from perovchem.hydrogen_bonds import hydrogen_bonds as hydrogen_bonds
    from perovchem.lattice_reading import read_lattice as read_lattice
    from perovchem.mda import to_mdanalysis as to_mdanalysis
    from perovchem.measured_reading import read_measured as read_measured
    from perovchem.molecules import Molecules as Molecules
    from perovchem.molecules import find_molecules as find_molecules
    from perovchem.orientation import Orientation as Orientation
    from perovchem.orientation import orientation as orientation
    from perovchem.packing import PackingDipole as PackingDipole
    from perovchem.packing import packing_dipole as packing_dipole
    from perovchem.pair_distribution import PairDistribution as PairDistribution
    from perovchem.pair_distribution import pair_distribution as pair_distribution
    from perovchem.pair_distribution.structure_factor import StructureFactors as StructureFactors
    from perovchem.pair_distribution.structure_factor import structure_factors as structure_factors
    from perovchem.parent import ParentCell as ParentCell
    from perovchem.parent import parent_cell as parent_cell
    from perovchem.pattern import Pattern as Pattern
    from perovchem.peaks import FittedPeaks as FittedPeaks
    from perovchem.peaks import fit_peaks as fit_peaks
    from perovchem.peaks.alloy import Composition as Composition
    from perovchem.peaks.alloy import EndMember as EndMember
    from perovchem.peaks.cell_fit import lattice_parameters as lattice_parameters
    from perovchem.peaks.cell_result import LatticeParameters as LatticeParameters
    from perovchem.peaks.composition import composition_from_shift as composition_from_shift
    from perovchem.peaks.indexing import Indexing as Indexing
    from perovchem.peaks.indexing import index_peaks as index_peaks
    from perovchem.peaks.size import crystallite_size as crystallite_size
    from perovchem.photon_spectrum import PhotonSpectrum as PhotonSpectrum
    from perovchem.polyhedra import Polyhedra as Polyhedra
    from perovchem.polyhedra import polyhedra as polyhedra
    from perovchem.rank_correlation import rank_correlation as rank_correlation
    from perovchem.readers.feff_path import read_feff_path as read_feff_path
    from perovchem.readers.patterns import read_pattern as read_pattern
    from perovchem.readers.photon_spectrum import read_photon_spectrum as read_photon_spectrum
    from perovchem.reading import read_frames as read_frames
    from perovchem.run_information import run_information as run_information
    from perovchem.scattering_path import ScatteringPath as ScatteringPath
    from perovchem.solubility import Solubility as Solubility
    from perovchem.solubility import solubility as solubility
    from perovchem.solvation_pmf import SolvationPmf as SolvationPmf
    from perovchem.solvation_pmf import solvation_pmf as solvation_pmf
    from perovchem.state_density_reading import read_state_density as read_state_density
    from perovchem.structure_reading import read_structure as read_structure
    from perovchem.substitution import Substitution as Substitution
    from perovchem.substitution import check_substitution as check_substitution
    from perovchem.symmetry import Symmetry as Symmetry
    from perovchem.symmetry import symmetry as symmetry
    from perovchem.tilts import Tilts as Tilts
    from perovchem.tilts import tilts as tilts
    from perovchem.uncertainty import block_average as block_average
    from perovchem.uncertainty import suggest_discard as suggest_discard
    from perovchem.workflow.model import read_workflow as read_workflow
    from perovchem.workflow.result import WorkflowRun as WorkflowRun
    from perovchem.workflow.run import run_workflow as run_workflow

_HOME = {
    "AbsorbedFraction": "attenuation",
    "Aggregation": "aggregation",
    "Attenuation": "attenuation",
    "BandEdges": "band_edges",
    "Bands": "bands",
    "Binding": "binding",
    "Calculation": "calculation",
    "Cevns": "cevns",
    "Comparison": "comparison",
    "Composition": "peaks.alloy",
    "ComputedSpecies": "compute",
    "Conclusion": "evidence",
    "Confinement": "exciton.confinement",
    "Coordination": "coordination",
    "Crystal": "crystal",
    "Cutoff": "cutoffs",
    "DefectCalculation": "doping_energetics",
    "DefectDiagram": "doping_energetics",
    "DensityOfStates": "density_of_states",
    "Dielectric": "dielectric",
    "Diffusion": "diffusion",
    "Doping": "doping",
    "DopingEnergetics": "doping_energetics_reading",
    "EffectiveMasses": "effective_mass",
    "EndMember": "peaks.alloy",
    "Evidence": "evidence",
    "Exafs": "exafs",
    "Exchange": "exchange",
    "Exciton": "exciton",
    "FittedPeaks": "peaks",
    "Frames": "frames",
    "GibbsEnergy": "gibbs",
    "Growth": "growth",
    "HydrogenBonds": "hydrogen_bonds",
    "Indexing": "peaks.indexing",
    "LatticeParameters": "peaks.cell_result",
    "Measured": "evidence",
    "Mixing": "doping_energetics",
    "Molecules": "molecules",
    "NeutrinoSpectrum": "cevns",
    "Orientation": "orientation",
    "PackingDipole": "packing",
    "PairDistribution": "pair_distribution",
    "ParentCell": "parent",
    "Pattern": "pattern",
    "PatternComparison": "diffraction",
    "PerovchemError": "errors",
    "PerovchemWarning": "errors",
    "PhotonSpectrum": "photon_spectrum",
    "Polyhedra": "polyhedra",
    "PowderPattern": "diffraction",
    "ScatteringPath": "scattering_path",
    "Solubility": "solubility",
    "SolvationPmf": "solvation_pmf",
    "StructureFactors": "pair_distribution.structure_factor",
    "Substitution": "substitution",
    "Symmetry": "symmetry",
    "WorkflowRun": "workflow.result",
    "absorbed_fraction": "attenuation",
    "Tilts": "tilts",
    "aggregation": "aggregation",
    "attenuation": "attenuation",
    "band_edges": "band_edges",
    "binding": "binding",
    "block_average": "uncertainty",
    "bond_cutoffs": "cutoffs",
    "cevns": "cevns",
    "bond_differences": "exafs",
    "check_substitution": "substitution",
    "compare_coordination": "comparison",
    "compare_patterns": "diffraction",
    "composition_from_shift": "peaks.composition",
    "compute_species": "compute",
    "confinement": "exciton.confinement",
    "coordination": "coordination",
    "crystallite_size": "peaks.size",
    "defect_formation": "doping_energetics",
    "density_of_states": "density_of_states",
    "diffusion": "diffusion",
    "doping": "doping",
    "doping_energetics": "doping_energetics_reading",
    "edge_character": "band_edges",
    "effective_masses": "effective_mass",
    "evidence_from": "evidence",
    "exafs": "exafs",
    "exchange": "exchange",
    "exciton": "exciton",
    "find_molecules": "molecules",
    "fit_peaks": "peaks",
    "gibbs": "gibbs",
    "growth": "growth",
    "hydrogen_bonds": "hydrogen_bonds",
    "index_peaks": "peaks.indexing",
    "lattice_parameters": "peaks.cell_fit",
    "mean_cross_section": "cevns",
    "mixing": "doping_energetics",
    "orientation": "orientation",
    "packing_dipole": "packing",
    "pair_distribution": "pair_distribution",
    "parent_cell": "parent",
    "polyhedra": "polyhedra",
    "powder_pattern": "diffraction",
    "rank_correlation": "rank_correlation",
    "read_bands": "bands_reading",
    "read_calculation": "calculation_reading",
    "read_dielectric": "dielectric_reading",
    "read_feff_path": "readers.feff_path",
    "read_frames": "reading",
    "read_lattice": "lattice_reading",
    "read_measured": "measured_reading",
    "read_pattern": "readers.patterns",
    "read_photon_spectrum": "readers.photon_spectrum",
    "read_state_density": "state_density_reading",
    "read_structure": "structure_reading",
    "read_workflow": "workflow.model",
    "run_information": "run_information",
    "run_workflow": "workflow.run",
    "solubility": "solubility",
    "solvation_pmf": "solvation_pmf",
    "structure_factors": "pair_distribution.structure_factor",
    "suggest_discard": "uncertainty",
    "symmetry": "symmetry",
    "tilts": "tilts",
    "to_ase": "convert",
    "to_cif": "crystal_text",
    "to_mdanalysis": "mda",
    "to_pymatgen": "convert",
    "write_calculation": "calculation_reading",
    "write_cif": "crystal_text",
}

__all__ = ["__version__", "reference", *_HOME]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name == "reference":
        return importlib.import_module("perovchem.reference")
    if name in _HOME:
        value = getattr(importlib.import_module(f"perovchem.{_HOME[name]}"), name)
        globals()[name] = value  # a function may share its room's name: the function is what callers mean
        return value
    raise AttributeError(f"module 'perovchem' has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps a room from hiding the function of the same name: importing a submodule sets it on its package."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
