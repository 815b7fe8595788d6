"""What Chapter 3 says beside its own cells: gated networks, any loss, uniqueness."""

import cvxpy as cp
import numpy as np
import pytest

from lib.arrangements import enumerate_cells
from lib.copositive.textbook import literal_program
from lib.cutting_plane import Bundle, solve_dual
from lib.frank_wolfe import solve
from lib.problem import Problem
from lib.recovery import prune

INTERIOR_POINT = 1e-6
"""Relative accuracy of a program solved by CVXPY and Clarabel at their defaults."""


SAME_NEURON = 1e-3
"""Angles and weights that two methods leave apart where they agree: the bundle stops at
a relative gap of 1e-9, 3e-5 squared, and an angle is known to several times that root
(2e-4 here). Different neurons are tenths apart."""


@pytest.fixture(scope="module")
def gated():
    """A problem, the regimes ``D_i X`` of its cells, and (12) as printed."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 3))
    problem = Problem(X, Y, 0.3)
    regimes = [D[:, None] * X for D in enumerate_cells(X).patterns]
    program = literal_program(problem)
    return problem, regimes, program, [plus - minus for plus, minus in program.blocks]


def gated_objective(problem, regimes, neurons):
    """Return the objective of gated neurons ``(i, u, v)``, from its definition."""
    F = sum(np.outer(regimes[i] @ u, v) for i, u, v in neurons)
    decay = sum(u @ u + v @ v for _, u, v in neurons)
    return np.sum((F - problem.Y) ** 2) / 2 + problem.beta * decay / 2


def test_a_gated_network_has_the_value_of_12_as_printed(gated):
    problem, regimes, program, blocks = gated
    neurons = []
    for i, block in enumerate(blocks):
        left, sigma, right = np.linalg.svd(block, full_matrices=False)
        root = np.sqrt(sigma)
        neurons += [(i, left[:, k] * root[k], right[k] * root[k]) for k in range(2)]
    cost = gated_objective(problem, regimes, neurons)
    assert cost == pytest.approx(program.value, rel=INTERIOR_POINT)


def test_no_gated_network_is_below_12_as_printed(gated):
    # A dual point of gated networks: |Z^T D_i X u| <= beta |u| without any cone.
    problem, regimes, program, blocks = gated
    Z = problem.Y - sum(G @ V for G, V in zip(regimes, blocks, strict=True))
    Z *= min(1, problem.beta / max(np.linalg.norm(Z.T @ G, 2) for G in regimes))
    bound = np.vdot(Z, problem.Y) - np.vdot(Z, Z) / 2
    assert bound == pytest.approx(program.value, rel=1e2 * INTERIOR_POINT)
    assert program.value < solve(problem).certificate.dual * (1 - 1e-3)


def test_the_dual_has_the_value_of_training_for_a_loss_that_is_not_smooth():
    # The sum of absolute errors at weight decays with errors that are zero.
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    D = enumerate_cells(X).patterns.T.astype(float)
    turns = 2 * np.pi * np.arange(20_000) / 20_000
    H = np.maximum(X @ [np.cos(turns), np.sin(turns)], 0)
    for beta in (0.2, 0.6):
        w, v = (cp.Variable((2, D.shape[1])) for _ in range(2))
        inside = [cp.multiply(2 * D - 1, X @ part) >= 0 for part in (w, v)]
        error = cp.sum(cp.multiply(D, X @ (w - v)), axis=1) - y
        lengths = cp.sum(cp.norm(w, axis=0) + cp.norm(v, axis=0))
        primal = cp.Problem(cp.Minimize(cp.norm1(error) + beta * lengths), inside)
        z = cp.Variable(6)  # -l*(-z) = <z, y> for |z| <= 1
        dual = cp.Problem(cp.Maximize(z @ y), [cp.abs(z) <= 1, cp.abs(H.T @ z) <= beta])
        values = [p.solve(solver=cp.CLARABEL) for p in (primal, dual)]
        assert values[0] == pytest.approx(values[1], rel=1e-5)
        assert np.abs(error.value).min() < 1e-6


def by_direction(network):
    """Join parallel neurons and sort: (direction, length squared, output weights)."""
    network = network.balanced()
    lengths = np.linalg.norm(network.U, axis=1)
    angles = np.arctan2(network.U[:, 1], network.U[:, 0])
    found: dict[float, np.ndarray] = {}
    for angle, length, v in zip(angles, lengths, network.V, strict=True):
        near = [a for a in found if abs(a - angle) < SAME_NEURON]
        place = near[0] if near else angle
        found[place] = found.get(place, 0) + length * v
    return {a: v for a, v in sorted(found.items()) if np.linalg.norm(v) > 1e-6}


def test_two_methods_end_at_the_one_network_where_it_is_unique():
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2))
    problem = Problem(X, Y, 1.0)
    found = solve(problem)
    other = prune(problem, solve_dual(problem, Bundle(), tolerance=1e-9).network)
    first, second = by_direction(found.network), by_direction(other)
    H = problem.features(np.column_stack([np.cos([*first]), np.sin([*first])]))
    atoms = [np.outer(h, v).ravel() for h, v in zip(H.T, first.values(), strict=True)]
    atoms = [a / np.linalg.norm(a) for a in atoms]
    assert np.linalg.svd(atoms)[1][-1] > 1e-2  # independent: the network is unique
    angles, weights = [*first], [*first.values()]
    np.testing.assert_allclose([*second], angles, atol=SAME_NEURON)
    np.testing.assert_allclose([*second.values()], weights, atol=SAME_NEURON)
