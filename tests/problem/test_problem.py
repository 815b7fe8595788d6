"""The problem (5), its networks and the rank reduction, on cases solved by hand."""

import numpy as np
import pytest
import torch

from lib.problem import (
    Network,
    Problem,
    as_matrix,
    interpolate,
    objective,
    reduce_rank,
    residual,
)
from lib.problem.problem import require_limits

# One neuron that sees sample 1 only: h = (2, 0), F = (6, 0).
X = np.array([[1.0, 0.0], [-1.0, 3.0]])
ONE_NEURON = Network([[2.0, 0.0]], [[3.0]])


def test_objective_is_half_the_squared_error_plus_the_weight_decay():
    problem = Problem(X, [5.0, 1.0], 0.5)
    # 1/2 ((5 - 6)^2 + 1^2) + 0.5 / 2 (2^2 + 3^2) = 1 + 3.25
    assert objective(problem, ONE_NEURON) == 4.25


def test_residual_is_target_minus_output():
    problem = Problem(X, [5.0, 1.0], 0.5)
    np.testing.assert_array_equal(residual(problem, ONE_NEURON), [[-1.0], [1.0]])


def test_network_predicts_the_sum_of_its_neurons():
    network = Network([[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [10.0, 0.0]])
    np.testing.assert_array_equal(network.predict([[1.0, 2.0]]), [[21.0, 2.0]])
    np.testing.assert_array_equal(network.predict([[-1.0, 2.0]]), [[20.0, 0.0]])


def test_zero_network_answers_zero_and_costs_nothing():
    network = Network.zero(2, 3)
    assert network.width == 0
    assert network.weight_decay == network.path_norm == 0.0
    np.testing.assert_array_equal(network.predict(X), np.zeros((2, 3)))


def test_path_norm_is_the_sum_of_products_of_lengths():
    network = Network([[3.0, 4.0], [1.0, 0.0]], [[2.0], [-7.0]])
    assert network.path_norm == 5 * 2 + 1 * 7


def test_balanced_network_has_layers_of_equal_length():
    balanced = Network([[8.0, 0.0]], [[2.0]]).balanced()
    np.testing.assert_array_equal(balanced.U, [[4.0, 0.0]])
    np.testing.assert_array_equal(balanced.V, [[4.0]])


@pytest.mark.parametrize(("U", "V"), [([[0.0, 0.0]], [[5.0]]), ([[1.0, 2.0]], [[0.0]])])
def test_balancing_a_neuron_with_a_zero_side_makes_it_zero(U, V):
    balanced = Network(U, V).balanced()
    assert not balanced.U.any()
    assert not balanced.V.any()


def test_problem_takes_a_vector_of_targets_as_one_output():
    problem = Problem(X, [1, 2], 1)
    assert problem.shape == (2, 2, 1)
    np.testing.assert_array_equal(problem.Y, [[1.0], [2.0]])


def test_problem_keeps_a_copy_of_the_data():
    mine = X.copy()
    problem = Problem(mine, [1.0, 2.0], 1.0)
    mine[0, 0] = 99.0
    assert problem.X[0, 0] == 1.0


@pytest.mark.parametrize("name", ["X", "Y"])
def test_problem_data_cannot_be_written(name):
    problem = Problem(X, [1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="read-only"):
        getattr(problem, name)[0, 0] = 7.0


def test_network_weights_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        ONE_NEURON.U[0, 0] = 7.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1.0, 2.0], [3.0]], r"X must be a matrix of real numbers; got list"),
        ([["a"]], r"X must be a matrix of real numbers; got list"),
        (
            np.array([["2026-01-01"]], dtype="M8[D]"),
            r"X must .*ndarray \(dates or times",
        ),
        (np.array([[3]], dtype="m8[s]"), r"X must .*ndarray \(dates or times"),
        (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), r"X must .*\(masked entries: fill"),
        (torch.ones(2, 2, requires_grad=True), r"X must .*got Tensor \(.*detach"),
        (np.array([[1 + 2j]]), r"X must be a matrix of real numbers.*complex"),
        (np.zeros((0, 2)), r"at least one row and one column; got shape \(0, 2\)"),
        (np.zeros((2, 0)), r"at least one row and one column; got shape \(2, 0\)"),
        (np.zeros((2, 4, 4)), r"got shape \(2, 4, 4\)\. Flatten images"),
        (np.float64(3.0), r"got shape \(\)"),
        ([[1.0, np.nan]], r"X must be finite; got nan at row 0, column 1 \(1 such"),
        ([[np.inf], [1.0]], r"X must be finite; got inf at row 0, column 0"),
    ],
)
def test_matrix_that_is_not_one_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        as_matrix("X", value)


def test_masked_array_without_masked_entries_is_a_matrix():
    whole = np.ma.array([[1.0, 2.0]], mask=False)
    np.testing.assert_array_equal(as_matrix("X", whole), [[1.0, 2.0]])


@pytest.mark.parametrize("name", ["X", "Y"])
@pytest.mark.parametrize("scale", [1e-160, 1e160, 1e300])
def test_problem_refuses_data_whose_squares_leave_the_range(name, scale):
    data = {"X": X, "Y": np.ones((2, 1))}
    data[name] = scale * data[name]
    with pytest.raises(ValueError, match=rf"largest entry of {name} must be between"):
        Problem(**data, beta=1.0)


