"""The parts of the search for kappa: algebra, bounds of a cone, climbs, limits."""

import numpy as np
import pytest

from lib.cone_pca import Limits, cone_pca, correlation, oracle, propose
from lib.cone_pca.ascent import ascend
from lib.cone_pca.branch_and_bound import bound_cone, branch_and_bound
from lib.cone_pca.simplicial_cones import (
    Points,
    center,
    is_below,
    least_level,
    majorise,
    make_face_scratch,
    make_scratch,
    settle,
    top_of_cone,
    undecided_cone,
)
from lib.cone_pca.spectral_bound import relaxed_bound
from lib.numerics.compiled import diagonalise, is_positive_semidefinite, orthonormalise


def points(n, r, c, seed=0):
    """Draw Gaussian data."""
    rng = np.random.default_rng(seed)
    X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, c))
    return Points(X, Z, np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1))


def cone_inside_orthant(r, rng):
    """Draw unit rays with nonnegative entries: at right angles or less."""
    rays = rng.uniform(0, 1, (r, r)) + np.eye(r)
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def samples_of(rays, count, rng):
    """Draw unit vectors of a cone."""
    U = rng.exponential(size=(count, len(rays))) @ rays
    return U / np.linalg.norm(U, axis=1, keepdims=True)


def bounded(data, rays):
    """Return the scratch space after a node with these rays has been bounded."""
    scratch = make_scratch(*data.X.shape, data.Z.shape[1])
    node = settle(data, undecided_cone(data, rays, 0), scratch.heights)
    center(data, node, scratch)
    majorise(data, node, scratch)
    return scratch


@pytest.mark.parametrize("r", [1, 2, 3, 5, 8])
def test_jacobi_finds_the_eigenvalues_of_lapack(r):
    root = np.random.default_rng(r).standard_normal((r, r))
    form, vectors = root @ root.T, np.zeros((r, r))
    expected, original = np.linalg.eigvalsh(form), form.copy()
    diagonalise(form, vectors)
    np.testing.assert_allclose(np.sort(np.diag(form)), expected, atol=1e-13 * 8 * r)
    back = vectors @ np.diag(np.diag(form)) @ vectors.T
    np.testing.assert_allclose(back, original, atol=1e-13 * 8 * r)


def test_cholesky_tells_definite_from_indefinite():
    factor = np.zeros((2, 2))
    assert is_positive_semidefinite(np.array([[2.0, 1.0], [1.0, 1.0]]), factor)
    assert not is_positive_semidefinite(np.array([[1.0, 2.0], [2.0, 1.0]]), factor)


def test_orthonormalise_factors_rows_and_refuses_dependent_ones():
    rows = np.array([[1.0, 0.0, 0.0], [1.0, 1e-9, 0.0]])
    basis, triangle = np.zeros((2, 3)), np.zeros((2, 2))
    assert orthonormalise(rows, basis, triangle)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(triangle @ basis, rows, atol=1e-15)
    assert not orthonormalise(np.array([rows[0], rows[0]]), basis, triangle)


@pytest.mark.parametrize("r", [2, 3, 4, 5])
@pytest.mark.parametrize("width", [1.0, 0.1, 1e-3])
def test_level_of_a_cone_is_above_all_of_its_samples(r, width):
    rng = np.random.default_rng(r)
    data = points(30, r, 3, r)
    corner = cone_inside_orthant(r, rng)
    rays = corner[0] + width * (corner - corner[0])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    scratch = bounded(data, rays)
    level = least_level(scratch)
    assert is_below(level, scratch)
    values = correlation(data.X, data.Z, samples_of(rays, 2000, rng))
    assert values.max() <= level * (1 + 1e-12)


@pytest.mark.parametrize("width", [0.3, 0.1, 0.01])
def test_level_of_a_decided_cone_with_its_top_inside_is_exact(width):
    # Positive data are decided on the orthant, and by Perron and Frobenius the top
    # eigenvector is inside. Thirty bisections leave 1e-9 of the first guess.
    rng = np.random.default_rng(0)
    X, Z = rng.uniform(1, 2, (8, 3)), rng.uniform(1, 2, (8, 2))
    data = Points(X, Z, np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1))
    u = np.abs(np.linalg.svd(Z.T @ X)[2][0])
    rays = u + width * (np.eye(3) - u)
    scratch = bounded(data, rays / np.linalg.norm(rays, axis=1, keepdims=True))
    kappa = np.linalg.norm(Z.T @ X, 2)
    assert 0 <= least_level(scratch) / kappa - 1 <= 2e-9


@pytest.mark.parametrize(("r", "c"), [(2, 1), (3, 3), (5, 2)])
def test_bound_of_a_cone_is_above_all_its_samples_and_at_a_ray_exact(r, c):
    rng = np.random.default_rng(r)
    data = points(30, r, c)
    rays = cone_inside_orthant(r, rng)
    values = correlation(data.X, data.Z, samples_of(rays, 2000, rng))
    assert values.max() <= bound_cone(data, rays) * (1 + 1e-12)
    u = rng.uniform(0.5, 1, r)
    rays = u / np.linalg.norm(u) + 1e-9 * np.eye(r)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    # A cone of width 1e-9, on one side of every point.
    top = correlation(data.X, data.Z, rays).max()
    assert bound_cone(data, rays) == pytest.approx(top, rel=1e-6)


