"""Round trips: a network's own matrices and blocks give back a network as cheap."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.arrangements import planar_walls
from lib.frank_wolfe import solve
from lib.problem import Problem, objective
from lib.recovery import (
    recover_from_activations,
    recover_from_blocks,
    recover_from_grams,
    split_block,
)
from lib.svd import closed_form, whiten
from tests.problems import cover_of

pytestmark = pytest.mark.property

VALUE = 1e-9
"""Relative accuracy of the way back, and of the certified optimum it starts from."""

INTERIOR_POINT = 1e-6
"""Relative accuracy of a program solved by Clarabel at its defaults."""

seeds = st.integers(0, 10**6)


def trained(seed):
    """Return a planar problem and its certified network."""
    rng = np.random.default_rng(seed)
    n, c = rng.integers(2, 9), rng.integers(1, 4)
    problem = Problem(rng.standard_normal((n, 2)), rng.standard_normal((n, c)), 0.2)
    solution = solve(problem)
    assert solution.converged
    return problem, solution


def cells_of(problem, network):
    """Group neurons by planar cell: patterns, rays and members of each cell."""
    walls = planar_walls(problem.X)
    angles = np.arctan2(network.U[:, 1], network.U[:, 0]) % (2 * np.pi)
    # Neurons on a wall belong to either cell; rounding decides.
    place = (np.searchsorted(walls.angles, angles, side="right") - 1) % len(
        walls.angles
    )
    for sector in np.unique(place):
        start, width = walls.angles[sector], walls.widths[sector]
        both = np.array([start, start + width])
        rays = np.array([np.cos(both), np.sin(both)])
        pattern = problem.X @ rays.sum(axis=1) > 0
        yield pattern, rays, np.flatnonzero(place == sector)


@given(seeds)
@settings(max_examples=25)
def test_blocks_of_an_optimal_network_come_back_at_its_cost(seed):
    problem, solution = trained(seed)
    U, V = solution.network.U, solution.network.V
    cells = list(cells_of(problem, solution.network))
    found = (
        recover_from_blocks(
            problem,
            np.array([pattern for pattern, _, _ in cells]).reshape(-1, len(problem.X)),
            [rays for _, rays, _ in cells],
            [U[own].T @ V[own] for _, _, own in cells],
        )
        if cells
        else None
    )
    if found is None:
        return
    # The gauge is a minimum, so no dearer than the network; and that is optimal.
    optimum = solution.certificate.primal
    assert found.cost <= optimum * (1 + VALUE)
    assert found.cost >= solution.certificate.dual * (1 - 1e-12)
    assert found.is_exact, found.status


@given(seeds, st.booleans())
@settings(max_examples=25)
def test_matrices_of_an_optimal_network_come_back_at_its_cost(seed, with_rays):
    problem, solution = trained(seed)
    U = solution.network.U
    cells = list(cells_of(problem, solution.network))
    if not cells:
        return
    patterns, rays, members = zip(*cells, strict=True)
    cover = cover_of(problem.X, patterns, rays if with_rays else None)
    grams = [U[own].T @ U[own] / (2 * problem.beta) for own in members]
    found = recover_from_grams(problem, cover, grams)
    optimum = solution.certificate.primal
    # (17) at the network's own matrices is at most its cost: V is chosen anew.
    assert found.stated <= optimum * (1 + VALUE)
    assert found.cost <= optimum * (1 + 10 * VALUE)
    assert found.cost >= solution.certificate.dual * (1 - 1e-12)


@given(seeds)
@settings(max_examples=30)
def test_whitened_matrices_come_back_as_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 7)
    X = whiten(rng.standard_normal((n, n + 1)), demean=False).X
    problem = Problem(X, np.eye(3)[rng.integers(0, 3, n)], 0.4)
    H = closed_form(problem).network.hidden(X)
    W = H @ H.T / (2 * problem.beta)
    found = recover_from_activations(problem, W)
    assert found.is_exact, found.status
    linear = closed_form(problem).linear_optimum
    assert abs(found.cost - linear) <= 1e-10 * linear
    assert found.cost == objective(problem, found.network)


def random_cone(rng, d):
    """Return d independent rays, most of them at acute angles, as in a cell."""
    return np.eye(d) + 0.6 * rng.standard_normal((d, d))


@given(seeds, st.integers(2, 4), st.integers(1, 3))
@settings(max_examples=40)
def test_block_is_met_exactly_inside_its_cone(seed, d, c):
    rng = np.random.default_rng(seed)
    rays, block = random_cone(rng, d), rng.standard_normal((d, c))
    found = split_block(block, rays)
    size = np.linalg.norm(block)
    condition = np.linalg.cond(rays)
    np.testing.assert_allclose(
        found.U.T @ found.V, block, atol=1e-12 * size * condition
    )
    coordinates = np.linalg.solve(rays, found.U.T)
    assert coordinates.min() >= -1e-12 * condition * np.abs(coordinates).max()
    # Between the nuclear norm and the semi-NMF into rays.
    by_rays = np.linalg.solve(rays, block)
    most = np.linalg.norm(rays, axis=0) @ np.linalg.norm(by_rays, axis=1)
    assert found.cost <= most * (1 + VALUE)
    assert found.cost >= np.linalg.norm(block, "nuc") * (1 - 1e-12)
    assert abs(found.cost - found.gauge) <= 1e-7 * found.cost


@given(seeds, st.integers(1, 3))
@settings(max_examples=15)
def test_gauge_is_the_least_cost_over_a_fine_fan_of_neurons(seed, c):
    rng = np.random.default_rng(seed)
    rays, block = random_cone(rng, 2), rng.standard_normal((2, c))
    share = np.linspace(0, 1, 300)
    fan = rays / np.linalg.norm(rays, axis=0) @ np.array([1 - share, share])
    fan = fan / np.linalg.norm(fan, axis=0)
    G = cp.Variable((300, c))
    cost = cp.Minimize(cp.sum(cp.norm(G, 2, axis=1)))
    best = cp.Problem(cost, [fan @ G == block]).solve(solver=cp.CLARABEL)
    gauge = split_block(block, rays).gauge
    # Fewer neurons cost no less; the fan misses the best angle by 1 / 300 of the
    # opening, a second order effect.
    assert gauge <= best * (1 + INTERIOR_POINT)
    assert best <= gauge * (1 + 1e-3)


@given(seeds, st.integers(3, 4), st.integers(1, 3))
@settings(max_examples=10)
def test_dual_matrix_proves_the_gauge_above_the_plane(seed, d, c):
    # max <L, V> with |L^T u| <= |u| in the cone: L L^T <= I + W^-T N W^-1, N >= 0
    # is exact up to four rays. Another program than the one that split_block solves.
    rng = np.random.default_rng(seed)
    rays, block = random_cone(rng, d), rng.standard_normal((d, c))
    W = rays / np.linalg.norm(rays, axis=0)
    inverse = np.linalg.inv(W)
    L, N = cp.Variable((d, c)), cp.Variable((d, d), symmetric=True)
    room = np.eye(d) - inverse.T @ N @ inverse
    form = cp.bmat([[room, L], [L.T, np.eye(c)]])
    program = cp.Problem(
        cp.Maximize(cp.sum(cp.multiply(L, block))), [form >> 0, N >= 0]
    )
    bound = program.solve(solver=cp.CLARABEL)
    assert abs(split_block(block, rays).cost - bound) <= 10 * INTERIOR_POINT * bound
