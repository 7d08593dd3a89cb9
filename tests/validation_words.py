"""The words of docs/validation.md: sections in their order, and what each quantity means."""

from __future__ import annotations

HEAD = """\
# Validation

What perovchem computes, beside truths that do not come from it. The test suite wrote this page: the call that
asserts a number also writes its row, so that what is printed here was checked. `make test` fails where a row and the tests
differ; `make validation` writes the page anew, which then shows every change as a difference between versions.

perovchem {version}; {number} rows. Other programs: {others}.

## How to read it

- **truth** comes from *algebra* or *symmetry*, from a *published* value, from *other code* (with its version) or from a
  *plain twin*: the definition written once more in the tests, slowly and without any of our numerics. It is never an
  earlier result of ours.
- **difference (allowed)**: the largest difference found, and in parentheses what the test allows. *of it* is relative to the
  truth. Where only rounding is left, which differs between machines, the allowed difference stands behind <. *none* is
  exact agreement of whole numbers.
- **±** is one standard error. Where it stands, differences are given in standard errors, or the limits within which the
  number must lie. Random numbers come from fixed seeds, so that every run shows the same row; the seed or the number of
  runs stands beside it. The ± of a part of runs is that of a binomial draw.
- *mean of n* stands for n numbers, each of which was compared; the difference is that of the worst.
- Each row leads to its test; the tip of that link names the function.
- Data are made by the tests or bundled with perovchem. {foreign} marks files of third parties, which are not: such rows
  run where `PEROVCHEM_REALDATA` names a folder that holds the files, and the row names where they come from.
""".replace("{foreign}", "†")

SECTIONS = {
    "Reading": "Numbers of files, and the units they are converted to.",
    "Densities and molecules": "What stands in a box.",
    "Coordination": "Neighbors through the right periodic images, in any cell.",
    "Polyhedra": "Hulls of bound ligands and their distortions, at every orientation and across boundaries.",
    "Sharing and networks": "Links between centers by shared ligands, and how far they reach.",
    "Pair distribution and S(q)": "Counted pairs, their normalization, and scattering.",
    "Diffusion": "Paths through periodic cells, mean square displacements, coefficients and their intervals.",
    "Exchange of ligands": "Rates, times and survival of processes whose rates are known.",
    "X-ray diffraction": "Positions and intensities of powder patterns.",
    "Local structure by X-rays": "Shells whose cumulants are known, and the spectra of bonds that were built (EXAFS).",
    "Orientation of molecules": "Turning molecules whose correlation is known.",
    "Octahedral tilts": "Octahedra that are turned, displaced and left by their halides in a known way.",
    "Hydrogen bonds": "Distances, angles and standard uncertainties of D-H...A in crystals, and packing dipoles.",
    "Bands": "Edges, effective masses and tensors of bands that are written down, and of published runs.",
    "Excitons and confinement": "Hydrogen's formulas with masses and permittivities of crystals, and spheres of them.",
    "Binding in solution": "Contact pairs whose integral of g(r) is known.",
    "Gibbs energies": "Energies, enthalpies and entropies of species, and cycles of them.",
    "Doping energetics": "Mixtures and defects whose phase diagrams and crossings are known.",
    "Attenuation": "X-rays in matter: tables read by other code, published statements, and closed forms.",
    "Growth": "Diffusion to a growing face whose solution is known in closed form.",
    "Nuclear recoils": "Coherent elastic scattering of neutrinos: limits in closed form and a published mean.",
    "Uncertainties": "Errors of means of series that remember.",
    "Conclusions": "Rank correlations of few subjects, and what uncertainties leave of them.",
}
"""Title: a sentence below it."""

