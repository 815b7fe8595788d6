"""Nonnegative factors: exact up to order 4 and rank 2, honest where none exists."""

import numpy as np
import pytest

from experiments.recovery import horn_matrix, pentagon_matrix
from lib.master.completely_positive import EXACT
from lib.recovery import factorize

ROUNDING = 1e-14
"""Relative error of a construction of a few eliminations, 30 times what was seen."""

HORN = np.array(
    [
        [1.0, -1, 1, 1, -1],
        [-1, 1, -1, 1, 1],
        [1, -1, 1, -1, 1],
        [1, 1, -1, 1, -1],
        [-1, 1, 1, -1, 1],
    ]
)
"""Copositive (Horn); so <HORN, C C^T> >= 0 for every C >= 0."""


def pentagon():
    """Return a DNN matrix of order 5 and rank 3 that is not CP: <HORN, M> < 0."""
    angles = 2 * np.pi / 5 * np.arange(5)
    M = np.cos(np.subtract.outer(angles, angles)) - np.cos(4 * np.pi / 5)
    # Those two sides apart are orthogonal up to rounding.
    return np.maximum(M, 0.0)


def assert_exact(M, **options):
    """Check a factor: nonnegative, and its product is M."""
    found = factorize(M, **options)
    assert (found.factor >= 0).all()
    np.testing.assert_allclose(
        found.factor @ found.factor.T, M, rtol=0, atol=ROUNDING * np.linalg.norm(M)
    )
    assert found.exact
    return found


@pytest.mark.parametrize(
    "M",
    [
        np.array([[4.0]]),
        np.diag([1.0, 0.0, 2.0]),
        np.ones((3, 3)),
        np.array([[2.0, 1.0], [1.0, 1.0]]),
        # Only the last sample can be eliminated first.
        np.array([[1.0, 0.1, 0.7], [0.1, 1.0, 0.7], [0.7, 0.7, 1.0]]),
        # A cycle of four: no elimination leaves it nonnegative.
        np.array([[2.0, 1, 0, 1], [1, 2, 1, 0], [0, 1, 2, 1], [1, 0, 1, 2]]),
    ],
)
def test_small_matrices_are_factored(M):
    assert_exact(M)


def test_zero_matrix_has_no_column():
    found = factorize(np.zeros((3, 3)))
    assert found.factor.shape == (3, 0)
    assert found.exact


@pytest.mark.parametrize("scale", [1e-30, 1e-8, 1e8, 1e30])
def test_factor_scales_with_the_root_of_the_matrix(scale):
    M = np.array([[2.0, 1, 0, 1], [1, 2, 1, 0], [0, 1, 2, 1], [1, 0, 1, 2]])
    assert_exact(scale * M)


def test_components_are_factored_apart():
    M = np.zeros((6, 6))
    M[:3, :3] = M[3:, 3:] = np.ones((3, 3)) + np.eye(3)
    found = assert_exact(M)
    assert (found.factor[:3].any(axis=0) != found.factor[3:].any(axis=0)).all()


def test_fifty_rows_of_rank_two_need_two_columns():
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, np.pi / 2, 50) + 1.0
    root = np.column_stack([np.cos(angles), np.sin(angles)])
    root = root * rng.uniform(0.1, 2, (50, 1))
    assert assert_exact(root @ root.T).factor.shape[1] == 2


@pytest.mark.parametrize("seed", range(4))
def test_rotation_is_found_at_order_six(seed):
    rng = np.random.default_rng(seed)
    C = rng.random((6, 4))
    found = factorize(C @ C.T, rng=rng)
    assert found.exact
    error = np.linalg.norm(found.factor @ found.factor.T - C @ C.T)
    assert error <= EXACT * np.linalg.norm(C @ C.T)


def test_pentagon_is_doubly_nonnegative_and_has_no_factor():
    M = pentagon()
    assert np.linalg.eigvalsh(M).min() >= -ROUNDING
    # 5 (1 + cos 36) - 10 (cos 72 + cos 36)
    assert np.vdot(HORN, M) == pytest.approx(-2.1353, abs=1e-4)
    found = factorize(M, rng=np.random.default_rng(0))
    assert not found.exact
    assert "misses" in found.status
    # <HORN, M - C C^T> <= <HORN, M>, so no factor can be nearer than this.
    least = -np.vdot(HORN, M) / np.linalg.norm(HORN) / np.linalg.norm(M)
    assert found.error >= least
    assert found.error == pytest.approx(
        np.linalg.norm(M - found.factor @ found.factor.T) / np.linalg.norm(M)
    )


def test_what_is_not_semidefinite_is_a_loss():
    found = factorize([[1.0, 2.0], [2.0, 1.0]])
    assert not found.exact
    assert found.error > 0.1


def test_negative_entries_are_a_loss():
    found = factorize([[1.0, -0.5], [-0.5, 1.0]])
    assert found.error == pytest.approx(np.sqrt(0.5) / np.sqrt(2.5))


@pytest.mark.parametrize(
    ("M", "message"),
    [
        (np.ones((2, 3)), r"square matrix; got M \(2, 3\)"),
        ([[1.0, 2.0], [0.0, 1.0]], r"symmetric matrix; .* up to 2"),
        ([[np.nan]], "M must be finite"),
    ],
)
def test_other_matrices_are_refused(M, message):
    with pytest.raises(ValueError, match=message):
        factorize(M)


@pytest.mark.parametrize("short", [1e-4, 1e-6, 1e-7, 1e-9])
def test_short_row_at_a_right_angle_to_long_ones_is_kept(short):
    # Three parallel rows and a short one across: a rotation by the long rows alone
    # would cut off the short one, whose product with them is as large as it is.
    root = np.array([[0.4, 0.0], [1.0, 0.0], [0.3, 0.0], [1e-5 * short, short]])
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((2, 2)))[0]
    found = factorize((root @ turn) @ (root @ turn).T)
    assert found.exact, found.status


def test_pentagon_matrix_is_doubly_nonnegative_and_horns_refutes_it():
    M, H = pentagon_matrix(), horn_matrix()
    steps = np.subtract.outer(np.arange(5), np.arange(5))
    formula = np.cos(2 * np.pi * steps / 5) + np.cos(np.pi / 5)
    np.testing.assert_allclose(M / M[0, 0], formula / formula[0, 0], atol=1e-15 * 5)
    assert M.min() == 0.0
    assert np.linalg.eigvalsh(M)[0] >= -1e-15 * 5
    assert np.vdot(H, M) == pytest.approx((25 - 15 * np.sqrt(5)) / 4)
    assert not factorize(M).exact


def test_horns_matrix_is_copositive_by_its_two_forms():
    x = np.random.default_rng(0).random((1000, 5))
    form = np.einsum("ki,ij,kj->k", x, horn_matrix(), x)
    a, b, c, d, e = x.T
    np.testing.assert_allclose(
        form, (a - b + c + d - e) ** 2 + 4 * b * d + 4 * c * (e - d), atol=1e-14
    )
    np.testing.assert_allclose(
        form, (a - b + c - d + e) ** 2 + 4 * b * e + 4 * a * (d - e), atol=1e-14
    )
    assert form.min() >= -1e-14
