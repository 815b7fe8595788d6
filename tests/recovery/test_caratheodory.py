"""Pruning: the count of Caratheodory, the same outputs, no higher cost."""

import numpy as np
import pytest

from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective
from lib.recovery import prune

ROUNDING = 1e-12
"""Relative, of outputs that are sums over a few hundred neurons."""


@pytest.mark.parametrize("pooling", [1, 3])
@pytest.mark.parametrize("m", [1, 7, 40, 300])
def test_pruned_network_is_small_and_no_worse(m, pooling):
    rng = np.random.default_rng(m)
    n, c = 5, 2
    X = rng.standard_normal((n * pooling, 3))
    problem = Problem(X, rng.standard_normal((n, c)), 0.1, pooling=pooling)
    before = Network(rng.standard_normal((m, 3)), rng.standard_normal((m, c)))
    after = prune(problem, before)
    assert after.width <= min(m, n * c)
    F = problem.predict(before)
    scale = np.abs(F).max() * max(m, 1)
    np.testing.assert_allclose(problem.predict(after), F, atol=ROUNDING * scale)
    assert after.path_norm <= before.path_norm * (1 + ROUNDING)
    bound = objective(problem, before.balanced()) * (1 + ROUNDING * m)
    assert objective(problem, after) <= bound


def test_directions_are_among_the_given_ones():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((3, 2)), rng.standard_normal((3, 1)), 0.1)
    before = Network(rng.standard_normal((20, 2)), rng.standard_normal((20, 1)))
    units = before.U / np.linalg.norm(before.U, axis=1, keepdims=True)
    for u in prune(problem, before).U:
        assert np.abs(units - u / np.linalg.norm(u)).sum(axis=1).min() < 1e-13


def test_two_copies_of_a_neuron_become_one():
    problem = Problem(np.eye(2), np.ones((2, 1)), 0.1)
    after = prune(problem, Network([[1.0, 2.0]] * 2, [[1.0]] * 2))
    assert after.width == 1
    np.testing.assert_allclose(problem.predict(after), [[2.0], [4.0]], rtol=1e-14)


def test_neurons_that_cancel_go_away():
    problem = Problem(np.eye(2), np.ones((2, 1)), 0.1)
    assert prune(problem, Network([[1.0, 2.0]] * 2, [[1.0], [-1.0]])).width == 0


def test_silent_and_zero_neurons_go_away():
    # No sample activates (-1, -1).
    problem = Problem(np.eye(2), np.ones((2, 1)), 0.1)
    network = Network([[-1.0, -1.0], [0.0, 0.0], [1.0, 0.0]], np.ones((3, 1)))
    assert prune(problem, network).width == 1


def test_zero_network_stays():
    problem = Problem(np.eye(2), np.ones((2, 1)), 0.1)
    assert prune(problem, Network.zero(2, 1)).width == 0


def test_an_optimum_stays_one():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((6, 2)), rng.standard_normal((6, 3)), 1e-2)
    network = solve(problem).network
    after = prune(problem, network)
    assert after.width <= 18
    assert objective(problem, after) <= objective(problem, network) * (1 + ROUNDING)
