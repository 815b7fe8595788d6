"""The exact oracle against brute force, a fine grid, and rational arithmetic."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.cone_pca import oracle

pytestmark = pytest.mark.property

EXACT = 1e-12
"""Relative difference of two exact routes over at most eight points: hundreds of
roundings, and an eigenvalue that errs by eps times the norm of its matrix."""

GRID = 4096

# Small whole numbers make zero, repeated, parallel and antiparallel rows likely.
WHOLE = st.integers(-2, 2).map(float)
REAL = st.floats(-4, 4, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)


def matrices(rows, columns):
    """Draw a matrix of whole or of real entries."""
    shape = (rows, columns)
    return st.one_of(
        hnp.arrays(float, shape, elements=WHOLE),
        hnp.arrays(float, shape, elements=REAL),
    )


@st.composite
def data(draw, d=(1, 2), rows=8, outputs=3):
    """Draw X (n, d) and Z (n, c)."""
    n, c = draw(st.integers(1, rows)), draw(st.integers(1, outputs))
    return draw(matrices(n, draw(st.sampled_from(d)))), draw(matrices(n, c))


def attained(X, Z, u):
    """Return ``|Z^T (X u)_+|`` straight from its definition."""
    total = np.zeros(Z.shape[1])
    for x, z in zip(X, Z, strict=True):
        total += max(float(x @ u), 0.0) * z
    return float(np.sqrt(total @ total))


def null_space(A, d):
    """Return an orthonormal basis of the common plane of the rows of A, (d, k)."""
    if len(A) == 0:
        return np.eye(d)
    _, sigma, Qt = np.linalg.svd(A)
    return Qt[int((sigma > 1e-12).sum()) :].T


def brute_force(X, Z):
    """Maximise over every face: signs of the samples, and samples held at zero.

    On a face the activations are linear, so its best unit vector is a top
    eigenvector in its span. Values are those attained, so that a vector outside
    its face can do no harm.
    """
    n, d = X.shape
    best = 0.0
    for held in (c for k in range(d) for c in combinations(range(n), k)):
        span = null_space(X[list(held)], d)
        for active in product([0.0, 1.0], repeat=n):
            A = Z.T @ (np.array(active)[:, None] * X) @ span
            modes = np.linalg.svd(A)[2] if span.size else np.zeros((0, 0))
            for mode in modes:
                u = span @ mode
                best = max(best, attained(X, Z, u), attained(X, Z, -u))
    return best


@given(data(rows=5))
def test_kappa_is_the_best_over_all_faces(pair):
    X, Z = pair
    maximum, best = oracle(X, Z), brute_force(X, Z)
    rounding = EXACT * np.abs(X).sum() * np.abs(Z).sum()
    assert abs(maximum.value - best) <= rounding
    assert best <= maximum.bound + 1e-15 * best


@given(data())
def test_kappa_lies_between_a_fine_grid_and_what_the_grid_can_miss(pair):
    X, Z = pair
    X = np.hstack([X, np.zeros((len(X), 2 - X.shape[1]))])
    angles = 2 * np.pi * np.arange(GRID) / GRID
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    grid = np.linalg.norm(np.maximum(X @ U.T, 0).T @ Z, axis=1).max()
    maximum = oracle(X, Z)
    # u -> |Z^T (X u)_+| changes by at most sum_j |z_j||x_j| times the angle.
    steepest = (np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)).sum()
    assert grid <= maximum.bound
    assert maximum.value <= grid + steepest * np.pi / GRID + EXACT * steepest


def exact(matrix):
    """Return the entries of a matrix as fractions."""
    return [[Fraction(float(entry)) for entry in row] for row in matrix]


def exact_square(X, Z, u):
    """Return ``|Z^T (X u)_+|^2 / |u|^2`` as a fraction: nothing is rounded."""
    u = [Fraction(float(entry)) for entry in u]
    heights = [max(sum(map(Fraction.__mul__, x, u)), Fraction(0)) for x in exact(X)]
    columns = zip(*exact(Z), strict=True)
    totals = [sum(map(Fraction.__mul__, heights, column)) for column in columns]
    return sum(t * t for t in totals) / sum(entry * entry for entry in u)


@given(data(), st.sampled_from([1e-200, 1e-8, 1.0, 1e8, 1e200]))
def test_bound_is_proved_in_rational_arithmetic(pair, scale):
    X, Z = scale * pair[0], pair[1]
    maximum = oracle(X, Z)
    bound = Fraction(maximum.bound) ** 2
    for u in maximum.candidates:
        # The candidate and its neighbours: the true maximiser is no float.
        for step in (0.0, 1e-16, -1e-16, 1e-9, -1e-9):
            turned = u + step * np.roll(u, 1) * [1, -1][: len(u)]
            assert exact_square(X, Z, turned) <= bound


@pytest.mark.parametrize("d", [1, 2])
def test_bound_is_above_kappa_by_rational_arithmetic_on_many_points(d):
    # Fifty terms a sum: the value itself is below kappa in about half of the draws.
    below = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, Z = rng.standard_normal((50, d)), rng.standard_normal((50, 2))
        maximum = oracle(X, Z)
        square = exact_square(X, Z, maximum.direction)
        assert square <= Fraction(maximum.bound) ** 2
        below += Fraction(maximum.value) ** 2 < square
    assert below >= 5


def test_bound_is_above_kappa_where_the_sums_nearly_cancel():
    # Pairs of equal samples with opposite targets, plus 1e-12 of the first pair.
    rng = np.random.default_rng(0)
    half, z = rng.standard_normal((2, 500, 1))
    X, Z = np.vstack([half, half]), np.vstack([z, -z])
    Z[0] += 1e-12
    maximum = oracle(X, Z)
    for u in maximum.candidates:
        assert exact_square(X, Z, u) <= Fraction(maximum.bound) ** 2


@given(data())
def test_value_is_attained_by_the_direction(pair):
    X, Z = pair
    maximum = oracle(X, Z)
    mass = (np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)).sum()
    assert abs(attained(X, Z, maximum.direction) - maximum.value) <= EXACT * mass
    assert abs(np.linalg.norm(maximum.direction) - 1) <= 1e-15


@given(data(d=(2,)))
def test_every_local_maximum_of_a_grid_is_near_a_candidate_as_good(pair):
    X, Z = pair
    angles = 2 * np.pi * np.arange(GRID) / GRID
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    values = np.linalg.norm(np.maximum(X @ U.T, 0).T @ Z, axis=1)
    maximum = oracle(X, Z)
    steepest = (np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)).sum()
    # Strict by more than rounding, so that plateaus do not count.
    clear = 1e-9 * steepest
    peaks = (values > np.roll(values, 1) + clear) & (
        values > np.roll(values, -1) + clear
    )
    for u, value in zip(U[peaks], values[peaks], strict=True):
        near = maximum.candidates @ u > np.cos(2 * np.pi / GRID)
        assert (maximum.candidate_values[near] >= value - 1e-12 * steepest).any()


@given(data(), st.floats(0.1, 10), st.floats(0.1, 10))
def test_kappa_is_positively_homogeneous_in_both_arguments(pair, a, b):
    X, Z = pair
    mass = np.abs(X).sum() * np.abs(Z).sum()
    expected = a * b * oracle(X, Z).value
    assert abs(oracle(a * X, b * Z).value - expected) <= EXACT * a * b * mass


@given(data(), st.randoms(use_true_random=False))
def test_kappa_does_not_see_the_order_of_samples_or_turns_of_the_axes(pair, random):
    X, Z = pair
    order = list(range(len(X)))
    random.shuffle(order)
    angle = random.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X2 = np.hstack([X, np.zeros((len(X), 2 - X.shape[1]))])
    mass = np.abs(X).sum() * np.abs(Z).sum()
    turned = oracle(X2[order] @ turn, Z[order])
    # Turning splits walls that coincide, by a rounding: the same tolerance.
    assert abs(turned.value - oracle(X, Z).value) <= EXACT * mass


@given(data(), st.integers(3, 6), st.integers(0, 99))
def test_kappa_does_not_see_the_space_around_the_data(pair, dimensions, seed):
    X, Z = pair
    draw = np.random.default_rng(seed).standard_normal((dimensions, X.shape[1]))
    embedded = X @ np.linalg.qr(draw)[0].T
    mass = np.abs(X).sum() * np.abs(Z).sum()
    assert abs(oracle(embedded, Z).value - oracle(X, Z).value) <= EXACT * mass


@given(data(), st.integers(0, 99))
def test_kappa_is_a_norm_up_to_its_kernel(pair, seed):
    X, Z = pair
    other = np.random.default_rng(seed).standard_normal(Z.shape)
    total = oracle(X, Z + other).value
    assert total <= oracle(X, Z).bound + oracle(X, other).bound
    assert oracle(X, -Z).value <= oracle(X, Z).bound
