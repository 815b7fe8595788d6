"""The textbook programs in CVXPY: what they do when a solver gives up."""

import cvxpy as cp
import numpy as np
import pytest

from lib.conic import SolverFailure
from lib.copositive.textbook import scalar_program
from lib.frank_wolfe import solve
from lib.networks import with_ones
from lib.problem import Problem

TEXTBOOK = 1e-6
"""Relative accuracy of CVXPY's programs: 1e-8 times multipliers up to 100."""


def test_solver_that_gives_up_is_one_clear_error(monkeypatch):
    def give_up(program, **options):
        raise cp.SolverError("Solver 'CLARABEL' failed.")

    monkeypatch.setattr(cp.Problem, "solve", give_up)
    problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    with pytest.raises(
        SolverFailure, match=r"CLARABEL must .* of 16 unknowns; .*faile"
    ):
        scalar_program(problem)


@pytest.mark.slow
def test_9_is_solved_where_an_inequality_a_sample_stops_the_solver():
    # Chapter 13 at seed 1: with all 40 inequalities of each cell Clarabel made
    # insufficient progress from a gap of 2e-3 on; with the two facets it solves.
    draw = np.random.default_rng(3)
    x = np.sort(draw.uniform(-1, 1, 40))
    y = np.abs(x) + 0.05 * draw.standard_normal(40)
    y[draw.choice(40, 6, replace=False)] += 3
    problem = Problem(with_ones(x[:, None]), y > np.median(y), 0.1, "logistic")
    optimum = solve(problem).certificate.primal
    assert scalar_program(problem).value == pytest.approx(optimum, rel=TEXTBOOK)
