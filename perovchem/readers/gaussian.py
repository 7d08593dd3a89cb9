"""A calculation from a log of Gaussian: its last frequency job, or else its last job."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from perovchem.arrays import Floats
from perovchem.calculation import Calculation, Vibrations
from perovchem.elements import element
from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes
from perovchem.readers.gaussian_level import Route, gaussian_level, read_route
from perovchem.readers.gaussian_tables import read_archive, read_masses, read_modes, read_orientation
from perovchem.readers.log_text import NUMBER, last_line, last_of, refused, to_number

WAVENUMBER_STEP: Final = 1e-4
_ROUTE: Final = re.compile(
    rb"\n -{10,200}[ \t\r]*\n( #[^\n]{0,200}\n(?: [^\n-][^\n]{0,200}\n){0,40}) -{10,200}[ \t\r]*\n"
)
_NORMAL: Final = b"Normal termination of Gaussian"
_FREQUENCIES: Final = b"Frequencies --"
_ERROR: Final = re.compile(
    rb"Convergence failure -- run terminated|Optimization stopped\.|Number of steps exceeded|Error termination"
)
_DISPLACED: Final = b"Re-enter D2Numr"
"""Begins each displacement of numerical second derivatives."""
_UNCONVERGED: Final = b"Convergence criterion not met"
_CHARGE: Final = re.compile(rb"Charge =[ \t]*(-?\d{1,4})[ \t]+Multiplicity =[ \t]*(\d{1,3})")
_SCF: Final = re.compile(rb"SCF Done:[ \t]+E\(([^)\n]{1,40})\)[ \t]*=[ \t]*(\S{1,40})")
_VERSION: Final = re.compile(rb"\n Gaussian (\d\d|DV):[ \t]+\S{0,20}Rev(\S{1,8})")
_SIGMA: Final = re.compile(rb"Rotational symmetry number[ \t]+(\d{1,3})")
_LATER: Final = {
    "MP2": re.compile(rb"EUMP2 =[ \t]*(%b)" % NUMBER),
    "MP3": re.compile(rb"EUMP3=[ \t]*(%b)" % NUMBER),
    "MP4": re.compile(rb"UMP4\(SDTQ\)=[ \t]*(%b)" % NUMBER),
    "QCISD": re.compile(rb"E\(CORR\)=[ \t]*(%b)" % NUMBER),
    "QCISD(T)": re.compile(rb"QCISD\(T\)=[ \t]*(%b)" % NUMBER),
    "CCSD": re.compile(rb"E\(CORR\)=[ \t]*(%b)" % NUMBER),
    "CCSD(T)": re.compile(rb"CCSD\(T\)=[ \t]*(%b)" % NUMBER),
    "double hybrid": re.compile(rb"E2\([^)\n]{1,30}\)[ \t]*=[^=\n]{1,40}E\([^)\n]{1,30}\)[ \t]*=[ \t]*(%b)" % NUMBER),
}  # fmt: skip
"""Where the energy of a method beyond SCF stands."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job step of a log, between two bytes of it."""

    start: int
    end: int
    route: Route
    ended: bool
    has_frequencies: bool


def read_gaussian(file: FileBytes) -> Calculation:
    """Read the calculation of one species from a log of Gaussian.

    The last job with frequencies counts, with its own energy and geometry; without one, the last job. What
    other jobs of the log computed at another level is told of in the notes.

    Parameters
    ----------
    file : FileBytes

    Returns
    -------
    Calculation
        Energy in hartree, as printed.

    Raises
    ------
    FormatError
        If the job did not end normally, did not converge, or its tables are not complete.
    """
    jobs = _jobs(file)
    vibrational = [job for job in jobs if job.has_frequencies or job.route.frequencies]
    done = [job for job in vibrational if job.ended]
    job = (done or vibrational or jobs)[-1]
    energy, label, scf = _energy(file, job)
    _check(file, job, scf)
    level = gaussian_level(file, job.start, job.end, job.route, _method(file, scf), _version(file))
    species, positions = read_orientation(file, job.start, scf, job.end)
    _one_species(file, jobs, job, species)
    found = _CHARGE.search(file.data, job.start, job.end)
    if found is None:
        raise refused(file, job.start + 1, "a job without its charge", "give the whole log")
    vibrations = None
    notes = list(file.notes)
    if vibrational and not job.has_frequencies and len(species) > 1:
        raise refused(file, job.start + 1, "a frequency job without frequencies", "give the whole log")
    if vibrational:
        positions, vibrations = _vibrations(file, job, species, positions)
    if any(re.search(r"\bfreq\b", one.route.text.lower()) for one in jobs) and not vibrational:
        notes.append("the route asks for frequencies, and the log ends before they were computed")
    if not job.has_frequencies and file.data.find(_FREQUENCIES, job.start, job.end) >= 0:
        notes.append(
            "frequencies printed in the course of the optimization are not used: they are of another structure"
        )
    for other in jobs:
        told = _other(file, other, job, str(level))
        notes += [told] if told else []
    sigma = _SIGMA.search(file.data, job.start, job.end)
    return Calculation(
        species=species,
        positions=positions,
        energy=energy,
        energy_unit="hartree",
        energy_label=label,
        level=level,
        charge=int(found.group(1)),
        multiplicity=int(found.group(2)),
        vibrations=vibrations,
        symmetry_number=int(sigma.group(1)) if sigma else 0,
        notes=tuple(dict.fromkeys(notes)),
    )


