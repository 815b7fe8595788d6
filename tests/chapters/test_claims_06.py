"""What chapter 6 says in words holds, in the book that was built and beside it."""

import numpy as np
import pytest

from experiments import SPLITS
from lib.recovery import split_block

STEM = "06_back_to_a_network"


def test_semi_nmf_loses_between_a_thousandth_and_most_of_the_optimum(values):
    rays, shifted, _ = values["excesses"]
    assert all(1e-3 < excess < 1 for excess in rays + shifted)


def test_shifted_vectors_lose_percents_in_the_plane_and_less_at_higher_rank(values):
    plane, *higher = values["excesses"][1]
    assert plane > 0.02
    assert plane > max(higher)


def test_rays_lose_little_in_the_plane_and_much_in_four_dimensions(values):
    assert float(values["rays_plane"]) < 1
    assert float(values["rays_rank_4"]) > 20


def test_the_factor_of_least_cost_loses_what_the_solver_loses(values):
    assert max(values["excesses"][2]) < 1e-8


def test_what_the_relaxations_state_is_below_the_optimum_and_that_below_the_cost(
    values,
):
    for stated, optimum, cost in (
        ("loose_stated", "pentagon_optimum", "loose_cost"),
        ("white_stated", "white_optimum", "white_cost"),
    ):
        assert float(values[stated]) < float(values[optimum]) < float(values[cost])


def test_nearly_all_of_the_wide_networks_objective_was_where_it_started(values):
    assert float(values["wide_after"]) < 0.1 * float(values["wide_before"])


def test_the_recovered_network_ends_well_below_the_bound(values):
    assert values["recovered_after"] < values["recovered_before"]
    assert values["recovered_after"] < values["nc"] / 2


def test_moving_only_the_vector_that_leaves_costs_four_and_the_root_of_two():
    V = np.array([[2.0, 1.0], [1.0, 2.0]])
    moved = SPLITS["shifted vectors"](V, np.eye(2))
    np.testing.assert_allclose(moved.U.T @ moved.V, V, atol=1e-14)
    assert moved.path_norm == pytest.approx(4 + np.sqrt(2), rel=1e-12)


def spin(rng):
    """Draw a rotation of the plane."""
    cos, sin = np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)
    return np.array([[cos, -sin], [sin, cos]])


@pytest.mark.parametrize("seed", range(20))
def test_the_gauge_is_the_nuclear_norm_if_and_only_if_the_root_is_in_the_cone(seed):
    # In the quadrant the matrices are those with no negative entry (order two).
    rng = np.random.default_rng(seed)
    sigma = np.array([1.0, rng.uniform(0.1, 0.9)])
    basis = spin(rng)
    V = (basis * sigma) @ spin(rng).T
    root = (basis * sigma) @ basis.T
    least = split_block(V, np.eye(2))
    assert least.gauge == pytest.approx(least.cost, rel=1e-9)
    if root.min() >= 0:
        assert least.gauge == pytest.approx(sigma.sum(), rel=1e-9)
    else:
        assert least.gauge > sigma.sum() * (1 + 1e-4 * abs(root.min()))


def test_best_outputs_of_given_inputs_are_those_of_the_gram_matrices():
    rng = np.random.default_rng(0)
    X, Y, beta = rng.standard_normal((6, 3)), rng.standard_normal((6, 4)), 0.3
    U = rng.standard_normal((5, 3))
    H = np.maximum(X @ U.T, 0)
    # Ridge regression by least squares on stacked rows, another route than (17).
    stacked = np.vstack([H, np.sqrt(beta) * np.eye(5)])
    V = np.linalg.lstsq(stacked, np.vstack([Y, np.zeros((5, 4))]))[0]
    cost = np.sum((H @ V - Y) ** 2) / 2 + beta / 2 * (np.sum(U**2) + np.sum(V**2))
    kernel = H @ H.T / (2 * beta)
    Z = np.linalg.solve(np.eye(6) + 2 * kernel, Y)
    value = np.vdot(Y, Z) / 2 + beta**2 * np.sum(U**2) / (2 * beta)
    assert cost == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_a_block_of_many_outputs_needs_few_neurons_of_its_cell(d):
    # d (d + 1) / 2 and not d c: the first is 3, 6, 10, the second 24, 36, 48.
    rng = np.random.default_rng(d)
    rays = np.eye(d) + 0.3 * rng.random((d, d))
    made = split_block(rng.standard_normal((d, 12)), rays)
    assert len(made.U) <= d * (d + 1) // 2
    assert made.cost == pytest.approx(made.gauge, rel=1e-6)  # an interior point method
