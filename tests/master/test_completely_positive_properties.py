"""DNN matrices of order 4 and of rank 2 have nonnegative factors: all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.recovery import factorize

pytestmark = pytest.mark.property

ROUNDING = 1e-13
"""Relative error, 200 times what 5000 random matrices showed."""


def assert_exact(M):
    found = factorize(M)
    assert (found.factor >= 0).all()
    error = np.linalg.norm(found.factor @ found.factor.T - M)
    assert error <= ROUNDING * np.linalg.norm(M)
    return found


@st.composite
def nonnegative_grams(draw, k, r):
    """Draw the Gram matrix of k vectors in R^r at angles of at most 90 degrees.

    They are not drawn from an orthant, so no factor is known beforehand.
    """
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    S = rng.standard_normal((k, r))
    S[:, 0] = np.abs(S[:, 0])
    M = S @ S.T
    # Lift the common direction until no inner product is negative.
    low = min(M.min(), 0.0)
    S[:, 0] = np.sqrt(S[:, 0] ** 2 - low * draw(st.floats(1.0, 1.5)))
    M = S @ S.T
    return np.maximum(M, 0.0) if M.min() >= -1e-15 else assert_lifted(S)


def assert_lifted(S):
    """Lift further; the lifted entries grow at least as fast."""
    while (S @ S.T).min() < 0:
        S[:, 0] *= 1.1
    return S @ S.T


@given(st.data())
@settings(max_examples=400)
def test_every_dnn_matrix_of_order_4_is_completely_positive(data):
    k, r = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    assert_exact(data.draw(nonnegative_grams(k, r)))


@given(st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=200)
def test_sparse_products_of_order_4_are_factored(seed, m):
    # Whole numbers with many zeros: exact zeros in M, pivots of equal size.
    rng = np.random.default_rng(seed)
    C = rng.integers(0, 3, (4, m)) * (rng.random((4, m)) < 0.6)
    assert_exact((C @ C.T).astype(float))


@given(st.data())
@settings(max_examples=100)
def test_every_dnn_matrix_of_rank_2_is_completely_positive(data):
    k = data.draw(st.integers(5, 30))
    assert_exact(data.draw(nonnegative_grams(k, 2)))


@given(st.integers(0, 10**6))
@settings(max_examples=40)
def test_order_of_the_samples_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    C = rng.random((4, 3)) * (rng.random((4, 3)) < 0.7)
    order = rng.permutation(4)
    M = C @ C.T
    assert_exact(M)
    assert_exact(M[np.ix_(order, order)])
