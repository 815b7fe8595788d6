"""The way back to a network: hand-solved blocks and matrices, losses, refusals."""

import numpy as np
import pytest
from scipy.optimize import nnls

from experiments import split_by_rays, split_by_shift
from lib.problem import Problem, objective
from lib.recovery import (
    recover_from_activations,
    recover_from_blocks,
    recover_from_grams,
    split_block,
)
from tests.problems import cover_of

ROUNDING = 1e-12
"""Relative error of a pseudo-inverse and a few products of well-scaled numbers."""

INTERIOR_POINT = 1e-8
"""Relative accuracy of the semidefinite solver, 30 times what was seen."""

QUADRANT = np.eye(2)
PENTAGON = 2 * np.pi / 5 * np.arange(5)


def random_problem(seed=0, n=8, d=2, c=3, beta=0.1):
    rng = np.random.default_rng(seed)
    return Problem(rng.standard_normal((n, d)), rng.standard_normal((n, c)), beta)


def assert_block(block, rays, cost):
    """Check that neurons make the block, lie in the cone, and cost so much."""
    found = split_block(block, rays)
    np.testing.assert_allclose(found.U.T @ found.V, block, atol=ROUNDING)
    outside = [nnls(rays, u)[1] for u in found.U]
    assert max(outside, default=0.0) <= ROUNDING
    lengths = np.linalg.norm(found.U, axis=1) * np.linalg.norm(found.V, axis=1)
    assert found.cost == pytest.approx(lengths.sum(), rel=ROUNDING)
    assert found.cost == pytest.approx(cost, rel=INTERIOR_POINT)
    assert found.gauge == pytest.approx(cost, rel=INTERIOR_POINT)
    return found


# -- a block inside its cone


def test_block_of_rank_one_in_its_cone_is_one_neuron():
    block = np.outer([3.0, 4.0], [1.0, 0.0, -2.0])
    found = assert_block(block, QUADRANT, 5 * np.sqrt(5))
    assert len(found.U) == 1


def test_block_across_the_cone_is_split_into_its_rays():
    # u = (1, -1) g^T is e_1 g^T + e_2 (-g)^T: 2 |g| instead of sqrt(2) |g|.
    assert_block(np.outer([1.0, -1.0], [3.0, 4.0]), QUADRANT, 10.0)


def test_identity_costs_its_nuclear_norm_in_the_quadrant():
    assert_block(np.eye(2), QUADRANT, 2.0)


def test_block_in_a_narrow_cone_costs_more_than_its_nuclear_norm():
    rays = np.array([[1.0, 1.0], [0.0, 0.1]])
    # e_2 = 10 (w_2 - w_1): 10 (|w_1| + |w_2|).
    cost = 10 * (1 + np.sqrt(1.01))
    assert_block(np.array([[0.0], [1.0]]), rays, cost)


def test_signed_block_in_the_octant_costs_the_entries():
    # Columns (1, -1, 0), (0, 1, -1) of one output: e_1 - e_2 costs 2.
    assert_block(np.array([[1.0], [-1.0], [0.0]]), np.eye(3), 2.0)


def test_redundant_ray_changes_nothing():
    rays = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    block = np.outer([1.0, -1.0], [3.0, 4.0])
    assert_block(block, rays, 10.0)


def test_length_of_the_rays_does_not_matter():
    rng = np.random.default_rng(0)
    block, rays = rng.standard_normal((3, 2)), rng.standard_normal((3, 3))
    cost = split_block(block, rays).cost
    assert_block(block, rays * [1e-3, 1.0, 1e3], cost)


def test_zero_block_needs_no_neuron():
    assert len(assert_block(np.zeros((2, 3)), QUADRANT, 0.0).U) == 0


@pytest.mark.parametrize(
    ("block", "rays", "message"),
    [
        (np.eye(3), QUADRANT, r"same d; got block \(3, 3\) and rays \(2, 2\)"),
        (np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]]), "must not be zero"),
        (np.eye(2), np.array([[1.0], [0.0]]), "part of norm 1 outside, of 1.41"),
    ],
)
def test_blocks_that_the_rays_cannot_make_are_refused(block, rays, message):
    with pytest.raises(ValueError, match=message):
        split_block(block, rays)


# -- blocks


def test_two_samples_come_back_from_the_block_of_their_cell():
    # X = I, Y = (1, -1), beta = 1/2: V = (1/2, -1/2) in the all-active cell.
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    pattern, block = np.array([[True, True]]), np.array([[0.5], [-0.5]])
    found = recover_from_blocks(problem, pattern, [QUADRANT], [block])
    assert found.is_exact
    assert found.stated == pytest.approx(0.75)
    assert found.network.width == 2
    # At the price that (12) prints, the nuclear norm, it would be 0.604.
    assert found.stated > 0.25 + 0.5 * np.linalg.norm(block, "nuc") + 0.1


def test_lists_of_different_lengths_are_refused():
    problem = random_problem()
    pattern = np.ones((2, 8), dtype=bool)
    with pytest.raises(ValueError, match="got 2 patterns, 1 rays, 1 blocks"):
        recover_from_blocks(problem, pattern, [QUADRANT], [np.zeros((2, 3))])
    with pytest.raises(ValueError, match="got 2 regions, 1 grams"):
        recover_from_grams(problem, cover_of(problem.X, pattern), [np.eye(2)])


# -- matrices of (17) and (20)


