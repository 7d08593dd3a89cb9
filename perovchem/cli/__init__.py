"""The command line: ``perovchem COMMAND INPUT... [options]``; one short file a command.

Exit codes: 0 done, 1 the input's fault, 2 usage. Tables go to stdout, progress and warnings to stderr.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Final

import typer

from perovchem.cli import (
    attenuation,
    bands,
    binding,
    bundled,
    cevns,
    compute,
    coordination,
    demo,
    density_of_states,
    diffusion,
    doctor,
    doping_energetics,
    exafs,
    exchange,
    exciton,
    gibbs,
    growth,
    hydrogen_bonds,
    info,
    masses,
    orientation,
    pair_distribution,
    run,
    solvation_pmf,
    substitution,
    tilts,
    xrd,
)
from perovchem.cli.listing import Listing
from perovchem.errors import PerovchemError
from perovchem.version import __version__

app = typer.Typer(
    name="perovchem",
    cls=Listing,
    help="From VASP and CASTEP runs of halide perovskites, their solutions and amine salts to chemistry.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_IN_A_CHECKOUT: Final = {
    "RUN": "examples/data/cesium_lead_halide_bands/CsPbCl3_spin_orbit.json",
    "FILE": "workflows/data/cspbcl3_amine_salts/MACl_1.toml",
    "CYCLE.toml": "workflows/cspbcl3_amine_salts.toml",
    "SPECIES.toml": "workflows/cspbcl3_amine_salts_species.toml",
    "FILE.toml": "examples/data/constructed_doping.toml",
}
"""What the repository holds for the inputs of examples that are not bundled."""


def _epilog(called: str, example: str) -> str:
    """Return the example, and what can be put in the place of its input."""
    held = [
        f"{word}, in a checkout: {_IN_A_CHECKOUT[word]}" for word in example.split() if word in _IN_A_CHECKOUT
    ]
    return "\n\n".join([f"Example: perovchem {called} {example}", *held])


for head, commands in {
    "Begin here": (
        ("demo", demo.demo, "FOLDER"),
        ("doctor", doctor.doctor, "--full"),
        ("info", info.info, "gbl_solution"),
        ("structures", bundled.structures, "CsPbCl3_cubic --output FOLDER"),
        ("trajectories", bundled.trajectories, "gbl_solution --output FOLDER"),
        ("workflows", bundled.workflows, "nature_561_88 --output FOLDER"),
    ),
    "Trajectories: how atoms stand and move": (
        (
            "coordination",
            coordination.coordination,
            "gbl_solution 2me_solution --ligand I --ligand O --discard 4ps",
        ),
        ("exchange", exchange.exchange, "gbl_solution --ligand O --by molecule --discard 4ps"),
        ("rdf", pair_distribution.rdf, "gbl_solution --pair Pb-I --pair 'Pb-O(GBL)' --discard 4ps"),
        ("diffusion", diffusion.diffusion, "gbl_solution --of GBL --of MA --discard 4ps"),
        ("orientation", orientation.orientation, "gbl_solution --molecule MA --axis C-N --discard 4ps"),
        (
            "pmf",
            solvation_pmf.pmf,
            "gbl_solution --pair 'Pb-O(GBL)' --pair Pb-I --discard 4ps --temperature 300",
        ),
        ("tilts", tilts.tilts, "cspbbr3_crystal --discard 5ps"),
        ("exafs", exafs.exafs, "2me_solution gbl_solution --pair Pb-O --pair Pb-I --discard 4ps"),
    ),
    "Crystals: what they hold and what enters": (
        (
            "hbonds",
            hydrogen_bonds.hbonds,
            "ornithine_HCl --acceptor Cl --charge C5H13N2O2=1,Cl=-1",
        ),
        ("xrd", xrd.xrd, "CsPbCl3_cubic --compare CsPbBr3_cubic --range 10 50"),
        (
            "substitute",
            substitution.substitute,
            "CsPbCl3 --site Cl --ion Br- --site Cl --ion I- --site Cs --ion MA+",
        ),
    ),
    "Bands: gap, masses, exciton": (
        ("bands", bands.bands, "RUN --window -3 3"),
        ("dos", density_of_states.dos, "DOS_RUN --window -5 6"),
        ("masses", masses.masses, "RUN --dielectric 4.6"),
        (
            "exciton",
            exciton.exciton,
            "--electron 0.11 --hole 0.24 --dielectric 4.6 --binding 49 --radius 48 --shift 0.2",
        ),
    ),
    "Energies: what binds, mixes and dopes": (
        ("gibbs", gibbs.gibbs, "FILE --temperature 350"),
        ("binding", binding.binding, "CYCLE.toml --treatment rrho"),
        ("compute", compute.compute, "SPECIES.toml"),
        ("mixing", doping_energetics.mixing, "FILE.toml"),
        ("defects", doping_energetics.defects, "FILE.toml"),
    ),
    "Detectors: X-rays, growth, neutrinos": (
        (
            "attenuate",
            attenuation.attenuate,
            "CsPbCl3 --density 4.21 --thickness 1 --line 32 --spectrum kramers:70 --filter Al:2.5",
        ),
        (
            "growth",
            growth.growth,
            "--diffusion 5e-11 --diffusion 4e-10 --bulk 1.5 --flux 2e-5 --crystal MAPbI3 --density 4.16 --duration 60s",
        ),
        ("cevns", cevns.cevns, "CsPbI3 --against Ge --threshold 0 --threshold 0.1 --threshold 1"),
    ),
    "Many at once": (
        ("run", run.run, "nature_561_88 --dry-run"),
        ("screen", run.run, "additive_screen --dry-run"),
    ),
}.items():
    for name, command, example in commands:
        app.command(name, epilog=_epilog(name, example), rich_help_panel=head)(command)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"perovchem {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Hold the options that belong to no command."""


def main() -> None:
    """Run a command; turn what is the input's fault into one short paragraph."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show Å still shows the number
    try:
        app()
        sys.stdout.flush()
    except PerovchemError as error:
        sys.stderr.write(f"perovchem: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder in the place of a file
        place = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(
            f"perovchem: cannot write: {error.strerror or error}{place}. Fix: make room, or name another.\n"
        )
        os._exit(1)  # the interpreter would try to flush once more
