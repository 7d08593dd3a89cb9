"""Tensors from arms and symmetry, from stencils and from meshes, against the tensor of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders_band_models import (
    CUBIC,
    FACE_CENTERED,
    TRICLINIC,
    at_points,
    cosine_mass,
    cosines,
    kane,
    kohn_luttinger,
    on_path,
    perovskite,
    quadratic,
    reciprocal,
    shifted,
    two_bands,
    zinc_blende,
)
from builders_bands import write_eigenval, write_poscar
from builders_castep_bands import write_castep_bands
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import special_ortho_group
from validation import algebra

import perovchem as pc
from perovchem.effective_mass import effective_masses, write_stencil
from perovchem.effective_mass.mesh import invariants
from perovchem.effective_mass.stencil import choose_step, stencil_center, stencil_curvature
from perovchem.effective_mass.tensor import symmetric_basis
from perovchem.errors import MissingDataError, UsageError

R = np.array([0.5, 0.5, 0.5])
TENSOR = np.array([[8.5, 0.9, -0.6], [0.9, 3.4, 0.4], [-0.6, 0.4, 1.6]])
STAR = ("X", "Γ", "M", "R", "Γ", "Z", "T", "Γ", "U", "Y", "Γ")


def listed(text: str) -> np.ndarray:
    """k-points of a KPOINTS or BS_KPOINT_LIST."""
    rows = [line.split() for line in text.splitlines()]
    return np.array([[float(x) for x in row[:3]] for row in rows if len(row) >= 3 and "." in row[0]])


def test_arms_give_the_tensor_of_a_triclinic_crystal():
    """Seven arms, six components; principal masses, conductivity and density-of-states means by algebra."""
    found = effective_masses(
        on_path(two_bands(quadratic(TENSOR), quadratic(TENSOR), 1.0), STAR, cell=TRICLINIC)
    )
    values = np.sort(np.linalg.eigvalsh(TENSOR))[::-1]
    for tensor in found.tensors:
        assert tensor.verdict == "ok"
        assert tensor.method == "arms and symmetry"
        np.testing.assert_allclose(tensor.inverse_mass, TENSOR, atol=5e-3 * 8.5)
        np.testing.assert_allclose(tensor.principal_masses, 1 / values, rtol=2e-3)
        assert (np.abs(tensor.principal_masses - 1 / values) < 4 * tensor.principal_errors + 1e-9).all()
        np.testing.assert_allclose(tensor.axes @ tensor.axes.T, np.eye(3), atol=1e-12)
        assert tensor.conductivity_mass == pytest.approx(3 / np.trace(TENSOR), rel=1e-3)
        assert tensor.density_of_states_mass == pytest.approx(np.linalg.det(TENSOR) ** (-1 / 3), rel=1e-3)
        assert tensor.along(np.array([1.0, 2, 3])) == pytest.approx(
            14 / (np.array([1.0, 2, 3]) @ TENSOR @ np.array([1.0, 2, 3])), rel=2e-3
        )


def test_too_few_arms_are_told_and_symmetry_makes_them_enough():
    """One arm: six unknowns without atoms, one in Pm-3m."""
    model = shifted(two_bands(cosines(0.3), cosines(0.5), 3.0), R @ reciprocal(CUBIC))
    bare = effective_masses(on_path(model, ("X", "R")))
    assert {t.verdict for t in bare.tensors} == {"refused"}
    assert "do not determine the 6 components" in bare.tensors[0].reason
    known = effective_masses(on_path(model, ("X", "R"), structure=perovskite()))
    for tensor, hopping in zip(known.tensors, (0.3, 0.5), strict=True):
        np.testing.assert_allclose(tensor.principal_masses, cosine_mass(hopping), rtol=2e-3)
        assert tensor.valleys == 1


def test_valleys_and_their_density_of_states():
    """An ellipsoid at X of Pm-3m: three valleys, 3^(2/3) in the mass of all."""
    center = np.array([0, 0.5, 0]) @ reciprocal(CUBIC)
    ellipsoid = shifted(quadratic(np.diag([5.0, 2.0, 5.0])), center)
    ones = shifted(quadratic(1 / 0.3), center)
    found = effective_masses(
        on_path(two_bands(ellipsoid, ones, 1.0), ("Γ", "X", "M"), structure=perovskite()), carrier="electron"
    )
    tensor = found.tensors[0]
    assert tensor.valleys == 3
    np.testing.assert_allclose(tensor.principal_masses, [0.2, 0.2, 0.5], rtol=2e-3)
    assert tensor.all_valleys_mass == pytest.approx(tensor.density_of_states_mass * 3 ** (2 / 3))


def test_warped_bands_have_no_tensor():
    """Heavy and light holes: masses along directions, no quadratic form; neither from arms nor from a stencil."""

    def model(k):
        edge = 1.5 + kane(1 / 0.067, 0.6)(k)
        return np.column_stack([kohn_luttinger(6.98, 2.06, 2.93, 0.34)(k), edge, edge])

    more = {
        "cell": FACE_CENTERED,
        "electrons": 6.0,
        "decimals": 6,
        "spin": "noncollinear",
        "structure": zinc_blende(),
    }
    for bands in (
        on_path(model, ("X fcc", "Γ", "L fcc"), **more),
        at_points(
            model, listed(write_stencil(on_path(model, ("Γ", "X"), **more), np.zeros(3), code="vasp")), **more
        ),
    ):
        electron, hole = effective_masses(bands).tensors
        np.testing.assert_allclose(electron.principal_masses, 0.067, rtol=5e-3)
        assert hole.verdict == "refused"
        assert "no quadratic form" in hole.reason


@pytest.mark.parametrize("code", ["vasp", "castep"])
def test_a_stencil_is_written_run_and_read_back(code, tmp_path: Path, validate):
    """The list that we write, as a file of either code holds it after the run, gives back the tensor."""
    center = np.array([0.5, 0.0, 0.5])
    model = shifted(two_bands(kane(TENSOR, 0.4), kane(TENSOR / 3, 0.4), 1.2), center @ reciprocal(TRICLINIC))
    path = on_path(model, ("Γ", "U", "X"), cell=TRICLINIC)
    points = listed(write_stencil(path, center, code=code, inverse_mass=5.0, label="U"))
    assert len(points) == 37
    exact = at_points(model, points, cell=TRICLINIC, decimals=12)
    if code == "vasp":
        write_poscar(tmp_path / "POSCAR", TRICLINIC, ("Pb",), np.zeros((1, 3)))
        file = write_eigenval(tmp_path / "EIGENVAL", points, exact.energies, 2.0)
    else:
        file = write_castep_bands(tmp_path / "run.bands", TRICLINIC, points, exact.energies, 2.0)
    bands = pc.read_bands(file)
    assert stencil_center(bands) is not None
    found = effective_masses(bands)
    truth = 1 / np.sort(np.linalg.eigvalsh(TENSOR))[::-1]
    for tensor, factor in zip(found.tensors, (1, 3), strict=True):
        assert (tensor.method, tensor.verdict) == ("stencil", "ok")
        off = np.abs(tensor.principal_masses - factor * truth)
        assert (off < 3 * tensor.principal_errors).all()
        validate(
            "Bands", "principal masses from a stencil", f"triclinic Kane, {('electrons', 'holes')[factor // 3]}, {code}",
            unit="m0", ours=tensor.principal_masses, truth=factor * truth, digits=3,
            source=algebra("eigenvalues of the tensor"), relative=3e-3,
        )  # fmt: skip


@pytest.mark.parametrize("decimals", [4, 6])
def test_errors_of_stencils_hold_the_truth(decimals):
    """Of 40 random Kane bands: most principal masses within two standard errors, none beyond six.

    With four decimals, two steps hardly tell fourth powers from rounding: the error must hold them.
    """
    random = np.random.default_rng(3)
    off = []
    for _ in range(40):
        turn = special_ortho_group.rvs(3, random_state=random)
        masses = np.exp(random.uniform(np.log(0.08), np.log(1.5), 3))
        tensor = turn @ np.diag(1 / masses) @ turn.T
        model = two_bands(kane(tensor, random.uniform(0, 1)), quadratic(1.0), 1.5, top=random.uniform(-3, 3))
        path = on_path(model, ("Γ", "X"), cell=TRICLINIC)
        points = listed(
            write_stencil(path, np.zeros(3), code="vasp", inverse_mass=float(np.trace(tensor)) / 3)
        )
        bands = at_points(model, points, cell=TRICLINIC, decimals=decimals)
        (found,) = effective_masses(bands, carrier="electron").tensors
        if found.verdict != "refused":
            off += list((found.principal_masses - np.sort(masses)) / found.principal_errors)
    sizes = np.abs(off)
    assert len(sizes) >= 60
    assert (sizes < 1.96).mean() >= 0.8
    assert sizes.max() < 6


def test_a_stencil_with_one_step_is_the_second_difference():
    """19 points as emc lays them: (E(+h) - 2 E(0) + E(-h)) / h² along the axes, by hand."""
    step = 0.05
    axes = step * np.eye(3)
    pairs = [a + s * b for i, a in enumerate(axes) for b in axes[i + 1 :] for s in (1, -1)]
    q = np.array([np.zeros(3), *[w * v for v in (*axes, *pairs) for w in (1, -1)]])
    model = two_bands(kane(TENSOR, 1.0), quadratic(TENSOR), 1.0)
    bands = at_points(model, q @ np.linalg.inv(reciprocal(CUBIC)), decimals=None)
    found = stencil_curvature(bands, 2)
    up = kane(TENSOR, 1.0)
    by_hand = [2 * up(step * unit[None])[0] / step**2 / 7.61996423 for unit in np.eye(3)]
    np.testing.assert_allclose(np.diag(found.inverse_mass), by_hand, rtol=1e-7)
    across = up(step * np.array([[1.0, 1, 0]]))[0] - up(step * np.array([[1.0, -1, 0]]))[0]
    assert found.inverse_mass[0, 1] == pytest.approx(2 * across / (4 * step**2) / 7.61996423, rel=1e-7)
    assert (found.steps, found.n_points) == (1, 19)
    # the truth lies far off, and the stated error says so
    off = np.abs(found.inverse_mass - TENSOR)
    assert off[0, 0] > 0.1
    assert (off < 3 * np.sqrt(np.einsum("ijij->ij", found.covariance)) + 0.02).all()


def test_two_steps_remove_the_drift():
    """Light mass (.03), small gap: a single step of .05 1/bohr is off by half; two steps of the default by little."""
    model = two_bands(kane(1 / 0.03, 1.0), kane(1 / 0.12, 1.0), 1.0)
    path = on_path(model, ("X", "Γ"))
    points = listed(write_stencil(path, np.zeros(3), code="vasp", inverse_mass=1 / 0.03))
    electron = effective_masses(at_points(model, points, decimals=6)).tensors[0]
    np.testing.assert_allclose(electron.principal_masses, 0.03, rtol=5e-3)
    assert (np.abs(electron.principal_masses - 0.03) < 3 * electron.principal_errors).all()


def test_off_center_edges_are_refused_on_a_stencil():
    model = shifted(two_bands(quadratic(1 / 0.2), quadratic(1 / 0.4), 1.0), np.array([0.006, 0, 0]))
    points = listed(write_stencil(on_path(model, ("X", "Γ")), np.zeros(3), code="vasp", step=0.01))
    found = effective_masses(at_points(model, points, decimals=6))
    assert {t.verdict for t in found.tensors} == {"refused"}
    assert "not at the center" in found.tensors[0].reason


def test_meshes():
    """A dense mesh around Γ gives the tensor; with Pm-3m known, its irreducible part is enough."""
    grid = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3, indexing="ij"), -1).reshape(-1, 3)
    model = two_bands(cosines(0.3), cosines(0.5), 3.0)
    whole = effective_masses(at_points(model, grid))
    folded = np.sort(np.minimum(grid, 1 - grid), axis=1)
    part = np.unique(np.round(folded, 9), axis=0)
    irreducible = effective_masses(at_points(model, part, structure=perovskite()))
    for found in (whole, irreducible):
        for tensor, hopping in zip(found.tensors, (0.3, 0.5), strict=True):
            assert tensor.method == "mesh"
            assert tensor.usable
            np.testing.assert_allclose(tensor.principal_masses, cosine_mass(hopping), rtol=2e-2)


def test_coarse_mesh_is_refused():
    grid = np.stack(np.meshgrid(*[np.arange(2) / 2] * 3, indexing="ij"), -1).reshape(-1, 3)
    found = effective_masses(at_points(two_bands(cosines(0.3), cosines(0.5), 3.0), grid))
    assert {tensor.verdict for tensor in found.tensors} == {"refused"}


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_symmetric_tensors(seed):
    """A basis is orthonormal and invariant; its size for the classes of crystals is known (Nye)."""
    random = np.random.default_rng(seed)
    turn = special_ortho_group.rvs(3, random_state=random)
    x, z = np.diag([1.0, -1, -1]), np.diag([-1.0, -1, 1])
    four = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    three = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    groups = {
        6: [np.eye(3), -np.eye(3)], 4: [np.eye(3), z], 3: [np.eye(3), x, z, x @ z],
        2: [np.eye(3), four, four @ four, four.T],
        1: [a @ b for a in (np.eye(3), three, three.T) for b in (np.eye(3), x, z, x @ z)],
    }  # fmt: skip
    for size, group in groups.items():
        turned = np.array([turn @ one @ turn.T for one in group])
        basis = symmetric_basis(turned)
        assert len(basis) == size == len(invariants(turned, 2))
        np.testing.assert_allclose(np.einsum("nij,mij->nm", basis, basis), np.eye(size), atol=1e-9)
        for one in turned:
            np.testing.assert_allclose(one @ basis @ one.T, basis, atol=1e-9)


def test_bad_arguments():
    bands = on_path(two_bands(quadratic(5), quadratic(2), 1.0), ("X", "Γ"))
    with pytest.raises(UsageError, match="step"):
        write_stencil(bands, np.zeros(3), code="vasp", step=1.0)
    with pytest.raises(UsageError, match="stencil for 'qe'"):
        write_stencil(bands, np.zeros(3), code="qe")  # type: ignore[arg-type]
    with pytest.raises(MissingDataError, match="no stencil"):
        stencil_curvature(bands, 1)
    with pytest.raises(UsageError, match="carrier"):
        effective_masses(bands, carrier="muon")  # type: ignore[arg-type]
    assert choose_step(1e-6, 1e-2) == 0.03
