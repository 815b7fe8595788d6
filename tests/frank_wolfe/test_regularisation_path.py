"""Paths: every point certified, cold starts agree, the start of the path."""

import numpy as np
import pytest

from lib.certificate import beta_max
from lib.frank_wolfe import enclose, path, solve
from lib.problem import Problem

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


@pytest.mark.parametrize("loss", ["squared", "huber", "logistic", "softmax"])
def test_band_encloses_what_fresh_solves_prove(loss):
    targets = Y if loss in ("squared", "huber") else np.eye(2)[(Y[:, 0] > 0) * 1]
    problem = Problem(X, targets, 1.0, loss=loss)
    top = beta_max(problem).bound
    found = path(problem, top * np.array([1.2, 1.0, 0.5, 0.2, 0.1]))
    band = enclose(problem, found, top * np.array([1.2, 1.1, 0.7, 0.5, 0.3, 0.15, 0.1]))
    for k, beta in enumerate(band.betas):
        fresh = solve(Problem(X, targets, beta, loss=loss)).certificate
        # The upper side and the primal value are sums rounded to about 1e-15.
        assert band.upper[k] >= fresh.dual
        assert band.lower[k] <= fresh.primal
    rounding = 1e-13 * band.upper
    assert (band.chords <= band.lower + rounding).all()
    assert (band.upper <= band.tangents).all()
    assert (band.width <= band.plain_width + 1e-13).all()


def test_band_is_closed_at_the_points_of_the_path_and_open_between():
    problem = Problem(X, Y, 1.0)
    found = path(problem, [0.1, 0.4, 1.0])
    band = enclose(problem, found, [1.0, 0.7, 0.4, 0.2, 0.1])
    solved = [0, 2, 4]
    # The solves reach 1e-9 and averaging with weights 0 and 1 only rounds.
    assert (band.width[solved] <= 1.1e-9).all()
    assert (band.width[[1, 3]] > 1e-6).all()
    np.testing.assert_allclose(band.upper[solved], found.primal, rtol=1e-13)


def test_band_is_narrower_than_a_quarter_of_the_change_of_slope():
    problem = Problem(X, Y, 1.0)
    found = path(problem, [0.05, 0.1, 0.2, 0.4, 0.8])
    for k in range(4):
        high, low = found.betas[k : k + 2]
        band = enclose(problem, found, np.linspace(low, high, 9))
        turn = np.diff(found.path_norms)[k]
        most = 0.25 * (high - low) * turn + 2e-9 * band.upper
        assert (band.tangents - band.chords <= most).all()


def test_a_path_that_is_a_line_is_enclosed_by_its_ends():
    # X = I, Y = (1, -1): F = (1 - beta) Y and p* = 2 beta - beta^2 up to beta = 1.
    problem = Problem(np.eye(2), [1.0, -1.0], 1.0)
    band = enclose(problem, path(problem, [0.1, 0.9]), np.linspace(0.1, 0.9, 9))
    np.testing.assert_allclose(band.lower, 2 * band.betas - band.betas**2, rtol=1e-8)
    np.testing.assert_allclose(band.upper, band.lower, rtol=2e-8)
    assert band.plain_width.max() > 0.1


def test_repeated_betas_are_solved_once():
    found = path(Problem(X, Y, 1.0), [0.4, 0.4, 1.0])
    np.testing.assert_array_equal(found.betas, [1.0, 0.4])


@pytest.mark.parametrize("asked", [[], [0.0], [np.nan]])
def test_enclose_refuses_betas_that_are_none(asked):
    problem = Problem(X, Y, 1.0)
    with pytest.raises(ValueError, match="betas must be positive"):
        enclose(problem, path(problem, [0.5, 1.0]), asked)


@pytest.mark.parametrize("loss", ["squared", "huber", "logistic", "softmax"])
def test_band_beyond_the_ends_encloses_what_fresh_solves_prove(loss):
    targets = Y if loss in ("squared", "huber") else np.eye(2)[(Y[:, 0] > 0) * 1]
    problem = Problem(X, targets, 1.0, loss=loss)
    top = beta_max(problem).bound
    for points in ([0.5], [0.5, 0.3]):
        found = path(problem, top * np.array(points))
        band = enclose(problem, found, top * np.array([1.5, 0.9, 0.6, 0.2, 0.1]))
        for k, beta in enumerate(band.betas):
            fresh = solve(Problem(X, targets, beta, loss=loss)).certificate
            # The upper side and the primal value are sums rounded to about 1e-15.
            assert band.upper[k] >= fresh.dual * (1 - 1e-12)
            assert band.lower[k] <= fresh.primal
        assert (band.lower > 0).all()  # so there is something below the last beta
        assert (band.chords <= band.lower + 1e-12 * band.upper).all()


def test_band_beyond_the_ends_by_hand():
    # X = I, Y = (1, -1) at beta = 1/2: Z = (1/2, -1/2), F = Z, path norm 1, p* = 3/4.
    problem = Problem(np.eye(2), [1.0, -1.0], 1.0)
    band = enclose(problem, path(problem, [0.5]), [2.0, 0.75, 0.25])
    # Above: D_1 = 3/4; the tangent 1/4 + beta, or the zero network's 1.
    # Below: D(Z / 2) = 1/2 - 1/16 and the tangent 1/4 + 1/4; p* = 7/16 is the first.
    np.testing.assert_allclose(band.lower, [0.75, 0.75, 0.4375], rtol=1e-7)
    np.testing.assert_allclose(band.tangents, [1.0, 1.0, 0.5], rtol=1e-7)
    np.testing.assert_allclose(band.chords, [0.75, 0.75, 0.375], rtol=1e-7)


def test_time_is_shared_among_the_betas():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((60, 5)), rng.standard_normal((60, 2)), 1.0)
    rounds = []
    found = path(problem, [1.0, 0.3, 0.1], seconds=0.3, progress=rounds.append)
    assert len(rounds) == sum(len(s.history) for s in found.solutions)
    assert (found.dual <= found.primal).all()
    assert any("s was reached" in s.status for s in found.solutions)
