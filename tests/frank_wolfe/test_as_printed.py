"""Algorithm 1 as printed, and the bisection over its radius."""

import numpy as np
import pytest

from lib.arrangements import enumerate_cells
from lib.frank_wolfe import algorithm_1, bisect_radius, solve
from lib.problem import Problem, objective, residual

ROUNDING = 1e-12
"""A few hundred roundings of sums of a few dozen terms."""

FEASIBLE = 1e-6
"""Relative error that directions within the tolerance of a cone cause in 20 steps."""


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    return Problem(rng.standard_normal((9, 2)), rng.standard_normal((9, 3)), 0.3)


def test_the_network_is_the_iterate(problem):
    run = algorithm_1(problem, 2.0, steps=37)
    R = residual(problem, run.network)
    assert np.isclose(0.5 * np.vdot(R, R), run.losses[-1], rtol=ROUNDING)
    assert np.isclose(run.network.path_norm, 2.0, rtol=ROUNDING)
    assert run.network.width == 37
    assert np.isclose(run.primal[-1], run.losses[-1] + 0.3 * 2.0, rtol=ROUNDING)
    assert np.isclose(run.primal[-1], objective(problem, run.network), rtol=ROUNDING)


def test_records_are_increasing_and_end_with_the_last_step(problem):
    run = algorithm_1(problem, 1.0, steps=50, records=7)
    assert run.steps[0] == 1
    assert run.steps[-1] == 50
    assert (np.diff(run.steps) > 0).all()
    assert len(run.steps) == len(run.losses) == len(run.certificates) <= 7


def test_one_step_takes_the_best_neuron_of_the_best_cell(problem):
    run = algorithm_1(problem, 1.5, steps=1)
    # A fine grid inside every cell, each cell with its own linear map D_i X.
    turns = np.linspace(0, 2 * np.pi, 20_001)
    circle = np.array([np.cos(turns), np.sin(turns)])
    best = 0.0
    for D in enumerate_cells(problem.X).patterns:
        signed = (2 * D[:, None] - 1) * (problem.X @ circle)
        feasible = circle[:, (signed >= 0).all(axis=0)]
        values = np.linalg.norm(
            problem.Y.T @ (D[:, None] * problem.X) @ feasible, axis=0
        )
        best = max(best, values.max(initial=0.0))
    u = run.network.U[0] / np.linalg.norm(run.network.U[0])
    found = np.linalg.norm(problem.Y.T @ np.maximum(problem.X @ u, 0))
    spacing = np.pi / 20_000  # half a step of the grid
    lipschitz = np.linalg.norm(problem.Y, 2) * np.linalg.norm(problem.X, 2)
    assert best <= found * (1 + ROUNDING)
    assert found <= best + lipschitz * spacing


def test_cell_by_cell_gives_the_same_iterates(problem):
    fast = algorithm_1(problem, 1.5, steps=20)
    printed = algorithm_1(problem, 1.5, steps=20, cell_by_cell=True)
    assert np.allclose(printed.losses, fast.losses, rtol=FEASIBLE)
    assert np.allclose(printed.dual, fast.dual, rtol=FEASIBLE)


def test_cell_by_cell_works_at_rank_three():
    rng = np.random.default_rng(2)
    solid = Problem(rng.standard_normal((7, 3)), rng.standard_normal((7, 2)), 0.3)
    fast = algorithm_1(solid, 1.0, steps=5)
    printed = algorithm_1(solid, 1.0, steps=5, cell_by_cell=True)
    assert np.allclose(printed.losses, fast.losses, rtol=FEASIBLE)


def test_the_loss_obeys_the_stated_rate(problem):
    optimal = solve(problem)
    radius = optimal.network.path_norm
    least = optimal.certificate.primal - problem.beta * radius
    run = algorithm_1(problem, radius, steps=500)
    curvature = 8 * radius**2 * np.linalg.norm(problem.X, 2) ** 2
    assert (run.losses - least <= curvature / (run.steps + 2)).all()
    assert run.losses[-1] - least < 0.01 * least


def test_every_step_bounds_the_optimum_from_both_sides(problem):
    optimum = solve(problem).certificate
    run = algorithm_1(problem, 1.3, steps=200)
    assert (run.primal >= optimum.dual).all()
    assert (run.dual <= optimum.primal).all()
    assert (np.diff(run.dual) >= 0).all()


def test_data_of_rank_one_in_many_dimensions_are_fine():
    rng = np.random.default_rng(1)
    X = np.outer(rng.standard_normal(6), rng.standard_normal(4))
    run = algorithm_1(Problem(X, rng.standard_normal((6, 2)), 0.1), 1.0, steps=20)
    assert run.network.U.shape == (20, 4)


def test_zero_targets_leave_zero_outputs(problem):
    run = algorithm_1(Problem(problem.X, 0 * problem.Y, 1.0), 1.0, steps=3)
    assert (run.losses == 0).all()


@pytest.mark.slow
def test_bisection_closes_in_on_the_path_norm_of_the_optimum(problem):
    optimal = solve(problem)
    found = bisect_radius(problem, steps=2000, halvings=10)
    first = 0.5 * np.vdot(problem.Y, problem.Y) / problem.beta
    low, high = found.bracket
    assert np.isclose(high - low, first / 2**10, rtol=1e-9)
    assert len(found.trials) == 10
    # The bracket is as wide as its last step; the inner error may turn one step wrong.
    assert (
        low - 2 * (high - low) <= optimal.network.path_norm <= high + 2 * (high - low)
    )
    assert found.best.primal[-1] <= 1.02 * optimal.certificate.primal
    assert found.dual <= optimal.certificate.primal


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_a_radius_that_is_not_positive_is_refused(problem, radius):
    with pytest.raises(ValueError, match="radius must be positive and finite; got"):
        algorithm_1(problem, radius, steps=1)


@pytest.mark.parametrize("counts", [{"steps": 0}, {"steps": 1, "records": 0}])
def test_counts_below_one_are_refused(problem, counts):
    with pytest.raises(ValueError, match="must be at least 1; got 0"):
        algorithm_1(problem, 1.0, **counts)


def test_bisection_without_halvings_is_refused(problem):
    with pytest.raises(ValueError, match="must be at least 1; got 0"):
        bisect_radius(problem, steps=1, halvings=0)
