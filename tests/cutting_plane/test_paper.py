"""Appendix A.5: the dual by cutting planes, on section 5.1 and the spiral."""

import pytest

from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.frank_wolfe import solve
from tests.problems import section_5_1, spiral_problem

pytestmark = pytest.mark.paper

TOLERANCE = 1e-6
RULES = [Centre(), Centre(linear=True), Bundle(), Bundle(0.5)]
NAMES = ["cones", "linear", "kelley", "bundle"]


def assert_encloses_the_optimum(problem, rule, queries):
    """Compare with Frank-Wolfe, which knows nothing of cuts in Z."""
    solution = solve_dual(problem, rule, queries=queries)
    assert solution.converged, solution.status
    judge = solve(problem).certificate
    assert judge.relative_gap <= 1e-9
    assert solution.certificate.dual <= judge.primal
    assert solution.certificate.primal >= judge.dual
    assert solution.certificate.primal == pytest.approx(judge.primal, rel=TOLERANCE)
    return solution


@pytest.mark.parametrize("init", ["torch", "normal"])
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_section_5_1_is_solved_to_1e_6_from_both_sides(init, rule):
    assert_encloses_the_optimum(section_5_1(init), rule, queries=80)


@pytest.mark.parametrize("beta", [1e-2, 1e-1, 1.0, 5.0])
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_spiral_is_solved_to_1e_6_from_both_sides(beta, rule):
    problem = spiral_problem(beta)
    assert_encloses_the_optimum(problem, rule, queries=80)


@pytest.mark.slow
def test_cones_need_fewer_queries_than_the_linear_cuts_of_a_5():
    problem = section_5_1("normal")
    queries = {
        name: len(solve_dual(problem, rule).history)
        for name, rule in zip(NAMES, RULES, strict=True)
    }
    assert queries["kelley"] < queries["cones"] < queries["linear"]
