"""ZCA whitening: what it does to samples, to others, and without rank."""

import numpy as np
import pytest

from lib.svd import whiten
from lib.svd.whitening import deviation

ROUNDING = 1e-12
"""Some hundred roundings times condition numbers of order 10."""


def samples(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)) + 1.0


def test_fewer_samples_than_features_become_orthonormal():
    white = whiten(samples(6, 9), demean=False)
    np.testing.assert_allclose(white.X @ white.X.T, np.eye(6), atol=ROUNDING)
    assert white.deviation <= ROUNDING


def test_demeaned_samples_become_orthonormal_but_for_their_mean():
    white = whiten(samples(6, 9), demean=True)
    expected = np.eye(6) - np.ones((6, 6)) / 6
    np.testing.assert_allclose(white.X @ white.X.T, expected, atol=ROUNDING)
    assert white.deviation == pytest.approx(1.0)


def test_more_samples_than_features_have_white_features():
    white = whiten(samples(20, 4), demean=True)
    np.testing.assert_allclose(white.X.T @ white.X, np.eye(4), atol=ROUNDING)


def test_zca_is_symmetric_and_moves_no_white_sample():
    white = whiten(samples(6, 9), demean=False)
    linear = white.apply(np.eye(9))
    np.testing.assert_allclose(linear, linear.T, atol=ROUNDING)
    again = whiten(white.X, demean=False)
    np.testing.assert_allclose(again.X, white.X, atol=ROUNDING)


def test_zca_is_the_nearest_orthonormal_matrix():
    # <P Q^T, X> is the sum of the singular values, the most any orthonormal
    # matrix reaches.
    X = samples(6, 9)
    assert np.vdot(whiten(X, demean=False).X, X) == pytest.approx(
        np.linalg.norm(X, "nuc"), rel=ROUNDING
    )


@pytest.mark.parametrize("demean", [False, True])
def test_samples_themselves_are_whitened_the_same_way(demean):
    X = samples(6, 9)
    white = whiten(X, demean=demean)
    np.testing.assert_allclose(white.apply(X), white.X, atol=ROUNDING)


def test_dependent_samples_lose_rank_and_deviate():
    X = samples(4, 6)
    X[3] = X[0] + X[1]
    white = whiten(X, demean=False)
    assert len(white.scales) == 3
    assert white.deviation == pytest.approx(1.0)


def test_deviation_is_the_frobenius_norm():
    assert deviation(2 * np.eye(3)) == pytest.approx(3 * np.sqrt(3))


@pytest.mark.parametrize(
    ("X", "demean", "message"),
    [
        (np.ones((3, 4)), True, r"differ from their mean; got X \(3, 4\)"),
        (np.zeros((3, 4)), False, r"not all be zero"),
        (np.full((3, 4), np.nan), False, "X must be finite"),
    ],
)
def test_data_that_cannot_be_whitened_are_refused(X, demean, message):
    with pytest.raises(ValueError, match=message):
        whiten(X, demean=demean)