def test_remedy_for_extreme_data_gives_the_same_problem_in_other_units():
    s, t = 2.0**300, 2.0**-200  # 2e90 and 6e-61
    plain = Problem(X, [5.0, 1.0], 0.5)
    large = Problem(X * s, plain.Y * t, 0.5 * s * t)
    network = Network(ONE_NEURON.U * np.sqrt(t / s), ONE_NEURON.V * np.sqrt(t / s))
    assert objective(large, network) == pytest.approx(4.25 * t**2, rel=1e-14)


@pytest.mark.parametrize(
    ("tolerance", "rounds"),
    [(0.0, 1), (-1.0, 1), ("x", 1), (np.nan, 1), (1.0, 0), (1.0, 2.5), (1.0, "3")],
)
def test_limits_of_a_solver_are_refused_by_name_and_value(tolerance, rounds):
    told = (
        rf"needs tolerance > 0 and rounds >= 1; got tolerance = {tolerance!r}, rounds"
    )
    with pytest.raises(ValueError, match=told):
        require_limits("a solver", tolerance=tolerance, rounds=rounds)


def test_problem_refuses_different_numbers_of_samples():
    with pytest.raises(ValueError, match=r"one row per sample.*X \(2, 2\) and Y \(3,"):
        Problem(X, np.ones((3, 1)), 1.0)


@pytest.mark.parametrize(
    "beta", [0.0, -1.0, np.inf, np.nan, None, "much", 1j, np.ones(2)]
)
def test_problem_refuses_a_beta_that_is_not_positive_and_finite(beta):
    with pytest.raises(ValueError, match="beta must be positive and finite; got beta"):
        Problem(X, [1.0, 2.0], beta)


@pytest.mark.parametrize(
    ("U", "V", "message"),
    [
        ([1.0], [[1.0]], r"U must be a matrix with one neuron a row; got shape \(1,\)"),
        ([[1.0]], np.zeros((1, 0)), r"V must be a matrix.*got shape \(1, 0\)"),
        ([[1.0]], [[1.0], [2.0]], r"one row per neuron each; got U \(1, 1\) and V \(2"),
        ([[np.nan]], [[1.0]], r"U must be finite; got nan at row 0, column 0"),
        ([["a"]], [[1.0]], r"U must be a matrix of real numbers; got list"),
        ([[1.0]], np.array([[1j]]), r"V must be a matrix of real numbers.*complex"),
    ],
)
def test_network_refuses_weights_that_do_not_fit(U, V, message):
    with pytest.raises(ValueError, match=message):
        Network(U, V)


@pytest.mark.parametrize("inputs", [np.ones((4, 3)), np.ones(2)])
def test_network_refuses_inputs_of_another_dimension(inputs):
    with pytest.raises(ValueError, match="X must have 2 columns"):
        ONE_NEURON.predict(inputs)


def test_residual_refuses_a_network_with_another_number_of_outputs():
    with pytest.raises(ValueError, match=r"must have 2 outputs.*got V \(1, 1\)"):
        residual(Problem(X, np.eye(2), 1.0), ONE_NEURON)


def test_full_column_rank_is_left_alone():
    reduced = reduce_rank(X)
    np.testing.assert_array_equal(reduced.coordinates, X)
    np.testing.assert_array_equal(reduced.basis, np.eye(2))
    assert reduced.discarded == 0.0


def test_zero_data_keep_one_column():
    reduced = reduce_rank(np.zeros((4, 3)))
    assert reduced.coordinates.shape == (4, 1)
    assert not reduced.coordinates.any()


def test_singular_value_below_rounding_is_cut_and_reported():
    # sigma = (1, 1e-17): 1e-17 < 2 eps sigma_1.
    reduced = reduce_rank(np.diag([1.0, 1e-17]))
    assert reduced.coordinates.shape == (2, 1)
    assert 1e-17 <= reduced.discarded <= 1e-15


def test_small_but_resolved_singular_value_is_kept():
    assert reduce_rank(np.diag([1.0, 1e-14])).coordinates.shape == (2, 2)


def test_lifted_network_gives_the_same_outputs_on_the_original_data():
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((9, 2)) @ rng.standard_normal((2, 7))
    reduced = reduce_rank(wide)
    assert reduced.coordinates.shape == (9, 2)
    small = Network(rng.standard_normal((4, 2)), rng.standard_normal((4, 3)))
    lifted = reduced.lift(small)
    # A few roundings of sums over 7 inputs and 4 neurons.
    np.testing.assert_allclose(
        lifted.predict(wide), small.predict(reduced.coordinates), rtol=0, atol=1e-13
    )
    assert lifted.weight_decay == pytest.approx(small.weight_decay, rel=1e-14)


def test_interpolation_goes_straight_from_one_network_to_the_other():
    end = Network([[0.0, 4.0]], [[1.0]])
    middle = interpolate(ONE_NEURON, end, 0.25)
    np.testing.assert_array_equal(middle.U, [[1.5, 1.0]])
    np.testing.assert_array_equal(middle.V, [[2.5]])
    np.testing.assert_array_equal(interpolate(ONE_NEURON, end, 1.0).U, end.U)
