"""What Chapter 4 says in words holds, in the book that was built and beside it."""

import numpy as np
import pytest

from lib.cone_pca.simplicial_cones import (
    center,
    make_points,
    make_scratch,
    settle,
    undecided_cone,
)

STEM = "04_cone_constrained_pca"


def test_faces_take_fewer_eigenproblems_than_subsets(values):
    assert values["distinct"] < values["faces"] < values["subsets"] / 5


def test_cones_for_a_random_point_grow_far_more_slowly_than_cells(values):
    search = values["search"]
    growth = {name: column[-1] / column[0] for name, column in search.items()}
    assert growth["random"] < growth["cells"] / 10
    assert growth["residual"] < growth["cells"] / 10  # "the gain is one of growth"
    pairs = zip(search["random"], search["cells"], strict=True)
    assert all(random < cells for random, cells in pairs)


def test_an_optimal_residual_takes_many_more_cones_and_for_few_samples_more_than_cells(
    values,
):
    search = values["search"]
    pairs = zip(search["residual"], search["random"], strict=True)
    assert all(residual > 5 * random for residual, random in pairs)
    assert search["residual"][0] > search["cells"][0]
    assert search["residual"][-1] < search["cells"][-1]


def test_power_steps_miss_often_and_careful_climbs_become_reliable(values):
    draws, missed = values["draws"], values["power_missed"]
    assert missed[-1] > draws / 4  # "more than a quarter" after a hundred starts
    assert missed == sorted(missed, reverse=True)
    assert values["climbs_missed"][2] > 0  # ten starts are not enough
    assert values["climbs_missed"][-1] == 0


def test_liftings_bound_where_cones_do_not(values):
    assert float(values["lifted_many"]) < float(values["lifted_one"]) < 10
    assert values["cones_gap"] > 100


def deepest(X, W, undecided, current, depth=0):
    """Cut a cone by one sample until it is decided, then by the next; return the depth.

    The rows of W are rays. Whole numbers: nothing is rounded.
    """
    signs = W @ X.T
    undecided = [j for j in undecided if signs[:, j].min() < 0 < signs[:, j].max()]
    if not undecided:
        return depth
    j = current if current in undecided else undecided[0]
    heights = signs[:, j]
    i, k = np.argmax(heights), np.argmin(heights)
    middle = heights[i] * W[k] - heights[k] * W[i]
    middle //= np.gcd.reduce(middle)
    found = []
    for gone in (i, k):
        half = W.copy()
        half[gone] = middle
        found.append(deepest(X, half, undecided, j, depth + 1))
    return max(found)


@pytest.mark.parametrize(("n", "r"), [(6, 2), (4, 3), (2, 4)])
def test_cutting_by_one_sample_until_it_is_decided_ends_in_time(n, r):
    rng, depths = np.random.default_rng(n), []
    for _ in range(20):
        X = np.array(rng.integers(-5, 6, (n, r)), dtype=object)
        W = np.diag(np.array([1] * r, dtype=object))
        depths.append(deepest(X, W, list(range(n)), None))
    assert 0 < max(depths) <= n * (r - 1)


def test_shares_give_both_sides_of_a_wall_the_same_remainders():
    rng = np.random.default_rng(0)
    points = make_points(rng.standard_normal((20, 3)), rng.standard_normal((20, 2)))
    scratch = make_scratch(20, 3, 2)
    node = settle(points, undecided_cone(points, np.eye(3), 0), scratch.heights)
    center(points, node, scratch)
    heights = scratch.heights[: len(node.undecided)]
    shares = scratch.shares[: len(node.undecided)]
    above = np.maximum(heights, 0).sum(axis=1)
    below = np.maximum(-heights, 0).sum(axis=1)
    assert len(shares) > 0
    np.testing.assert_allclose(shares, above / (above + below), rtol=1e-12)
    np.testing.assert_allclose((1 - shares) * above, shares * below, rtol=1e-12)
