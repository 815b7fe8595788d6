"""The lifted bound against values that climbs and samples reach: never below them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.cone_pca import Limits, correlation, oracle, propose
from lib.cone_pca.branch_and_bound import branch_and_bound
from lib.cone_pca.lifting import Splitting, form_of, lift, proved_level, unit_points
from lib.cone_pca.signs import search_signs
from lib.cone_pca.simplicial_cones import Points
from lib.cone_pca.spectral_bound import relaxed_bound

pytestmark = pytest.mark.property

ROUNDING = 1e-12
"""Relative rounding of a value that a climb reports; proved bounds include theirs."""


def draw(n, r, c, seed, kind="normal"):
    """Draw data, degenerate ones too."""
    rng = np.random.default_rng(seed)
    X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, c))
    if kind == "grid":
        X = rng.integers(-1, 2, (n, r)).astype(float)
    elif kind == "repeated":
        X[1::2] = X[: len(X[1::2])]
    elif kind == "parallel":
        X[n // 2 :] = -3.0 * X[: n - n // 2]
    elif kind == "zeros":
        X[::3], Z[1::3] = 0.0, 0.0
    return X, Z


KINDS = st.sampled_from(["normal", "grid", "repeated", "parallel", "zeros"])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(3, 24), st.integers(1, 9), st.integers(1, 4), st.integers(0, 99), KINDS
)
def test_bound_is_never_below_what_climbing_finds(n, r, c, seed, kind):
    X, Z = draw(n, r, c, seed, kind)
    value = propose(X, Z).value
    if value == 0.0:
        return
    found = search_signs(X, Z, value, level=0.0, nodes=3, seconds=np.inf)
    assert found.bound >= value * (1 - ROUNDING)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 12), st.integers(1, 5), st.integers(0, 999), KINDS)
def test_any_multipliers_prove_a_bound(n, r, seed, kind):
    X, Z = draw(n, r, 2, seed, kind)
    rng = np.random.default_rng(seed)
    value = propose(X, Z).value
    if value == 0.0:
        return
    points = unit_points(X, Z, value)
    lifting = lift(points, np.zeros(len(points.X), dtype=np.int8))
    N = 10.0 ** rng.uniform(-3, 1) * rng.standard_normal((len(lifting.labels),) * 2)
    assert proved_level(lifting, N) * points.scale + points.slack >= value * (
        1 - ROUNDING
    )


@pytest.mark.parametrize("seed", range(6))
def test_bound_of_a_cone_holds_for_its_samples(seed):
    X, Z = draw(14, 4, 2, seed, ["normal", "grid"][seed % 2])
    rng = np.random.default_rng(seed)
    U = rng.standard_normal((4000, 4))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    points = unit_points(X, Z, propose(X, Z).value)
    sides = np.zeros(len(points.X), dtype=np.int8)
    sides[:4] = np.where(points.X[:4] @ U[0] >= 0, 1, -1)
    inside = U[((U @ points.X[:4].T) * sides[:4] >= 0).all(axis=1)]
    lifting = lift(points, sides)
    solver = Splitting(lifting)
    solver.run(100)
    bound = proved_level(lifting, solver.N) * points.scale + points.slack
    assert len(inside) > 0
    assert bound >= correlation(X, Z, inside).max() * (1 - ROUNDING)
    # A cone is no more than the whole space, up to the solver's precision.
    whole = lift(points, 0 * sides)
    other = Splitting(whole)
    other.run(400)
    assert bound <= proved_level(whole, other.N) * points.scale * 1.05


@pytest.mark.parametrize("seed", range(3))
def test_form_of_the_proof_is_the_form_it_names(seed):
    X, Z = draw(9, 3, 2, seed)
    rng = np.random.default_rng(seed)
    points = unit_points(X, Z, 4.0)
    lifting = lift(points, np.array([1, -1, *[0] * 7], dtype=np.int8))
    N = rng.uniform(0, 1, (len(lifting.labels),) * 2)
    N = N + N.T
    lower = form_of(lifting, N)
    Q = np.tril(lower) + np.tril(lower, -1).T
    u, h = rng.standard_normal(3), rng.standard_normal(7)
    y = np.concatenate([h, h - lifting.X @ u, lifting.sides @ u])
    p = lifting.Z.T @ h + lifting.A @ u
    w = np.concatenate([u, h])
    assert w @ Q @ w == pytest.approx(p @ p + y @ N @ y, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_sign_search_and_cone_search_agree(seed):
    X, Z = draw(14, 5, 2, seed)
    points = Points(X, Z, np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1))
    value = propose(X, Z).value
    exact = branch_and_bound(points, value, Limits())
    assert exact.complete
    found = search_signs(X, Z, value, level=0.0, nodes=300, seconds=np.inf)
    assert found.bound >= value
    # Where the signs stop, 1e-5 above the maximum, within the first-order solver.
    assert found.bound <= exact.bound * (1 + 1e-4)


@pytest.mark.parametrize(("n", "r", "within"), [(64, 7, 1e-4), (50, 9, 3e-2)])
def test_random_data_of_high_rank_are_bounded_closely(n, r, within):
    # One relaxation by eigenvalues stops at 2.07 and 2.2 times the value.
    X, Z = draw(n, r, 3, 0)
    found = oracle(X, Z, limits=Limits(nodes=200, seconds=60.0))
    assert found.value <= found.bound <= found.value * (1 + within)
    assert relaxed_bound(X, Z) > 2 * found.value


def test_single_precision_steps_prove_in_double_precision():
    X, Z = draw(420, 6, 2, 0)
    value = propose(X, Z).value
    found = search_signs(X, Z, value, level=0.0, nodes=1, seconds=np.inf)
    assert value <= found.bound < 0.8 * relaxed_bound(X, Z)


def test_multipliers_that_are_not_finite_prove_nothing():
    X, Z = draw(5, 2, 1, 0)
    points = unit_points(X, Z, 1.0)
    lifting = lift(points, np.zeros(5, dtype=np.int8))
    assert proved_level(lifting, np.full((10, 10), np.nan)) == np.inf


def test_nothing_is_promised_for_more_points_than_are_lifted():
    X, Z = draw(2600, 6, 1, 0)
    found = search_signs(X, Z, 1.0, level=0.0, nodes=9, seconds=9.0)
    assert (found.bound, found.nodes) == (np.inf, 0)