def _one_species(file: FileBytes, jobs: list[Job], job: Job, species: tuple[str, ...]) -> None:
    """Refuse a log of several species, and a scan, whose last point is no stationary point."""
    scan = file.data.find(b"Summary of Optimized Potential Surface Scan", job.start, job.end)
    if scan >= 0:
        raise refused(
            file, scan, "the job is a scan, not one structure", "optimize the structure that is meant"
        )
    for other in jobs:
        scf = last_of(file, b"SCF Done:", other.start, other.end)
        if other.start == job.start or scf < 0:
            continue
        if sorted(read_orientation(file, other.start, scf, other.end)[0]) != sorted(species):
            fix = "split the log, one species each"
            raise refused(file, other.start + 1, "the log holds jobs of other atoms, too", fix)


def _version(file: FileBytes) -> str:
    """Return "16 C.01"."""
    found = _VERSION.search(file.data, 0, min(len(file), 1 << 20))
    return " ".join(part.decode("latin-1") for part in found.groups()) if found else ""


def _jobs(file: FileBytes) -> list[Job]:
    """Return the job steps: each begins with its route between two rules."""
    found = [(match.start(), match.group(1)) for match in _ROUTE.finditer(file.data)]
    if not found:
        raise FormatError(
            f"no route (# ...) in this log of Gaussian, which ends with {last_line(file)!r}",
            where=str(file.path),
            fix="give the whole log",
        )
    edges = [start for start, _ in found] + [len(file)]
    jobs: list[Job] = []
    for (start, text), end in zip(found, edges[1:], strict=True):
        route = read_route(text.decode("latin-1"))
        before = jobs[-1].route if jobs else None
        jobs.append(
            Job(
                start,
                end,
                route.after(before),
                file.data.find(_NORMAL, start, end) >= 0,
                _are_final(file, start, end),
            )
        )
    return jobs


def _are_final(file: FileBytes, start: int, end: int) -> bool:
    """Return whether the frequencies of a job, if any, are of its last structure (Opt=CalcFC begins with some)."""
    return last_of(file, _FREQUENCIES, start, end) > last_of(file, b"SCF Done:", start, end)


def _check(file: FileBytes, job: Job, scf: int) -> None:
    """Refuse a job that failed, was killed, or did not converge."""
    before = max(job.start, last_of(file, b"SCF Done:", job.start, scf))
    failed = last_of(file, _UNCONVERGED, before, scf)
    if failed >= 0:
        raise refused(
            file, failed, "the SCF did not converge", "use another SCF algorithm (SCF=XQC), and run it again"
        )
    if not job.ended:
        bad = _ERROR.search(file.data, job.start, job.end)
        if bad:
            fix = "mend what Gaussian complains about, and run it again"
            raise refused(file, bad.start(), "the calculation failed", fix)
        raise FormatError(
            f"the job of line {file.line_number(job.start) + 2} has no 'Normal termination'; the log ends with "
            f"line {file.line_number(len(file) - 1)}: {last_line(file)!r}",
            where=str(file.path),
            fix="run the job to its end, or give the log of one that finished",
        )
    if job.route.optimization:
        found = max(
            last_of(file, words, job.start, job.end)
            for words in (b"-- Stationary point found.", b"Optimization completed")
        )
        if found < 0:
            fix = "go on with the optimization until it converges"
            raise refused(file, scf, "the optimization did not find a stationary point", fix)


