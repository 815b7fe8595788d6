"""Nonnegative bases of subspaces that have one, and the answer where there is none."""

import numpy as np
import pytest

from lib.data import one_hot
from lib.svd.nonnegative import nonnegative_basis

ROUNDING = 1e-14
"""A few dozen roundings of entries of size 1."""


def turned(H, seed):
    """Return the columns of H in another orthonormal basis of their span."""
    rng = np.random.default_rng(seed)
    return H @ np.linalg.qr(rng.standard_normal((H.shape[1],) * 2))[0]


@pytest.mark.parametrize("seed", range(5))
def test_class_indicators_are_found_in_any_basis(seed):
    Y = one_hot(np.random.default_rng(seed).permutation(np.repeat(range(5), 8)), 5)
    basis, violation = nonnegative_basis(turned(Y / np.sqrt(8), seed))
    assert violation <= ROUNDING
    order = basis.argmax(axis=0).argsort()
    classes = (Y / np.sqrt(8))[:, Y.argmax(axis=0).argsort()]
    np.testing.assert_allclose(basis[:, order], classes, atol=ROUNDING)


def test_sign_of_a_single_vector_is_chosen():
    v = -np.ones((4, 1)) / 2
    np.testing.assert_allclose(nonnegative_basis(v)[0], -v, atol=ROUNDING)


def test_subspace_without_a_nonnegative_basis_is_told():
    # Every unit vector orthogonal to (1, 1) has one negative entry.
    v = np.array([[1.0], [-1.0]]) / np.sqrt(2)
    assert nonnegative_basis(v)[1] == pytest.approx(np.sqrt(0.5))


def test_nonnegative_projector_is_not_enough():
    # Rows in a quarter plane but not at right angles: the projector is >= 0, its
    # block has rank 2, and no two nonnegative vectors with disjoint supports span it.
    Q = np.linalg.qr([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])[0]
    assert (Q @ Q.T)[2].min() > 0
    assert nonnegative_basis(Q)[1] > 0.1


def test_empty_basis_is_nonnegative():
    assert nonnegative_basis(np.zeros((3, 0)))[1] == 0.0