def test_two_samples_come_back_from_the_matrix_of_17():
    # Both neurons alone: U = diag(q, q) with 2 beta q = 1/2, that is |u|^2 = 1/2.
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    cover = cover_of(problem.X, np.array([[True, True]]))
    found = recover_from_grams(problem, cover, [0.5 * np.eye(2)])
    assert found.is_exact
    assert found.stated == pytest.approx(0.75)
    assert found.cost == pytest.approx(0.75)


def test_whitened_matrix_comes_back_as_activations():
    problem = Problem(np.eye(3), np.eye(3), 0.5)
    found = recover_from_activations(problem, 0.5 * np.eye(3))
    # Each class: 1/2 (1/2) + (1/2)^2 (1/2) = 3/8.
    assert found.stated == pytest.approx(3 * 0.375)
    assert found.is_exact
    np.testing.assert_allclose(found.network.predict(np.eye(3)), np.eye(3) / 2)


@pytest.mark.parametrize("with_rays", [True, False])
def test_matrix_outside_its_cone_is_reported_as_a_loss(with_rays):
    # U = u u^T with u = (1, -1): semidefinite, but no neuron of the quadrant.
    problem = Problem(np.eye(2), [1.0, -1.0], 0.5)
    gram = np.array([[1.0, -1.0], [-1.0, 1.0]])
    rays = [QUADRANT] if with_rays else None
    cover = cover_of(problem.X, np.ones((1, 2), bool), rays)
    found = recover_from_grams(problem, cover, [gram])
    assert not found.is_exact
    assert found.factor_error > 0.5
    # 1/2 y^T (I + 2 u u^T)^-1 y + beta^2 |u|^2 is below the optimum 3/4.
    assert found.stated == pytest.approx(0.7)
    assert found.cost >= 0.75
    assert "more than stated" in found.status
    assert found.cost == objective(problem, found.network)


def test_matrix_that_is_only_doubly_nonnegative_is_reported_as_a_loss():
    # Whitened data of order 5: (20) is below every network.
    M = np.cos(np.subtract.outer(PENTAGON, PENTAGON)) - np.cos(4 * np.pi / 5)
    values, P = np.linalg.eigh(np.maximum(M, 0))
    problem = Problem(np.eye(5), P[:, 2:] * (values[2:] + 0.3), 0.3)
    # Where (16) is optimal without ReLU, 2 beta W is its M.
    found = recover_from_activations(problem, np.maximum(M, 0) / 0.6)
    assert not found.is_exact
    assert found.factor_error > 1e-3
    assert found.excess > 0
    assert found.cost == objective(problem, found.network)


# -- factors that are exact and cost too much

SPLITS = {"rays": split_by_rays, "shift": split_by_shift}
each_split = pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)


@each_split
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_semi_nmf_is_exact_and_in_the_cone_and_never_cheaper(split, rank):
    rng = np.random.default_rng(rank)
    for _ in range(5):
        rays = rng.standard_normal((3, 3))
        block = rng.standard_normal((3, rank)) @ rng.standard_normal((rank, 4))
        found = split(block, rays)
        np.testing.assert_allclose(found.U.T @ found.V, block, atol=1e-10)
        assert max(nnls(rays, u)[1] for u in found.U) <= 1e-10
        least = split_block(block, rays).gauge
        assert found.path_norm >= least * (1 - INTERIOR_POINT)


def test_costs_of_a_block_in_the_quadrant_by_hand():
    # Its rows are the weights of the rays: 2 sqrt 5. Its root is nonnegative: 3 + 1.
    block = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert split_by_rays(block, QUADRANT).path_norm == pytest.approx(2 * np.sqrt(5))
    assert split_block(block, QUADRANT).cost == pytest.approx(4.0)
    # Shares sqrt(3/2) (1, 1) stay: 3. Shares sqrt(1/2) (1, -1) are moved by sqrt(1/2)
    # (1, 1) to (sqrt 2, 0), at weight 1, and a third neuron takes that off: sqrt(1/2)
    # times (1, 1), of length 1, at weight 1.
    cost = 3 + np.sqrt(2) + 1
    assert split_by_shift(block, QUADRANT).path_norm == pytest.approx(cost)


def test_a_neuron_inside_the_cone_stays_one_neuron_when_shifted():
    block = np.outer([3.0, 4.0], [-1.0, 0.0, 2.0])
    found = split_by_shift(block, QUADRANT)
    assert found.width == 1
    assert found.path_norm == pytest.approx(5 * np.sqrt(5))


@each_split
def test_a_zero_block_is_split_into_no_neurons(split):
    assert split(np.zeros((2, 3)), QUADRANT).width == 0


@each_split
def test_a_block_outside_the_span_is_refused(split):
    with pytest.raises(ValueError, match="must lie in the span"):
        split(np.eye(2), np.array([[1.0], [0.0]]))


@pytest.mark.parametrize(
    ("split", "cost"), [(split_by_rays, 2 * np.sqrt(5)), (split_block, 4.0)]
)
def test_what_another_factor_costs_is_reported_as_a_loss(split, cost):
    # X = I: outputs are the block, so only the path norm differs.
    block = np.array([[2.0, 1.0], [1.0, 2.0]])
    problem = Problem(np.eye(2), block, 0.5)
    pattern = np.array([[True, True]])
    found = recover_from_blocks(problem, pattern, [QUADRANT], [block], split=split)
    assert found.stated == pytest.approx(0.5 * 4.0)
    assert found.cost == pytest.approx(0.5 * cost)
    assert found.is_exact == (split is split_block)
