"""The bound of a cone for one output, by samples, by another solver, and by cells."""

import numpy as np
import pytest
from scipy.optimize import nnls

from lib.cone_pca import Limits, correlation, kappa_by_cells, oracle
from lib.cone_pca.branch_and_bound import branch_and_bound
from lib.cone_pca.one_output import bound_one_output, make_slopes, project
from lib.cone_pca.simplicial_cones import make_points, settle, undecided_cone

BY_NNLS = 1e-7
"""What two methods for the same projection may differ by in a cone of width 1e-3,
whose Gram matrix has a condition number of 1e6."""


def cone(r, width, rng):
    """Draw unit rays at right angles or less, the thinner the smaller the width."""
    rays = 1.0 + width * (rng.uniform(0, 1, (r, r)) + np.eye(r))
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def samples_of(rays, count, rng):
    """Draw unit vectors of a cone, its rays among them."""
    U = np.vstack([rays, rng.exponential(size=(count, len(rays))) @ rays])
    return U / np.linalg.norm(U, axis=1, keepdims=True)


def bounded(points, rays, level=0.0):
    """Bound a cone; return the bound and how many points are undecided."""
    heights = np.zeros(points.X.shape)
    node = settle(points, undecided_cone(points, rays, 0), heights)
    work = make_slopes(*points.X.shape)
    return bound_one_output(points, node, heights, level, work)[0], len(node.undecided)


@pytest.mark.parametrize("r", [1, 2, 4, 7])
@pytest.mark.parametrize("width", [1.0, 1e-3])
def test_projection_on_a_cone_is_that_of_nonnegative_least_squares(r, width):
    rng = np.random.default_rng(r)
    for _ in range(20):
        rays, a = cone(r, width, rng), rng.standard_normal(r)
        work = make_slopes(1, r)
        work.values[:], work.gram[:] = rays @ a, rays @ rays.T
        found = project(rays, work)
        expected = np.linalg.norm(nnls(rays.T, a)[0] @ rays)
        assert expected <= found + 1e-13
        np.testing.assert_allclose(found, expected, atol=BY_NNLS)


def test_projection_on_rays_that_nearly_coincide_is_a_bound_all_the_same():
    rng = np.random.default_rng(0)
    rays = np.ones((5, 5)) + 1e-9 * rng.uniform(0, 1, (5, 5))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    work = make_slopes(1, 5)
    work.values[:], work.gram[:] = [1.0, -1.0, 0.5, 0.9, 0.0], rays @ rays.T
    found = project(rays, work)
    shares = rng.exponential(size=(1000, 5))
    lengths = np.linalg.norm(shares @ rays, axis=1)
    assert (shares @ work.values <= found * lengths * (1 + 1e-12)).all()


@pytest.mark.parametrize("r", [2, 4, 6])
@pytest.mark.parametrize("width", [1.0, 0.1])
def test_bound_of_a_cone_is_above_all_its_samples(r, width):
    rng = np.random.default_rng(r)
    for _ in range(5):
        X, z = rng.standard_normal((40, r)), rng.standard_normal((40, 1))
        rays = cone(r, width, rng)
        bound, _ = bounded(make_points(X, z), rays)
        reached = correlation(X, z, samples_of(rays, 500, rng)).max()
        assert reached <= bound * (1 + 1e-13)


def test_bound_is_exact_where_nothing_is_undecided():
    rng = np.random.default_rng(1)
    X, z = rng.uniform(0, 1, (10, 3)), rng.standard_normal((10, 1))
    bound, undecided = bounded(make_points(X, z), np.eye(3))
    a = X.T @ z[:, 0]
    expected = max(np.linalg.norm(np.maximum(sign * a, 0)) for sign in (1, -1))
    assert undecided == 0
    np.testing.assert_allclose(bound, expected, rtol=1e-13)


def test_a_concave_rectifier_gets_the_slope_that_loses_nothing():
    # 4 a + b - (a - 3 b)_+ is greatest on the wall a = 3 b, where the slope 1/10
    # proves it. The slope that suits both rays alike, 1/4, proves 0.7 % more.
    X, z = np.array([[4.0, 1.0], [1.0, -3.0]]), np.array([[1.0], [-1.0]])
    bound, undecided = bounded(make_points(X, z), np.eye(2))
    maximum = 13 / np.sqrt(10)
    assert undecided == 1
    assert maximum <= bound * (1 + 1e-13)
    assert bound <= 1.001 * maximum < np.hypot(3.75, 1.75)


@pytest.mark.parametrize("seed", range(4))
def test_search_finds_the_maximum_over_cells_of_degenerate_points_too(seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (9, 4)).astype(float)
    z = rng.integers(-2, 3, (9, 1)).astype(float)
    found = oracle(X, z)
    expected = kappa_by_cells(X, z).value
    np.testing.assert_allclose([found.value, found.bound], expected, rtol=1e-9)


def test_one_output_of_rank_six_needs_few_cones():
    # Taken as one of several outputs, which ignores signs, this takes 320,000.
    rng = np.random.default_rng(0)
    points = make_points(rng.standard_normal((50, 6)), rng.standard_normal((50, 1)))
    value = oracle(points.X, points.Z, limits=Limits(nodes=0)).value
    found = branch_and_bound(points, value, Limits(tolerance=1e-6, nodes=40_000))
    assert found.complete
