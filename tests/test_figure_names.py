"""``result.plot()``: every class that is named exists, every function draws it, the others say what to do."""

from __future__ import annotations

import importlib
import inspect
import typing

import pytest

import perovchem as pc
from perovchem.errors import UsageError
from perovchem.figure_names import ALONE, LABELED, LISTED
from perovchem.result import Result

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")
ALL = {**LABELED, **ALONE, **LISTED}


@pytest.mark.parametrize("name", ALL)
def test_the_function_takes_this_class(name) -> None:
    """The annotation of its first parameter names the class: a renamed class or function is seen here."""
    module, function = ALL[name].split(":")
    plot = getattr(importlib.import_module(f"perovchem.plotting.{module}"), function)
    first, *rest = inspect.signature(plot).parameters.values()
    wrapped = {"Mapping[str, {}]": LABELED, "{}": ALONE}
    expected = next((form for form, names in wrapped.items() if name in names), "Sequence[{}]")
    assert expected.format(name) in str(first.annotation)
    assert all(one.default is not inspect.Parameter.empty for one in rest)


def test_every_class_is_a_result() -> None:
    for name in pc.__all__:
        getattr(pc, name)  # imports its room
    importlib.import_module("perovchem.hydrogen_bonds.trajectory_result")
    known, ahead = set(), [Result]
    while ahead:
        found = ahead.pop().__subclasses__()
        known |= {one.__name__ for one in found}
        ahead += found
    assert set(ALL) <= known


@pytest.mark.parametrize(
    "result",
    [
        lambda: pc.powder_pattern(pc.read_structure("CsPbCl3_cubic")),
        lambda: pc.check_substitution("CsPbCl3", site="Cl", ion="Br-"),
        lambda: pc.hydrogen_bonds(pc.read_structure("ornithine_HCl")),
        lambda: pc.pair_distribution(pc.read_frames("gbl_solution", start=800, stride=40), pairs="Pb-I"),
        lambda: pc.diffusion(pc.read_frames("gbl_solution", start=800, stride=4), of="MA"),
    ],
)
def test_it_draws(result) -> None:
    from matplotlib.figure import Figure

    figure = typing.cast(Result, result()).plot()
    assert isinstance(figure, Figure)
    assert any(axes.lines or axes.collections or axes.patches for axes in figure.axes)


def test_what_has_no_figure_says_so() -> None:
    with pytest.raises(UsageError, match="Symmetry has no figure"):
        pc.symmetry(pc.read_structure("CsPbCl3_cubic")).plot()
