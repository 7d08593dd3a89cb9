"""The level of theory of a VASP run, from its settings and the titles of its potentials."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from perovchem.level_of_theory import LevelOfTheory
from perovchem.readers.incar import number

LEVEL_KEYS: Final = re.findall(
    r"\w+",
    "GGA METAGGA LEXCH LHFCALC AEXX HFSCREEN LUSE_VDW IVDW_NL ZAB_VDW IVDW LVDW PREC ENCUT ENMAX LSORBIT LSOL EB_K "
    "LDAU ISMEAR SIGMA ICHARG ISPIN NUPDOWN NELECT IBRION NSW POTIM NFREE NELM NSIM LASPH LTS LTSSURF ML_LMLFF",
)
"""Settings that this module and its callers ask for."""

_GGA: Final[Mapping[str, str]] = {
    "91": "PW91", "PE": "PBE", "RP": "RPBE", "PS": "PBEsol", "AM": "AM05", "CA": "LDA", "RE": "revPBE",
    "B3": "B3LYP", "B5": "B3LYP(VWN5)", "OR": "optPBE", "BO": "optB88", "MK": "optB86b", "ML": "rPW86", "CX": "cx13",
    "PB": "PB", "WI": "LDA(Wigner)", "HL": "LDA(Hedin-Lundqvist)", "PZ": "LDA(Perdew-Zunger)", "VW": "LDA(VWN)",
}  # fmt: skip
"""What the tag GGA selects (VASP wiki, GGA)."""
_LEXCH: Final[Mapping[str, str]] = {
    "2": "CA", "3": "CA", "4": "91", "7": "91", "8": "PE", "9": "RP", "11": "B3", "12": "B5", "13": "AM", "14": "PS",
    "40": "RE", "41": "OR", "42": "BO", "43": "MK", "44": "ML",
}  # fmt: skip
"""Internal numbers that an OUTCAR prints."""
_DISPERSION: Final[Mapping[int, str]] = {
    1: "D2", 10: "D2", 11: "D3", 12: "D3(BJ)", 13: "D4", 2: "TS", 20: "TS", 21: "TS/HI", 202: "MBD", 263: "MBD/FI",
    3: "ULG", 4: "dDsC", 14: "MBD", 15: "simple-DFT-D3", 101: "D2",
}  # fmt: skip
"""What IVDW selects (VASP wiki, IVDW)."""
_NONLOCAL: Final[Mapping[str, str]] = {
    "RE": "vdW-DF", "OR": "optPBE-vdW", "BO": "optB88-vdW", "MK": "optB86b-vdW", "ML": "vdW-DF2", "CX": "vdW-DF-cx",
    "BF": "BEEF-vdW",
}  # fmt: skip
_PRECISION: Final = {"a": "Accurate", "n": "Normal", "h": "High", "m": "Medium", "l": "Low", "s": "Single"}
_SHELLS: Final = "spdf"
_SMEARING: Final = {-5: "tetrahedron (Blöchl)", -4: "tetrahedron", -3: "ISMEAR -3", -2: "fixed occupations",
                    -1: "Fermi", 0: "Gaussian"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VaspSetup:
    """What the head of a run says, in whatever file it stands.

    Attributes
    ----------
    settings : mapping of str to str
        :data:`LEVEL_KEYS` as VASP took them.
    elements : tuple of str
        Of each kind of atom, in the order of the potentials.
    counts : tuple of int
        Atoms of each kind.
    titles : tuple of str
        Title of each potential, "PAW_PBE Pb_d 06Sep2000".
    valences : tuple of float
        Electrons of each potential.
    exchange : tuple of str
        LEXCH of each potential, where said ("PE").
    hubbard : mapping of str to tuple of float
        Setting LDAUL, LDAUU, LDAUJ to its value for each kind.
    """

    settings: Mapping[str, str]
    elements: tuple[str, ...]
    counts: tuple[int, ...]
    titles: tuple[str, ...]
    valences: tuple[float, ...]
    exchange: tuple[str, ...] = ()
    hubbard: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    version: str = ""
    k_mesh: str = ""
    dispersion_seen: bool = False
    solvation_seen: bool = False

    @property
    def charge(self) -> float:
        """Total charge, e, from the valences and NELECT; NaN where the run does not say."""
        electrons = number(self.settings, "NELECT")
        if electrons is None or not self.valences or len(self.valences) != len(self.counts):
            return math.nan
        return sum(v * n for v, n in zip(self.valences, self.counts, strict=True)) - electrons


def is_true(settings: Mapping[str, str], key: str) -> bool:
    """Return whether a logical setting is on."""
    return settings.get(key, "").strip().strip(".").upper()[:1] == "T"


def vasp_level(setup: VaspSetup) -> LevelOfTheory:
    """Return the level of theory of a run.

    Examples
    --------
    >>> settings = {"GGA": "PS", "IVDW": "12", "ENCUT": "520.0", "PREC": "accura", "ISMEAR": "0", "SIGMA": "0.05"}
    >>> print(vasp_level(VaspSetup(settings, ("Pb",), (1,), ("PAW_PBE Pb_d 06Sep2000",), (14.0,))))
    VASP PBEsol-D3(BJ), 520 eV
    """
    settings = setup.settings
    gga = _gga(setup)
    cutoff = number(settings, "ENCUT") or number(settings, "ENMAX") or math.nan
    smearing = number(settings, "ISMEAR")
    width = number(settings, "SIGMA")
    kind = "" if smearing is None else _SMEARING.get(int(smearing), f"Methfessel-Paxton {smearing:g}")
    return LevelOfTheory(
        code="VASP",
        functional=_functional(settings, gga),
        dispersion=_dispersion(setup, gga),
        hubbard=_hubbard(setup),
        pseudopotentials=_by_element(setup.elements, setup.titles),
        cutoff=cutoff,
        precision=_PRECISION.get(settings.get("PREC", "").strip().lower()[:1], ""),
        spin_orbit=is_true(settings, "LSORBIT"),
        solvent=_solvent(setup),
        version=setup.version,
        k_mesh=setup.k_mesh,
        smearing=kind + (f", {width:g} eV" if kind and width is not None and (smearing or 0) > -4 else ""),
    )


def _by_element(elements: tuple[str, ...], titles: tuple[str, ...]) -> dict[str, str]:
    """Return the title of each element's potential; all of them where two kinds are of one element."""
    out: dict[str, str] = {}
    for symbol, title in zip(elements, titles, strict=False):
        known = out.get(symbol, title).split("; ")
        out[symbol] = "; ".join(dict.fromkeys([*known, title]))
    return out