DEFINITIONS = {
    # Reading
    "misread numbers": "how many differ in any bit from what Python's float() makes of the same text.",
    "constant": "a constant or conversion of the package.",
    "positions": "Cartesian places of atoms.",
    "cell volume": "determinant of the cell.",
    "energy of a frame": "as the file prints it.",
    # Densities and molecules
    "density": "mass in the box over its volume.",
    "concentration": "particles in the box over its volume.",
    "number of molecules and ions": "from bonds shorter than the sum of covalent radii plus a tolerance.",
    # Coordination
    "coordination number": "ligands nearer than the cutoff of their pair of elements, images counted.",
    "number of neighbors": "atoms and images nearer than the cutoff.",
    "mean bond length": "over all bonds to ligands nearer than the cutoff.",
    "shortest, longest and mean bond": "the same, of cutoffs 3.8 Å (iodide) and 3.5 Å (chloride).",
    # Polyhedra
    "volume": "of the convex hull of the ligands.",
    "depth of the center": "distance of the center to the nearest facet, negative outside the hull.",
    "quadratic elongation": "mean of (l/l0)², l0 of the regular octahedron of the same volume (Robinson 1971).",
    "bond-angle variance": "Σ (angle - 90°)²/11 over the twelve angles between neighbors (Robinson 1971).",
    "Baur distortion index": "mean of |l - mean l| over mean l.",
    "off-centering": "distance of the center to the mean place of its ligands.",
    # Sharing
    "links per center and dimension": "corner, edge and face links of a center (one, two, more common ligands), then in "
    "how many dimensions the network extends.",
    "volume of an aggregate": "sum over the polyhedra of a cluster, shown for each center.",
    # Pairs
    "pairs in a bin of distance": "counts, all images within the range.",
    "critical temperature of mixing": "where the last miscibility gap closes, with ideal entropy.",
    "transition levels": "Fermi levels above the VBM at which two charge states cost the same.",
    "ΔG of a contact pair at 1 mol/L": "-kT ln(K c°), K the integral of g(r)/g(far) over the sphere of contact.",
    "g(r)": "pairs at a distance over those of an even distribution.",
    "scatter about g = 1": "mean square of g - 1 over its counting noise.",
    "running coordination number": "mean number of atoms up to a distance.",
    "S(q), Ashcroft-Langreth": "partial structure factor, <A B*>/√(N_A N_B), which is 1 or 0 without structure.",
    "S(q), Faber-Ziman": "partial structure factor that is 1 without structure.",
    # Diffusion
    "distance gone": "end to end, after wrapping is undone.",
    "mean square displacement": "over all pairs of frames at a lag.",
    "covariance of the mean square displacement": "between lags, for Gaussian steps.",
    "intercept of the fitted line": "of mean square displacement against lag.",
    "slope of the mean square displacement": "of the fitted line; the truth is the middle of the other code's 68.3 %.",
    "standard error of the slope": "half of the 68.3 % interval.",
    "diffusion coefficient": "slope over six.",
    "standard error of D": "half of the 68.3 % interval.",
    "part of the 68.3 % intervals of D that hold D": "over many runs of motions with a known D.",
    "part of the 95 % intervals of D that hold D": "the same.",
    "constant of the box correction": "ξ in D = D_box + ξ kT/(6 π η L) (Yeh and Hummer 2004).",
    "box correction of D": "ξ kT/(6 π η L).",
    "hydrodynamic radius": "Stokes-Einstein.",
    # Exchange
    "rate of leaving": "from counted events and the time at risk.",
    "residence time": "from survival functions; seen again after an absence counts where the row says so.",
    "survival function": "part of the bonds of one frame that are still there after a lag.",
    "standard error of the survival function": "from leaving out pairs.",
    "bound of a rate without an event, 95 %": "the rate at which no event would be seen in 5 % of runs.",
    "part of the 68.3 % intervals of a rate that hold it": "over all counts that may occur.",
    "part of the 68.3 % intervals that hold a known time": "over many runs.",
    # Local structure by X-rays
    "mean distance of a shell": "of neighbors nearer than the cutoff of their pair.",
    "variance of a bond length": "mean square deviation from the mean over all bonds and frames.",
    "damping of χ(k)": "largest |k χ(k)| near there over that of a shell without spread.",
    "phase-corrected peak of |χ(R)|": "with tabulated amplitude and phase, k from 3 to 12 1/Å, k-weight 2.",
    "peak of |χ(R)| without phases": "of geometry alone: amplitude 1 Å, no phase.",
    # Orientation
    "C1(t)": "mean cosine between a molecule's axis now and after a lag.",
    "C2(t)": "mean of (3 cos² - 1)/2 of the same.",
    "fitted time": "decay time of the exponential tail.",
    "integral time": "integral of the correlation.",
    "part of the fitted times within one standard error": "over many runs; 68.3 % is stated.",
    "part of the integral times within one standard error": "the same.",
    "ratio of the times of C1 and C2": "3 for turning in many small steps.",
    "random share of <100>, <110>, <111>": "part of random axes that is nearest to each kind of cubic direction.",
    "cubic moment": "mean of x⁴ + y⁴ + z⁴ of axes in the cubic frame.",
    # Octahedral tilts
    "tilt": "component of an octahedron's rotation vector about a pseudo-cubic axis.",
    "lasting tilt": "root mean square over the octahedra of the tilt averaged over the run.",
    "amplitude of a mode": "size of the part of the ligands' displacements that has one symmetry of the octahedron.",
    "tilt correlation time": "lag at which the autocorrelation of tilts is 1/e.",
    "hops": "arrivals of halides at another site than the one they were at.",
    # Hydrogen bonds
    "D-H": "from hydrogen to the nearest nonmetal atom that it is bound to.",
    "H...A": "from hydrogen to the acceptor, through the symmetry operation that the table names.",
    "D...A": "from donor to acceptor.",
    "D-H...A angle": "at hydrogen.",
    "H...A normalized": "with hydrogen moved along D-H to the mean distance of neutron diffraction.",
    "shortest H...A": "of all bonds of the crystal.",
    "mean of the shortest H...A": "over the hydrogen atoms that have one.",
    "s.u. of H...A": "standard uncertainty from those of coordinates and cell.",
    "s.u. of the angle": "standard uncertainty from those of coordinates and cell.",
    "bonds that differ": "D-H...A that only one of the two finds.",
    "bonds per frame": "D-H...A by distance and angle.",
    "mean stay of a bond": "time that bonds are there, per break.",
    "continuous of a bond": "area under the part of the bonds that are still there.",
    "intermittent of a bond": "area, above chance, under the part of the bonds that are there again or still.",
    "packing dipole": "of a cell along its polar axis, of given charges.",
    "packing polarization": "packing dipole per volume.",
    # Bands
    "gap": "lowest empty minus highest filled state of the k-points in the file, filled by counting electrons.",
    "error of an effective mass": "|m/m_true - 1| of the worst arm.",
    "effective mass": "1/m* = (1/ħ²) d²E/dk² at the edge along a direction; positive for holes too.",
    "ratio of hole masses at R": "largest over smallest of the arms.",
    "part of the 95 % intervals of a mass that hold it": "m* ± 1.96 standard errors, over many random bands.",
    "inverse effective mass tensor": "component of (1/ħ²) d²E/dk_i dk_j at the center of a stencil, 1/m0.",
    "principal masses from a stencil": "inverse eigenvalues of the tensor from 37 points that we write.",
    "Rashba parameter": "2 E_R / k_R, from the distance and depth of the edge beside its center.",
    # Excitons and confinement
    "binding energy of an exciton": "Rydberg energy times µ/ε².",
    "exciton Bohr radius": "Bohr radius times ε/µ.",
    "permittivity that a binding energy needs": "with given masses of electron and hole.",
    "shift of the gap in a dot": "E(R) - Eg by Brus's formula.",
    "attraction in a sphere": "mean of R/|r - r'|, the coefficient of the Coulomb term of Brus's formula.",
    # Gibbs energies
    "symmetry number": "proper operations of the point group that is found.",
    "Gibbs energy": "by the treatment of soft modes that is named, in its standard state.",
    "enthalpy": "electronic energy included.",
    "zero-point energy": "harmonic.",
    "standard entropy": "ideal gas at 1 bar and 298.15 K, from measured geometry and fundamentals.",
    "vibrations of a molecule": "wavenumbers that are left when translations and rotations are projected out.",
    "entropy of a quantum system": "against the sum over its levels, term by term.",
    "change of ΔG from 1 atm to 1 mol/L": "per molecule more on the right.",
    "Gibbs energy of binding": "of a declared cycle, products minus reactants.",
    "lowering by a twin": "of a component, by a second conformer of the same Gibbs energy.",
    # Uncertainties
    "part of the 68.3 % intervals of a mean that hold it": "over many runs.",
    "block error of the mean": "standard error from blocks of frames; the mean over the runs is shown.",
    "correlation time": "½ plus the sum of the autocorrelation.",
    "samples per independent one": "statistical inefficiency, of which effective sample size is the inverse.",
    # Attenuation
    "attenuation at 30, 50 and 70 keV": "µ of a material at a stated density.",
    "energy absorption at 30, 50 and 70 keV": "µ_en of a material at a stated density.",
    "mass attenuation of lead at 100 keV": "µ/ρ.",
    "mass energy absorption of lead at 100 keV": "µ_en/ρ.",
    "part of the photons taken out": "1 - exp(-µ d) of a spectrum, each photon counting alike.",
    "part of the energy taken out": "the same, each photon counting by its energy.",
    # Growth
    "concentration near the face": "about √(D t) before it at three times, over that in the bulk; the whole profile is held to the same.",
    "solute lost by the solution less that taken by the face": "over what was there at first.",
    "growth velocity": "of a face into the solution.",
    "flux times time over the growth of the face": "published numbers against each other: a density.",
    # Nuclear recoils
    "cross-section over N²": "ratio of two nuclei without protons' part, over that of the squares of neutron numbers.",
    "cross-section above a threshold": "per nucleus, without form factor.",
    "mean cross-section of pion decay at rest": "over the three neutrino flavors, mean nucleus.",
    "weight of a spectrum": "its integral.",
    # X-ray diffraction
    "diffraction angle": "2θ of reflections.",
    "part of the fitted positions within one s.u.": "of the peaks of simulated patterns; 68.3 % is stated.",
    "mean deviation of fitted positions": "from where the peaks were put, over their standard uncertainties.",
    "part of the lattice parameters within one s.u.": "refined with a zero shift; 68.3 % is stated.",
    "refined lattice parameter": "of a measured or simulated pattern, with its standard uncertainty.",
    "refined zero shift": "of a simulated pattern.",
    "shift per fraction": "d 2θ/dx by Vegard's law.",
    "root mean square error of x": "composition from the shift of one reflection.",
    "part of the x within one s.u.": "the same; 68.3 % is stated.",
    "x with a zero shift of .05°": "composition from two reflections against a reference pattern.",
    "largest gap to a peak of another program": "from any of its peaks to the nearest of ours, in 2θ.",
    "structure factor": "its modulus, displacements included where the structure has them.",
    "largest difference of an intensity": "in % of the strongest peak, over all peaks to 2θ = 90°.",
    "intensity of 111": "in % of the strongest peak.",
    "mean squared structure factor of Friedel mates": "of hkl and -h-k-l, which differ where f'' is not zero.",
    "intensity of all peaks": "in % of the strongest.",
    "sum of squared structure factors to each peak": "over all reflections of each peak and those before it.",
    "shift of a reflection": "its 2θ in the second structure minus that in the first.",
    "mean intensity of frames": "squared structure factors of reflections, averaged.",
    # Conclusions
    "exact p of Kendall's tau": "part of all orders of the data, ties included, whose tau-b is at least as large in size "
    "(two-sided).",
    "critical value of Kendall's tau": "smallest tau that is significant.",
    "p of Kendall's tau from random orders": "the same, where there are too many orders to visit each.",
    "part of draws in which tau keeps its sign": "values drawn within their standard uncertainties.",
    "part of draws with the same order": "of which the best is the first, and the others follow as they are stated.",
}
"""Quantity: its definition in few words."""
