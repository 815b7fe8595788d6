"""The group lasso against its own dual, its conditions and the textbook program."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.master.group_lasso import group_lasso

pytestmark = pytest.mark.property

GAP = 1e-6
"""Duality gap allowed, in units of the value at V = 0. The solver reaches 4e-11
where it says 'solved' and 5e-8 where it says 'almost solved' (1,500 draws)."""


def draw_problem(seed, n, m, c):
    """Draw ReLU activations of unit neurons, targets and the largest useful beta."""
    rng = np.random.default_rng(seed)
    X, U = rng.standard_normal((n, 2)), rng.standard_normal((m, 2))
    H = np.maximum(X @ (U / np.linalg.norm(U, axis=1, keepdims=True)).T, 0.0)
    Y = rng.standard_normal((n, c))
    return H, Y, float(np.linalg.norm(H.T @ Y, axis=1).max())


@st.composite
def cases(draw):
    """Draw activations H, targets Y and beta; some neurons may be dead."""
    sizes = (draw(st.integers(1, most)) for most in (12, 8, 4))
    H, Y, largest = draw_problem(draw(st.integers(0, 999)), *sizes)
    share = draw(st.sampled_from([1e-3, 0.03, 0.3, 0.9]))
    return H, Y, share * largest if largest else 1.0


def value(H, Y, beta, V):
    """Return the group lasso's objective."""
    return 0.5 * np.linalg.norm(H @ V - Y) ** 2 + beta * np.linalg.norm(V, axis=1).sum()


@given(cases())
def test_output_weights_close_the_group_lassos_own_duality_gap(case):
    H, Y, beta = case
    V = group_lasso(H.T @ H, H.T @ Y, beta)
    # Dual: max <Z, Y> - |Z|^2 / 2 subject to |h_k^T Z| <= beta, at Z = s R.
    R = Y - H @ V
    steepest = np.linalg.norm(H.T @ R, axis=1).max()
    s = min(1.0, beta / steepest) if steepest else 1.0
    dual = s * np.vdot(R, Y) - s**2 * np.vdot(R, R) / 2
    assert value(H, Y, beta, V) - dual <= GAP * 0.5 * np.vdot(Y, Y)


@given(cases())
def test_no_neuron_pulls_harder_than_beta_and_active_ones_pull_as_hard(case):
    H, Y, beta = case
    V = group_lasso(H.T @ H, H.T @ Y, beta)
    pulls = H.T @ (Y - H @ V)
    assert np.linalg.norm(pulls, axis=1).max() <= beta * (1 + GAP)
    slack = beta * np.linalg.norm(V, axis=1).sum() - np.vdot(pulls, V)
    assert abs(slack) <= GAP * 0.5 * np.vdot(Y, Y)


@given(cases())
@settings(max_examples=20)
def test_value_is_that_of_the_textbook_program(case):
    H, Y, beta = case
    W = cp.Variable((H.shape[1], Y.shape[1]))
    loss = 0.5 * cp.sum_squares(H @ W - Y)
    textbook = cp.Problem(cp.Minimize(loss + beta * cp.sum(cp.norm(W, 2, axis=1))))
    textbook.solve(solver=cp.CLARABEL)
    ours = value(H, Y, beta, group_lasso(H.T @ H, H.T @ Y, beta))
    # Both solvers' gaps; the textbook form sees H, ours only its Gram matrix.
    assert ours == pytest.approx(textbook.value, abs=2 * GAP * 0.5 * np.vdot(Y, Y))


@given(cases(), st.integers(0, 99))
def test_no_other_output_weights_are_better(case, seed):
    H, Y, beta = case
    V = group_lasso(H.T @ H, H.T @ Y, beta)
    best, slack = value(H, Y, beta, V), GAP * 0.5 * np.vdot(Y, Y)
    rng = np.random.default_rng(seed)
    assert best <= value(H, Y, beta, np.zeros_like(V)) + slack
    for size in (1e-6, 1e-3, 1.0):
        other = V + size * rng.standard_normal(V.shape)
        assert best <= value(H, Y, beta, other) + slack
