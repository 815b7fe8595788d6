"""kappa by a walk through the cells: hand-solved, against the oracle, degenerate."""

import numpy as np
import pytest

from lib.cone_pca import cone_pca_by_subsets, correlation, kappa_by_cells, oracle

FEASIBLE = 1e-9
"""Relative error that directions within FEASIBLE of a cone may cause."""

DEGENERATE = {
    "repeated": [[1, 2, 0], [1, 2, 0], [0, 1, 1], [2, 0, 1]],
    "parallel": [[1, 2, 0], [-2, -4, 0], [0, 1, 1], [2, 0, 1]],
    "zero": [[0, 0, 0], [1, 2, 0], [0, 1, 1], [2, 0, 1]],
    "one plane": [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]],
    "pencil": [[1, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [1, 1, 1]],
}


def test_identity_has_the_larger_entry():
    # (u)_+ against Z = (1, 2)^T: the best neuron is along (1, 2).
    found = kappa_by_cells(np.eye(2), np.array([[1.0], [2.0]]))
    assert found.value == pytest.approx(np.sqrt(5))
    assert found.direction == pytest.approx(np.array([1, 2]) / np.sqrt(5))
    assert sorted(found.values) == pytest.approx([0, 1, 2, np.sqrt(5)])


@pytest.mark.parametrize("method", [None, cone_pca_by_subsets])
@pytest.mark.parametrize(("n", "r", "c"), [(6, 2, 1), (7, 3, 2), (6, 4, 3)])
def test_it_agrees_with_the_oracle(method, n, r, c):
    rng = np.random.default_rng(n)
    X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, c))
    found = kappa_by_cells(X, Z, *([method] if method else []))
    top = oracle(X, Z)
    assert found.value == pytest.approx(top.value, rel=FEASIBLE)
    assert found.value <= top.bound
    reached = correlation(X, Z, found.direction[None, :])[0]
    assert reached == pytest.approx(found.value, rel=FEASIBLE)


@pytest.mark.parametrize("rows", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_degenerate_points_do_no_harm(rows):
    X = np.array(rows, dtype=float)
    Z = np.random.default_rng(0).standard_normal((len(X), 2))
    found, top = kappa_by_cells(X, Z), oracle(X, Z)
    assert found.value == pytest.approx(top.value, rel=FEASIBLE)


def test_subsets_are_counted():
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((5, 3)), rng.standard_normal((5, 1))
    # 22 cells, in each the sets of 0, 1 and 2 of 5 walls.
    assert kappa_by_cells(X, Z, cone_pca_by_subsets).problems == 22 * (1 + 5 + 10)
    assert kappa_by_cells(X, Z).problems < 22 * 16


def test_values_that_are_not_finite_are_refused():
    Z = np.array([[1.0], [np.nan]])
    with pytest.raises(ValueError, match="Z must be finite; got"):
        kappa_by_cells(np.eye(2), Z)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"same n; got X \(2, 2\) and Z \(3, 1\)"):
        kappa_by_cells(np.eye(2), np.ones((3, 1)))
