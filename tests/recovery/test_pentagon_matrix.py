"""The matrix of chapter 6 that is doubly nonnegative and not completely positive."""

import numpy as np

from experiments import pentagon_matrix

CYCLE = np.roll(np.eye(5), 1, axis=0)
HORN = np.ones((5, 5)) - 2 * (CYCLE + CYCLE.T)


def matrix():
    steps = np.subtract.outer(np.arange(5), np.arange(5))
    return np.cos(2 * np.pi * steps / 5) + np.cos(np.pi / 5)


def test_it_is_doubly_nonnegative():
    M = matrix()
    assert np.linalg.eigvalsh(M).min() >= -1e-14
    assert M.min() >= -1e-15
    theirs = pentagon_matrix()
    np.testing.assert_allclose(M / M[0, 0], theirs / theirs[0, 0], atol=1e-15)


def test_the_horn_matrix_separates_it_from_all_completely_positive_ones():
    # Horn's matrix is copositive: on no support an eigenvector of one sign is below 0.
    for bits in range(1, 2**5):
        S = [k for k in range(5) if bits >> k & 1]
        values, vectors = np.linalg.eigh(HORN[np.ix_(S, S)])
        same_sign = (vectors > 1e-12).all(axis=0) | (vectors < -1e-12).all(axis=0)
        assert (values[same_sign] >= -1e-12).all()
    assert np.vdot(HORN, matrix()) < -1
