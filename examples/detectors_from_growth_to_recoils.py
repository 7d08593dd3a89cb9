"""
From a growing crystal to a detector
====================================

Diffusion to the face of a thin crystal, X-rays that it takes out, and neutrinos that its nuclei would feel: each number
beside what is published, with what had to be assumed.
"""

# %%
import sys
from pathlib import Path

import perovchem as pc
from perovchem.attenuation.material import Filter
from perovchem.growth import felt_after, molar_mass
from perovchem.growth.published import assumptions
from perovchem.plotting.attenuation import plot_absorbed, plot_attenuation
from perovchem.plotting.cevns import plot_cross_sections
from perovchem.plotting.growth import plot_profiles
from perovchem.plotting.style import save

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "detectors_from_growth_to_recoils")
folder.mkdir(parents=True, exist_ok=True)

# %%
# Growth
# ------
# 1.5 mol/L; the published curves (doi 10.1038/s41467-024-46712-y) show .8 mol/L at the face for the slowest diffusion.
# A face kept at one concentration would show the same for all: so the flux is kept here, at its published value.
grown = {
    f"{diffusion:g} m²/s": pc.growth(
        diffusion=diffusion, bulk=1.5, flux=2e-5, crystal="MAPbI3", duration=66.0
    )
    for diffusion in (0.5e-10, 1.7e-10, 4e-10)
}
for name, one in grown.items():
    print(f"{name}: {one.face_concentration[-1]:.2f} mol/L at the face after {one.times[-1]:.0f} s")
for one in assumptions(molar_mass("MAPbI3")):
    print(f"{one.published}; {one.assumed}: {one.gives}. {one.verdict}.")
for diffusion in (1.7e-10, 5.4e-10):
    print(
        f"{diffusion:g} m2/s: 1.5 mm of solution limit growth from {felt_after(1.5, diffusion=diffusion) / 60:.0f} min"
    )
save(plot_profiles(grown, times=(6.6, 20.0, 66.0)), folder, "profiles")

# %%
# Attenuation
# -----------
# 99.8 % taken out by 1 mm of CsPbCl3 is stated for a 70 kVp beam (doi 10.1007/s40820-026-02272-y): with which spectrum?
crystal = pc.attenuation(pc.read_structure("CsPbCl3_cubic"))
tube = pc.PhotonSpectrum.kramers(70)
beams = {
    "32 keV": (pc.PhotonSpectrum.line(32), ()),
    "70 keV": (pc.PhotonSpectrum.line(70), ()),
    "70 kV, no filter, from 5 keV": (tube, ()),
    "70 kV, no filter, from 1 keV": (pc.PhotonSpectrum.kramers(70, lowest=1.0), ()),
    "70 kV, 2.5 mm Al": (tube, (Filter("Al", 2.5),)),
    "70 kV, 2.5 mm Al and .5 mm Cu": (tube, (Filter("Al", 2.5), Filter("Cu", 0.5))),
}
for name, (spectrum, filters) in beams.items():
    taken = pc.absorbed_fraction(crystal, spectrum, thickness=1.0, filters=filters)
    print(
        f"1 mm CsPbCl3, {name}: {100 * taken.photons_removed[0]:.2f} % of the photons, "
        f"{100 * taken.energy_removed[0]:.2f} % of the energy, {100 * taken.energy_deposited[0]:.1f} % left there"
    )
triple = pc.attenuation("Cs0.02FA0.2MA0.78PbI3", density=4.1)
print(pc.absorbed_fraction(triple, pc.PhotonSpectrum.line(8), thickness=0.06))

compared = {
    "CsPbCl3": crystal,
    "CsPbBr3": pc.attenuation(pc.read_structure("CsPbBr3_Pbnm")),
    "Cs0.02FA0.2MA0.78PbI3": triple,
    "CdTe": pc.attenuation(pc.read_structure("CdTe")),
    "a-Se": pc.attenuation("Se", density=4.27),
    "Si": pc.attenuation(pc.read_structure("Si")),
}
save(plot_attenuation(compared), folder, "attenuation")
taken = {
    name: pc.absorbed_fraction(one, tube, thickness=1.0, filters=(Filter("Al", 2.5),))
    for name, one in compared.items()
}
save(plot_absorbed(compared, taken), folder, "absorbed")

# %%
# Nuclear recoils
# ---------------
# A pion source on CsI has 189 ± 6 e-40 cm² in the Standard Model (doi 10.1103/PhysRevLett.129.081801).
pions = pc.NeutrinoSpectrum.pion_decay()
reference = pc.mean_cross_section("CsI", pions, nuclei_as="mean")
print(f"CsI at a pion source: {reference.cross_section[0, 0]:.0f}e-40 cm2 per nucleus")
for threshold in (0.0, 0.1, 1.0, 5.0):
    lead, germanium = (pc.mean_cross_section(one, pions, thresholds=threshold) for one in ("CsPbI3", "Ge"))
    per_nucleus = lead.cross_section[0, 0] / germanium.cross_section[0, 0]
    per_mass = lead.per_kilogram[0, 0] / germanium.per_kilogram[0, 0]
    print(
        f"CsPbI3 over Ge above {threshold:g} keV: {per_nucleus:.2f} per nucleus, {per_mass:.2f} per kilogram"
    )
energies = [1 + 0.5 * k for k in range(119)]
save(
    plot_cross_sections(
        {name: pc.cevns(name, energies=energies, thresholds=[0.0, 1.0]) for name in ("CsPbI3", "Ge")}
    ),
    folder,
    "cross_sections",
)
