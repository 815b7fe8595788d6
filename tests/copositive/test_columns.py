"""Column generation for (17): hand-solved cases, limits, and every refusal."""

from functools import partial

import numpy as np
import pytest

from lib.copositive import cover_by_cells, solve_by_columns, solve_relaxation
from lib.copositive.textbook import copositive_program, gauge_program, scalar_dual
from lib.cutting_plane import solve_dual
from lib.frank_wolfe import solve
from lib.problem import Problem
from lib.recovery import recover_from_relaxation
from tests import problems

GAP = 1e-6


random_problem = partial(problems.random_problem, n=12, r=3)


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_two_samples_cost_three_quarters_in_any_row_space(dimension):
    # The third and fourth samples are silent: their targets are zero.
    Y = np.zeros((dimension, 1))
    Y[:2, 0] = 1, -1
    found = solve_by_columns(Problem(np.eye(dimension), Y, 0.5))
    assert found.converged
    assert found.status == "The relative gap reached the tolerance."
    assert found.solution.value == pytest.approx(0.75, rel=GAP)
    assert found.solution.dual <= 0.75


def test_single_column_of_data_has_two_pieces():
    X = np.array([[1.0], [-2.0], [0.0]])
    found = solve_by_columns(Problem(X, np.array([[1.0], [1.0], [0.0]]), 0.5))
    # Each sign by itself: sigma = 1, 2 and y = 1: beta/s - (beta/s)^2 / 2.
    assert found.solution.value == pytest.approx(0.375 + 0.25 - 0.03125, rel=GAP)
    assert len(found.solution.cover) == 2


def test_zero_network_is_proved_beyond_beta_max():
    problem = random_problem(share=1.01)
    found = solve_by_columns(problem)
    assert found.converged
    half = 0.5 * np.vdot(problem.Y, problem.Y)
    assert found.solution.value == pytest.approx(half, rel=GAP)
    assert found.solution.dual <= half


def test_zero_targets_cost_nothing():
    problem = Problem(np.eye(3), np.zeros((3, 1)), 0.5)
    found = solve_by_columns(problem, rounds=1)
    assert found.solution.value == pytest.approx(0.0, abs=1e-9)
    assert found.solution.dual == 0.0


def test_limit_of_rounds_is_a_status_with_valid_bounds():
    problem, seen = random_problem(), []
    whole = solve_by_columns(problem)
    found = solve_by_columns(problem, rounds=2, progress=seen.append)
    assert not found.converged
    assert found.status == "The limit of 2 rounds was reached."
    assert list(found.history) == seen
    assert len(seen) == 2
    assert found.solution.dual <= whole.solution.value
    assert found.solution.value >= whole.solution.dual
    assert 0 < whole.used <= len(whole.solution.cover)


def test_solver_error_ends_in_a_status_not_in_a_loop():
    # No interior point method reaches 1e-15.
    found = solve_by_columns(random_problem(), tolerance=1e-15)
    assert not found.converged
    assert found.status == (
        "The oracle names no further piece: the rest is solver error."
    )
    assert found.solution.relative_gap <= GAP


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"rounds": 0}])
def test_empty_limits_are_refused(options):
    with pytest.raises(ValueError, match="needs tolerance > 0 and rounds >= 1"):
        solve_by_columns(random_problem(), **options)


@pytest.mark.parametrize("solver", [solve_by_columns, solve_dual])
def test_time_limit_is_a_status_and_leaves_valid_bounds(solver):
    found = solver(problems.random_problem(n=40, r=3, c=2), seconds=1e-3)
    assert not found.converged
    assert found.status == "The limit of 0.001 s was reached."
    bounds = found.solution if solver is solve_by_columns else found.certificate
    best = solve(problems.random_problem(n=40, r=3, c=2)).certificate
    assert bounds.dual <= best.primal
    assert found.history[-1].primal >= best.dual


def test_rank_above_four_and_zero_data_are_refused():
    with pytest.raises(ValueError, match=r"rank 1 to 4; got X \(6, 5\) of rank 5"):
        solve_by_columns(random_problem(n=6, r=5))
    with pytest.raises(ValueError, match=r"rank 1 to 4; got .* of rank 0"):
        solve_by_columns(Problem(np.zeros((2, 2)), np.eye(2), 0.5))


@pytest.mark.parametrize(
    ("name", "solver"),
    [
        ("solve_by_columns", solve_by_columns),
        ("solve_relaxation", lambda p: solve_relaxation(p, cover_by_cells(p.X))),
        ("solve_dual", solve_dual),
        ("copositive_program", copositive_program),
        ("scalar_dual", scalar_dual),
    ],
)
def test_programs_of_the_squared_loss_refuse_others(name, solver):
    problem = random_problem(n=6, r=2, loss="huber")
    with pytest.raises(ValueError, match=f"{name} needs the squared loss; got loss"):
        solver(problem)


def test_gauge_program_refuses_cells_that_are_not_simplicial():
    problem = random_problem(n=8, r=3)
    with pytest.raises(ValueError, match="needs simplicial regions"):
        gauge_program(problem, cover_by_cells(problem.X))


def test_relaxation_of_other_data_is_not_recovered():
    problem = random_problem(n=6, r=2)
    other = solve_relaxation(problem, cover_by_cells(problem.X))
    with pytest.raises(ValueError, match="must be of the problem's X"):
        recover_from_relaxation(random_problem(n=7, r=2), other)
