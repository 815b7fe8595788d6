"""The last Newton steps: on a wall, in a shared cell, and where they are none."""

import numpy as np
import pytest

from lib.certificate import certify
from lib.frank_wolfe import solve
from lib.master.polish import MOST_UNKNOWNS, polish
from lib.problem import Network, Problem, objective

NEAR = 1e-5
"""Relative distance from the optimum of what is polished."""


def disturbed(network, seed):
    """Return a network near another one."""
    rng = np.random.default_rng(seed)
    noise = [1 + NEAR * rng.standard_normal(W.shape) for W in (network.U, network.V)]
    return Network(network.U * noise[0], network.V * noise[1])


@pytest.mark.parametrize("loss", ["squared", "huber", "logistic", "softmax"])
@pytest.mark.parametrize("pooling", [1, 2])
def test_a_network_near_the_optimum_gets_there(loss, pooling):
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((16 * pooling, 2)), np.eye(3)[rng.integers(0, 3, 16)]
    problem = Problem(X, Y, 0.05, loss=loss, pooling=pooling)
    best = solve(problem)
    near = disturbed(best.network, 2)
    found = polish(problem, near, 1e-3)
    rough = certify(problem, near, refine=0).relative_gap
    assert certify(problem, found, refine=0).relative_gap < 1e-3 * rough
    assert objective(problem, found) <= objective(problem, near)


def test_neurons_on_one_ray_are_joined():
    problem = Problem(np.eye(2), [[1.0], [-1.0]], 0.5)
    half = np.sqrt(0.5)
    U = np.array([[half, 0.0], [half, 0.0], [0.0, 1.0]]) * half
    found = polish(problem, Network(U, [[0.4], [0.5], [-0.6]]), 1e-7)
    assert found.width == 2
    assert objective(problem, found) == pytest.approx(0.75, rel=1e-12)


def test_where_there_is_nothing_to_do_the_network_comes_back():
    problem = Problem(np.eye(2), np.eye(2), 0.5)
    nothing = Network.zero(2, 2)
    assert polish(problem, nothing, 1e-7) is nothing
    m = MOST_UNKNOWNS // 4 + 1
    large = Network(np.ones((m, 2)), np.ones((m, 2)))
    assert polish(problem, large, 1e-7) is large
