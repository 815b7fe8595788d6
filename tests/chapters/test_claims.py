"""What the captions and the prose say in words holds in the book that was built.

Theorems are asserted in the chapters themselves, for any parameters. These are the
observations, which hold for the parameters of `params/ci.yml`, and what chapters say
beside their own cells.
"""

import cvxpy as cp
import numpy as np
import pytest

from lib.cone_pca import oracle
from lib.frank_wolfe import algorithm_1, solve
from lib.problem import Network, Problem, reduce_rank, residual


def test_wider_networks_end_nearer_the_optimum(glued):
    medians = glued("01_one_network_many_minima")["medians"]
    assert medians == sorted(medians, reverse=True)
    assert medians[0] > 0.1  # "tens of percent"
    assert medians[-1] < 0.01  # "below one percent"


def test_the_optimal_network_is_within_the_width_of_theorem_1(glued):
    assert glued("01_one_network_many_minima")["width"] <= 25 * 5


def test_the_optimum_of_the_picture_is_the_least_of_loss_and_gauge_over_outputs():
    X, Y = np.array([[1.0, 0.5], [0.1, 0.9]]), np.array([1.3, 1.1])
    turns = np.linspace(0, 2 * np.pi, 4001)
    atoms = np.maximum(X @ [np.cos(turns), np.sin(turns)], 0)
    weights = cp.Variable(len(turns))  # of either sign: the reflected atoms, too
    cost = cp.sum_squares(atoms @ weights - Y) / 2 + 0.3 * cp.norm1(weights)
    least = cp.Problem(cp.Minimize(cost)).solve(solver=cp.CLARABEL)
    found = solve(Problem(X, Y, 0.3))
    assert found.network.width == 1  # "one neuron"
    # 4001 directions and a solver that stops at 1e-8.
    assert least == pytest.approx(found.certificate.primal, rel=1e-5)


@pytest.mark.parametrize(("p", "q"), [(2, 2), (3, 1.5), (1, 1), (4, 4)])
def test_rescaling_leaves_the_product_of_lengths_for_conjugate_exponents_only(p, q):
    scales = np.geomspace(1e-3, 1e3, 200_001)
    for a, b in ((2.0, 0.7), (0.1, 3.0)):
        least = ((scales * a) ** p / p + (b / scales) ** q / q).min()
        s = p * q / (p + q)
        assert least == pytest.approx((a * b) ** s / s, rel=1e-6)
        assert np.isclose(least, a * b, rtol=1e-6) == (1 / p + 1 / q == 1)


def test_only_the_row_space_of_the_data_matters():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((7, 2)) @ rng.standard_normal((2, 4))
    Y = rng.standard_normal((7, 2))
    reduced = reduce_rank(X)
    inner = solve(Problem(reduced.coordinates, Y, 0.2))
    whole = solve(Problem(X, Y, 0.2))
    assert reduced.coordinates.shape == (7, 2)
    assert inner.certificate.dual <= whole.certificate.primal * (1 + 1e-9)
    assert whole.certificate.dual <= inner.certificate.primal * (1 + 1e-9)
    lifted = reduced.lift(inner.network)
    outputs = inner.network.predict(reduced.coordinates)
    np.testing.assert_allclose(lifted.predict(X), outputs, atol=1e-12)
    # No optimal neuron leaves the row space.
    outside = np.eye(4) - np.linalg.pinv(X) @ X
    assert np.abs(whole.network.U @ outside).max() <= 1e-9


def test_the_papers_numbers_of_cells_are_found_and_sampling_misses_some(glued):
    values = glued("02_hyperplane_arrangements")
    assert (values["gaussian_cells"], values["spiral_cells"]) == (50, 114)
    assert values["seen"] < values["all_cells"] == 602


def test_the_printed_program_falls_short_as_much_as_stated_elsewhere(glued):
    assert 19 <= glued("03_strong_duality")["shortfall"] <= 24


def test_a_small_excess_can_come_with_a_large_provable_gap(glued):
    values = glued("03_strong_duality")
    assert float(values["excess"]) < 0.1 * values["claimed"]


def test_no_descent_of_ten_neurons_reaches_the_optimum_and_fifty_come_close(glued):
    values = glued("05_frank_wolfe")
    assert values["near_10"] == 0
    assert float(values["best_10"]) > 1  # percent above the line: visibly
    assert float(values["worst_50"]) < 2  # percent: on the line, to the eye
    assert float(values["printed_50"]) > 2  # times the optimum: far from converged
    assert values["near_50"] < values["trials"]  # "two qualifications"
    assert float(values["own_50"]) > 3 * float(values["worst_50"])  # "much weaker"


def test_the_printed_run_of_algorithm_1_stays_far_above_our_gap(glued):
    values = glued("05_frank_wolfe")
    assert float(values["excess_1"]) / 100 > 1e6 * values["relative_gap"]
    assert float(values["short"]) > float(values["excess_1"])


def test_no_direction_above_beta_is_not_enough_for_a_gap_of_zero():
    # The round's output weights must be the best ones: a network that interpolates
    # leaves nothing above beta and is far from optimal.
    problem = Problem(np.eye(2), np.ones((2, 1)), 0.5)
    network = Network(np.eye(2), np.ones((2, 1)))
    assert oracle(problem.X, residual(problem, network)).bound <= problem.beta
    assert solve(problem).certificate.primal < 0.9 * problem.beta * network.path_norm


def test_a_radius_too_small_shows_in_the_run_itself():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((9, 2)), rng.standard_normal((9, 2)), 0.1)
    radius = solve(problem).network.path_norm
    runs = [algorithm_1(problem, s * radius, steps=3000) for s in (0.9, 1.1)]
    small, large = (residual(problem, run.network) for run in runs)
    assert oracle(problem.X, small).value > 1.1 * problem.beta
    assert oracle(problem.X, large).value < problem.beta * 1.01
