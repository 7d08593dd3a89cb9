"""The command line: ``perovchem COMMAND INPUT... [options]``; one short file a command.

Exit codes: 0 done, 1 the input's fault, 2 usage. Tables go to stdout, progress and warnings to stderr.
"""

from __future__ import annotations

import io
import os
import sys

import typer

from perovchem.cli import (
    bands,
    binding,
    bundled,
    compute,
    coordination,
    density_of_states,
    diffusion,
    doping_energetics,
    exchange,
    exciton,
    gibbs,
    hydrogen_bonds,
    info,
    masses,
    orientation,
    pair_distribution,
    solvation_pmf,
    substitution,
    xrd,
)
from perovchem.errors import PerovchemError
from perovchem.version import __version__

app = typer.Typer(
    name="perovchem",
    help="From VASP and CASTEP runs of halide perovskites, their solutions and amine salts to chemistry.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for called, command, example in (
    ("info", info.info, "gbl_solution"),
    (
        "coordination",
        coordination.coordination,
        "gbl_solution 2me_solution --ligand I --ligand O --discard 4ps",
    ),
    ("exchange", exchange.exchange, "gbl_solution --ligand O --by molecule --discard 4ps"),
    ("rdf", pair_distribution.rdf, "gbl_solution --pair Pb-I --pair 'Pb-O(GBL)' --discard 4ps"),
    ("pmf", solvation_pmf.pmf, "gbl_solution --pair 'Pb-O(GBL)' --pair Pb-I --discard 4ps --temperature 300"),
    ("defects", doping_energetics.defects, "examples/data/constructed_doping.toml"),
    ("mixing", doping_energetics.mixing, "examples/data/constructed_doping.toml"),
    ("diffusion", diffusion.diffusion, "gbl_solution --of GBL --of MA --discard 4ps"),
    ("orientation", orientation.orientation, "gbl_solution --molecule MA --axis C-N --discard 4ps"),
    ("bands", bands.bands, "run/ --dos dos_run/"),
    ("dos", density_of_states.dos, "run/ --window -5 6"),
    ("masses", masses.masses, "run/ --dielectric 4.6"),
    (
        "exciton",
        exciton.exciton,
        "--electron 0.11 --hole 0.24 --dielectric 4.6 --binding 49 --radius 48 --shift 0.2",
    ),
    ("compute", compute.compute, "cspbcl3_amine_salts_species.toml"),
    (
        "hbonds",
        hydrogen_bonds.hbonds,
        "ornithine_HCl --acceptor Cl --charge C5H13N2O2=1,Cl=-1",
    ),
    (
        "substitute",
        substitution.substitute,
        "CsPbCl3 --site Cl --ion Br- --site Cl --ion I- --site Cs --ion MA+",
    ),
    ("xrd", xrd.xrd, "CsPbCl3_cubic --compare CsPbBr3_cubic --range 10 50"),
    ("gibbs", gibbs.gibbs, "DMSO/OUTCAR MACl.log --temperature 350"),
    ("binding", binding.binding, "cycle.toml --output FOLDER"),
    ("structures", bundled.structures, "CsPbCl3_cubic --output FOLDER"),
    ("trajectories", bundled.trajectories, "gbl_solution --output FOLDER"),
):
    app.command(called, epilog=f"Example: perovchem {called} {example}")(command)


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
