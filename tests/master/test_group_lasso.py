"""The group lasso over given neurons: closed forms, edges and failure."""

import numpy as np
import pytest

from lib.master.group_lasso import group_lasso

ACCURATE = 1e-5
"""Error of V allowed, of entries and curvatures of order one. The solver closes its
gap to ``MASTER_TOLERANCE = 1e-11``, and by strong convexity V errs by at most the
square root of twice that: 5e-6."""


def soft_threshold(target, beta):
    """Return the group lasso's solution for orthonormal columns."""
    sizes = np.linalg.norm(target, axis=1, keepdims=True)
    return np.maximum(1 - beta / sizes, 0.0) * target


def test_orthonormal_columns_are_soft_thresholded():
    target = np.array([[3.0, 4.0], [0.3, -0.4], [-5.0, 12.0]])
    V = group_lasso(np.eye(3), target, 1.0)
    np.testing.assert_allclose(V, soft_threshold(target, 1.0), atol=13 * ACCURATE)


def test_one_column_is_a_scalar_problem():
    # min 1/2 4 v^2 - 6 v + 2 |v|: v = (6 - 2) / 4
    V = group_lasso(np.array([[4.0]]), np.array([[6.0]]), 2.0)
    np.testing.assert_allclose(V, [[1.0]], rtol=ACCURATE)


def test_large_beta_gives_zero():
    V = group_lasso(np.eye(2), np.eye(2), 1.1)
    np.testing.assert_allclose(V, np.zeros((2, 2)), atol=ACCURATE)


def test_zero_target_gives_exactly_zero():
    assert not group_lasso(np.eye(2), np.zeros((2, 3)), 0.1).any()


def test_equal_columns_share_their_weight():
    # Every split is optimal; the sum is that of one column.
    V = group_lasso(np.ones((2, 2)), np.array([[3.0], [3.0]]), 1.0)
    assert (V >= -ACCURATE).all()
    assert V.sum() == pytest.approx(2.0, rel=ACCURATE)


def test_dead_column_stays_zero_and_disturbs_nobody():
    gram, target = np.diag([1.0, 0.0]), np.array([[1.0], [0.0]])
    V = group_lasso(gram, target, 0.1)
    np.testing.assert_allclose(V, [[0.9], [0.0]], atol=ACCURATE)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_units_of_the_columns_do_not_matter(scale):
    # H -> scale H, beta -> scale beta: V -> V / scale.
    rng = np.random.default_rng(0)
    H, Y = rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
    V = group_lasso(H.T @ H, H.T @ Y, 0.7)
    scaled = group_lasso(scale**2 * H.T @ H, scale * H.T @ Y, scale * 0.7)
    np.testing.assert_allclose(scaled * scale, V, atol=ACCURATE * np.abs(V).max())


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_units_of_the_targets_do_not_matter(scale):
    rng = np.random.default_rng(0)
    H, Y = rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
    V = group_lasso(H.T @ H, H.T @ Y, 0.7)
    scaled = group_lasso(H.T @ H, scale * H.T @ Y, scale * 0.7)
    np.testing.assert_allclose(scaled / scale, V, atol=ACCURATE * np.abs(V).max())


def test_hopeless_data_get_an_answer_no_worse_than_zero():
    # Columns of lengths 1 and 1e-15: one price is 1e15 times the other.
    gram, target = np.diag([1.0, 1e-30]), np.array([[1.0], [1e-15]])
    V = group_lasso(gram, target, 0.1)
    value = 0.5 * np.vdot(V, gram @ V) - np.vdot(target, V)
    assert value + 0.1 * np.linalg.norm(V, axis=1).sum() <= 0.0
