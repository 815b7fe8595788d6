"""Facts of section 2: how many activation patterns the paper's data have."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from lib.arrangements import enumerate_cells, generic_cell_count, paper_cell_bound
from lib.data import gaussian_teacher, spiral

pytestmark = pytest.mark.paper

SEEDS = range(5)


def count_by_lines(X):
    """Return twice the number of lines through the origin that hold points of X.

    Slopes are compared as fractions: nothing is rounded.
    """
    points = [(Fraction(float(x)), Fraction(float(y))) for x, y in X if x or y]
    return 2 * len({y / x if x else None for x, y in points})


@pytest.mark.parametrize("seed", SEEDS)
def test_section_5_1_has_50_patterns(seed):
    X, _ = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(seed), init="torch")
    assert len(enumerate_cells(X)) == 50


@pytest.mark.parametrize("seed", SEEDS)
def test_spiral_has_114_patterns(seed):
    X, _ = spiral(20, np.random.default_rng(seed))
    assert len(enumerate_cells(X)) == 114


def test_spiral_has_114_patterns_because_three_points_sit_at_the_origin():
    X, _ = spiral(20, np.random.default_rng(0))
    assert (~X.any(axis=1)).sum() == 3
    assert generic_cell_count(60 - 3, 2) == 114
    assert generic_cell_count(60, 2) == 120


@pytest.mark.parametrize("seed", SEEDS)
def test_planar_data_have_two_patterns_for_each_line_that_holds_points(seed):
    X, _ = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(seed), init="torch")
    assert count_by_lines(X) == 50
    assert count_by_lines(spiral(20, np.random.default_rng(seed))[0]) == 114


def test_section_5_1_meets_its_50_patterns_on_a_fine_circle():
    X, _ = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(0), init="torch")
    angles = 2 * np.pi * (np.arange(20_000) + 0.5) / 20_000
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    seen = {tuple(row) for row in (U @ X.T >= 0).tolist()}
    assert seen == {tuple(row) for row in enumerate_cells(X).patterns.tolist()}


def test_exact_count_of_section_5_1_is_an_85th_of_the_bound_quoted():
    assert generic_cell_count(25, 2) == 50
    # 2 r (e (n - 1) / r)^r at n = 25, r = 2: 4 (12 e)^2
    assert paper_cell_bound(25, 2) == pytest.approx(4 * (12 * np.e) ** 2)
    assert paper_cell_bound(25, 2) / 50 == pytest.approx(85.1, abs=0.1)


def test_number_of_patterns_is_polynomial_for_fixed_rank():
    # 2 sum_{k<r} C(n - 1, k) is a polynomial of degree r - 1 in n.
    for r in (1, 2, 3, 4):
        growth = generic_cell_count(20_000, r) / generic_cell_count(10_000, r)
        assert growth == pytest.approx(2 ** (r - 1), rel=1e-3)


@pytest.mark.parametrize("r", [2, 3, 5, 9])
def test_cells_grow_with_one_power_less_than_the_papers_bound(r):
    for n in range(r, 60):
        sharper = 2 * (np.e * (n - 1) / (r - 1)) ** (r - 1)
        assert generic_cell_count(n, r) <= sharper * (1 + 1e-12)
    # r! (e / r)^r n is sqrt(2 pi r) n up to Stirling's 1 / (12 r); the rest is O(1/n).
    n = 10**7
    looseness = paper_cell_bound(n, r) / generic_cell_count(n, r)
    limit = np.sqrt(2 * np.pi * r) * n
    assert limit * (1 - 1e-4) <= looseness <= limit * np.exp(1 / (12 * r)) * (1 + 1e-4)


@pytest.mark.parametrize("seed", range(60))
def test_the_count_is_attained_at_rank_one_and_in_general_position_only(seed):
    # Small whole numbers: zero rows, parallel ones and circuits abound, and
    # determinants are whole, so that a half tells them from zero.
    rng = np.random.default_rng(seed)
    r = int(rng.integers(1, 5))
    X = rng.integers(-2, 3, (int(rng.integers(r, 8)), r)).astype(float)
    X[:r] = np.triu(X[:r], 1) + np.eye(r)  # of rank r
    subsets = combinations(range(len(X)), r)
    general = all(abs(np.linalg.det(X[list(rows)])) > 0.5 for rows in subsets)
    attained = len(enumerate_cells(X)) == generic_cell_count(len(X), r)
    assert attained == (r == 1 or general)


def test_a_zero_row_costs_no_cell_on_the_line():
    assert len(enumerate_cells(np.array([[1.0], [0.0]]))) == generic_cell_count(2, 1)


@pytest.mark.parametrize("n", range(2, 12))
def test_the_papers_bound_holds_from_two_samples_on(n):
    for r in range(1, n + 1):
        assert generic_cell_count(n, r) <= paper_cell_bound(n, r)
