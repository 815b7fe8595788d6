"""The oracle kappa on cases solved by hand, degenerate data and refusals."""

import numpy as np
import pytest

from lib.arrangements import planar_walls
from lib.cone_pca import correlation, oracle, planar_oracle
from lib.cone_pca.ascent import ascend
from lib.cone_pca.planar import ray_oracle
from lib.cone_pca.simplicial_cones import make_points

EXACT = 1e-14
"""Relative slack of an exact oracle on a handful of points: some 50 roundings."""


def assert_kappa(maximum, kappa, relative=EXACT):
    """Check both sides: the value attained and the bound proved."""
    assert maximum.value == pytest.approx(kappa, rel=relative, abs=1e-300)
    assert maximum.bound == pytest.approx(kappa, rel=1e3 * relative, abs=1e-150)
    assert maximum.bound >= maximum.value


def test_one_sample_is_met_best_head_on():
    maximum = oracle(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]]))
    assert_kappa(maximum, 5 * 2)
    np.testing.assert_allclose(maximum.direction, [0.6, 0.8], rtol=1e-15)


def test_samples_that_agree_are_met_between_them():
    # Both active: |u_1 + u_2| is largest on the diagonal.
    maximum = planar_oracle(np.eye(2), np.ones((2, 1)))
    assert_kappa(maximum, np.sqrt(2))
    np.testing.assert_allclose(maximum.direction, np.sqrt([0.5, 0.5]), rtol=1e-15)


def test_samples_that_disagree_are_met_on_a_wall():
    # Both active: |u_1 - u_2|, largest where one of them falls asleep.
    maximum = planar_oracle(np.eye(2), np.array([[1.0], [-1.0]]))
    assert_kappa(maximum, 1.0)
    best = maximum.candidates[maximum.candidate_values > 1 - EXACT]
    # A peak that falls on its wall is listed as both.
    assert {tuple(u) for u in best.round(15) + 0.0} == {(0.0, 1.0), (1.0, 0.0)}


def test_outputs_are_combined_by_the_euclidean_norm():
    # Z = I: |Z^T (X u)_+| = |u_+|, which is 1 on the whole quadrant.
    assert_kappa(planar_oracle(np.eye(2), np.eye(2)), 1.0)


def test_ray_oracle_tries_both_signs():
    X = np.array([[1.0], [-2.0], [3.0]])
    assert_kappa(ray_oracle(X, np.array([[1.0], [5.0], [-1.0]])), 10.0)
    assert_kappa(ray_oracle(X, np.array([[1.0], [0.0], [1.0]])), 4.0)


def test_candidates_are_unit_vectors_sorted_by_their_value():
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((30, 2)), rng.standard_normal((30, 3))
    maximum = oracle(X, Z)
    lengths = np.linalg.norm(maximum.candidates, axis=1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-15)
    assert (np.diff(maximum.candidate_values) <= 0).all()
    assert maximum.candidate_values[0] == maximum.value
    np.testing.assert_array_equal(maximum.candidates[0], maximum.direction)


def test_candidate_values_are_what_the_candidates_attain():
    rng = np.random.default_rng(1)
    X, Z = rng.standard_normal((30, 2)), rng.standard_normal((30, 3))
    maximum = oracle(X, Z)
    np.testing.assert_allclose(
        correlation(X, Z, maximum.candidates),
        maximum.candidate_values,
        rtol=0,
        atol=EXACT * maximum.value * len(X),
    )


def test_correlation_is_the_norm_of_the_weighted_activations():
    U = np.array([[1.0, 0.0], [0.0, -1.0]])
    X = np.array([[3.0, 0.0], [1.0, -2.0]])
    Z = np.array([[1.0, 0.0], [0.0, 2.0]])
    # (X u)_+ = (3, 1) and (0, 2)
    np.testing.assert_allclose(correlation(X, Z, U), [np.hypot(3, 2), 4.0])


@pytest.mark.parametrize(
    ("X", "Z"),
    [
        (np.zeros((3, 1)), np.ones((3, 2))),
        (np.zeros((3, 2)), np.ones((3, 2))),
        (np.zeros((3, 5)), np.ones((3, 2))),
        (np.eye(2), np.zeros((2, 1))),
    ],
)
def test_kappa_is_zero_where_nothing_correlates(X, Z):
    maximum = oracle(X, Z)
    assert maximum.value == 0.0
    # Not 0.0 itself: squares below 1e-308 would not have been seen.
    assert 0.0 <= maximum.bound <= 1e-150
    assert np.linalg.norm(maximum.direction) == pytest.approx(1.0, rel=1e-15)


def test_zero_row_with_a_large_target_moves_nothing():
    X = np.array([[0.0, 0.0], [1.0, 0.0]])
    maximum = oracle(X, np.array([[9.0], [0.0]]))
    assert maximum.value == 0.0
    # The rank reduction cannot tell zero from the rounding of the other row.
    assert maximum.bound <= 2 * 2 * np.finfo(float).eps * 9


def test_planar_oracle_takes_data_without_any_wall():
    assert planar_oracle(np.zeros((2, 2)), np.ones((2, 1))).bound == 0.0


