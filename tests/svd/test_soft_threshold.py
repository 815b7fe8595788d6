"""Theorem 2 on cases solved by hand: it holds, it mixes, it fails, it is refused."""

import numpy as np
import pytest

from lib.data import one_hot
from lib.problem import Problem, objective
from lib.svd import closed_form, linear_optimum, literal_network, whiten
from lib.svd.soft_threshold import SpectralOracle

PROVED = 1e-11
"""Relative gap of a closed form: the roundings of an SVD bound of some 10 rows."""


def white(n, d, seed=0):
    """Return whitened Gaussian samples."""
    X = np.random.default_rng(seed).standard_normal((n, d))
    return whiten(X, demean=False).X


def assert_optimal(problem, found):
    """Check the network by itself, and the proof by itself."""
    assert found.holds, found.status
    value = objective(problem, found.network)
    assert value == pytest.approx(found.linear_optimum, rel=PROVED)
    Z = found.certificate.Z
    assert np.linalg.norm(Z, 2) <= problem.beta * (1 + 1e-13)
    dual = np.vdot(Z, problem.Y) - 0.5 * np.vdot(Z, Z)
    assert value - dual <= PROVED * value
    assert found.certificate.relative_gap <= PROVED


def test_one_hot_labels_are_solved_by_their_class_indicators():
    Y = one_hot(np.repeat([0, 1, 2], [4, 2, 1]), 3)
    problem = Problem(white(7, 9), Y, 0.5)
    found = closed_form(problem)
    assert_optimal(problem, found)
    # Each class by itself: beta^2 / 2 + beta (sqrt(n_k) - beta).
    sigma = np.sqrt([4, 2, 1])
    value = (0.5**2 / 2 + 0.5 * (sigma - 0.5)).sum()
    assert found.linear_optimum == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(found.singular_values, sigma, rtol=1e-14)
    assert found.network.width == 3
    assert found.violation <= 1e-15


def test_singular_values_below_beta_are_left_out():
    problem = Problem(white(7, 9), one_hot(np.repeat([0, 1, 2], [4, 2, 1]), 3), 1.2)
    found = closed_form(problem)
    assert_optimal(problem, found)
    assert found.network.width == 2


@pytest.mark.parametrize("beta", [2.0, 3.0])
def test_zero_network_is_optimal_from_the_largest_singular_value_on(beta):
    problem = Problem(white(7, 9), one_hot(np.repeat([0, 1, 2], [4, 2, 1]), 3), beta)
    found = closed_form(problem)
    assert found.holds
    assert found.network.width == 0
    assert found.linear_optimum == pytest.approx(3.5)
    # The dual value is proved: it is stated less the rounding of its 21 terms.
    assert found.certificate.gap <= 1e-13


def test_zero_targets_need_no_neuron():
    found = closed_form(Problem(white(3, 4), np.zeros((3, 2)), 1.0))
    assert found.holds
    assert (found.network.width, found.linear_optimum) == (0, 0.0)


def test_negative_vectors_change_sign_with_their_outputs():
    problem = Problem(white(4, 5), -np.ones((4, 1)), 0.5)
    found = closed_form(problem)
    assert_optimal(problem, found)
    assert found.network.V[0, 0] < 0


def test_largest_vector_of_nonnegative_data_is_nonnegative():
    # Perron: beta between the two largest singular values leaves only the first.
    Y = np.random.default_rng(0).random((6, 4))
    sigma = np.linalg.svd(Y)[1]
    problem = Problem(white(6, 8), Y, (sigma[0] + sigma[1]) / 2)
    found = closed_form(problem)
    assert_optimal(problem, found)
    assert found.network.width == 1


def test_mixed_vectors_of_different_singular_values_are_neurons():
    # Y Y^T = sum h_j h_j^T with two overlapping columns: its second vector changes
    # sign, so the condition of Theorem 2 fails, but M stays completely positive.
    H = np.array([[2.0, 1.0], [1.0, 2.0], [2.0, 0.0]])
    values, P = np.linalg.eigh(H @ H.T)
    Y = P[:, 1:] * (values[1:] + 0.5)
    problem = Problem(white(3, 4), Y, 0.5)
    found = closed_form(problem)
    assert_optimal(problem, found)
    assert found.violation > 0.1
    assert "mixtures" in found.status