def _energy(file: FileBytes, job: Job) -> tuple[float, str, int]:
    """Return the energy of a job, its label, and where its last SCF energy stands."""
    displaced = -1 if job.route.optimization else file.data.find(_DISPLACED, job.start, job.end)
    end = displaced if displaced >= 0 else job.end  # what follows are energies of displaced structures
    scf = last_of(file, b"SCF Done:", job.start, end)
    match = _SCF.match(file.data, scf) if scf >= 0 else None
    if match is None:
        bad = _ERROR.search(file.data, job.start, job.end)
        place = scf if scf >= 0 else bad.start() if bad else job.start + 1
        what = "the job has no SCF energy" if job.route.refused == "" else job.route.refused
        raise refused(file, place, what, "give a job with an energy, or write the energy into a TOML file")
    if job.route.refused:
        fix = "give a ground-state energy of one method, or write it into a TOML file"
        raise refused(file, file.data.find(b"#", job.start), job.route.refused, fix)
    if not job.route.beyond:
        return (
            to_number(file, match.group(2), scf, "the SCF energy"),
            f"SCF Done: E({match.group(1).decode()})",
            scf,
        )
    start = scf if job.route.beyond == "double hybrid" or not job.has_frequencies else job.start
    later = list(_LATER[job.route.beyond].finditer(file.data, start, end))
    if not later:
        fix = "give the log of a job that printed it"
        raise refused(file, scf, f"the job has no {job.route.beyond} energy behind its last SCF", fix)
    name = later[-1].group(0).split(b"=")[0].decode("latin-1").strip()
    label = "E2 corrected" if job.route.beyond == "double hybrid" else name
    return to_number(file, later[-1].group(1), later[-1].start(), "the energy"), label, scf


def _method(file: FileBytes, scf: int) -> str:
    """Return the name in the parentheses of "SCF Done: E(RB3LYP)"."""
    match = _SCF.match(file.data, scf)
    return match.group(1).decode("latin-1") if match else ""


def _vibrations(
    file: FileBytes, job: Job, species: tuple[str, ...], oriented: Floats
) -> tuple[Floats, Vibrations]:
    """Return the modes of a frequency job, and the positions in the frame of its second derivatives.

    The archive at the end of a job gives structure and second derivatives in the frame of the input, the table
    of modes stands in the standard orientation; the vectors are turned into the frame of the archive.
    """
    n_atoms = len(species)
    masses = read_masses(file, job.start, job.end, n_atoms)
    if masses is None:
        masses = np.array([element(symbol).mass for symbol in species])
    wavenumbers, vectors = read_modes(file, job.start, job.end, n_atoms)
    weighted = vectors * np.sqrt(masses)[None, :, None]
    norms = np.sqrt((weighted**2).sum((1, 2), keepdims=True))
    weighted = np.divide(weighted, norms, out=np.zeros_like(weighted), where=norms > 0)
    archive = read_archive(file, job.start, job.end, species)
    hessian, positions = None, oriented
    if archive is not None:
        rotation = _rotation(oriented, archive.positions)
        if rotation is not None:
            positions, hessian = archive.positions, archive.hessian
            weighted = weighted @ rotation
    return positions, Vibrations(
        wavenumbers=wavenumbers[None, :],
        masses=masses,
        displacements=weighted,
        hessian=hessian,
        projected=True,
        moved=tuple(range(n_atoms)),
        wavenumber_step=WAVENUMBER_STEP,
        source="harmonic frequencies of Gaussian"
        + (" (numerical)" if job.route.numerical else " (analytic)"),
    )


def _rotation(start: Floats, end: Floats) -> Floats | None:
    """Return the rotation that turns one copy of a structure into another (Kabsch 1976); None where none does."""
    a, b = start - start.mean(0), end - end.mean(0)
    u, _, v = np.linalg.svd(a.T @ b)
    sign = np.sign(np.linalg.det(u @ v)) or 1.0
    turn: Floats = u @ np.diag([1.0, 1.0, sign]) @ v
    return turn if np.abs(a @ turn - b).max() < 1e-3 else None


def _other(file: FileBytes, other: Job, job: Job, level: str) -> str:
    """Return a note on a job of the log that is not the chosen one, if it was computed at another level."""
    scf = last_of(file, b"SCF Done:", other.start, other.end)
    if other.start == job.start or scf < 0:
        return ""
    its = gaussian_level(file, other.start, other.end, other.route, _method(file, scf), "")
    if str(its) == level:
        return ""
    return f"another job of the log (line {file.line_number(other.start) + 2}) is at {its}, and not used"
