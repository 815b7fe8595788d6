"""A.6: other losses, by hand and by textbook programs that share nothing with ours."""

import numpy as np
import pytest

from lib.certificate import beta_max, certify
from lib.cone_pca import oracle
from lib.copositive.textbook import literal_program, scalar_program
from lib.frank_wolfe import solve
from lib.losses import Huber
from lib.networks import with_ones
from lib.problem import Network, Problem

pytestmark = pytest.mark.paper

TEXTBOOK = 1e-6
"""Relative: Clarabel's own tolerance is 1e-8 in each of a few hundred terms."""

CERTIFIED = 1e-8
LOSSES = ["squared", Huber(0.3), "logistic", "softmax"]
each_loss = pytest.mark.parametrize("loss", LOSSES)


def problem_of(loss, beta, c=1, n=12, seed=0):
    """Return a problem in the plane whose targets are labels."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 2))
    if loss == "softmax" or c > 1:
        return Problem(X, np.eye(3)[rng.integers(0, 3, n)], beta, loss)
    return Problem(X, (rng.random(n) > 0.5) * 1.0, beta, loss)


@pytest.mark.parametrize("loss", LOSSES[:3])
@pytest.mark.parametrize("beta", [0.05, 0.3])
def test_textbook_9_with_another_loss_is_the_certified_optimum(loss, beta):
    problem = problem_of(loss, beta)
    best = solve(problem).certificate
    assert best.relative_gap <= CERTIFIED
    assert scalar_program(problem).value == pytest.approx(best.primal, rel=TEXTBOOK)


@each_loss
def test_textbook_79_as_printed_is_below_the_optimum(loss):
    problem = problem_of(loss, 0.2, c=3)
    best = solve(problem).certificate
    assert best.relative_gap <= CERTIFIED
    assert literal_program(problem).value < best.primal * (1 - 1e-3)


def entropy(q):
    """Return the entropy of a coin."""
    return -q * np.log(q) - (1 - q) * np.log(1 - q)


@pytest.mark.parametrize("beta", [0.1, 0.25, 0.5])
def test_79_as_printed_fails_on_two_samples_with_logistic_loss(beta):
    problem = Problem(np.eye(2), [1, 0], beta, "logistic")
    best = solve(problem).certificate.primal
    assert best == pytest.approx(2 * entropy(beta), rel=1e-9)
    printed = literal_program(problem).value
    assert printed == pytest.approx(2 * entropy(beta / np.sqrt(2)), rel=TEXTBOOK)
    assert printed < best


RESIDUALS_OF_ZERO = {
    "squared": lambda Y: Y,
    Huber(0.3): lambda Y: np.clip(Y, -0.3, 0.3),
    "logistic": lambda Y: Y - 1 / 2,
    "softmax": lambda Y: Y - 1 / 3,
}


@pytest.mark.parametrize("loss", RESIDUALS_OF_ZERO)
def test_beta_max_is_kappa_of_the_residual_of_zero(loss):
    problem = problem_of(loss, 1.0, c=3)
    by_hand = oracle(problem.X, RESIDUALS_OF_ZERO[loss](problem.Y))
    top = beta_max(problem)
    assert top.value == pytest.approx(by_hand.value, rel=1e-12)
    zero = Network.zero(2, problem.shape[2])
    above = Problem(problem.X, problem.Y, 1.001 * top.bound, loss)
    assert certify(above, zero).relative_gap <= CERTIFIED


@pytest.mark.parametrize("beta", [0.1, 0.4])
def test_two_class_cross_entropy_is_logistic_with_beta_over_root_two(beta):
    problem = problem_of("logistic", beta / np.sqrt(2))
    pair = np.column_stack([problem.Y, 1 - problem.Y])
    two = solve(Problem(problem.X, pair, beta, "softmax")).certificate
    one = solve(problem).certificate
    assert max(one.relative_gap, two.relative_gap) <= CERTIFIED
    assert two.primal == pytest.approx(one.primal, rel=2 * CERTIFIED)


def test_one_outlier_moves_hubers_optimum_by_delta_a_unit_at_most():
    rng = np.random.default_rng(1)
    X, y = with_ones(rng.standard_normal((15, 1))), rng.standard_normal(15)
    far = y.copy()
    far[3] += 50
    values = [solve(Problem(X, t, 0.1, Huber(0.2))).certificate for t in (y, far)]
    assert max(v.relative_gap for v in values) <= CERTIFIED
    change = values[1].primal - values[0].primal
    assert 0 < change <= 50 * 0.2 * (1 + CERTIFIED)


def test_algorithm_1_with_the_gradient_of_cross_entropy_keeps_its_rate():
    problem = problem_of("softmax", 0.3)
    best = solve(problem)
    t, least = (
        best.network.path_norm,
        problem.loss.value(problem.predict(best.network), problem.Y),
    )
    F, curvature = np.zeros(problem.Y.shape), 0.5  # L of cross-entropy
    for k in range(60):
        R = problem.loss.residual(F, problem.Y)
        h = np.maximum(problem.X @ oracle(problem.X, R).direction, 0)[:, None]
        g = h.T @ R
        F = F + 2 / (k + 2) * (t * h @ g / np.linalg.norm(g) - F)
        limit = 8 * curvature * t**2 * np.linalg.norm(problem.X, 2) ** 2 / (k + 3)
        # The network is optimal for its own path norm up to its certified gap.
        assert -1e-6 <= problem.loss.value(F, problem.Y) - least <= limit


@each_loss
def test_scaled_residuals_prove_what_their_formula_promises(loss):
    problem = problem_of(loss, 0.2, c=3)
    rng = np.random.default_rng(2)
    least = solve(problem).certificate
    for _ in range(10):
        network = Network(rng.standard_normal((3, 2)), rng.standard_normal((3, 3)))
        F = problem.predict(network)
        R = problem.loss.residual(F, problem.Y)
        most = min(1.0, problem.beta / oracle(problem.X, R).bound)
        for s in np.linspace(0, 1, 6) * most * (1 - 1e-12):
            value = problem.loss.dual(s * R, problem.Y)
            promised = s * (problem.loss.value(F, problem.Y) + np.vdot(R, F))
            assert value >= promised - 1e-9  # the least loss is 0
            assert value <= least.primal


@each_loss
def test_weight_decay_alone_bounds_the_influence_of_a_target(loss):
    # X = I: the gauge of a single answer is 1, so no entry of Z exceeds beta.
    labels = 1e6 * np.eye(3) if loss == "squared" else np.eye(3)
    for beta in (0.05, 0.3):
        proof = solve(Problem(np.eye(3), labels, beta, loss)).certificate
        assert np.abs(proof.Z).max() <= beta * (1 + 1e-9)
