"""The solver on any planar data: certified, and indifferent to how they are told."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.cone_pca import oracle
from lib.frank_wolfe import DEFAULT_TOLERANCE, solve
from lib.problem import Network, Problem, objective

pytestmark = pytest.mark.property

VALUE = 2 * DEFAULT_TOLERANCE
"""Relative difference of two optima, each certified to the default tolerance."""

WHOLE = st.integers(-2, 2).map(float)


@st.composite
def problems(draw, d=2):
    """Draw a problem with beta between 1 % and all of kappa(Y).

    Half of the inputs are small whole numbers, so that repeated, parallel and zero
    rows are likely; targets are generic.
    """
    n, c = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    X = rng.standard_normal((n, d))
    if draw(st.booleans()):
        X = draw(hnp.arrays(float, (n, d), elements=WHOLE))
    Y = rng.standard_normal((n, c))
    kappa = oracle(X, Y).value
    assume(kappa > 0)
    return Problem(X, Y, kappa * draw(st.sampled_from([0.01, 0.1, 0.5, 0.99])))


def optimum(problem):
    """Return the certified optimal value."""
    solution = solve(problem)
    assert solution.converged, solution.status
    return solution.certificate.primal


@given(problems())
def test_every_problem_is_certified(problem):
    solution = solve(problem)
    assert solution.converged, solution.status
    assert solution.certificate.relative_gap <= DEFAULT_TOLERANCE
    assert solution.certificate.primal == objective(problem, solution.network)
    # Neither bound nor value may cross the other by more than rounding.
    assert solution.certificate.gap >= -1e-13 * solution.certificate.primal


@given(problems(), st.integers(0, 999))
def test_no_random_network_beats_the_bound(problem, seed):
    solution = solve(problem)
    rng = np.random.default_rng(seed)
    for size in (1e-3, 0.1, 1.0):
        U = size * rng.standard_normal((4, 2))
        V = size * rng.standard_normal((4, problem.shape[2]))
        assert objective(problem, Network(U, V)) >= solution.certificate.dual
        moved = Network(
            np.vstack([solution.network.U, U]), np.vstack([solution.network.V, V])
        )
        assert objective(problem, moved) >= solution.certificate.dual


@given(problems())
@settings(max_examples=30)
def test_history_falls_while_bounds_stay_below(problem):
    history = solve(problem).history
    primal = np.array([entry.primal for entry in history])
    assert (np.diff(primal) <= 1e-12 * primal[:-1]).all()
    assert max(entry.dual for entry in history) <= primal.min() * (1 + 1e-12)


@given(problems(), st.floats(0, 6.3), st.integers(0, 99))
@settings(max_examples=25)
def test_turning_inputs_or_outputs_keeps_the_optimum(problem, angle, seed):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    c = problem.shape[2]
    mix = np.linalg.qr(np.random.default_rng(seed).standard_normal((c, c)))[0]
    turned = Problem(problem.X @ turn, problem.Y @ mix, problem.beta)
    assert optimum(turned) == pytest.approx(optimum(problem), rel=VALUE)


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_order_of_samples_and_outputs_does_not_matter(problem, random):
    rows, columns = list(range(len(problem.X))), list(range(problem.shape[2]))
    random.shuffle(rows)
    random.shuffle(columns)
    Y = problem.Y[np.ix_(rows, columns)]
    shuffled = Problem(problem.X[rows], Y, problem.beta)
    assert optimum(shuffled) == pytest.approx(optimum(problem), rel=VALUE)


@given(problems())
@settings(max_examples=25)
def test_repeating_every_sample_doubles_loss_and_beta(problem):
    # 1/2 |F - Y|^2 doubles; with 2 beta so does the whole problem.
    twice = Problem(
        np.vstack([problem.X] * 2), np.vstack([problem.Y] * 2), 2 * problem.beta
    )
    assert optimum(twice) == pytest.approx(2 * optimum(problem), rel=VALUE)


@given(problems())
@settings(max_examples=25)
def test_sample_at_the_origin_only_adds_its_own_loss(problem):
    c = problem.shape[2]
    more = Problem(
        np.vstack([problem.X, np.zeros((1, 2))]),
        np.vstack([problem.Y, np.ones((1, c))]),
        problem.beta,
    )
    assert optimum(more) == pytest.approx(optimum(problem) + c / 2, rel=VALUE)


@given(problems())
@settings(max_examples=25)
def test_optimum_is_concave_and_rising_in_beta(problem):
    # p*(beta) is a minimum of affine functions of beta.
    values = [
        optimum(Problem(problem.X, problem.Y, problem.beta * share))
        for share in (0.5, 0.75, 1.0)
    ]
    slack = VALUE * values[2]
    assert values[0] <= values[1] + slack <= values[2] + 2 * slack
    assert values[1] >= (values[0] + values[2]) / 2 - slack


@given(problems())
@settings(max_examples=20)
def test_copy_of_an_output_is_one_output_of_more_weight(problem):
    # Y -> [Y, Y]: turn the outputs to (sqrt(2) Y, 0).
    doubled = Problem(problem.X, np.hstack([problem.Y] * 2), problem.beta)
    scaled = Problem(problem.X, np.sqrt(2) * problem.Y, problem.beta)
    assert optimum(doubled) == pytest.approx(optimum(scaled), rel=VALUE)
