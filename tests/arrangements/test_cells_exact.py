"""Cells of degenerate arrangements against exact rational arithmetic."""

from fractions import Fraction
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.arrangements import enumerate_cells, generic_cell_count, iterate_cells

pytestmark = pytest.mark.property

SMALL = st.integers(-2, 2)


def lattice(most, d):
    """Draw up to ``most`` points with entries -2..2 in R^d."""
    rows = st.integers(1, most)
    return rows.flatmap(lambda n: hnp.arrays(np.int64, (n, d), elements=SMALL))


def primitive(rows):
    """Return the distinct lines of integer rows, each by its primitive vector."""
    lines = set()
    for row in rows:
        common = gcd(*row)
        if common:
            first = next(x for x in row if x)
            lines.add(tuple(x // common * (1 if first > 0 else -1) for x in row))
    return sorted(lines)


def exact_count(rows):
    """Count cells by deletion and restriction, in integers.

    The last wall cuts as many cells in two as the others cut out of it.
    """
    lines = primitive(rows)
    if not lines:
        return 1
    last, others = lines[-1], lines[:-1]
    pivot = next(i for i, x in enumerate(last) if x)
    on_wall = [
        tuple(
            row[i] * last[pivot] - row[pivot] * last[i]
            for i in range(len(row))
            if i != pivot
        )
        for row in others
    ]
    # On the last wall u_pivot is a combination of the rest; without columns the
    # wall is the origin alone, one cell.
    inside = exact_count(on_wall) if len(last) > 1 else 1
    return exact_count(others) + inside


def exact_signs(X, witness):
    """Return the sign of each ``x . w`` in rational arithmetic."""
    w = [Fraction(float(x)) for x in witness]
    products = [
        sum(Fraction(int(a)) * b for a, b in zip(row, w, strict=True)) for row in X
    ]
    return [(p > 0) - (p < 0) for p in products]


def check_cells(X):
    """Distinct patterns, each with an exact inside point, and the exact number."""
    cells = enumerate_cells(X.astype(float))
    assert len({row.tobytes() for row in cells.patterns}) == len(cells)
    assert len(cells) == exact_count([tuple(row) for row in X.tolist()])
    for pattern, witness in zip(cells.patterns, cells.witnesses, strict=True):
        for row, active, sign in zip(X, pattern, exact_signs(X, witness), strict=True):
            assert active if not row.any() else sign == (1 if active else -1)
    return cells


@given(lattice(9, 2) | lattice(8, 3) | lattice(7, 4) | lattice(6, 5))
def test_cells_of_lattice_points_are_exact(X):
    check_cells(X)


@given(lattice(8, 2) | lattice(7, 3) | lattice(6, 4))
def test_rays_span_their_cell(X):
    cells = enumerate_cells(X.astype(float))
    lengths = np.linalg.norm(X, axis=1)
    nonzero = lengths > 0
    unit = X[nonzero] / lengths[nonzero, None]
    rank = np.linalg.matrix_rank(X)
    for i, pattern in enumerate(cells.patterns[:, nonzero]):
        heights = np.where(pattern, 1.0, -1.0) * (cells.rays[i] @ unit.T)
        assert heights.min(initial=0.0) >= -1e-12  # rays lie in the closed cell
        if rank:
            # and each is extreme: on walls of rank r - 1
            assert np.linalg.matrix_rank(cells.rays[i]) == rank
        for row in np.abs(heights) < 1e-12:
            assert np.linalg.matrix_rank(unit[row]) == rank - 1


@pytest.mark.parametrize(("side", "d"), [(1, 3), (2, 3), (1, 4)])
def test_cells_of_a_full_grid_are_exact(side, d):
    grid = np.array(np.meshgrid(*[range(-side, side + 1)] * d)).reshape(d, -1).T
    rows = np.array(primitive(grid.tolist()))
    cells = enumerate_cells(rows.astype(float))
    assert len(cells) == exact_count([tuple(row) for row in rows.tolist()])


def test_braid_arrangement_has_a_cell_for_each_order():
    # x_i = x_j for i < j <= 5: rank 4 and 5! cells.
    pairs = [(i, j) for i in range(5) for j in range(i)]
    X = np.zeros((10, 5))
    for k, (i, j) in enumerate(pairs):
        X[k, i], X[k, j] = 1.0, -1.0
    assert len(enumerate_cells(X)) == 120


@pytest.mark.parametrize(("n", "r"), [(40, 3), (20, 4), (14, 5), (12, 6), (9, 8)])
def test_generic_cells_reach_the_formula(n, r):
    X = np.random.default_rng(n).standard_normal((n, r))
    cells = enumerate_cells(X)
    assert len({row.tobytes() for row in cells.patterns}) == len(cells)
    assert len(cells) == generic_cell_count(n, r)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_cells_do_not_depend_on_the_size_of_the_data(scale):
    X = np.random.default_rng(0).standard_normal((12, 3))
    X[::2] *= scale
    patterns = enumerate_cells(np.random.default_rng(0).standard_normal((12, 3)))
    np.testing.assert_array_equal(enumerate_cells(X).patterns, patterns.patterns)


@pytest.mark.parametrize("chunk", [1, 7, 5000])
def test_chunks_hold_every_cell_once(chunk):
    X = np.random.default_rng(1).standard_normal((30, 3))
    seen = []
    for part in iterate_cells(X, chunk):
        assert 1 <= len(part) <= 2 * chunk
        assert len(part) == len(part.rays) == len(part.witnesses)
        np.testing.assert_array_equal(
            np.packbits(part.witnesses @ X.T >= 0, axis=1), part.packed
        )
        seen += [row.tobytes() for row in part.packed]
    assert len(seen) == len(set(seen)) == generic_cell_count(30, 3)