@pytest.mark.parametrize(
    "rays",
    [np.eye(2), 2 * np.eye(3), np.array([[1.0, 0, 0], [-0.6, 0.8, 0], [0, 0, 1]])],
)
def test_cones_that_are_too_wide_are_refused(rays):
    with pytest.raises(ValueError, match="3 unit rays at right angles or less"):
        bound_cone(points(5, 3, 1), rays)


@pytest.mark.parametrize("r", [2, 3, 4, 5])
def test_top_of_a_simplicial_cone_is_that_of_cone_pca(r):
    rng = np.random.default_rng(r)
    for _ in range(20):
        A, rays, u = (
            rng.standard_normal((2, r)),
            cone_inside_orthant(r, rng),
            np.zeros(r),
        )
        value = top_of_cone(A, rays, 0.0, make_face_scratch(r, 2), u)
        assert value == pytest.approx(
            cone_pca(A, np.linalg.inv(rays).T).value, rel=1e-9
        )
        assert np.linalg.norm(A @ u) == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize(("n", "r"), [(40, 3), (30, 4), (20, 5)])
def test_climbs_end_at_local_maxima(n, r):
    data = points(n, r, 3)
    rng = np.random.default_rng(1)
    starts = rng.standard_normal((50, r))
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    ends = ascend(data, starts)
    values = correlation(data.X, data.Z, ends)
    for u, value in zip(ends, values, strict=True):
        near = u + 1e-5 * rng.standard_normal((100, r))
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        assert correlation(data.X, data.Z, near).max() <= value * (1 + 1e-9)


def test_search_without_a_start_finds_the_maximum_itself():
    data = points(60, 3, 3)
    found = branch_and_bound(data, 0.0, Limits())
    kappa = oracle(data.X, data.Z)
    assert found.complete
    assert found.bound == pytest.approx(kappa.bound, rel=1e-9)
    values = correlation(data.X, data.Z, found.directions)
    assert values.max() == pytest.approx(kappa.value, rel=1e-9)


def test_more_nodes_never_loosen_the_bound():
    data = points(60, 5, 3)
    bounds = [
        branch_and_bound(data, 0.0, Limits(nodes=nodes)).bound
        for nodes in (1, 1000, 10_000, np.inf)
    ]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] < 0.9 * bounds[1]


def test_search_that_would_take_for_ever_is_stopped_with_a_proved_bound():
    # How soon is measured by `make speed`.
    data = points(200, 8, 5)
    stopped = branch_and_bound(data, 0.0, Limits(seconds=0.3))
    assert not stopped.complete
    assert stopped.bound >= propose(data.X, data.Z).value


@pytest.mark.parametrize(("n", "r", "c"), [(30, 2, 1), (50, 3, 4), (20, 5, 2)])
def test_relaxation_is_above_kappa_and_below_the_mass(n, r, c):
    data = points(n, r, c)
    level = relaxed_bound(data.X, data.Z)
    mass = data.sizes @ data.weights
    assert oracle(data.X, data.Z).bound <= level <= mass


def test_relaxation_is_exact_for_a_single_sample():
    # kappa = |x| |z|: nothing is lost.
    X, Z = np.array([[3.0, 4.0, 0.0]]), np.array([[2.0, 0.0]])
    assert relaxed_bound(X, Z) == pytest.approx(10.0, rel=1e-6)
    assert oracle(X, Z).value == pytest.approx(10.0, rel=1e-14)


@pytest.mark.slow
def test_rank_beyond_the_orthants_gets_the_relaxation():
    data = points(40, 20, 3)
    found = oracle(data.X, data.Z)
    assert 0 < found.value < found.bound < 3 * found.value


def test_starts_are_climbed_from():
    data = points(60, 4, 3)
    full = oracle(data.X, data.Z)
    found = propose(data.X, data.Z, starts=5.0 * full.candidates[:1])
    assert found.value >= full.value * (1 - 1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_kappa_scales_with_the_data(scale):
    data = points(20, 3, 2)
    one, other = oracle(data.X, data.Z), oracle(data.X * scale, data.Z)
    assert other.value == pytest.approx(scale * one.value, rel=1e-12)
    assert other.bound == pytest.approx(scale * one.bound, rel=1e-9)


def test_oracle_repeats_itself_bit_for_bit_when_complete():
    data = points(50, 4, 3)
    first, second = (oracle(data.X, data.Z) for _ in range(2))
    assert first.value == second.value
    assert first.bound == pytest.approx(second.bound, rel=1e-10)
    assert first.direction.tobytes() == second.direction.tobytes()
