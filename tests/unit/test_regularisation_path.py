"""Paths: every point certified, cold starts agree, the start of the path."""

import numpy as np
import pytest

from lib.certificate import beta_max
from lib.frank_wolfe import solve
from lib.problem import Problem
from lib.regularisation_path import path

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((10, 2)), RNG.standard_normal((10, 2))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_path_is_certified_and_agrees_with_cold_starts(loss):
    targets = Y if loss == "squared" else (Y > 0) * 1.0
    problem = Problem(X, targets, 1.0, loss=loss)
    top = beta_max(problem).bound
    found = path(problem, [0.1 * top, top, 0.3 * top])
    np.testing.assert_array_equal(found.betas, [top, 0.3 * top, 0.1 * top])
    assert all(solution.converged for solution in found.solutions)
    assert found.neurons[0] == 0 < found.neurons[-1]
    for beta, value in zip(found.betas, found.primal, strict=True):
        cold = solve(Problem(X, targets, beta, loss=loss)).certificate
        # Both are within 1e-9 of the same optimum.
        assert value == pytest.approx(cold.primal, rel=2e-9)
    assert (found.dual <= found.primal).all()
    # The optimum grows with beta.
    assert (np.diff(found.primal) < 0).all()


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("squared", Y),
        ("huber", Y),
        ("logistic", (Y > 0) * 1.0),
        ("softmax", (Y[:, 0] > 0) * 1.0),
    ],
)
def test_beta_max_is_where_the_zero_network_stops_being_optimal(loss, targets):
    kappa = beta_max(Problem(X, targets, 1.0, loss=loss))
    for share, zero in ((1 + 1e-6, True), (1 - 1e-3, False)):
        problem = Problem(X, targets, share * kappa.bound, loss=loss)
        solution = solve(problem)
        assert solution.converged
        assert (solution.network.width == 0) == zero


@pytest.mark.parametrize("betas", [[], [0.0], [1.0, np.nan], [-1.0], [np.inf]])
def test_path_refuses_other_betas(betas):
    with pytest.raises(ValueError, match="betas must be positive"):
        path(Problem(X, Y, 1.0), betas)


def test_start_of_another_problem_is_no_hindrance():
    problem = Problem(X, Y, 0.1)
    cold = solve(problem)
    for beta in (0.01, 5.0):
        start = solve(Problem(X, Y, beta)).network
        warm = solve(problem, start=start)
        assert warm.converged
        assert warm.certificate.primal == pytest.approx(cold.certificate.primal, 2e-9)


def test_start_from_the_solution_ends_at_once():
    problem = Problem(X, Y, 0.1)
    again = solve(problem, start=solve(problem).network)
    assert len(again.history) == 1
