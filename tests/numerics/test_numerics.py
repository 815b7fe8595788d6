"""Units are exact, ranks are those of data, and Cholesky proves what is true."""

import numpy as np
import pytest

from lib.numerics import EPS, numerical_rank, proved_psd, unit_of, unit_rows


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1.0, 3.0, 1e200, 1.7e308])
def test_units_are_powers_of_two_near_the_largest_entry(scale):
    unit = unit_of(np.array([[0.0, -scale]]))
    assert np.frexp(unit)[0] == 0.5
    assert 1 <= scale / unit < 2


def test_the_unit_of_nothing_is_one():
    assert unit_of(np.zeros((2, 2))) == unit_of(np.zeros((0, 2))) == 1.0


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_unit_rows_have_length_one_at_any_scale(scale):
    X = np.random.default_rng(0).standard_normal((20, 3))
    X[4] = 0.0
    rows = unit_rows(X * scale)
    expected = X / np.where(X.any(axis=1), np.linalg.norm(X, axis=1), 1.0)[:, None]
    np.testing.assert_allclose(rows, expected, rtol=4 * EPS)


def test_rank_is_that_of_the_data_and_not_of_their_rounding():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 8))
    assert numerical_rank(np.linalg.svd(X, compute_uv=False), X.shape) == 3


@pytest.mark.parametrize("n", [1, 4, 30])
def test_a_proof_of_semidefiniteness_is_right(n):
    root = np.random.default_rng(n).standard_normal((n, n))
    form = root @ root.T
    low, high = np.linalg.eigvalsh(form)[[0, -1]]
    identity, rounding = np.eye(n), 1e-12 * high
    assert proved_psd(form - (low - rounding) * identity, 0.0)
    assert not proved_psd(form - (low + rounding) * identity, 0.0)
    assert not proved_psd(form - (low - rounding) * identity, 2 * rounding)