def test_planar_oracle_takes_points_on_one_line():
    # Rank 1 as planar data: the two half lines x = +-(3, 4).
    X = np.array([[3.0, 4.0], [-6.0, -8.0], [1.5, 2.0]])
    Z = np.array([[1.0], [1.0], [2.0]])
    assert_kappa(planar_oracle(X, Z), 10.0)


def test_planar_oracle_accepts_walls_at_hand():
    rng = np.random.default_rng(2)
    X, Z = rng.standard_normal((9, 2)), rng.standard_normal((9, 2))
    assert planar_oracle(X, Z, planar_walls(X)).value == planar_oracle(X, Z).value


def test_repeated_samples_add_up():
    X, Z = np.array([[3.0, 4.0]] * 4), np.full((4, 1), 0.5)
    assert_kappa(oracle(X, Z), 5 * 2)


def test_antiparallel_samples_are_never_active_together():
    X = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1e-3]])
    Z = np.array([[2.0], [7.0], [0.0]])
    assert_kappa(oracle(X, Z), 7.0)


@pytest.mark.parametrize("d", [1, 5])
def test_rank_one_data_are_solved_on_their_line(d):
    line = np.array([[1.0], [-2.0], [3.0]])
    axis = np.full((1, d), 1 / np.sqrt(d))
    maximum = oracle(line @ axis, np.array([[1.0], [5.0], [-1.0]]))
    assert_kappa(maximum, 10.0)
    np.testing.assert_allclose(maximum.direction, -axis[0], rtol=1e-14)


def test_rank_two_data_in_seven_dimensions_give_the_planar_value():
    rng = np.random.default_rng(3)
    X, Z = rng.standard_normal((15, 2)), rng.standard_normal((15, 3))
    basis = np.linalg.qr(rng.standard_normal((7, 2)))[0].T
    wide, planar = oracle(X @ basis, Z), oracle(X, Z)
    assert_kappa(wide, planar.value)
    np.testing.assert_allclose(wide.direction, planar.direction @ basis, atol=1e-13)


def test_bound_covers_the_directions_that_the_rank_reduction_cut():
    # The second row lies below the rounding of the first and is cut, but it alone
    # attains kappa = 1e-17.
    maximum = oracle(np.diag([1.0, 1e-17]), np.array([[1e-20], [1.0]]))
    assert 1e-17 <= maximum.bound <= 1e-15


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-8, 1e8, 1e170, 1e300])
@pytest.mark.parametrize("which", ["X", "Z"])
def test_bound_holds_at_every_scale(scale, which):
    # kappa = sqrt(2) at scale 1; squares of 1e-170 vanish, those of 1e170 overflow.
    X, Z = np.eye(2), np.ones((2, 1))
    scaled = oracle(scale * X, Z) if which == "X" else oracle(X, scale * Z)
    assert scaled.value == pytest.approx(np.sqrt(2) * scale, rel=EXACT, abs=0)
    assert scaled.value <= scaled.bound <= scaled.value * (1 + 1e-12)


def test_bound_is_positive_where_kappa_underflows():
    assert oracle(np.eye(2) * 5e-324, 0.1 * np.eye(2)).bound > 0.0


def test_bound_stays_tight_on_many_points():
    rng = np.random.default_rng(4)
    X, Z = rng.standard_normal((20_000, 2)), rng.standard_normal((20_000, 1))
    maximum = oracle(X, Z)
    # The sums run in extended precision where the machine has it; in double
    # precision 3 n eps sum |z_j||x_j| would be 1e-9 of kappa at worst.
    assert 0 <= maximum.bound - maximum.value <= 1e-8 * maximum.value


@pytest.mark.parametrize(
    ("X", "Z", "message"),
    [
        (np.ones((3, 2)), np.ones((4, 1)), r"same n; got X \(3, 2\) and Z \(4, 1\)"),
        (np.ones(3), np.ones((3, 1)), r"same n; got X \(3,\)"),
        (np.ones((3, 2)), np.ones(3), r"and Z \(3,\)"),
        (np.ones((1, 1)), np.full((1, 1), np.nan), r"Z must be finite; got nan"),
        (np.full((1, 1), np.inf), np.ones((1, 1)), r"X must be finite; got inf"),
    ],
)
def test_oracle_refuses_data_that_prove_nothing(X, Z, message):
    with pytest.raises(ValueError, match=message):
        oracle(X, Z)


@pytest.mark.parametrize(
    ("solver", "name", "columns"),
    [(ray_oracle, "ray_oracle", 1), (planar_oracle, "planar_oracle", 2)],
)
def test_special_oracles_refuse_other_dimensions(solver, name, columns):
    with pytest.raises(ValueError, match=rf"{name} needs X with {columns} col.*\(4, 3"):
        solver(np.ones((4, 3)), np.ones((4, 1)))


def test_where_a_search_on_signs_began_is_no_candidate():
    # At this rank signs alone are searched. Another climb gains nothing or, where the
    # first came to rest on a wall, percents; from a start it gains several times the
    # value, and a solver would take that start for a neuron.
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((18, 15)), rng.standard_normal((18, 2))
    found = oracle(X, Z)
    ends = ascend(make_points(X, Z), found.candidates)
    assert (correlation(X, Z, ends) <= 1.5 * found.candidate_values).all()
