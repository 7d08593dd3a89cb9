"""Names in texts, combinations, places in JSON: small languages that do what they say and nothing else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perovchem.workflow.matrix import combinations, filled, names_in, same
from perovchem.workflow.places import NotThereError, at, parsed


@given(st.text(max_size=30))
def test_a_doubled_text_is_itself(text) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert names_in(doubled) == []
    assert filled(doubled, {}) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_is_put_in_as_it_is(value, around) -> None:
    """Values are never looked through for names of their own."""
    doubled = around.replace("{", "{{").replace("}", "}}")
    assert filled(f"{doubled}{{a}}{doubled}!", {"a": value}) == f"{around}{value}{around}!"


@given(st.from_regex(r"\{[^{}]*[^a-z0-9_{}][^{}]*\}", fullmatch=True))
def test_a_brace_around_no_name_is_refused(text) -> None:
    with pytest.raises(ValueError, match=r"\{"):
        names_in(text)


def test_combinations_are_the_product_without_what_is_excluded() -> None:
    matrix = {"a": (1, 2, 3), "b": ("x", "y"), "c": (True, False)}
    rules = [{"a": 1, "b": "x"}, {"c": True, "a": 3}]
    wanted = [
        dict(zip("abc", values, strict=True))
        for values in itertools.product(*matrix.values())
        if not (values[0] == 1 and values[1] == "x") and not (values[0] == 3 and values[2] is True)
    ]
    assert list(combinations(matrix, ("a", "b", "c"), rules)) == wanted
    assert len(list(combinations(matrix, ("a", "b"), rules))) == 5  # the rule with c says nothing of these


def test_true_is_not_one() -> None:
    assert same(1, 1.0)
    assert not same(True, 1)


JSON = {
    "a": {"b-c": [1, {"d": 2}]},
    "tests": [{"name": "x y", "v": 3}, {"name": "z"}],
    "none": None,
    "twice": [{"k": 1}] * 2,
}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("a.b-c[0]", 1),
        ("a.b-c[1].d", 2),
        ("tests[name=x y].v", 3),
        ("none.anything[0].at.all", None),
        ("tests[1].name", "z"),
    ],
)
def test_places(place, value) -> None:
    assert at(JSON, place) == value


@pytest.mark.parametrize(
    "place", ["b", "a.x", "a.b-c[2]", "tests[name=q].v", "a[0]", "twice[k=1]", "a.b-c.d", "tests[v=3.0].v"]
)
def test_places_that_are_not_there(place) -> None:
    with pytest.raises(NotThereError):
        at(JSON, place)


@pytest.mark.parametrize(
    "place",
    ["", ".a", "a.", "a..b", "a[", "a]", "a[x]", "a[-1]", "a[0", "a[b=c]d", "a[=c]", "a=b", "a" + ".a" * 60],
)
def test_what_is_no_place(place) -> None:
    with pytest.raises(ValueError):
        parsed(place)
