"""Section 4.1: kappa for X = I decides whether a matrix is copositive."""

import numpy as np
import pytest

from experiments.recovery import horn_matrix
from lib.certificate import certify
from lib.cone_pca import oracle
from lib.problem import Network, Problem

RNG = np.random.default_rng(0)
HORN = horn_matrix()


def factor(M):
    """Return t and a square root of the reduction's ``t I - M``."""
    t = np.abs(M).sum(axis=1).max()
    values, Q = np.linalg.eigh(t * np.eye(len(M)) - M)
    return t, Q * np.sqrt(np.maximum(values, 0))


def least(M):
    """Return the least ``h^T M h`` over unit h >= 0, support by support."""
    found = []
    for bits in range(1, 2 ** len(M)):
        S = [k for k in range(len(M)) if bits >> k & 1]
        values, vectors = np.linalg.eigh(M[np.ix_(S, S)])
        same_sign = (vectors >= -1e-12).all(axis=0) | (vectors <= 1e-12).all(axis=0)
        found += list(values[same_sign])
    return min(found)


def test_horns_matrix_is_copositive_on_every_support():
    assert least(HORN) >= -1e-12


@pytest.mark.parametrize("M", [HORN, HORN - 0.1 * np.eye(5)])
def test_the_zero_network_is_optimal_for_the_horn_matrix_and_not_below_it(M):
    t, Y = factor(M)
    zero_is_optimal = oracle(np.eye(5), Y).bound ** 2 <= t * (1 + 1e-9)
    assert zero_is_optimal == (M is HORN)
    gap = certify(Problem(np.eye(5), Y, np.sqrt(t)), Network.zero(5, 5)).relative_gap
    assert (gap <= 1e-9) == (M is HORN)


def test_kappa_is_the_least_value_of_the_form_over_the_orthant():
    for _ in range(20):
        A = RNG.standard_normal((5, 5))
        M = A + A.T
        t, Y = factor(M)
        # The reduction: kappa(Y)^2 = t - min h^T M h.
        value = oracle(np.eye(5), Y).value ** 2
        assert value == pytest.approx(t - least(M), rel=1e-9)
