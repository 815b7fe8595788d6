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


@pytest.mark.parametrize("pooling", [1, 2])
def test_many_outputs_leave_at_most_as_many_neurons_as_symmetric_matrices_have_entries(
    pooling,
):
    n, c, m = 4, 9, 60
    rng = np.random.default_rng(pooling)
    X = rng.standard_normal((n * pooling, 3))
    problem = Problem(X, rng.standard_normal((n, c)), 0.1, pooling=pooling)
    # Lengths over four orders: nothing rests on neurons of about the same size.
    U = rng.standard_normal((m, 3)) * 10 ** rng.uniform(-2, 2, (m, 1))
    before = Network(U, rng.standard_normal((m, c)) * 10 ** rng.uniform(-2, 2, (m, 1)))
    after, F = prune(problem, before), problem.predict(before)
    assert after.width <= n * (n + 1) // 2 < n * c
    scale = np.abs(F).max() * m
    np.testing.assert_allclose(problem.predict(after), F, atol=ROUNDING * scale)
    assert after.weight_decay <= before.balanced().weight_decay * (1 + ROUNDING)


def test_outputs_of_low_rank_leave_as_many_neurons_as_samples_a_rank():
    n, c, m = 5, 4, 40
    rng = np.random.default_rng(5)
    problem = Problem(rng.standard_normal((n, 3)), rng.standard_normal((n, c)), 0.1)
    V = rng.standard_normal((m, 1)) * rng.standard_normal(c)
    before = Network(rng.standard_normal((m, 3)), V)
    after = prune(problem, before)
    assert after.width <= n
    np.testing.assert_allclose(problem.predict(after), problem.predict(before))


def test_an_optimum_of_many_outputs_stays_one_with_few_neurons():
    rng = np.random.default_rng(4)
    problem = Problem(rng.standard_normal((3, 2)), rng.standard_normal((3, 8)), 0.05)
    best = solve(problem)
    share = np.sqrt(np.repeat([0.2, 0.3, 0.5], best.network.width))[:, None]
    copies = [
        share * np.tile(part, (3, 1)) for part in (best.network.U, best.network.V)
    ]
    after = prune(problem, Network(*copies))
    assert after.width <= 6
    # The proved bound is another route to p*; the copies cost what the optimum does.
    assert objective(problem, after) <= best.certificate.dual * (1 + 1e-8)