def test_opposite_targets_cannot_share_a_neuron():
    # Y = (1, -1): a linear neuron serves both, two ReLU neurons are needed. p* =
    # 0.75 and the closed form states beta^2/2 + beta (sqrt(2) - beta) = 0.582.
    found = closed_form(Problem(np.eye(2), [1.0, -1.0], 0.5))
    assert not found.holds
    assert found.network is None
    assert found.certificate is None
    assert found.violation == pytest.approx(np.sqrt(0.5))
    assert found.negativity == pytest.approx(1.0)
    assert found.linear_optimum == pytest.approx(1 / np.sqrt(2) - 1 / 8)
    assert "every ReLU network costs more" in found.status


def test_undecided_is_said_where_no_factor_is_found():
    # M = the pentagon's DNN matrix, of rank 3 and not completely positive.
    angles = 2 * np.pi / 5 * np.arange(5)
    M = np.cos(np.subtract.outer(angles, angles)) - np.cos(4 * np.pi / 5)
    values, P = np.linalg.eigh(np.maximum(M, 0))
    Y = P[:, 2:] * (values[2:] + 0.3)
    found = closed_form(Problem(white(5, 5), Y, 0.3))
    assert not found.holds
    assert found.negativity <= 1e-14
    assert "may or may not" in found.status


def test_linear_optimum_is_that_of_the_soft_thresholded_matrix():
    rng = np.random.default_rng(0)
    Y, beta = rng.standard_normal((6, 3)), 1.5
    left, sigma, right = np.linalg.svd(Y, full_matrices=False)
    F = (left * np.maximum(sigma - beta, 0)) @ right
    value = 0.5 * np.linalg.norm(F - Y) ** 2 + beta * np.linalg.norm(F, "nuc")
    assert linear_optimum(sigma, beta) == pytest.approx(value, rel=1e-13)
    for _ in range(20):  # and no matrix nearby is better
        G = F + 1e-2 * rng.standard_normal(F.shape)
        nearby = 0.5 * np.linalg.norm(G - Y) ** 2 + beta * np.linalg.norm(G, "nuc")
        assert nearby >= value


def test_literal_network_is_the_matrix_of_16_where_no_relu_interferes():
    problem = Problem(white(7, 9), one_hot(np.repeat([0, 1, 2], [4, 2, 1]), 3), 0.5)
    network = literal_network(problem)
    left, sigma, right = np.linalg.svd(problem.X.T @ problem.Y, full_matrices=False)
    expected = (left * np.maximum(sigma - 0.5, 0)) @ right
    np.testing.assert_allclose(network.U.T @ network.V, expected, atol=1e-14)


def test_spectral_bound_covers_data_that_are_not_quite_white():
    rng = np.random.default_rng(0)
    X = white(5, 6) * 1.1
    Z = np.abs(rng.standard_normal((5, 2)))
    gap = float(np.linalg.norm(X @ X.T - np.eye(5), 2))
    found = SpectralOracle(X, gap)(Z)
    # Z >= 0, so the bound is attained: |Z| times the length 1.1 of X.
    assert found.value == pytest.approx(1.1 * np.linalg.norm(Z, 2), rel=1e-13)
    assert found.value <= found.bound <= found.value * (1 + 1e-12)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((3, 2)), r"at most as many rows as columns; got X \(3, 2\)"),
        (2 * np.eye(3), r"\|X X\^T - I\| <= 1e-10; got 5.2"),
    ],
)
def test_data_that_are_not_white_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        closed_form(Problem(X, np.ones(3), 0.5))


def test_demeaned_data_are_refused_with_the_reason():
    X = np.random.default_rng(0).standard_normal((6, 9))
    demeaned = whiten(X, demean=True)
    problem = Problem(demeaned.X, np.ones(6), 0.5)
    for known in (None, demeaned.deviation):
        with pytest.raises(ValueError, match="de-meaned samples are linearly"):
            closed_form(problem, deviation=known)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": 2}, "one row of X for each sample; got pooling = 2"),
        ({"loss": "huber"}, "closed_form needs the squared loss"),
    ],
)
def test_pooling_and_other_losses_are_refused(options, message):
    Y = np.ones((4 // options.get("pooling", 1), 1))
    with pytest.raises(ValueError, match=message):
        closed_form(Problem(np.eye(4), Y, 0.5, **options))
