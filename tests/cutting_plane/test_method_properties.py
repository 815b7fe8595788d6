"""Cutting planes on any planar data: bounds true and monotone, whatever the rule."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.cone_pca import oracle
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.frank_wolfe import solve
from lib.problem import Problem

pytestmark = pytest.mark.property

rules = st.sampled_from([Centre(), Centre(linear=True), Bundle(), Bundle(0.4)])


@st.composite
def problems(draw):
    """Draw planar problems, half of them with repeated, parallel and zero rows."""
    n, c = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    X = rng.standard_normal((n, 2))
    if draw(st.booleans()):
        whole = st.integers(-2, 2).map(float)
        X = draw(hnp.arrays(float, (n, 2), elements=whole))
    Y = rng.standard_normal((n, c))
    kappa = oracle(X, Y).value
    assume(kappa > 0)
    return Problem(X, Y, kappa * draw(st.sampled_from([0.05, 0.3, 0.9])))


@given(problems(), rules)
@settings(max_examples=60)
def test_every_problem_is_enclosed(problem, rule):
    solution = solve_dual(problem, rule, queries=120)
    assert solution.converged, solution.status
    judge = solve(problem).certificate
    slack = 1e-12 * judge.primal
    assert solution.certificate.dual <= judge.primal + slack
    assert solution.certificate.primal >= judge.dual - slack
    uppers = [query.primal for query in solution.history]
    lowers = [query.dual for query in solution.history]
    assert uppers == sorted(uppers, reverse=True)
    assert lowers == sorted(lowers)


@given(problems(), st.integers(0, 9999))
@settings(max_examples=40)
def test_the_optimum_is_in_the_ball_and_the_half_space_of_any_feasible_point(
    problem, seed
):
    solution = solve(problem)
    assume(solution.converged)
    best, Y = solution.certificate, problem.Y
    # D is strongly concave: so far may the proved point be from the best one.
    error = np.sqrt(2 * max(best.gap, 0.0)) + 1e-12 * np.linalg.norm(Y)
    rng = np.random.default_rng(seed)
    bar = Y + rng.standard_normal(Y.shape)
    bar = bar * (rng.uniform(0, 1) * problem.beta / oracle(problem.X, bar).bound)
    ball = np.linalg.norm(bar - Y)
    assert np.linalg.norm(best.Z - Y) <= ball + error
    assert np.vdot(Y - bar, best.Z - bar) >= -ball * error
