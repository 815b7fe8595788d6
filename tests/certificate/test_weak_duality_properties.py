"""Weak duality: no network, however found, lies below a certified bound."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.certificate import certify
from lib.cone_pca import oracle
from lib.losses import SQUARED, best_scale
from lib.problem import Network, Problem, objective

pytestmark = pytest.mark.property

ROUNDING = 1e-12
"""Relative to the primal values compared: sums of a few dozen squares."""

NUMBERS = st.integers(-3, 3).map(float) | st.floats(-5, 5, width=32)


def matrices(rows, columns):
    """Draw a (rows, columns) matrix of moderate numbers."""
    return hnp.arrays(float, (rows, columns), elements=NUMBERS)


@st.composite
def problems(draw):
    """Draw a problem of rank at most 2."""
    n, d, c = (draw(st.integers(1, most)) for most in (7, 2, 3))
    beta = draw(st.sampled_from([1e-3, 0.1, 1.0, 10.0]))
    return Problem(draw(matrices(n, d)), draw(matrices(n, c)), beta)


@st.composite
def networks(draw, problem):
    """Draw a network that fits a problem."""
    m = draw(st.integers(0, 4))
    return Network(
        draw(matrices(m, problem.shape[1])), draw(matrices(m, problem.shape[2]))
    )


@given(st.data())
def test_bound_from_one_network_lies_below_every_other_network(data):
    problem = data.draw(problems())
    first, second = (data.draw(networks(problem)) for _ in range(2))
    certificate = certify(problem, first)
    value = objective(problem, second)
    assert certificate.dual <= value + ROUNDING * max(value, certificate.dual)


@given(st.data())
def test_gap_is_never_negative_beyond_rounding(data):
    problem = data.draw(problems())
    certificate = certify(problem, data.draw(networks(problem)))
    assert certificate.gap >= -ROUNDING * certificate.primal


@given(st.data())
def test_bound_lies_between_zero_and_the_zero_network(data):
    problem = data.draw(problems())
    certificate = certify(problem, data.draw(networks(problem)))
    half = 0.5 * np.vdot(problem.Y, problem.Y)
    assert 0.0 <= certificate.dual <= half * (1 + ROUNDING)


def exact_square(X, Z, u):
    """Return ``|Z^T (X u)_+|^2 / |u|^2`` as a fraction: nothing is rounded."""
    X, Z, (u,) = (
        [[Fraction(float(entry)) for entry in row] for row in matrix]
        for matrix in (X, Z, [u])
    )
    h = [max(sum(map(Fraction.__mul__, x, u)), Fraction(0)) for x in X]
    totals = [sum(map(Fraction.__mul__, h, z)) for z in zip(*Z, strict=True)]
    return sum(t * t for t in totals) / sum(entry * entry for entry in u)


@given(st.data())
def test_dual_point_is_feasible_in_rational_arithmetic(data):
    problem = data.draw(problems())
    certificate = certify(problem, data.draw(networks(problem)))
    limit = Fraction(problem.beta) ** 2
    for u in oracle(problem.X, certificate.Z).candidates:
        assert exact_square(problem.X, certificate.Z, u) <= limit


@pytest.mark.parametrize("seed", range(5))
def test_dual_point_is_feasible_where_the_correlations_nearly_cancel(seed):
    # Equal samples with opposite targets: kappa is 1e-12 of the masses, and what
    # rounding leaves of it is wrong in its fourth digit.
    rng = np.random.default_rng(seed)
    half, y = rng.standard_normal((2, 500, 1))
    Y = np.vstack([y, -y])
    Y[0] += 1e-12
    problem = Problem(np.vstack([half, half]), Y, 1e-13)
    Z = certify(problem, Network.zero(1, 1)).Z
    for u in ([1.0], [-1.0]):
        assert exact_square(problem.X, Z, u) <= Fraction(problem.beta) ** 2


@given(st.data())
def test_any_scaled_matrix_proves_a_bound_for_any_network(data):
    # Weak duality itself, written out: no residual, no certify.
    problem = data.draw(problems())
    Z = data.draw(matrices(len(problem.Y), problem.shape[2]))
    kappa = oracle(problem.X, Z).bound
    Z = Z * min(1.0, problem.beta / kappa) if kappa else Z
    value = objective(problem, data.draw(networks(problem)))
    size = max(value, float(np.vdot(problem.Y, problem.Y)))
    assert SQUARED.dual(Z, problem.Y) <= value + ROUNDING * size


# Zero or a number whose inverse is far from overflow: the multiples are tried.
KAPPAS = st.just(0.0) | st.floats(1e-6, 10)


@given(matrices(3, 2), matrices(3, 2), st.floats(0.1, 10), KAPPAS)
def test_no_feasible_multiple_beats_the_scale_chosen(Y, R, beta, kappa):
    most = beta / kappa if kappa else 100.0
    chosen = best_scale(SQUARED, R, Y, most if kappa else np.inf)
    best = SQUARED.dual(chosen * R, Y)
    assert chosen <= most or not kappa
    for share in np.linspace(0, 1, 21):
        other = SQUARED.dual(share * most * R, Y)
        assert other <= best + 1e-9 * (1 + np.vdot(Y, Y) + abs(other))
