"""Cells and walls of any arrangement, degenerate ones included."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from lib.arrangements import (
    directions,
    enumerate_cells,
    generic_cell_count,
    paper_cell_bound,
    planar_walls,
)

pytestmark = pytest.mark.property

# Small whole numbers: zero, repeated, parallel rows and common planes are likely,
# and the sign of x . u is safe from rounding.
WHOLE = st.integers(-2, 2).map(float)


def points(most, d):
    """Draw up to ``most`` points of a lattice in R^d."""
    rows = st.integers(1, most)
    return rows.flatmap(lambda n: hnp.arrays(float, (n, d), elements=WHOLE))


def is_open_cell(X, pattern):
    """Ask a linear program whether a sign pattern has an inside point."""
    n, d = X.shape
    signs = np.where(pattern, 1.0, -1.0)[:, None]
    # max t subject to signs * X u >= t, |u|_inf <= 1, t <= 1
    A = np.hstack([-signs * X, np.ones((n, 1))])
    box = [(-1, 1)] * d + [(None, 1)]
    answer = linprog(np.eye(1, d + 1, d)[0] * -1, A_ub=A, b_ub=np.zeros(n), bounds=box)
    return -answer.fun > 1e-6


@given(points(5, 2) | points(4, 3))
def test_cells_are_the_sign_patterns_with_an_inside(X):
    nonzero = (X != 0).any(axis=1)
    expected = set()
    for signs in product([True, False], repeat=int(nonzero.sum())):
        if is_open_cell(X[nonzero], np.array(signs, dtype=bool)):
            pattern = np.ones(len(X), dtype=bool)
            pattern[nonzero] = signs
            expected.add(tuple(pattern.tolist()))
    found = [tuple(row) for row in enumerate_cells(X).patterns.tolist()]
    assert len(set(found)) == len(found)
    assert set(found) == expected


@given(points(8, 1) | points(8, 2) | points(6, 3) | points(5, 4))
def test_witness_lies_strictly_inside_its_cell(X):
    cells = enumerate_cells(X)
    nonzero = (X != 0).any(axis=1)
    heights = cells.witnesses @ X.T
    np.testing.assert_array_equal((heights > 0)[:, nonzero], cells.patterns[:, nonzero])
    assert (heights[:, nonzero] != 0).all()
    assert cells.patterns[:, ~nonzero].all()
    np.testing.assert_allclose(np.linalg.norm(cells.witnesses, axis=1), 1, rtol=1e-14)


@given(points(8, 2) | points(6, 3))
def test_opposite_of_a_cell_is_a_cell(X):
    patterns = enumerate_cells(X).patterns[:, (X != 0).any(axis=1)]
    found = {tuple(row) for row in patterns.tolist()}
    assert {tuple(row) for row in (~patterns).tolist()} == found or not patterns.size


@given(points(8, 2) | points(6, 3))
def test_no_arrangement_has_more_cells_than_the_generic_one(X):
    count = len(enumerate_cells(X))
    rank = max(int(np.linalg.matrix_rank(X)), 1)
    assert count <= generic_cell_count(max(len(X), rank), rank)


@given(st.integers(2, 9), st.integers(1, 3), st.integers(0, 99))
def test_generic_points_reach_the_count(n, r, seed):
    X = np.random.default_rng(seed).standard_normal((n, min(n, r)))
    assert len(enumerate_cells(X)) == generic_cell_count(*X.shape)


@given(st.integers(2, 200), st.data())
def test_papers_bound_is_above_the_generic_count(n, data):
    r = data.draw(st.integers(1, min(n - 1, 12)))
    assert generic_cell_count(n, r) <= paper_cell_bound(n, r)


@given(st.integers(2, 40), st.data())
def test_generic_count_obeys_the_recursion_of_the_cells(n, data):
    # Adding a hyperplane cuts as many cells as it has cells of its own.
    r = data.draw(st.integers(2, max(2, n - 1)))
    if r < n:
        before, inside = generic_cell_count(n - 1, r), generic_cell_count(n - 1, r - 1)
        assert generic_cell_count(n, r) == before + inside


@given(points(8, 2))
def test_sectors_between_walls_are_the_cells(X):
    walls = planar_walls(X)
    nonzero = (X != 0).any(axis=1)
    if not nonzero.any():
        assert len(walls.angles) == 0
        return
    middle = directions(walls.angles + walls.widths / 2)
    sectors = {tuple(row) for row in (middle @ X[nonzero].T > 0).tolist()}
    cells = enumerate_cells(X).patterns[:, nonzero]
    assert len(walls.angles) == len(cells)
    assert sectors == {tuple(row) for row in cells.tolist()}
    assert abs(walls.widths.sum() - 2 * np.pi) <= 1e-14


@given(points(8, 2))
def test_crossing_a_wall_switches_the_samples_it_owns(X):
    walls = planar_walls(X)
    middle = directions(walls.angles + walls.widths / 2)
    active = middle @ X.T > 0  # sector i lies after wall i
    ends = [*walls.starts[1:].tolist(), len(walls.points)]
    for i, (start, end) in enumerate(zip(walls.starts.tolist(), ends, strict=False)):
        change = active[i].astype(int) - active[i - 1].astype(int)
        expected = np.zeros(len(X))
        expected[walls.points[start:end]] = walls.signs[start:end]
        np.testing.assert_array_equal(change, expected)
