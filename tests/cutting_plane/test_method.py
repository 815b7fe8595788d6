"""Cutting planes: the three rules on hand-solved cases, bounds, cuts and refusals."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from lib.cone_pca import Oracle, oracle
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.cutting_plane.barrier import Barrier, Cuts, analytic_centre
from lib.losses import SQUARED
from lib.problem import Problem, objective
from tests.problems import random_problem, spiral_problem

RULES = [Centre(), Centre(linear=True), Bundle(), Bundle(0.5)]
NAMES = ["cones", "linear", "kelley", "bundle"]
each_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)

TOLERANCE = 1e-6


def random_cuts(rng, linear, n=4, c=2, m=5, beta=0.5):
    H = rng.random((n, m))
    G = rng.standard_normal((m, c))
    G /= np.linalg.norm(G, axis=1, keepdims=True)
    return Cuts(H, G if linear else None, beta)


@each_rule
def test_two_samples_have_the_bounds_three_quarters(rule):
    solution = solve_dual(Problem(np.eye(2), [1.0, -1.0], 0.5), rule)
    assert solution.converged
    assert solution.certificate.dual <= 0.75 <= solution.certificate.primal
    assert solution.certificate.relative_gap <= TOLERANCE


@each_rule
def test_bounds_are_monotone_and_true(rule):
    problem = random_problem()
    solution = solve_dual(problem, rule)
    upper = np.array([query.primal for query in solution.history])
    lower = np.array([query.dual for query in solution.history])
    assert (np.diff(upper) <= 0).all()
    assert (np.diff(lower) >= 0).all()
    assert (lower <= upper).all()
    # The network and the dual point speak for themselves.
    certificate = solution.certificate
    assert objective(problem, solution.network) == certificate.primal == upper[-1]
    assert SQUARED.dual(certificate.Z, problem.Y) == certificate.dual == lower[-1]
    assert oracle(problem.X, certificate.Z).value <= problem.beta * (1 + 1e-12)


@each_rule
def test_zero_network_is_proved_optimal_beyond_beta_max(rule):
    solution = solve_dual(random_problem(share=1.01), rule)
    assert solution.converged
    assert solution.network.width == 0
    assert len(solution.history) == 1
    assert solution.history[0].size == 0


@each_rule
def test_zero_targets_are_solved_at_once(rule):
    solution = solve_dual(Problem(np.eye(2), np.zeros((2, 1)), 0.5), rule)
    assert solution.certificate.primal == solution.certificate.dual == 0.0
    assert solution.converged


@each_rule
def test_limit_of_queries_is_a_status_with_true_bounds(rule):
    problem = random_problem()
    optimum = solve_dual(problem, Bundle(), tolerance=1e-8).certificate.primal
    solution = solve_dual(problem, rule, queries=2)
    assert not solution.converged
    assert solution.status == "The limit of 2 queries was reached."
    assert len(solution.history) == 2
    assert solution.certificate.dual <= optimum <= solution.certificate.primal


@each_rule
@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_units_of_the_targets_do_not_matter(rule, scale):
    problem = random_problem()
    scaled = Problem(problem.X, scale * problem.Y, scale * problem.beta)
    values = [solve_dual(p, rule).certificate for p in (problem, scaled)]
    assert values[1].primal == pytest.approx(
        scale**2 * values[0].primal, rel=2 * TOLERANCE
    )
    assert values[1].relative_gap <= TOLERANCE


def test_cone_cuts_settle_a_direction_that_linear_cuts_must_repeat():
    problem = spiral_problem(0.1, points=6)
    cones, linear = (solve_dual(problem, Centre(linear=k)) for k in (False, True))
    assert cones.converged
    assert linear.converged
    assert cones.history[-1].size < linear.history[-1].size
    assert len(cones.history) < len(linear.history)


@pytest.mark.parametrize("linear", [False, True])
def test_a_search_cut_short_returns_the_best_network_on_its_cuts(linear):
    problem, cuts = random_problem(), []

    class Recorder(Oracle):
        def __call__(self, Z):
            told = super().__call__(Z)
            cuts.extend(told.candidates[told.candidate_values > problem.beta])
            return told

    rule, asked = Centre(linear=linear), Recorder(problem.X)
    solution = solve_dual(problem, rule, bound=asked, queries=4)
    assert not solution.converged
    H, V = problem.features(np.array(cuts)), cp.Variable((len(cuts), problem.shape[2]))
    cost = cp.sum_squares(H @ V - problem.Y) / 2
    cost += problem.beta * cp.sum(cp.norm(V, axis=1))
    least = cp.Problem(cp.Minimize(cost)).solve(solver=cp.CLARABEL)
    # Clarabel stops at 1e-8. The forces of the centre alone are 1e-3 above and more.
    assert solution.certificate.primal <= least * (1 + 1e-7)
    assert solution.history[-1].primal == solution.certificate.primal


def test_progress_hears_of_every_query():
    heard = []
    solution = solve_dual(random_problem(), progress=heard.append)
    assert tuple(heard) == solution.history


def test_loose_oracle_loosens_the_proof_and_never_falsifies_it():
    problem = random_problem()
    optimum = solve_dual(problem, Bundle(), tolerance=1e-8).certificate

    class Loose(Oracle):
        def __call__(self, Z):
            exact = super().__call__(Z)
            return replace(exact, bound=1.05 * exact.bound)

    solution = solve_dual(problem, bound=Loose(problem.X), queries=40)
    assert not solution.converged
    assert solution.certificate.dual <= optimum.primal
    assert solution.certificate.primal >= optimum.dual


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"queries": 0}])
def test_senseless_options_are_refused(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} = {value}"):
        solve_dual(random_problem(), **options)


# -- the analytic centre


@pytest.mark.parametrize("linear", [False, True])
def test_barrier_derivatives_are_those_of_finite_differences(linear):
    rng = np.random.default_rng(0)
    cuts, Y = random_cuts(rng, linear), rng.standard_normal((4, 2))
    barrier = Barrier(cuts, Y, 1.5 * float(np.vdot(Y, Y)))
    Z, step = 0.01 * rng.standard_normal((4, 2)), 1e-5
    assert np.isfinite(barrier.value(Z))
    basis = np.eye(8).reshape(8, 4, 2)
    slopes = [
        (barrier.value(Z + step * E) - barrier.value(Z - step * E)) / (2 * step)
        for E in basis
    ]
    np.testing.assert_allclose(barrier.gradient(Z).ravel(), slopes, rtol=1e-6)
    columns = [
        (barrier.gradient(Z + step * E) - barrier.gradient(Z - step * E)).ravel()
        / (2 * step)
        for E in basis
    ]
    np.testing.assert_allclose(barrier.hessian(Z), columns, rtol=1e-6, atol=1e-6)


def test_barrier_is_infinite_outside():
    cuts = Cuts(np.array([[1.0], [0.0]]), None, 0.5)
    barrier = Barrier(cuts, np.zeros((2, 1)), 1.0)
    assert barrier.value(np.array([[0.6], [0.0]])) == np.inf
    assert barrier.value(np.array([[0.0], [1.1]])) == np.inf
    assert np.isfinite(barrier.value(np.array([[0.4], [0.0]])))


@pytest.mark.parametrize("linear", [False, True])
def test_centre_has_no_gradient_and_its_forces_are_a_network(linear):
    rng = np.random.default_rng(1)
    cuts, Y = random_cuts(rng, linear), rng.standard_normal((4, 2))
    barrier = Barrier(cuts, Y, 1.2 * float(np.vdot(Y, Y)))
    Z, V = analytic_centre(barrier, np.zeros((4, 2)), 1e-3)
    # The Newton decrement is below 1e-3: the gradient is small in its own metric.
    gradient = barrier.gradient(Z).ravel()
    assert gradient @ np.linalg.solve(barrier.hessian(Z), gradient) <= 1e-3
    size = np.linalg.norm(Y)
    assert np.linalg.norm(cuts.H @ V - (Y - Z)) <= 0.05 * size
    # The gap over the cuts is at most half of the room, at the exact centre.
    prices = np.linalg.norm(V, axis=1) * cuts.beta
    gap = prices.sum() - np.vdot(cuts.H @ V, Z)
    assert 0 <= gap <= 0.55 * barrier.room(Z)


def test_start_outside_the_ball_is_led_into_it():
    Y = np.array([[1.0], [1.0]])
    cuts = Cuts(np.array([[1.0], [0.0]]), None, 0.5)
    # The best over the cut is (0.5, 1), at squared distance 0.25; 0 is at 2.
    barrier = Barrier(cuts, Y, 0.26)
    Z, V = analytic_centre(barrier, np.zeros((2, 1)), 1e-3)
    assert barrier.room(Z) > 0
    assert abs(Z[0, 0]) < 0.5
    assert (V >= 0).all()
