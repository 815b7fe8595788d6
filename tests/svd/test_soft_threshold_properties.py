"""The closed form judged by a solver over faces, and by semidefinite bounds.

On whitened data the activations of unit neurons are all ``h >= 0`` with ``|h| <= 1``.
So ``kappa(Z)^2`` is the largest top eigenvalue of a principal submatrix of ``Z Z^T``
whose vector is nonnegative, and p* is found by adding the h that attains it.
"""

from itertools import combinations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.master.group_lasso import group_lasso
from lib.problem import Problem, objective
from lib.svd import closed_form, whiten
from lib.svd.soft_threshold import SpectralOracle

pytestmark = pytest.mark.property

VALUE = 1e-8
"""Relative gap at which the judge stops."""

INTERIOR_POINT = 1e-6
"""Relative accuracy of a program solved by Clarabel at its defaults."""


def brute_kappa(Z):
    """Return kappa and the nonnegative h that attain it on each face that has one."""
    n, found = len(Z), []
    for size in range(1, n + 1):
        for face in combinations(range(n), size):
            rows = Z[list(face)]
            h = np.zeros(n)
            h[list(face)] = np.linalg.svd(rows, full_matrices=False)[0][:, 0]
            h = h if h.sum() >= 0 else -h
            if h.min() >= -1e-12:
                h = np.maximum(h, 0) / np.linalg.norm(np.maximum(h, 0))
                found.append((float(np.linalg.norm(Z.T @ h)), tuple(h)))
    found.sort(reverse=True)
    return found[0][0], np.array([h for _, h in found]).T


def brute_optimum(Y, beta):
    """Return bounds of p*: Kelley's method on faces, nothing of closed_form in it."""
    H, V = np.zeros((len(Y), 0)), np.zeros((0, Y.shape[1]))
    lower = 0.0
    for _ in range(60):
        R = Y - H @ V
        upper = 0.5 * np.vdot(R, R) + beta * np.linalg.norm(V, axis=1).sum()
        kappa, faces = brute_kappa(R)
        s = min(1.0, beta / kappa)
        lower = max(lower, s * np.vdot(R, Y) - s * s * np.vdot(R, R) / 2)
        if upper - lower <= VALUE * upper:
            break
        H = np.hstack([H[:, np.linalg.norm(V, axis=1) > 1e-9], faces[:, :4]])
        V = group_lasso(H.T @ H, H.T @ Y, beta)
    return lower, upper


@st.composite
def white_problems(draw, kind):
    """Draw whitened data and targets: random, one-hot, or made of nonnegative h."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, c = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    X = whiten(rng.standard_normal((n, n + 2)), demean=False).X
    beta = draw(st.sampled_from([0.05, 0.3, 0.8]))
    if kind == "random":
        Y = rng.standard_normal((n, c))
    elif kind == "nonnegative":
        Y = rng.random((n, c))
    elif kind == "one-hot":
        Y = np.eye(c)[rng.integers(0, c, n)]
    else:  # M of (16) completely positive by construction
        C = rng.random((n, 2)) * (rng.random((n, 2)) < 0.8)
        values, P = np.linalg.eigh(C @ C.T)
        kept = values > 1e-6
        k = int(kept.sum())
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        Y = (P[:, kept] * (values[kept] + beta)) @ turn[:k] if k else np.zeros((n, 3))
    return Problem(X, Y, beta)


@pytest.mark.parametrize("kind", ["one-hot", "mixed"])
@given(data=st.data())
@settings(max_examples=25)
def test_closed_form_holds_and_is_the_optimum(kind, data):
    problem = data.draw(white_problems(kind))
    found = closed_form(problem)
    assert found.holds, found.status
    assert found.certificate.gap <= 1e-10 * max(found.linear_optimum, 1e-3)
    lower, upper = brute_optimum(problem.Y, problem.beta)
    value = objective(problem, found.network)
    assert lower * (1 - 1e-12) <= value <= upper * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("kind", ["random", "nonnegative"])
@given(data=st.data())
@settings(max_examples=25)
def test_answer_agrees_with_a_search_over_faces(kind, data):
    problem = data.draw(white_problems(kind))
    found = closed_form(problem)
    lower, upper = brute_optimum(problem.Y, problem.beta)
    assert found.linear_optimum <= upper * (1 + 1e-12)
    if found.holds:
        assert found.certificate.relative_gap <= 1e-10
        assert lower * (1 - 1e-12) <= found.certificate.primal <= upper * (1 + 1e-12)
    elif found.negativity > 1e-3:
        # Strictly below p*: the refusal is right.
        assert found.linear_optimum < lower


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=15)
def test_kappa_over_faces_is_the_best_bound_by_a_nonnegative_matrix(seed, n, c):
    # lambda_max(Z Z^T + N) over N >= 0: tight up to order 4, where copositive
    # matrices are sums of a semidefinite and a nonnegative one.
    Z = np.random.default_rng(seed).standard_normal((n, c))
    N, t = cp.Variable((n, n), symmetric=True), cp.Variable()
    program = cp.Problem(cp.Minimize(t), [t * np.eye(n) - Z @ Z.T - N >> 0, N >= 0])
    bound = program.solve(solver=cp.CLARABEL)
    kappa = brute_kappa(Z)[0]
    assert bound == pytest.approx(kappa**2, rel=INTERIOR_POINT)
    found = SpectralOracle(np.eye(n), 0.0)(Z)
    assert found.value <= kappa * (1 + 1e-13) <= found.bound * (1 + 2e-13)