def _gga(setup: VaspSetup) -> str:
    """Return the two letters of the functional: GGA, else what the potentials were made with."""
    said = setup.settings.get("GGA", "--").strip().strip("'\"").upper()
    if said not in ("--", ""):
        return said
    internal = _LEXCH.get(setup.settings.get("LEXCH", "").strip(), "")
    if internal:
        return internal
    made = {one.upper() for one in setup.exchange}
    if len(made) == 1:
        return made.pop()
    kinds = {title.split()[0] for title in setup.titles if title.split()}
    if len(kinds) == 1:
        return {"PAW_PBE": "PE", "PAW_GGA": "91", "PAW_LDA": "CA", "PAW": "CA"}.get(kinds.pop(), "")
    return ""


def _functional(settings: Mapping[str, str], gga: str) -> str:
    """Return the functional as the field writes it."""
    base = _GGA.get(gga, f"GGA = {gga}" if gga else "")
    meta = settings.get("METAGGA", "F").strip().strip("'\"").upper()
    if meta not in ("F", "--", "", ".FALSE.", "NONE"):
        base = {"R2SCAN": "r2SCAN", "RSCAN": "rSCAN"}.get(meta, meta)
    if not is_true(settings, "LHFCALC"):
        return base
    mixing, screening = number(settings, "AEXX"), number(settings, "HFSCREEN") or 0.0
    if base in ("B3LYP", "B3LYP(VWN5)"):
        return base
    mixing = 0.25 if mixing is None else mixing
    if mixing == 1 and screening == 0:
        return "HF" if not base else f"{base} with all exact exchange"
    if base == "PBE" and mixing == 0.25:
        if screening in (0.2, 0.207):
            return "HSE06" if screening == 0.2 else "HSE06 (HFSCREEN = 0.207)"
        if screening == 0:
            return "PBE0"
        if screening == 0.3:
            return "HSE03"
    if base == "PBEsol" and mixing == 0.25 and screening == 0.2:
        return "HSEsol"
    return f"{base} hybrid (AEXX = {mixing:g}, HFSCREEN = {screening:g})"


def _dispersion(setup: VaspSetup, gga: str) -> str:
    """Return the dispersion correction."""
    settings = setup.settings
    kernel = _NONLOCAL.get(gga, f"GGA = {gga}") if is_true(settings, "LUSE_VDW") else ""
    if kernel:
        kernel = {2: "rVV10", 3: "vdW-DF3-opt1", 4: "vdW-DF3-opt2"}.get(
            int(number(settings, "IVDW_NL") or 0), kernel
        )
        if gga == "MK" and abs((number(settings, "ZAB_VDW") or 0.0) + 1.8867) < 1e-3:
            kernel = "rev-vdW-DF2"
    if kernel and settings.get("METAGGA", "F").strip().strip("'\"").upper() not in ("F", "--", "", ".FALSE."):
        kernel = "rVV10"
    code = number(settings, "IVDW")
    pairwise = ""
    if code:
        pairwise = _DISPERSION.get(int(code), f"IVDW = {code:g}")
    elif is_true(settings, "LVDW"):
        pairwise = "D2"
    elif setup.dispersion_seen:
        pairwise = "of a kind the file does not name"
    return "+".join(part for part in (kernel, pairwise) if part) or "none"


def _hubbard(setup: VaspSetup) -> dict[str, str]:
    """Return what +U adds to each element."""
    table = setup.hubbard
    if not is_true(setup.settings, "LDAU") or not table:
        return {}
    out = {}
    for k, symbol in enumerate(setup.elements):
        shell, u, j = (_nth(table.get(key, ()), k) for key in ("LDAUL", "LDAUU", "LDAUJ"))
        if 0 <= shell < len(_SHELLS) and (u or j):
            exchange = f", J = {j:g} eV" if j else ""
            out[symbol] = f"U({_SHELLS[int(shell)]}) = {u:g} eV{exchange}"
    return out


def _nth(values: tuple[float, ...], k: int) -> float:
    return values[k] if k < len(values) and math.isfinite(values[k]) else 0.0


def _solvent(setup: VaspSetup) -> str:
    """Return the implicit solvent."""
    if is_true(setup.settings, "LSOL") or setup.solvation_seen:
        permittivity = number(setup.settings, "EB_K")
        return "VASPsol" + (f"(ε = {permittivity:g})" if permittivity else "")
    return "none"
