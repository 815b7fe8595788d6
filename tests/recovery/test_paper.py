"""Remark 5.1 and Theorem 3, all the way: solve the convex program, get the network."""

import cvxpy as cp
import numpy as np
import pytest

from lib.arrangements import planar_walls
from lib.certificate import certify
from lib.frank_wolfe import solve
from lib.recovery import recover_from_blocks, recover_from_grams
from tests.problems import cover_of, random_problem, section_5_1, spiral_problem

pytestmark = pytest.mark.paper

INTERIOR_POINT = 1e-6
"""Relative accuracy of a program solved by Clarabel at its defaults."""


PROBLEMS = {
    "random 0": random_problem(0, n=6, c=3),
    "random 1": random_problem(1, n=6, c=3),
    "spiral": spiral_problem(0.1, points=5),
    "section 5.1": section_5_1("torch"),
}
each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def planar_cells(problem):
    """Return patterns and rays of every cell."""
    walls = planar_walls(problem.X)
    patterns, rays = [], []
    for start, width in zip(walls.angles, walls.widths, strict=True):
        both = np.array([start, start + width])
        rays.append(np.array([np.cos(both), np.sin(both)]))
        patterns.append(problem.X @ rays[-1].sum(axis=1) > 0)
    return np.array(patterns), rays


def solve_17(problem, patterns, rays):
    """Solve (17) with its V_i; return U_i in the scale of (17), V_i and the value."""
    c, scale = problem.shape[2], np.linalg.norm(problem.Y) ** 0.5
    outputs, constraints, costs, blocks = 0, [], [], []
    for pattern, W in zip(patterns, rays, strict=True):
        block = cp.Variable((2 + c, 2 + c), PSD=True)
        S, A, T = block[:2, :2], block[:2, 2:], block[2:, 2:]
        constraints.append(S >= 0)
        outputs = outputs + (pattern[:, None] * problem.X) @ W @ A
        costs += [cp.trace(W @ S @ W.T), cp.trace(T)]
        blocks.append((W, S, A))
    loss = 0.5 * cp.sum_squares(outputs - problem.Y / scale**2) * scale**2
    program = cp.Problem(
        cp.Minimize(loss + problem.beta / 2 * cp.sum(costs)), constraints
    )
    value = program.solve(solver=cp.CLARABEL) * scale**2
    grams = [W @ S.value @ W.T * scale**2 / (2 * problem.beta) for W, S, _ in blocks]
    return grams, [W @ A.value * scale**2 for W, _, A in blocks], value


@each_problem
def test_matrices_of_17_give_an_optimal_network(problem):
    patterns, rays = planar_cells(problem)
    grams, _, value = solve_17(problem, patterns, rays)
    optimum = solve(problem).certificate.primal
    cover = cover_of(problem.X, patterns, rays)
    found = recover_from_grams(problem, cover, grams)
    assert found.stated == pytest.approx(value, rel=INTERIOR_POINT)
    assert found.cost == pytest.approx(optimum, rel=INTERIOR_POINT)
    assert found.excess <= INTERIOR_POINT * found.stated
    # Frank-Wolfe and the interior point method have nothing in common.
    assert certify(problem, found.network).dual <= optimum


@each_problem
def test_blocks_of_12_with_the_right_penalty_give_an_optimal_network(problem):
    patterns, rays = planar_cells(problem)
    _, blocks, _ = solve_17(problem, patterns, rays)
    optimum = solve(problem).certificate.primal
    found = recover_from_blocks(problem, patterns, rays, blocks)
    assert found.is_exact, found.status
    assert found.cost == pytest.approx(optimum, rel=INTERIOR_POINT)


@each_problem
def test_facets_serve_as_well_as_rays_in_the_plane(problem):
    patterns, rays = planar_cells(problem)
    grams, _, _ = solve_17(problem, patterns, rays)
    optimum = solve(problem).certificate.primal
    found = recover_from_grams(problem, cover_of(problem.X, patterns), grams)
    # What the interior point leaves outside a cell, 1e-8 of a block, is clipped.
    assert found.cost == pytest.approx(optimum, rel=1e-5)
