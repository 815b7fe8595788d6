"""kappa at rank 3 to 5 by branch and bound, against a search of all cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.arrangements import enumerate_cells
from lib.cone_pca import Limits, cone_pca, correlation, oracle

pytestmark = pytest.mark.property

WHOLE = st.integers(-2, 2).map(float)

ROUNDING = 1e-9
"""Relative: the tolerance of the search, 1e-10, and that of cone PCA."""


@st.composite
def data(draw):
    """Draw X of rank up to 5 and Z, lattice points or Gaussian."""
    n, d, c = draw(st.integers(1, 8)), draw(st.integers(3, 5)), draw(st.integers(1, 3))
    X = draw(hnp.arrays(float, (n, d), elements=WHOLE))
    Z = draw(hnp.arrays(float, (n, c), elements=WHOLE))
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        X, Z = rng.standard_normal(X.shape), rng.standard_normal(Z.shape)
    return X, Z


def by_cells(X, Z):
    """Return kappa as the largest cone PCA over all cells."""
    values = [
        cone_pca(Z.T @ (D[:, None] * X), np.where(D, 1.0, -1.0)[:, None] * X).value
        for D in enumerate_cells(X).patterns
    ]
    return max(values)


@given(data())
def test_oracle_equals_the_best_cell(case):
    X, Z = case
    kappa, found = by_cells(X, Z), oracle(X, Z)
    assert abs(found.value - kappa) <= ROUNDING * kappa
    assert kappa * (1 - ROUNDING) <= found.bound <= kappa * (1 + ROUNDING) + 1e-12


@given(data(), st.integers(1, 40))
def test_bound_holds_wherever_the_search_stops(case, nodes):
    X, Z = case
    stopped = oracle(X, Z, limits=Limits(nodes=nodes))
    assert stopped.bound >= oracle(X, Z).value
    assert stopped.value <= stopped.bound


@given(data(), st.floats(0.1, 2.0))
def test_level_decides_whether_kappa_exceeds_it(case, ratio):
    X, Z = case
    full = oracle(X, Z)
    level = ratio * full.value
    decided = oracle(X, Z, limits=Limits(level=level))
    assert decided.bound >= full.value
    # Within the tolerance of the search and its slack, in units of the mass; 1e-150
    # is for what underflow may hide.
    mass = (np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)).sum()
    assert decided.bound <= max(level, full.value) * (1 + 1e-10) + 1e-11 * mass + 1e-150


@given(data(), st.integers(0, 99))
def test_no_direction_beats_the_bound(case, seed):
    X, Z = case
    found = oracle(X, Z)
    U = np.random.default_rng(seed).standard_normal((500, X.shape[1]))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    assert correlation(X, Z, U).max() <= found.bound


@given(data())
def test_candidates_attain_their_values(case):
    X, Z = case
    found = oracle(X, Z)
    values = correlation(X, Z, found.candidates)
    np.testing.assert_allclose(values, found.candidate_values, rtol=1e-12, atol=1e-12)
    assert (np.diff(found.candidate_values) <= 0).all()
    lengths = np.linalg.norm(found.candidates, axis=1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-12)
