"""Networks trimmed to what their outputs need, as Figure 4 judges SGD's."""

import numpy as np
import pytest

from experiments.figure_4 import trim
from lib.problem import Network, Problem, objective
from lib.svd import whiten

ROUNDING = 1e-12
"""Some hundred roundings times condition numbers of order 10."""


def samples(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)) + 1.0


def test_trimmed_network_answers_the_same_for_less():
    rng = np.random.default_rng(5)
    X = whiten(samples(6, 9), demean=False).X
    problem = Problem(X, rng.standard_normal((6, 2)), 0.3)
    network = Network(rng.standard_normal((7, 9)), rng.standard_normal((7, 2)))
    less = trim(X, problem.Y, network)
    np.testing.assert_allclose(less.predict(X), network.predict(X), atol=ROUNDING)
    assert (X @ less.U.T >= -ROUNDING).all()
    assert less.path_norm < network.path_norm
    assert objective(problem, less) < objective(problem, network)
    # (w)_+ is all that is left of w = X u.
    hidden = np.linalg.norm(np.maximum(X @ network.U.T, 0), axis=0)
    lengths = np.linalg.norm(network.V, axis=1)
    assert less.path_norm == pytest.approx(hidden @ lengths, rel=ROUNDING)


def test_output_weights_off_the_row_space_of_the_targets_are_trimmed_too():
    rng = np.random.default_rng(6)
    X = whiten(samples(6, 9), demean=False).X
    Y = np.outer(rng.standard_normal(6), np.eye(5)[0])
    problem = Problem(X, Y, 0.3)
    network = Network(rng.standard_normal((7, 9)), rng.standard_normal((7, 5)))
    less = trim(X, Y, network)
    np.testing.assert_allclose(less.V[:, 1:], 0, atol=ROUNDING)
    off = network.V[:, 1:]
    spill = np.maximum(X @ network.U.T, 0) @ off
    saved = 0.15 * np.vdot(off, off) + 0.5 * np.vdot(spill, spill)
    assert objective(problem, less) <= objective(problem, network) - saved


def test_trimming_needs_white_samples():
    X = whiten(samples(6, 9), demean=True).X
    network = Network(np.ones((1, 9)), np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"needs X X\^T = I; got X \(6, 9\)"):
        trim(X, np.ones((6, 1)), network)
