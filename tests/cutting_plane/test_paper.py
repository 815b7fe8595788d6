"""Appendix A.5: the dual by cutting planes, on section 5.1 and the spiral."""

import numpy as np
import pytest

from experiments.questions import centroid_questions
from lib.cone_pca import oracle
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.frank_wolfe import solve
from lib.master.group_lasso import group_lasso
from lib.problem import Problem
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


def ask_at_centroids(problem, questions, cells=1500):
    """Run the method of the theorem on two unknowns, on a grid of the ball.

    Return the neurons of the cuts and the best dual value.
    """
    radius = np.linalg.norm(problem.Y)
    side = np.linspace(-radius, radius, cells)
    points = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    points = points[np.linalg.norm(points, axis=1) < radius] + problem.Y[:, 0]
    neurons, best = [], 0.0
    for _ in range(questions):
        Z = points.mean(axis=0)[:, None]
        told = oracle(problem.X, Z)
        if told.value > problem.beta:
            h = problem.features(told.direction[None])[:, 0]
            neurons.append(h)
            points = points[np.sign(h @ Z) * (points @ h) <= problem.beta]
        else:
            away = np.linalg.norm(Z - problem.Y)
            best = max(best, (radius**2 - away**2) / 2)
            points = points[np.linalg.norm(points - problem.Y[:, 0], axis=1) <= away]
        if len(points) < 100:
            break
    return np.array(neurons).T, best


@pytest.mark.parametrize("seed", range(4))
def test_the_network_on_the_cuts_of_centroids_is_within_the_accuracy_asked(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, 2)), rng.standard_normal((2, 1))
    problem, accuracy = Problem(X, Y, 0.4 * oracle(X, Y).value), 0.1
    # The bodies are grids: they end, or give out, before the questions of the theorem.
    questions = int(centroid_questions(problem, accuracy)) + 1
    H, best = ask_at_centroids(problem, questions)
    V = group_lasso(H.T @ H, H.T @ Y, problem.beta)
    cost = np.sum((H @ V - Y) ** 2) / 2
    cost += problem.beta * np.linalg.norm(V, axis=1).sum()
    optimum = solve(problem).certificate
    assert cost <= optimum.dual / (1 - accuracy)
    assert best >= (1 - accuracy) * cost
