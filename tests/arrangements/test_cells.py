"""Walls, cells and counts of hyperplane arrangements, on cases solved by hand."""

from math import pi

import numpy as np
import pytest

from lib.arrangements import (
    directions,
    enumerate_cells,
    generic_cell_count,
    paper_cell_bound,
    planar_walls,
)
from lib.arrangements.cells import PARALLEL_TOLERANCE, unit_normals

ONE_ULP_TURNED = 4.5e-16
"""Radians by which 1e-16-ish rounding turns a unit vector."""


def pattern_set(X):
    """Return the patterns as a set of tuples."""
    return {tuple(row) for row in enumerate_cells(np.asarray(X)).patterns.tolist()}


def test_quadrants_are_the_cells_of_the_two_axes():
    assert pattern_set(np.eye(2)) == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }


def test_three_axes_have_eight_octants():
    cells = enumerate_cells(np.eye(3))
    assert len(cells) == 8
    np.testing.assert_array_equal(cells.witnesses >= 0, cells.patterns)


def test_line_has_two_cells_however_many_points():
    assert pattern_set([[1.0], [-2.0], [3.0]]) == {
        (True, False, True),
        (False, True, False),
    }


def test_zero_row_is_active_in_every_cell():
    assert pattern_set([[0.0, 0.0], [1.0, 0.0]]) == {(True, True), (True, False)}


def test_zero_data_have_one_cell():
    cells = enumerate_cells(np.zeros((3, 2)))
    assert cells.patterns.tolist() == [[True, True, True]]
    assert np.linalg.norm(cells.witnesses[0]) == 1.0


def test_repeated_parallel_and_antiparallel_rows_share_a_hyperplane():
    X = [[1.0, 2.0], [1.0, 2.0], [3.0, 6.0], [-1.0, -2.0]]
    assert pattern_set(X) == {(True, True, True, False), (False, False, False, True)}


def test_cells_of_rank_deficient_data_are_cylinders():
    flat = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert len(enumerate_cells(flat)) == len(enumerate_cells(flat[:, :2])) == 6


def test_points_on_a_common_plane_have_fewer_cells_than_generic_ones():
    # Three walls through one line of R^3 cut 6 sectors, the fourth halves each.
    X = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0], [0, 0, 1.0]])
    assert len(enumerate_cells(X)) == 12
    assert generic_cell_count(4, 3) == 14


def test_cells_come_in_the_order_of_their_patterns_each_once():
    cells = enumerate_cells(np.random.default_rng(0).standard_normal((12, 3)))
    rows = cells.patterns.tolist()
    assert rows == sorted(rows)
    assert len({tuple(row) for row in rows}) == len(rows)


def test_each_point_has_a_wall_where_it_wakes_and_one_where_it_sleeps():
    walls = planar_walls(np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(walls.angles, [pi / 2, 3 * pi / 2], rtol=1e-15)
    assert walls.points.tolist() == [0, 0]
    assert walls.signs.tolist() == [-1.0, 1.0]
    np.testing.assert_allclose(walls.widths, [pi, pi], rtol=1e-15)


def test_walls_that_differ_by_a_rounding_are_one():
    turned = [np.cos(ONE_ULP_TURNED), np.sin(ONE_ULP_TURNED)]
    walls = planar_walls(np.array([[1.0, 0.0], turned]))
    assert len(walls.angles) == 2
    assert walls.spread >= ONE_ULP_TURNED


def test_walls_that_differ_by_more_are_two():
    walls = planar_walls(np.array([[1.0, 0.0], [1.0, 1e-9]]))
    assert len(walls.angles) == 4
    assert walls.widths.min() == pytest.approx(1e-9, rel=1e-6)


def test_wall_on_the_seam_is_not_split():
    # Both points have walls at 0 and pi up to a rounding, which puts those of the
    # second just below 2 pi and pi.
    walls = planar_walls(np.array([[0.0, 1.0], [4.5e-16, 1.0]]))
    np.testing.assert_allclose(walls.angles, [0.0, np.pi], atol=1e-15)
    assert np.diff(walls.starts, append=len(walls.points)).tolist() == [2, 2]


def test_zero_rows_have_no_wall():
    walls = planar_walls(np.zeros((3, 2)))
    assert len(walls.angles) == len(walls.widths) == 0
    assert set(planar_walls(np.array([[0.0, 0.0], [1.0, 1.0]])).points) == {1}


def test_directions_are_unit_vectors_at_the_angles():
    np.testing.assert_allclose(
        directions(np.array([0.0, pi / 2])), [[1, 0], [0, 1]], atol=1e-16
    )


def test_unit_normals_keep_one_row_of_each_line():
    normals = unit_normals(np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 4.0], [0.0, -5.0]]))
    np.testing.assert_array_equal(normals, [[0.0, 1.0], [0.6, 0.8]])


def test_parallel_tolerance_separates_what_it_says():
    apart = 10 * PARALLEL_TOLERANCE
    assert len(unit_normals(np.array([[1.0, 0.0], [1.0, apart]]))) == 2
    assert len(unit_normals(np.array([[1.0, 0.0], [1.0, apart / 100]]))) == 1


@pytest.mark.parametrize(
    ("n", "r", "count"), [(1, 1, 2), (9, 1, 2), (3, 2, 6), (3, 3, 8), (4, 3, 14)]
)
def test_generic_count_of_small_arrangements(n, r, count):
    assert generic_cell_count(n, r) == count
    points = np.random.default_rng(0).standard_normal((n, r))
    assert len(enumerate_cells(points)) == count


@pytest.mark.parametrize("count", [generic_cell_count, paper_cell_bound])
@pytest.mark.parametrize(("n", "r"), [(3, 0), (3, 4), (0, 1)])
def test_counts_refuse_a_rank_that_n_points_cannot_have(count, n, r):
    with pytest.raises(ValueError, match=f"need 1 <= r <= n; got n = {n}, r = {r}"):
        count(n, r)


@pytest.mark.parametrize("scale", [1e-320, 1e-162, 1e154, 1e300])
def test_cells_do_not_depend_on_the_unit_of_the_data(scale):
    X = np.random.default_rng(0).standard_normal((10, 3))
    found = enumerate_cells(X)
    near = np.round(X * 64) / 64 if scale < 1e-300 else X  # few digits are left there
    expected = found if near is X else enumerate_cells(near)
    scaled = enumerate_cells(near * scale)
    assert len(scaled) == len(expected) == generic_cell_count(10, 3)
    if scale > 1e-300:
        np.testing.assert_array_equal(scaled.patterns, expected.patterns)
