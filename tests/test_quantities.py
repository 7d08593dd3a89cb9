"""The table of quantities: complete, consistent, printable."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

from perovchem.errors import UsageError
from perovchem.quantities import Quantity, label, quantities, quantity, units

DOCUMENT: dict[str, Any] = tomllib.loads(
    resources.files("perovchem").joinpath("quantities.toml").read_text(encoding="utf-8")
)
NAMES = [name for name in DOCUMENT if name != "units"]

# What the commands of this version print (the JSON keys promised to users, singular).
PROMISED = {
    "time",
    "coordination_number",
    "mean_coordination_number",
    "bond_length",
    "cutoff",
    "volume",
    "aggregate_volume",
    "sharing",
    "links_per_center",
    "cluster_size",
    "density",
    "concentration",
    "temperature",
    "energy",
    "free_energy",
    "kinetic_energy",
    "total_energy",
    "pressure",
    "stress",
    "pair_distribution",
    "distance",
    "quadratic_elongation",
    "bond_angle_variance",
    "baur_distortion_index",
    "off_centering",
    "denticity",
    "network_dimension",
    "energy_drift",
    "correlation_time",
    "fraction",
    "cell_volume",
    "timestep",
    "frame_interval",
    "persistence",
    "first_corner",
    "first_edge",
    "standard_error",
    "speciation",
    "n_frames",
    "n_atoms",
    "n_undefined",
}


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_complete(name: str) -> None:
    entry = DOCUMENT[name]
    assert (
        {"symbol", "unit", "sentence", "source"}
        <= set(entry)
        <= {
            "words",
            "symbol",
            "unit",
            "sentence",
            "source",
        }
    )
    assert all(isinstance(value, str) for value in entry.values())
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert entry["unit"] in DOCUMENT["units"]
    assert re.fullmatch(r"[A-Z].*\.", entry["sentence"])
    assert entry["source"] == "definition" or re.fullmatch(r"10\.\d{4,5}/\S+", entry["source"])


@pytest.mark.parametrize("name", NAMES)
def test_label_can_be_drawn(name: str) -> None:
    text = label(name)
    assert text.count("$") in (0, 2)
    assert "{" not in text.split("$")[0]
    parsed = MathTextParser("path").parse(text)  # raises ValueError for what mathtext does not know
    assert parsed.width > 0


def test_every_promised_name_is_there() -> None:
    assert set(quantities()) >= PROMISED


def test_every_unit_is_in_use() -> None:
    assert {entry.unit for entry in quantities().values()} == set(DOCUMENT["units"])


def test_axes_can_be_told_apart() -> None:
    labels = [label(name) for name in NAMES]
    assert len(set(labels)) == len(labels)
    sentences = [entry.sentence for entry in quantities().values()]
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        # as the definitions of the package state them
        ("time", "ps"),
        ("timestep", "fs"),
        ("volume", "Å3"),
        ("density", "g/cm3"),
        ("concentration", "mol/L"),
        ("pressure", "GPa"),
        ("bond_angle_variance", "degree2"),
        ("energy_drift", "meV/atom/ps"),
        ("correlation_time", "fs"),
        ("sharing", "1"),
        ("standard_error", "of the quantity"),
    ],
)
def test_units_of_the_package(name: str, unit: str) -> None:
    assert quantity(name).unit == unit


def test_words_default_to_the_name() -> None:
    assert quantity("bond_length").words == "bond length"
    assert quantity("timestep").words == "time step"
    assert isinstance(quantity("time"), Quantity)


def test_label_of_a_pure_number_has_no_parentheses() -> None:
    assert label("pair_distribution", of="Pb–I") == "Pb–I pair distribution $g(r)$"


@pytest.mark.parametrize(
    "function", [quantity, label, lambda name: units([name]), lambda name: units({"key": name})]
)
def test_unknown_name_suggests_the_nearest(function: Any) -> None:
    with pytest.raises(UsageError, match=r"no quantity 'densty'.*did you mean 'density'\?"):
        function("densty")


def test_the_table_of_units_is_no_quantity() -> None:
    with pytest.raises(UsageError):
        quantity("units")


def test_units_of_result_keys() -> None:
    assert units([]) == {}
    assert units({"cutoffs": "cutoff", "density": "density"}) == {"cutoffs": "Å", "density": "g/cm3"}
