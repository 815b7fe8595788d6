"""Spike-free data on cases solved by hand."""

import numpy as np
import pytest

from lib.svd import spike_free, whiten

ROUNDING = 1e-12
"""Some hundred roundings times condition numbers of order 10."""


@pytest.mark.parametrize(
    "X",
    [
        np.diag([1.0, 2.0, 3.0]),  # diagonal data, as the paper says
        np.diag([1.0, -2.0]),
        np.zeros((2, 3)),
        np.array([[1.0, 2.0]]),  # one sample
        np.array([[1.0, 2.0], [2.0, 4.0]]),  # twice the same direction
        np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]]),  # a zero sample
        np.array([[1.0, 0.0], [1.0, 1.0]]),  # an acute angle: K_12 = -1
    ],
)
def test_spike_free_data(X):
    found = spike_free(X)
    assert found.holds
    assert (found.witness, found.excess) == (None, 0.0)


def test_obtuse_angle_makes_some_neuron_too_long():
    # x_2 = (-1, 1): at u = (1, 1)/sqrt(2) only sample 1 is active, h = (1, 0) /
    # sqrt(2), and w = (1, 1) / sqrt(2) is needed for it. The worst u: K =
    # [[2, 1], [1, 1]], excess 1 / sin - 1 with cos = 1 / sqrt(2).
    found = spike_free([[1.0, 0.0], [-1.0, 1.0]])
    assert not found.holds
    assert found.excess == pytest.approx(np.sqrt(2) - 1)
    assert "larger weight" in found.status


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1.0], [-1.0]]),  # opposite samples: (1, 0) is not in the range
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),  # three samples of the plane
    ],
)
def test_activations_can_leave_the_range(X):
    found = spike_free(X)
    assert not found.holds
    assert np.isinf(found.excess)
    h = np.maximum(X @ found.witness, 0)
    assert np.linalg.norm(h - X @ (np.linalg.pinv(X) @ h)) > 0.1


def test_witness_of_excess_is_as_long_as_stated():
    rng = np.random.default_rng(0)
    # Obtuse angles: x_k minus most of their mean.
    X = rng.standard_normal((3, 5))
    X = X - 0.9 * X.mean(axis=0)
    found = spike_free(X)
    assert not found.holds
    h = np.maximum(X @ found.witness, 0)
    w = np.linalg.pinv(X) @ h
    np.testing.assert_allclose(X @ w, h, atol=ROUNDING)
    assert np.linalg.norm(found.witness) == pytest.approx(1.0, rel=ROUNDING)
    assert np.linalg.norm(w) == pytest.approx(1 + found.excess, rel=ROUNDING)


@pytest.mark.parametrize("seed", range(5))
def test_whitened_data_are_spike_free_and_demeaned_never(seed):
    X = np.random.default_rng(seed).standard_normal((8, 12))
    assert spike_free(whiten(X, demean=False).X).holds
    assert not spike_free(whiten(X, demean=True).X).holds
    assert not spike_free(X - X.mean(axis=0)).holds


def test_infinite_data_are_refused():
    with pytest.raises(ValueError, match="X must be finite"):
        spike_free([[1.0, np.inf]])
