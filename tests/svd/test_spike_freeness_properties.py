"""Spike-free data by another route: two calls of the oracle over all cells.

``(X u)_+`` stays in the range of X iff ``kappa(I - X X^+) = 0``, and the shortest w
with ``X w = (X u)_+`` has length ``|X^+ (X u)_+|``, at most ``kappa((X^+)^T)``.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.cone_pca import oracle
from lib.svd import spike_free

pytestmark = pytest.mark.property

CLEAR = 1e-7
"""Between rounding, below 1e-11 here, and the smallest kappa of whole numbers."""


@st.composite
def planar(draw):
    """Draw planar data: whole numbers, or multiples of two directions."""
    n = draw(st.integers(1, 5))
    if draw(st.booleans()):
        return draw(hnp.arrays(float, (n, 2), elements=st.integers(-2, 2).map(float)))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    W = rng.standard_normal((2, draw(st.integers(2, 4))))
    return W[rng.integers(0, 2, n)] * rng.uniform(0.5, 2, (n, 1))


@given(planar())
@settings(max_examples=300)
def test_spike_free_is_what_two_oracle_calls_say(X):
    inverse = np.linalg.pinv(X)
    outside = oracle(X, np.eye(len(X)) - X @ inverse).value
    longest = oracle(X, inverse.T).value
    found = spike_free(X)
    assert found.holds == (outside <= CLEAR and longest <= 1 + CLEAR)
    assert np.isinf(found.excess) == (outside > CLEAR)


@given(st.integers(1, 6), st.integers(0, 9999))
def test_no_sampled_neuron_refutes_a_positive_answer(r, seed):
    # Inverse M-matrices: (W W^T)^-1 = diagonal minus something nonnegative.
    rng = np.random.default_rng(seed)
    K = -rng.random((r, r)) * (rng.random((r, r)) < 0.5)
    K = K + K.T
    K[np.diag_indices(r)] = 0.1 - K.sum(axis=1)
    W = np.linalg.cholesky(np.linalg.inv(K))
    X = W[rng.integers(0, r, 2 * r)] * rng.random((2 * r, 1))
    assert spike_free(X).holds
    U = rng.standard_normal((r, 500))
    H = np.maximum(X @ U, 0)
    shortest = np.linalg.pinv(X) @ H
    np.testing.assert_allclose(X @ shortest, H, atol=1e-9)
    lengths = np.linalg.norm(U, axis=0) * (1 + 1e-9)
    assert (np.linalg.norm(shortest, axis=0) <= lengths).all()
