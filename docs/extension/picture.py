"""The pictures of the front page, by the package itself from its bundled trajectories."""

from __future__ import annotations

import warnings
from pathlib import Path

NAMES = ("front_structure.png", "front_distributions.png", "front_sharing.png")


def write(folder: Path) -> None:
    """Draw what is missing: the last frame in γ-butyrolactone, distributions and sharing of both solutions."""
    paths = [folder / name for name in NAMES]
    if all(path.exists() for path in paths):
        return
    import perovchem as pc
    from perovchem.plotting.coordination import plot_distributions
    from perovchem.plotting.coordination_over_time import plot_sharing
    from perovchem.plotting.structure import plot_scenes
    from perovchem.scene import of_polyhedra

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pc.PerovchemWarning)
        runs = {
            label: pc.read_frames(name, discard="4ps")
            for label, name in (("2-ME", "2me_solution"), ("GBL", "gbl_solution"))
        }
        found = pc.compare_coordination(runs, center="Pb", ligands=("I", "O"))
        last = of_polyhedra(found.aggregation[1], found.polyhedra[1], run="Pb-I in γ-butyrolactone")[-1:]
        figures = (plot_scenes(last), plot_distributions(found), plot_sharing(found))
    figures[0].set_size_inches(5.2, 5.2)
    figures[0].axes[0].set_title("", loc="left")
    for text in figures[0].legends[0].get_texts():
        text.set_fontsize(9)
    for path, figure in zip(paths, figures, strict=True):
        figure.savefig(path, dpi=220, bbox_inches="tight", metadata={"Software": None})
